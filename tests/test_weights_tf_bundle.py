from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.embed.weights import read_tf_bundle
from segue.errors import WeightsError
from tests import tf_files as tf
from tests.damage import assert_refused_or_same, cuts, flips, foreign

DATA = ".data-00000-of-00001"


@pytest.fixture
def written() -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng(6)
    names = [f"dense_{i}/kernel" for i in range(30)]
    return {name: rng.standard_normal((2, i + 1)).astype(np.float32) for i, name in enumerate(names)} | {
        "half": rng.standard_normal(5).astype(np.float16),
        "step": np.array(12, np.int64),
    }


def test_reads_each_dtype_as_written(tmp_path: Path, written: dict[str, NDArray[Any]]) -> None:
    found = read_tf_bundle(tf.write_bundle(tmp_path / "net.index", written))
    assert found.keys() == written.keys()
    for name, array in written.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_reads_an_index_without_a_stem(tmp_path: Path, written: dict[str, NDArray[Any]]) -> None:
    assert len(read_tf_bundle(tf.write_bundle(tmp_path / ".index", written))) == 32


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (partial(tf.write_bundle, shards=2), "2 data files"),
        (partial(tf.write_bundle, endian=1), "little-endian"),
        (lambda index, _: tf.write_bundle(index, {}), "no description, expected|expected a bundle"),
    ],
)
def test_refuses_another_kind_of_bundle(
    tmp_path: Path, written: dict[str, NDArray[Any]], change: Callable[..., Path], reason: str
) -> None:
    with pytest.raises(WeightsError, match=reason):
        read_tf_bundle(change(tmp_path / "net.index", written))


def entry(kind: int = 1, shape: tuple[int, ...] = (2,), **fields: int) -> bytes:
    numbers = {"shard": 3, "offset": 4, "size": 5}
    parts = [tf.number(numbers[name], value) for name, value in fields.items()]
    return tf.number(1, kind) + tf.chunk(2, tf.shape_proto(shape)) + b"".join(parts)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (entry(size=8), "has checksum"),
        (entry(size=99), "99 bytes of tensors, the file has 16"),
        (entry(size=8, offset=9), "lies at 9 + 8"),
        (entry(size=8, offset=-8), "lies at -8"),
        (entry(size=-8), "lies at 0 + -8"),
        (entry(size=8, shard=1), "cut into slices"),
        (entry(size=8) + tf.chunk(7, b""), "cut into slices"),
        (tf.bundle_entry(np.zeros(2, np.float32), 0) + tf.number(1, 7), "type 7"),
        (tf.bundle_entry(np.zeros(2, np.float32), 0) + tf.chunk(2, tf.shape_proto((3,))), "expected 12"),
        (tf.bundle_entry(np.zeros(2, np.float32), 0) + tf.number(2, 1), "is a number"),
    ],
)
def test_refuses_an_entry_that_does_not_fit(tmp_path: Path, bad: bytes, reason: str) -> None:
    index = tmp_path / "net.index"
    index.write_bytes(tf.table([(b"", tf.number(1, 1)), (b"t", bad)]))
    (tmp_path / f"net{DATA}").write_bytes(bytes(16))
    with pytest.raises(WeightsError) as caught:
        read_tf_bundle(index)
    assert reason in str(caught.value)


def test_refuses_a_missing_half_by_its_name(tmp_path: Path, written: dict[str, NDArray[Any]]) -> None:
    index = tf.write_bundle(tmp_path / "net.index", written)
    (tmp_path / f"net{DATA}").unlink()
    with pytest.raises(WeightsError, match="No such file") as caught:
        read_tf_bundle(index)
    assert caught.value.path == str(tmp_path / f"net{DATA}")


@pytest.mark.slow
@pytest.mark.parametrize("half", [".index", DATA])
def test_refuses_damaged_and_foreign_files(
    tmp_path: Path, written: dict[str, NDArray[Any]], half: str
) -> None:
    index = tf.write_bundle(tmp_path / "net.index", written)
    path = tmp_path / f"net{half}"
    data, rng = path.read_bytes(), np.random.default_rng(8)
    outcomes = []
    for damaged in (*flips(data, rng, 600), *cuts(data, rng, 100), *foreign()):
        path.write_bytes(damaged)
        outcomes.append(assert_refused_or_same(lambda _: read_tf_bundle(index), path, written))
    assert sum(outcomes) > 600
