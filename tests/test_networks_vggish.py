from __future__ import annotations

import shutil
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.embed.logmel import vggish_patches
from segue.embed.networks import build_vggish
from segue.embed.postprocess import read_pca, to_bytes
from segue.embed.weights import Tensors, read_tf_table
from segue.errors import WeightsError
from tests.numpy_layers import Array, conv, max_pool, relu
from tests.onnx_files import run
from tests.tf_files import vggish_tensors, write_checkpoint

PCA_FILE = Path(__file__).resolve().parents[2] / "shared" / "data" / "models" / "vggish_pca_params.npz"


@pytest.fixture
def narrow() -> Tensors:
    """An eighth of the published width, so that tests are quick."""
    return vggish_tensors(np.random.default_rng(1), width=8)


@pytest.fixture
def patches() -> NDArray[np.float32]:
    return np.random.default_rng(2).normal(-1, 2, (3, 96, 64)).astype(np.float32)


def reference(tensors: Tensors, patches: Array) -> Array:
    """The published network, layer by layer, without a last rectifier."""

    def layer(scope: str) -> tuple[Array, Array]:
        return tensors[f"vggish/{scope}/weights"], tensors[f"vggish/{scope}/biases"]

    x = patches.astype(np.float64)[..., None]
    for pool, scopes in enumerate((["conv1"], ["conv2"], ["conv3/conv3_1", "conv3/conv3_2"]), start=1):
        for scope in scopes:
            x = relu(conv(x, layer(scope)[0], (1, 1, 1, 1)) + layer(scope)[1])
        x = max_pool(x)
        assert x.shape[1:3] == (96 >> pool, 64 >> pool)
    for scope in ("conv4/conv4_1", "conv4/conv4_2"):
        x = relu(conv(x, layer(scope)[0], (1, 1, 1, 1)) + layer(scope)[1])
    x = max_pool(x).reshape(len(x), -1)
    for scope in ("fc1/fc1_1", "fc1/fc1_2"):
        x = relu(x @ layer(scope)[0] + layer(scope)[1])
    return x @ layer("fc2")[0] + layer("fc2")[1]


def test_graph_equals_numpy(narrow: Tensors, patches: Array) -> None:
    found = run(build_vggish(narrow), patches)["embedding"]
    assert found.shape == (3, 128)
    np.testing.assert_allclose(found, reference(narrow, patches), rtol=0, atol=1e-5)


def test_the_last_relu_is_a_variant(narrow: Tensors, patches: Array) -> None:
    found = run(build_vggish(narrow, last_relu=True), patches)["embedding"]
    expected = reference(narrow, patches)
    assert (expected < 0).any()
    np.testing.assert_allclose(found, relu(expected), rtol=0, atol=1e-5)


def test_a_batch_equals_single_patches(narrow: Tensors, patches: Array) -> None:
    model = build_vggish(narrow)
    together = run(model, patches)["embedding"]
    for i in range(3):
        np.testing.assert_allclose(run(model, patches[i : i + 1])["embedding"][0], together[i], atol=1e-5)


def test_building_twice_gives_the_same_bytes(narrow: Tensors) -> None:
    assert build_vggish(narrow).SerializeToString() == build_vggish(narrow).SerializeToString()


def test_other_tensors_of_the_checkpoint_are_left_alone(narrow: Tensors) -> None:
    more = narrow | {"global_step": np.array(3)}
    assert build_vggish(more).SerializeToString() == build_vggish(narrow).SerializeToString()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("vggish/conv1/weights", None, "found no 'vggish/conv1/weights' among 17"),
        ("vggish/conv2/weights", np.zeros((3, 3, 9, 16)), "expected (3, 3, 8, None)"),
        ("vggish/conv2/biases", np.zeros(15), "expected (16,)"),
        ("vggish/fc1/fc1_1/weights", np.zeros((7, 7)), "expected (1536, None)"),
        ("vggish/fc2/weights", np.zeros((512, 127)), "expected (512, 128)"),
        ("vggish/fc2/biases", np.full(128, np.nan), "no finite numbers"),
    ],
)
def test_refuses_weights_of_another_network(
    narrow: Tensors, name: str, value: Array | None, reason: str
) -> None:
    changed = {key: array for key, array in narrow.items() if key != name}
    if value is not None:
        changed[name] = value
    with pytest.raises(WeightsError) as caught:
        build_vggish(changed)
    assert reason in str(caught.value)


def test_checkpoint_file_to_embedding(tmp_path: Path, narrow: Tensors, patches: Array) -> None:
    read = read_tf_table(write_checkpoint(tmp_path / "vggish_model.ckpt", narrow))
    np.testing.assert_allclose(
        run(build_vggish(read), patches)["embedding"], reference(narrow, patches), rtol=0, atol=1e-5
    )


@pytest.mark.slow
def test_the_whole_network_equals_numpy(vggish_checkpoint: Path, patches: Array) -> None:
    tensors = read_tf_table(vggish_checkpoint)
    found = run(build_vggish(tensors), patches[:1])["embedding"]
    np.testing.assert_allclose(found, reference(tensors, patches[:1]), rtol=0, atol=1e-4)


@pytest.mark.network
@pytest.mark.slow
def test_the_published_weights_pass_the_published_smoke_test(tmp_path: Path) -> None:
    """Figures and tolerance: tensorflow/models, `vggish_smoke_test.py`; a 1 kHz sine of 3 s at 16 kHz."""
    url = "https://storage.googleapis.com/audioset/vggish_model.ckpt"
    path = tmp_path / "vggish_model.ckpt"
    try:
        with urllib.request.urlopen(url, timeout=20) as answer, path.open("wb") as file:
            shutil.copyfileobj(answer, file)
    except OSError as error:
        pytest.skip(f"{url} cannot be fetched from here: {error}")
    y = np.sin(2 * np.pi * 1000 * np.arange(3 * 16_000) / 16_000).astype(np.float32)
    embedding = run(build_vggish(read_tf_table(path)), vggish_patches(y))["embedding"]
    np.testing.assert_allclose([embedding.mean(), embedding.std()], [0.000657, 0.343], rtol=0.1)
    if PCA_FILE.exists():
        frames = to_bytes(embedding, read_pca(PCA_FILE))
        np.testing.assert_allclose([frames.mean(), frames.std()], [126.0, 89.3], rtol=0.1)
