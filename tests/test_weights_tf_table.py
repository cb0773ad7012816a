from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.embed.weights import read_tf_table, take
from segue.embed.weights.table_file import entries
from segue.errors import WeightsError
from segue.wire.crc32c import masked_crc32c
from segue.wire.protobuf import Message, WireError
from tests import tf_files as tf
from tests.damage import assert_refused_or_same, cuts, flips, foreign

WHOLE = tf.chunk(1, b"")  # all of one dimension


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def sample(rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    names = [f"net/layer_{i}/weights" for i in range(40)]
    return {name: rng.standard_normal((3, i + 1)).astype(np.float32) for i, name in enumerate(names)} | {
        "net/double": rng.standard_normal(5),
        "net/steps": np.array([-1, 2**40, 0], np.int64),
        "global_step": np.array(12, np.int32),
    }


def refused(tmp_path: Path, table: bytes) -> str:
    path = tmp_path / "made.ckpt"
    path.write_bytes(table)
    with pytest.raises(WeightsError) as caught:
        read_tf_table(path)
    return str(caught.value)


def test_crc32c_of_the_published_example() -> None:
    """RFC 3720, B.4: 32 bytes of zeros have CRC-32C 8a9136aa; TensorFlow masks it."""
    rotated = (0x8A9136AA >> 15 | 0x8A9136AA << 17) & 0xFFFFFFFF
    assert masked_crc32c(memoryview(bytes(32))) == (rotated + 0xA282EAD8) & 0xFFFFFFFF


def test_crc32c_is_one_over_all_chunks(rng: np.random.Generator) -> None:
    data = rng.bytes(3_000_001)
    assert masked_crc32c(memoryview(data)) == tf.masked(data)


def test_reads_each_dtype_as_written(tmp_path: Path, rng: np.random.Generator) -> None:
    written = sample(rng)
    found = read_tf_table(tf.write_checkpoint(tmp_path / "a.ckpt", written))
    assert found.keys() == written.keys()
    for name, array in written.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_reads_raw_tensor_content(tmp_path: Path) -> None:
    meta = tf.chunk(1, tf.chunk(1, b"t") + tf.chunk(2, tf.shape_proto((2,))) + tf.number(3, 19))
    data = (
        tf.chunk(1, b"t")
        + tf.chunk(2, tf.chunk(1, b""))
        + tf.chunk(3, tf.chunk(4, np.array([1, 2], "<f2").tobytes()))
    )
    path = tmp_path / "a.ckpt"
    path.write_bytes(tf.table([(b"", tf.chunk(1, meta)), (tf.slice_key("t", 1), tf.chunk(2, data))]))
    np.testing.assert_array_equal(read_tf_table(path)["t"], np.array([1, 2], np.float16))


def test_table_returns_keys_and_values_across_blocks() -> None:
    rows = [(f"key{i:05}".encode(), bytes([i % 256]) * (i % 50)) for i in range(3000)]
    for block in (1, 300, 1 << 20):
        found = [(key, bytes(value)) for key, value in entries(memoryview(tf.table(rows, block=block)))]
        assert found == rows


def test_an_empty_table_has_no_entries() -> None:
    assert list(entries(memoryview(tf.table([])))) == []


def test_refuses_a_compressed_table_by_the_method(tmp_path: Path) -> None:
    assert "Snappy" in refused(tmp_path, tf.table([(b"", b"")], kind=1))
    assert "method 7" in refused(tmp_path, tf.table([(b"", b"")], kind=7))


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "0 tensors"),
        ([(b"a", b"")], "0 are declared"),
        ([(b"", b"")], "0 tensors"),
        ([(b"b", b""), (b"a", b"")], "in order"),
        ([(b"", b""), (b"", b"")], "in order"),
        ([(b"k" * 5000, b"")], "too much"),
        ([(b"", b"\x08")], "expected a varint"),
        ([(b"", b"\x0b")], "wire type 3"),
        ([(b"", b"\x0a\x7f")], "127 bytes"),
        ([(b"", b"\x08\x01")], "is a number"),
        ([(b"", tf.chunk(1, tf.chunk(1, tf.chunk(1, b"\xff"))))], "no UTF-8"),
        ([(b"", tf.chunk(1, tf.chunk(1, tf.chunk(1, b"t") + tf.chunk(3, b""))))], "is no number"),
        ([(b"", tf.chunk(1, tf.chunk(1, tf.chunk(1, b"t") + tf.number(3, 7))))], "1 are declared"),
        ([(b"", tf.number(1, 1) * 100_001)], "more than 100000 fields"),
    ],
)
def test_refuses_a_table_of_something_else(
    tmp_path: Path, rows: list[tuple[bytes, bytes]], reason: str
) -> None:
    assert reason in refused(tmp_path, tf.table(rows))


