from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from segue.embed.logmel import mn04_logmel
from segue.embed.networks import build_mn04
from segue.embed.weights import Tensors, read_torch_zip
from tests.network_weights import assert_refused, mn04_rows, mn04_tensors
from tests.numpy_layers import Array, batch_norm, conv, depthwise, hard_swish, relu, sigmoid
from tests.onnx_files import run

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
WEIGHTS = DATA / "models" / "mn04_as_mAP_432.pt"
needs_shared = pytest.mark.skipif(not WEIGHTS.exists(), reason=f"needs {WEIGHTS}")


def reference(tensors: Tensors, logmel: Array) -> dict[str, Array]:
    """The network block by block, channels last and nothing folded."""

    def norm(scope: str, x: Array) -> Array:
        parts = ("weight", "bias", "running_mean", "running_var")
        return batch_norm(x, *(tensors[f"{scope}.1.{part}"] for part in parts))

    def full(scope: str, x: Array, stride: int = 1) -> Array:
        weight = tensors[f"{scope}.0.weight"].transpose(2, 3, 1, 0)
        return norm(scope, conv(x, weight, (weight.shape[0] // 2,) * 4, stride))

    def each(scope: str, x: Array, stride: int) -> Array:
        return norm(scope, depthwise(x, tensors[f"{scope}.0.weight"][:, 0].transpose(1, 2, 0), stride))

    def linear(scope: str, x: Array) -> Array:
        return x @ tensors[f"{scope}.weight"].T.astype(np.float64) + tensors[f"{scope}.bias"]

    middle = []
    x = hard_swish(full("features.0", logmel.astype(np.float64).transpose(0, 2, 3, 1), 2))
    for i, (_, wide, out, se, hs, stride) in enumerate(mn04_rows(), start=1):
        scope, activation, entry = f"features.{i}.block", hard_swish if hs else relu, x
        step = 0
        if wide != x.shape[-1]:
            x, step = activation(full(f"{scope}.0", x)), 1
        if i in (12, 13, 14):
            middle.append(x.mean((1, 2)))
        x = activation(each(f"{scope}.{step}", x, stride))
        if se:
            step += 1
            squeezed = relu(linear(f"{scope}.{step}.conc_se_layers.0.fc1", x.mean((1, 2))))
            x = x * sigmoid(linear(f"{scope}.{step}.conc_se_layers.0.fc2", squeezed))[:, None, None]
        x = full(f"{scope}.{step + 1}", x)
        x = x + entry if stride == 1 and entry.shape[-1] == out else x
    embedding = hard_swish(full("features.16", x)).mean((1, 2))
    logits = linear("classifier.5", hard_swish(linear("classifier.2", embedding)))
    return {
        "embedding": embedding,
        "logits": logits,
        "scores": sigmoid(logits),
        "middle": np.concatenate(middle, axis=1),
    }


@pytest.fixture(scope="module")
def tensors() -> Tensors:
    return mn04_tensors(np.random.default_rng(1))


def assert_equals_numpy(tensors: Tensors, frames: int) -> None:
    x = np.random.default_rng(2).normal(0, 1, (2, 1, 128, frames)).astype(np.float32)
    found, expected = run(build_mn04(tensors), x), reference(tensors, x)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("frames", [1, 2, 33, 100, 301])
def test_graph_equals_numpy_for_any_length(tensors: Tensors, frames: int) -> None:
    assert_equals_numpy(tensors, frames)


@pytest.mark.shared
@needs_shared
def test_the_published_weights_give_what_numpy_gives() -> None:
    assert_equals_numpy(read_torch_zip(WEIGHTS), 200)


@pytest.mark.shared
@needs_shared
@pytest.mark.parametrize(
    ("sound", "label", "score"),
    [
        ("guitar", "Guitar", 0.83),
        ("train", "Train", 0.86),
        ("applause", "Applause", 0.85),
        ("typing", "Computer keyboard", 0.88),
    ],
)
def test_the_published_weights_name_the_sound(sound: str, label: str, score: float) -> None:
    soundfile, soxr = pytest.importorskip("soundfile"), pytest.importorskip("soxr")
    with (DATA / "audioset" / "class_labels_indices.csv").open() as file:
        labels = [row["display_name"] for row in csv.DictReader(file)]
    y, sr = soundfile.read(DATA / "max_samples" / f"{sound}.wav", dtype="float32", always_2d=True)
    x = mn04_logmel(soxr.resample(y.mean(1), sr, 32_000)[: 32_000 * 10])
    scores = run(build_mn04(read_torch_zip(WEIGHTS)), x[None, None])["scores"][0]
    assert scores[labels.index(label)] == pytest.approx(score, abs=0.02)
    assert labels[int(scores.argmax())] in (label, "Music")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("features.16.0.weight", None, "found no 'features.16.0.weight'"),
        ("features.4.block.2.conc_se_layers.0.fc1.weight", np.zeros((8, 16)), "expected (None, 32)"),
        ("features.1.block.0.0.weight", np.zeros((8, 8, 3, 3)), "expected (8, 1, 3, 3)"),
        ("features.0.1.running_var", np.full(8, -1.0), "expected variances"),
        ("classifier.5.bias", np.zeros(521), "expected (527,)"),
    ],
)
def test_refuses_weights_of_another_network(
    tensors: Tensors, name: str, value: Array | None, reason: str
) -> None:
    assert_refused(build_mn04, tensors, name, value, reason)
