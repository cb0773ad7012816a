from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.embed.weights import read_torch_zip
from segue.embed.weights.pickle_tensors import describe_tensors
from segue.errors import WeightsError
from tests import torch_files as tf
from tests.damage import assert_refused_or_same, cuts, flips, foreign

SHARED = Path(__file__).resolve().parents[2] / "shared"
MN04 = SHARED / "data" / "models" / "mn04_as_mAP_432.pt"


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def refused(tmp_path: Path, pickled: bytes, **members: bytes) -> str:
    path = tf.write_archive(tmp_path / "made.pt", {"data.pkl": pickled, "data/0": bytes(16), **members})
    with pytest.raises(WeightsError) as caught:
        read_torch_zip(path)
    return str(caught.value)


def test_reads_each_dtype_as_written(tmp_path: Path, rng: np.random.Generator) -> None:
    written = tf.sample(rng)
    found = read_torch_zip(tf.write_torch(tmp_path / "a.pt", written))
    assert list(found) == list(written)
    for name, array in written.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_reads_a_transposed_window_into_a_storage(tmp_path: Path, rng: np.random.Generator) -> None:
    base = rng.standard_normal(40).astype(np.float32)
    view = tf.View(base, offset=4, shape=(3, 5), strides=(1, 6))
    found = read_torch_zip(tf.write_torch(tmp_path / "a.pt", {"t": view}))["t"]
    np.testing.assert_array_equal(found, base[4:34].reshape(5, 6)[:, :3].T)
    assert found.flags.owndata
    assert found.flags.c_contiguous


def test_reads_a_scalar(tmp_path: Path) -> None:
    found = read_torch_zip(tf.write_torch(tmp_path / "a.pt", {"n": np.array(7, np.int64)}))
    assert found["n"].shape == ()
    assert found["n"] == 7


@pytest.mark.shared
@pytest.mark.skipif(not MN04.exists(), reason=f"needs {MN04}")
def test_reads_the_published_mn04() -> None:
    found = read_torch_zip(MN04)
    assert len(found) == 312
    assert found["classifier.5.weight"].shape == (527, 512)
    assert found["features.0.1.num_batches_tracked"].dtype == np.int64
    assert sum(a.size for n, a in found.items() if "running" not in n and a.ndim) == 983_599


@pytest.mark.parametrize(
    ("window", "reason"),
    [
        (tf.View(np.zeros(8, np.float32), 0, (9,), (1,)), "reaches to element 8"),
        (tf.View(np.zeros(8, np.float32), 7, (2,), (1,)), "reaches to element 8"),
        (tf.View(np.zeros(8, np.float32), -1, (2,), (1,)), "from -1"),
        (tf.View(np.zeros(8, np.float32), 0, (2,), (-1,)), "strides (-1,)"),
        (tf.View(np.zeros(8, np.float32), 0, (2, 2), (1,)), "strides (1,)"),
        (tf.View(np.zeros(8, np.float32), 0, (1 << 40,), (0,)), "bytes of tensors"),
        (tf.View(np.zeros(8, np.float32), 0, (0,), (1,)), "positive lengths"),
        (tf.View(np.zeros(8, np.float32), 0, (1,) * 9, (1,) * 9), "at most 8"),
    ],
)
def test_refuses_a_window_outside_of_its_storage(tmp_path: Path, window: tf.View, reason: str) -> None:
    with pytest.raises(WeightsError) as caught:
        read_torch_zip(tf.write_torch(tmp_path / "a.pt", {"t": window}))
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "call", ["os system", "builtins eval", "torch._utils _rebuild_parameter", "torch load"]
)
def test_refuses_any_other_name_and_says_it(tmp_path: Path, call: str) -> None:
    message = refused(tmp_path, tf.pickled(tf.name(*call.split()), tf.group(tf.text("true")), b"R"))
    assert repr(call) in message


def test_reads_the_first_of_several_values_and_leaves_the_others_unread(tmp_path: Path) -> None:
    numbers = np.arange(3, dtype=np.float32)
    dict_of_tensors = tf.state_dict({"t": tf.as_view(numbers)})[2:-1]
    several = tf.pickled(dict_of_tensors, tf.name("os", "system"), b"\x86")
    members = {"a/data.pkl": several, "a/data/0": numbers.tobytes()}
    path = tf.write_archive(tmp_path / "several.pth", members)
    assert read_torch_zip(path, first=True)["t"].tolist() == [0, 1, 2]
    with pytest.raises(WeightsError, match="os system"):
        read_torch_zip(path)


@pytest.mark.parametrize("pickled", [tf.pickled(tf.integer(1), b")b"), tf.pickled(tf.name("os", "system"))])
def test_a_first_value_that_is_no_dict_of_tensors_is_refused(tmp_path: Path, pickled: bytes) -> None:
    with pytest.raises(WeightsError):
        read_torch_zip(tf.write_archive(tmp_path / "a.pth", {"a/data.pkl": pickled}), first=True)


