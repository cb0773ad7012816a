from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segue.embed.logmel import musicnn_patches
from segue.embed.networks import build_musicnn
from segue.embed.published_network import msd_tags
from segue.embed.weights import Tensors, read_tf_bundle
from tests.network_weights import assert_refused, musicnn_tensors
from tests.numpy_layers import Array, batch_norm, conv, relu, sigmoid
from tests.onnx_files import run

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "max_samples"


@pytest.fixture(scope="module")
def tensors() -> Tensors:
    return musicnn_tensors(np.random.default_rng(1))


@pytest.fixture
def patches() -> Array:
    return np.random.default_rng(2).uniform(0, 4, (2, 187, 96)).astype(np.float32)


def reference(tensors: Tensors, patches: Array) -> dict[str, Array]:
    """The network as the wheel describes it, channels last and nothing folded."""

    def norm(i: int, x: Array) -> Array:
        scope = f"batch_normalization_{i}" if i else "batch_normalization"
        parts = ("gamma", "beta", "moving_mean", "moving_variance")
        return batch_norm(x, *(tensors[f"{scope}/{part}"] for part in parts))

    def layer(i: int, x: Array, before: int, behind: int) -> Array:
        scope = f"conv2d_{i}" if i else "conv2d"
        pads = (before, behind, 0, 0)
        return norm(i + 1, relu(conv(x, tensors[f"{scope}/kernel"], pads) + tensors[f"{scope}/bias"]))

    x = norm(0, patches.astype(np.float64)[..., None])
    edges = {0: (3, 3), 1: (3, 3), 2: (63, 64), 3: (31, 32), 4: (15, 16)}
    front = np.concatenate([layer(i, x, *edge).max(2) for i, edge in edges.items()], axis=2)[..., None]
    first = layer(5, front, 3, 3).transpose(0, 1, 3, 2)
    second = layer(6, first, 3, 3).transpose(0, 1, 3, 2) + first
    third = layer(7, second, 3, 3).transpose(0, 1, 3, 2) + second
    over_time = np.concatenate([front, first, second, third], axis=2)
    pooled = np.concatenate([over_time.max(1), over_time.mean(1)], axis=2).reshape(len(patches), -1)
    dense = relu(norm(9, pooled) @ tensors["dense/kernel"] + tensors["dense/bias"])
    embedding = norm(10, dense)
    logits = embedding @ tensors["dense_1/kernel"] + tensors["dense_1/bias"]
    return {"embedding": embedding, "logits": logits, "scores": sigmoid(logits)}


def assert_equals_numpy(tensors: Tensors, patches: Array) -> None:
    found = run(build_musicnn(tensors), patches)
    expected = reference(tensors, patches)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-4, err_msg=name)


@pytest.mark.slow
def test_graph_equals_numpy(tensors: Tensors, patches: Array) -> None:
    assert_equals_numpy(tensors, patches)


def test_a_batch_equals_single_patches(tensors: Tensors, patches: Array) -> None:
    model = build_musicnn(tensors)
    together = run(model, patches)["embedding"]
    for i in range(2):
        np.testing.assert_allclose(
            run(model, patches[i : i + 1])["embedding"][0], together[i], rtol=1e-5, atol=1e-5
        )


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("conv2d_3/kernel", None, "found no 'conv2d_3/kernel'"),
        ("conv2d/kernel", np.zeros((7, 38, 1, 203)), "expected (7, 38, 1, 204)"),
        ("batch_normalization_9/gamma", np.zeros(1), "expected (1506,)"),
        ("batch_normalization/moving_variance", np.array([-0.5]), "holds -0.5, expected variances"),
        ("dense_1/bias", np.full(50, np.inf), "no finite numbers"),
    ],
)
def test_refuses_weights_of_another_network(
    tensors: Tensors, name: str, value: Array | None, reason: str
) -> None:
    assert_refused(build_musicnn, tensors, name, value, reason)


@pytest.mark.slow
@pytest.mark.network
def test_the_published_weights_give_what_numpy_gives(musicnn_index: Path, patches: Array) -> None:
    published = read_tf_bundle(musicnn_index)
    assert len(published) == 150
    assert_equals_numpy(published, patches)


@pytest.mark.network
@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason=f"needs {SHARED}")
@pytest.mark.parametrize(("sound", "tag"), [("piano", "jazz"), ("jazz_guitar", "jazz"), ("guitar", "folk")])
def test_the_published_weights_name_the_style(musicnn_index: Path, sound: str, tag: str) -> None:
    soundfile, soxr = pytest.importorskip("soundfile"), pytest.importorskip("soxr")
    y, sr = soundfile.read(SHARED / f"{sound}.wav", dtype="float32", always_2d=True)
    patches = musicnn_patches(soxr.resample(y.mean(1), sr, 16_000))
    scores = run(build_musicnn(read_tf_bundle(musicnn_index)), patches)["scores"].mean(0)
    assert msd_tags()[int(scores.argmax())] == tag