def extent(start: int, length: int) -> bytes:
    return tf.chunk(1, tf.number(1, start) + tf.number(2, length))


def with_tensor(
    values: bytes, *, kind: int = 1, shape: tuple[int, ...] = (2,), extents: bytes = WHOLE
) -> bytes:
    meta = tf.chunk(1, tf.chunk(1, b"t") + tf.chunk(2, tf.shape_proto(shape)) + tf.number(3, kind))
    data = tf.chunk(1, b"t") + tf.chunk(2, extents) + tf.chunk(3, values)
    return tf.table([(b"", tf.chunk(1, meta)), (tf.slice_key("t", 1), tf.chunk(2, data))])


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (with_tensor(tf.chunk(5, bytes(4))), "has 4 bytes, expected 8"),
        (with_tensor(tf.chunk(6, bytes(8))), "has 0 bytes, expected 8"),
        (with_tensor(b"", shape=(1 << 40, 1 << 40), extents=tf.chunk(1, b"") * 2), "has 0 bytes"),
        (with_tensor(b"", shape=(0,)), "1 are declared"),
        (with_tensor(b"", shape=(-5,)), "positive lengths"),
        (with_tensor(tf.chunk(7, tf.varint(1 << 40) * 2), kind=3), "too large for int32"),
        (with_tensor(tf.chunk(13, tf.varint(1 << 16) * 2), kind=19), "too large for float16"),
        (with_tensor(b"", kind=19), "has 0 bytes, expected 4"),
        (with_tensor(tf.chunk(5, bytes(8)), extents=b""), "0 dimensions, expected 1"),
        (with_tensor(tf.chunk(5, bytes(4)), extents=extent(0, 1)), "1 numbers in its slices"),
        (with_tensor(tf.chunk(5, bytes(8)), extents=extent(1, 2)), "outside of its shape"),
        (with_tensor(tf.chunk(5, bytes(8)), extents=extent(-1, 2)), "outside of its shape"),
        (with_tensor(tf.chunk(5, bytes(8)), extents=extent(1, -1)), "outside of its shape"),
        (with_tensor(b"", extents=extent(0, 0)), "outside of its shape"),
    ],
)
def test_refuses_a_tensor_that_does_not_fit(tmp_path: Path, table: bytes, reason: str) -> None:
    assert reason in refused(tmp_path, table)


def sliced(*slices: tuple[int, int]) -> bytes:
    """A table of one tensor (4, 2), whose rows are cut into slices (start, rows)."""
    meta = tf.chunk(1, tf.chunk(1, b"t") + tf.chunk(2, tf.shape_proto((4, 2))) + tf.number(3, 1))
    rows = [(b"", tf.chunk(1, meta))]
    for i, (start, count) in enumerate(slices):
        values = tf.chunk(5, np.arange(2 * start, 2 * (start + count)).astype("<f4").tobytes())
        where = tf.chunk(2, extent(start, count) + tf.chunk(1, b""))
        rows.append((b"t%d" % i, tf.chunk(2, tf.chunk(1, b"t") + where + tf.chunk(3, values))))
    return tf.table(rows)


def test_slices_are_put_together(tmp_path: Path) -> None:
    path = tmp_path / "a.ckpt"
    path.write_bytes(sliced((2, 2), (0, 1), (1, 1)))
    np.testing.assert_array_equal(read_tf_table(path)["t"], np.arange(8.0).reshape(4, 2))


