"""Constants of frozen TensorFlow graphs; bytes that are none are refused."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.embed.weights import read_tf_graph
from segue.errors import WeightsError
from tests import tf_files as tf
from tests.damage import cuts, flips, foreign


@pytest.fixture
def written(rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    return {
        f"model/vggish/{name}": rng.standard_normal(shape).astype(np.float32)
        for name, shape in {
            "conv1/weights": (3, 3, 1, 4),
            "conv1/biases": (4,),
            "fc2/weights": (6, 2),
        }.items()
    }


def test_reads_the_constants_and_nothing_else(tmp_path: Path, written: dict[str, NDArray[Any]]):
    path = tf.write_graph(tmp_path / "net.pb", written | {"shape": np.array([1, 2], np.int32)})
    found = read_tf_graph(path)
    assert found.keys() == written.keys()
    for name, array in written.items():
        np.testing.assert_array_equal(found[name], array)


def test_reads_numbers_that_are_not_kept_as_bytes(tmp_path: Path):
    path = tmp_path / "net.pb"
    path.write_bytes(
        tf.constant("rate", np.zeros((1, 2), np.float32), tf.chunk(5, struct.pack("<2f", 0.5, 1.5)))
    )
    np.testing.assert_array_equal(read_tf_graph(path)["rate"], np.array([[0.5, 1.5]], np.float32))


@pytest.mark.parametrize(
    "values", [b"", tf.chunk(5, bytes(12)), tf.chunk(5, bytes(20)), tf.chunk(4, bytes(12))]
)
def test_refuses_a_constant_with_too_few_or_too_many_numbers(tmp_path: Path, values: bytes):
    path = tmp_path / "net.pb"
    path.write_bytes(tf.constant("fc2/biases", np.zeros((2, 2), np.float32), values))
    with pytest.raises(WeightsError, match=r"'fc2/biases' of shape \(2, 2\) has \d+ bytes, expected 16"):
        read_tf_graph(path)


def test_damage_is_refused_or_read_within_the_size_of_the_file(
    tmp_path: Path, written: dict[str, NDArray[Any]], rng: np.random.Generator
):
    """A graph has no checksums: what was published is known by its sum."""
    path = tf.write_graph(tmp_path / "net.pb", written)
    data, refused = path.read_bytes(), 0
    for damaged in (*flips(data, rng, 600), *cuts(data, rng, 150), *foreign()):
        path.write_bytes(damaged)
        try:
            assert sum(tensor.nbytes for tensor in read_tf_graph(path).values()) <= len(damaged)
        except WeightsError as error:
            refused += error.path == str(path)
    assert refused > 200
