"""Files and figures that TensorFlow itself made; `golden/make_tensorflow.py` says how."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.embed.networks import build_musicnn
from segue.embed.weights import Tensors, read_tf_bundle, read_tf_table
from segue.embed.weights.table_file import entries
from tests.onnx_files import run
from tests.tf_files import checkpoint_entries

GOLDEN = Path(__file__).parent / "golden"
LONG = ["vggish/conv1/weights", "vggish/fc1/fc1_1/weights", "some/double", "some/int", "some/int32"]


def read(name: str) -> Tensors:
    return read_tf_table(GOLDEN / name) if name.endswith("ckpt") else read_tf_bundle(GOLDEN / name)


@pytest.mark.parametrize("name", ["tf_table.ckpt", "tf_bundle.index"])
def test_reads_what_tensorflow_wrote(name: str) -> None:
    found = read(name)
    assert len(found) == 27
    for tensor in (*LONG, *(f"many/{i:02}/biases" for i in range(20))):
        np.testing.assert_array_equal(found[tensor].ravel(), (np.arange(found[tensor].size) - 3) * 3)
    assert found["vggish/fc1/fc1_1/weights"].shape == (24, 8)
    assert [found[tensor].dtype.name for tensor in LONG] == [
        "float32",
        "float32",
        "float64",
        "int64",
        "int32",
    ]
    assert (found["scalar"].shape, found["scalar"], found["global_step"]) == ((), -9, -9)


def test_our_writer_writes_the_same_slices() -> None:
    """So what other tests learn from our writer holds for TensorFlow's files."""
    table = memoryview((GOLDEN / "tf_table.ckpt").read_bytes())
    theirs = {key: bytes(value) for key, value in entries(table) if key}
    assert theirs == dict(checkpoint_entries(read_tf_table(GOLDEN / "tf_table.ckpt"))[1:])


def waves() -> NDArray[np.float32]:
    frame, band = np.ogrid[:187, :96]
    parts = [2 + 2 * np.sin(frame * speed) * np.cos(band * (0.3 - speed)) for speed in (0.05, 0.21)]
    return np.stack(parts).astype(np.float32)


@pytest.mark.network
def test_musicnn_answers_as_its_authors_graph(musicnn_index: Path) -> None:
    found = run(build_musicnn(read_tf_bundle(musicnn_index)), waves())
    with np.load(GOLDEN / "musicnn.npz") as golden:
        for name in ("embedding", "logits"):
            np.testing.assert_allclose(found[name], golden[name], rtol=0, atol=5e-5)