def test_refuses_slices_that_overlap_or_leave_gaps(tmp_path: Path) -> None:
    assert "overlap" in refused(tmp_path, sliced((0, 2), (1, 2)))
    assert "4 numbers in its slices" in refused(tmp_path, sliced((0, 1), (3, 1)))
    assert "16 numbers in its slices" in refused(tmp_path, sliced((0, 4), (0, 4)))


def test_refuses_a_declared_tensor_without_values(tmp_path: Path, rng: np.random.Generator) -> None:
    rows = tf.checkpoint_entries(sample(rng))
    assert "42 tensors, 43 are declared" in refused(tmp_path, tf.table(rows[:-1]))


@pytest.mark.slow
def test_refuses_damaged_and_foreign_files(tmp_path: Path, rng: np.random.Generator) -> None:
    written = sample(rng)
    path = tf.write_checkpoint(tmp_path / "a.ckpt", written)
    data = path.read_bytes()
    outcomes = []
    for damaged in (*flips(data, rng, 900), *cuts(data, rng, 150), *foreign()):
        path.write_bytes(damaged)
        outcomes.append(assert_refused_or_same(read_tf_table, path, written))
    assert sum(outcomes) > 900


@pytest.mark.slow
@given(st.binary(max_size=60), st.integers(0, 2000), st.integers(0, 2000))
def test_valid_checksums_over_nonsense_raise_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, start: int, end: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "nonsense.ckpt"
    (_, meta), (key, value), *rest = tf.checkpoint_entries(sample(np.random.default_rng(1)))
    for rows in (
        [(b"", meta[:start] + noise + meta[end:]), (key, value), *rest],
        [(b"", meta), (key, value[: start % 30] + noise + value[end % 30 :]), *rest],
        [(b"", meta), (key, noise)],
    ):
        path.write_bytes(tf.table(rows))
        try:
            read_tf_table(path)
        except WeightsError:
            continue


@given(st.binary(max_size=100))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    try:
        Message(memoryview(data))
    except WireError:
        return
    # What is accepted was read to its last byte, so with the same field after it, that one is last.
    longer = Message(memoryview(data + b"\x08\x2a"))
    assert longer.number(1) == 42


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (4, tf.chunk(7, bytes([3, 255, 1])), np.array([3, 255], np.uint8)),
        (5, tf.chunk(7, tf.varint(-9) + tf.varint(300)), np.array([-9, 300], np.int16)),
        (6, tf.chunk(7, tf.varint(-9) + tf.varint(7)), np.array([-9, 7], np.int8)),
        (9, tf.chunk(10, tf.varint(-1) + tf.varint(2**40)), np.array([-1, 2**40], np.int64)),
        (10, tf.chunk(11, b"\x00\x01"), np.array([False, True])),
        (19, tf.chunk(13, tf.varint(0x3C00) + tf.varint(0xC000)), np.array([1, -2], np.float16)),
        (
            1,
            tf.chunk(5, b"\x00\x00\x80\x3f") + tf.chunk(5, b"\x00\x00\x00\x40"),
            np.array([1, 2], np.float32),
        ),
    ],
    ids=["uint8", "int16", "int8", "int64", "bool", "float16", "in two parts"],
)
def test_reads_numbers_of_every_type(
    tmp_path: Path, kind: int, values: bytes, expected: NDArray[Any]
) -> None:
    path = tmp_path / "a.ckpt"
    path.write_bytes(with_tensor(values, kind=kind))
    found = read_tf_table(path)["t"]
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def declared(name: str, kind: int, shape: tuple[int, ...]) -> bytes:
    return tf.chunk(1, tf.chunk(1, name.encode()) + tf.chunk(2, tf.shape_proto(shape)) + tf.number(3, kind))


def held(name: str, rank: int, values: bytes) -> tuple[bytes, bytes]:
    where = tf.chunk(2, WHOLE * rank)
    return tf.slice_key(name, rank), tf.chunk(2, tf.chunk(1, name.encode()) + where + tf.chunk(3, values))


