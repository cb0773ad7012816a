from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from segue.embed import models
from segue.embed.logmel import AISFX_MIN_SAMPLES, AISFX_SR, aisfx_patches
from segue.embed.networks import build_aisfx
from segue.embed.weights import Tensors, read_torch_zip
from tests.network_weights import aisfx_tensors, assert_refused
from tests.numpy_layers import Array, batch_norm, conv, max_pool, relu
from tests.onnx_files import run

GOLDEN = Path(__file__).parent / "golden" / "aisfx_logmel.npz"


@pytest.fixture(scope="module")
def tensors() -> Tensors:
    return aisfx_tensors(np.random.default_rng(1))


def reference(tensors: Tensors, patches: Array) -> Array:
    """The network as the wheel describes it, channels last and nothing folded."""
    x = patches.astype(np.float64)[..., None]
    for block in (1, 2, 3, 4):
        scope = f"embedding_net.conv_block{block}"
        for layer in (1, 2):
            weight = tensors[f"{scope}.conv{layer}.weight"].transpose(2, 3, 1, 0)
            parts = ("weight", "bias", "running_mean", "running_var")
            norm = [tensors[f"{scope}.bn{layer}.{part}"] for part in parts]
            x = relu(batch_norm(conv(x, weight, (1, 1, 1, 1)), *norm, eps=1e-5))
        x = max_pool(x) if block < 4 else x
    return x.mean(2).max(1)


def assert_equals_numpy(tensors: Tensors) -> None:
    patches = np.random.default_rng(2).uniform(0, 1, (1, 100, 96)).astype(np.float32)
    found = run(build_aisfx(tensors), patches)
    assert found.keys() == {"embedding"}
    np.testing.assert_allclose(found["embedding"], reference(tensors, patches), rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_graph_equals_numpy(tensors: Tensors) -> None:
    assert_equals_numpy(tensors)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("embedding_net.conv_block2.conv1.weight", None, "found no 'embedding_net.conv_block2.conv1.weight'"),
        ("embedding_net.conv_block1.conv1.weight", np.zeros((64, 3, 3, 3)), "expected (64, 1, 3, 3)"),
        ("embedding_net.conv_block4.bn2.running_var", np.full(512, -1.0), "expected variances"),
    ],
)
def test_refuses_weights_of_another_network(
    tensors: Tensors, name: str, value: Array | None, reason: str
) -> None:
    assert_refused(build_aisfx, tensors, name, value, reason)


def test_log_mel_is_that_of_essentia() -> None:
    """Of the frames that are whole: Essentia's first one begins before the sound."""
    t = np.arange(AISFX_MIN_SAMPLES) / AISFX_SR
    sweep = 0.3 * np.sin(2 * np.pi * (60 * t + 2_000 * t**2)) * (t % 0.5 < 0.3)
    y = (sweep + 0.01 * np.sin(1e6 * t**2)).astype(np.float32)
    with np.load(GOLDEN) as golden:
        np.testing.assert_allclose(aisfx_patches(y)[0], golden["log_mel"], rtol=0, atol=5e-4)


@pytest.mark.parametrize("patches", [1, 2])
def test_patches_follow_each_other(patches: int) -> None:
    whole = AISFX_MIN_SAMPLES + (patches - 1) * 100 * 1024
    assert aisfx_patches(np.zeros(whole, np.float32)).shape == (patches, 100, 96)
    assert len(aisfx_patches(np.zeros(whole - 1, np.float32))) == patches - 1


@pytest.mark.slow
@pytest.mark.network
def test_the_published_weights_give_what_numpy_gives(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "aisfx==0.1.2",
        "-d",
        str(tmp_path),
    ]
    subprocess.run(command, check=True)
    path = models.add("aisfx", next(tmp_path.glob("*.whl")), folder=tmp_path / "models")
    assert path.name == "aisfx.onnx"
    subprocess.run(
        [sys.executable, "-m", "zipfile", "-e", next(tmp_path.glob("*.whl")), tmp_path], check=True
    )
    assert_equals_numpy(read_torch_zip(tmp_path / "aisfx" / "models" / "checkpoint.pth", first=True))