def test_a_pickle_that_runs_code_runs_none(tmp_path: Path) -> None:
    mark = tmp_path / "ran"

    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (mark,))

    for protocol in range(6):
        refused(tmp_path, pickle.dumps({"t": Trap()}, protocol))
    assert not mark.exists()


@pytest.mark.parametrize(
    ("pickled", "reason"),
    [
        (tf.pickled(b"}"), "expected a dict of tensors"),
        (tf.pickled(tf.text("only text")), "a str in the pickle"),
        (tf.pickled(b"}", tf.text("epoch"), tf.integer(3), b"s"), "'epoch' of the pickle is a int"),
        (tf.pickled(b"}", tf.group(), tf.integer(3), b"s"), "a tuple as a key"),
        (tf.pickled(b"0"), "POP"),
        (tf.pickled(b"\xff"), "ff at byte 2"),
        (tf.pickled(b"h\x05"), "memo 5"),
        (tf.pickled(b"t"), "never began"),
        (tf.pickled(b"("), "never made"),
        (b"\x80\x04.", "protocol 4"),
        (b"\x80\x02", "expected 1 more"),
        (tf.pickled(b"\x8a\x09" + bytes(9)), "number of 9 bytes"),
        (tf.pickled(b"X\x01\0\0\0\xff"), "no UTF-8"),
        (tf.pickled(tf.integer(1), b"Q"), "points at a int"),
        (tf.pickled(tf.ORDERED_DICT[:-2], tf.integer(1), b"R"), "calls 'collections OrderedDict'"),
        (tf.pickled(tf.REBUILD, tf.group(), b"R"), "other kinds"),
        (tf.pickled(tf.integer(1), b")b"), "state of a int"),
        (tf.pickled(tf.integer(1), b"(u"), "0 values into a int"),
    ],
)
def test_refuses_a_pickle_without_a_dict_of_tensors(tmp_path: Path, pickled: bytes, reason: str) -> None:
    assert reason in refused(tmp_path, pickled)


def test_refuses_many_tensors_over_one_storage(tmp_path: Path) -> None:
    window = tf.View(np.zeros(4, np.float32), 0, (4,), (1,))
    items = b"".join(tf.text(f"t{i}") + tf.tensor("0", window) for i in range(99))
    assert read_torch_zip(
        tf.write_archive(
            tmp_path / "few.pt", {"data.pkl": tf.pickled(b"}(" + items + b"u"), "data/0": bytes(16)}
        )
    )
    big = tf.View(np.zeros(40_000, np.float32), 0, (40_000,), (1,))
    items = b"".join(tf.text(f"t{i}") + tf.tensor("0", big) for i in range(9))
    path = tf.write_archive(
        tmp_path / "many.pt", {"data.pkl": tf.pickled(b"}(" + items + b"u"), "data/0": bytes(160_000)}
    )
    with pytest.raises(WeightsError, match="1440000 bytes of tensors"):
        read_torch_zip(path)


def test_refuses_a_compressed_member(tmp_path: Path, rng: np.random.Generator) -> None:
    path = tf.write_archive(
        tmp_path / "a.pt", tf.members_of(tf.sample(rng)), compression=zipfile.ZIP_DEFLATED
    )
    with pytest.raises(WeightsError, match="compressed"):
        read_torch_zip(path)


def test_refuses_big_endian_numbers_and_missing_members(tmp_path: Path, rng: np.random.Generator) -> None:
    members = tf.members_of(tf.sample(rng))
    with pytest.raises(WeightsError, match="byte order b'big'"):
        read_torch_zip(tf.write_archive(tmp_path / "a.pt", members | {"byteorder": b"big"}))
    del members["data/1"]
    with pytest.raises(WeightsError, match="no member 'archive/data/1'"):
        read_torch_zip(tf.write_archive(tmp_path / "a.pt", members))
    del members["data.pkl"]
    with pytest.raises(WeightsError, match="found 0 members"):
        read_torch_zip(tf.write_archive(tmp_path / "a.pt", members))


def test_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none.pt", tmp_path):
        with pytest.raises(WeightsError, match="give a file that can be read") as caught:
            read_torch_zip(path)
        assert caught.value.path == str(path)


@pytest.mark.slow
def test_refuses_damaged_and_foreign_files(tmp_path: Path, rng: np.random.Generator) -> None:
    written = tf.sample(rng)
    path = tf.write_torch(tmp_path / "a.pt", written)
    data = path.read_bytes()
    outcomes = []
    for damaged in (*flips(data, rng, 900), *cuts(data, rng, 150), *foreign()):
        path.write_bytes(damaged)
        outcomes.append(assert_refused_or_same(read_torch_zip, path, written))
    assert sum(outcomes) > 700


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 400))
def test_the_pickle_reader_raises_nothing_else(noise: bytes, start: int, end: int) -> None:
    whole = tf.state_dict(
        {name: tf.as_view(array) for name, array in tf.sample(np.random.default_rng(0)).items()}
    )
    for pickled in (noise, b"\x80\x02" + noise, whole[:start] + noise + whole[end:]):
        try:
            describe_tensors(pickled)
        except WeightsError:
            continue