def test_what_no_network_needs_is_left_out(tmp_path: Path, rng: np.random.Generator) -> None:
    written = tf.vggish_tensors(rng, width=1) | {
        "global_step": np.array(7, np.int64),
        "vggish/fc2/weights/Adam": rng.standard_normal((64, 128)).astype(np.float32),
    }
    (_, meta), *rows = tf.checkpoint_entries(written)
    strange = [
        (declared("a/text", 7, (2,)), held("a/text", 1, tf.chunk(8, b"one") + tf.chunk(8, b"two"))),
        (declared("a/complex", 8, ()), held("a/complex", 0, tf.chunk(9, bytes(8)))),
        (declared("a/bfloat16", 14, (3,)), held("a/bfloat16", 1, tf.chunk(13, b"\x01\x02\x03"))),
        (declared("a/resource", 20, ()), held("a/resource", 0, b"")),
        (declared("a/of a later type", 99, (1,)), held("a/of a later type", 1, b"")),
        (declared("a/empty", 1, (0, 4)), held("a/empty", 2, b"")),
        (declared("a/empty and not there", 1, (0,)), None),
    ]
    metas = bytes(Message(memoryview(meta)).bytes(1)) + b"".join(one for one, _ in strange)
    path = tmp_path / "a.ckpt"
    everything = sorted([*rows, *(row for _, row in strange if row)])
    path.write_bytes(tf.table([(b"", tf.chunk(1, metas)), *everything]))
    found = read_tf_table(path)
    assert found.keys() == written.keys()
    for name, array in written.items():
        np.testing.assert_array_equal(found[name], array)
    with pytest.raises(WeightsError, match="found no 'a/text'"):
        take(found, "a/text", (2,))


def test_a_value_that_was_not_declared_is_damage(tmp_path: Path, rng: np.random.Generator) -> None:
    rows = [*tf.checkpoint_entries(sample(rng)), held("z", 0, tf.chunk(8, b"text"))]
    assert "44 tensors, 43 are declared" in refused(tmp_path, tf.table(rows))


def by_rows(tensors: dict[str, NDArray[Any]]) -> list[tuple[bytes, bytes]]:
    """Entries of a checkpoint whose matrices are cut into rows, as a partitioned training leaves them."""
    metas, rows = [], []
    for name, array in tensors.items():
        if array.ndim != 2:
            continue
        slices = [extent(i, 1) + WHOLE for i in range(len(array))]
        metas.append(
            tf.chunk(1, name.encode())
            + tf.chunk(2, tf.shape_proto(array.shape))
            + tf.number(3, 1)
            + b"".join(tf.chunk(4, part) for part in slices)
        )
        for i, part in enumerate(slices):
            values = tf.chunk(3, tf.chunk(5, array[i].tobytes()))
            key = b"\0" + name.encode() + i.to_bytes(4, "big")
            rows.append((key, tf.chunk(2, tf.chunk(1, name.encode()) + tf.chunk(2, part) + values)))
    return [(b"", tf.chunk(1, b"".join(tf.chunk(1, meta) for meta in metas))), *sorted(rows)]


def test_matrices_cut_into_rows_are_put_together(tmp_path: Path, rng: np.random.Generator) -> None:
    written = tf.vggish_tensors(rng, width=4)
    path = tmp_path / "a.ckpt"
    path.write_bytes(tf.table(by_rows(written)))
    found = read_tf_table(path)
    assert sorted(found) == ["vggish/fc1/fc1_1/weights", "vggish/fc1/fc1_2/weights", "vggish/fc2/weights"]
    for name, array in found.items():
        np.testing.assert_array_equal(array, written[name])


@pytest.mark.slow
def test_reads_a_whole_vggish_checkpoint(vggish_checkpoint: Path) -> None:
    found = read_tf_table(vggish_checkpoint)
    assert sum(array.size for array in found.values()) == 72_141_184
    assert found["vggish/fc1/fc1_1/weights"].shape == (12_288, 4096)
