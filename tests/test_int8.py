"""VGGish in 8-bit integers: calibrated on some made sounds, judged on others."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from segue.embed import models
from segue.embed.calibration_sounds import noise_and_sweep, synthetic_music
from segue.embed.logmel import vggish_patches
from segue.embed.models import MODELS, Model, convert
from segue.embed.networks.graph import Graph
from segue.embed.networks.int8 import to_int8
from segue.embed.postprocess import PCA
from segue.embed.quantization import QuantizationReport, compare_quantized
from segue.embed.registry import make_embedders
from segue.embed.vggish import VGGish
from segue.errors import WeightsError
from segue.library import Library
from tests.conftest import write_music
from tests.numpy_layers import Array
from tests.onnx_files import run
from tests.small_vggish import known, write_published


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_published(tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="module")
def model(published: dict[str, Path]) -> Model:
    return known(published)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, model: Model, published: dict[str, Path]) -> Path:
    """Of models, with that VGGish in it."""
    root = tmp_path_factory.mktemp("models")
    models.add(model, *published.values(), folder=root)
    return root


@pytest.fixture
def installed(folder: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODELS, "vggish", model)
    monkeypatch.setenv("SEGUE_MODELS", str(folder))


def session(network: onnx.ModelProto, *, as_written: bool) -> onnxruntime.InferenceSession:
    """As written: each operator for itself, so in float between rounding and rounding."""
    options = onnxruntime.SessionOptions()
    if as_written:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(network.SerializeToString(), options)


def two_layers(weight: Array, bias: Array) -> onnx.ModelProto:
    """A dense layer, a rectifier, and a last layer that lets all through."""
    graph = Graph("two")
    x = graph.add("Relu", graph.dense("x", weight.astype(np.float32), bias.astype(np.float32)))
    n = len(bias)
    graph.dense(x, np.eye(n, dtype=np.float32), np.zeros(n, np.float32), output="embedding")
    return graph.model({"x": ("n", len(weight))}, {"embedding": ("n", n)})


# The sounds


@pytest.mark.slow
def test_made_sounds_are_always_the_same_and_within_range():
    for one, again, other in zip(
        synthetic_music(0, 3), synthetic_music(0, 3), synthetic_music(1, 3), strict=True
    ):
        np.testing.assert_array_equal(one, again)
        assert (one != other).any()
        assert np.abs(one).max() <= 1
        assert vggish_patches(one).shape == (4, 96, 64)


@pytest.mark.slow
def test_made_sounds_are_loud_and_quiet_and_never_the_same_twice():
    levels = [20 * np.log10(np.sqrt(np.mean(y**2))) for y in synthetic_music(0, 24)]
    assert min(levels) < -28 < -15 < max(levels)
    assert len(set(levels)) == 24
    assert not list(noise_and_sweep(0))[-1].any()


# The network


@pytest.mark.slow
def test_two_conversions_give_the_same_bytes(published: dict[str, Path], folder: Path, tmp_path: Path):
    convert.vggish(published, tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["agreement.json", "pca.npz", "vggish-int8.onnx", "vggish.onnx"]
    for name in names:
        assert (tmp_path / name).read_bytes() == (folder / "vggish" / name).read_bytes(), name


def test_all_layers_but_the_last_have_weights_of_seven_bits(folder: Path):
    network = onnx.load(folder / "vggish" / "vggish-int8.onnx")
    constants = [numpy_helper.to_array(tensor) for tensor in network.graph.initializer]
    weights = [array for array in constants if array.dtype == np.int8 and array.ndim > 1]
    assert len(weights) == 8
    assert all(np.abs(array).max() == 64 for array in weights)
    assert [array.shape for array in constants if array.dtype == np.float32 and array.ndim > 1] == [
        (512, 128)
    ]
    sizes = [(folder / "vggish" / name).stat().st_size for name in ("vggish.onnx", "vggish-int8.onnx")]
    assert sizes[1] < 0.3 * sizes[0]


def test_the_network_is_valid_and_takes_and_gives_what_it_did(folder: Path, rng: np.random.Generator):
    network = onnx.load(folder / "vggish" / "vggish-int8.onnx")
    found = run(network, rng.standard_normal((3, 96, 64)).astype(np.float32))
    assert found["embedding"].shape == (3, 128)
    assert found["embedding"].dtype == np.float32


def test_integers_give_what_the_graph_says(folder: Path):
    network = onnx.load(folder / "vggish" / "vggish-int8.onnx")
    patches = np.concatenate([vggish_patches(y) for y in synthetic_music(2, 4)])
    fused, written = (
        session(network, as_written=flag).run(None, {"patches": patches})[0] for flag in (False, True)
    )
    np.testing.assert_allclose(fused, written, rtol=0, atol=0.05 * written.std())
    assert np.abs(fused - written).mean() < 0.002 * written.std()


def test_the_largest_products_do_not_saturate():
    """With weights of 8 bits they would, on processors that add two products in 16 bits."""
    network = two_layers(np.ones((64, 8)), np.zeros(8))
    x = np.ones((4, 64), np.float32)
    found = run(to_int8(network, x), x)["embedding"]
    np.testing.assert_allclose(found, 64, rtol=0.01)


def test_a_channel_without_weights_keeps_its_bias(rng: np.random.Generator):
    weight = rng.standard_normal((16, 3)) * [1, 0, 1e-9]
    network, x = two_layers(weight, np.array([0.1, 0.7, 0.4])), rng.random((32, 16)).astype(np.float32)
    np.testing.assert_allclose(run(to_int8(network, x), x)["embedding"][:, 1:], [[0.7, 0.4]] * 32, atol=0.02)


def test_what_rounding_adds_on_average_is_taken_back(rng: np.random.Generator):
    weight, x = rng.standard_normal((400, 8)), (1 + 0.1 * rng.random((64, 400))).astype(np.float32)
    network = two_layers(weight, np.full(8, 60.0))
    expected = run(network, x)["embedding"]
    found = run(to_int8(network, x), x)["embedding"]
    assert np.abs((found - expected).mean(axis=0)).max() < 0.1
    step = np.abs(weight).max(axis=0) / 64
    assert np.abs(x.mean(axis=0) @ (np.rint(weight / step) * step - weight)).max() > 0.3


# How near it comes


def judged(folder: Path, network: onnx.ModelProto, tmp_path: Path) -> QuantizationReport:
    """Against the model's own float32, on sounds that calibrated nothing."""
    onnx.save(network, str(tmp_path / "other.onnx"))
    rng = np.random.default_rng(3)
    pca = PCA(np.linalg.qr(rng.standard_normal((128, 128)))[0].astype(np.float32), np.zeros(128, np.float32))
    one = VGGish(folder / "vggish" / "vggish.onnx", pca)
    return compare_quantized(one, VGGish(tmp_path / "other.onnx", pca, int8=True), synthetic_music(5, 8))


def test_it_agrees_on_sounds_that_it_was_not_calibrated_on(folder: Path, model: Model, tmp_path: Path):
    (name, kept), *others = models.quantization_reports(model, folder=folder).items()
    network = onnx.load(folder / "vggish" / "vggish-int8.onnx")
    for found in (kept, judged(folder, network, tmp_path)):
        assert found.cosine_mean > 0.99
        assert found.cosine_min > 0.97
        assert found.equal > 0.4
        assert found.difference < 3
    assert (name, others) == ("vggish-int8", [])
    assert (kept.sounds, kept.windows) == (16, 64)


@pytest.mark.slow
@pytest.mark.parametrize("sample", ["silence", "whisper"])
def test_it_disagrees_where_the_calibration_is_wrong(folder: Path, tmp_path: Path, sample: str):
    (y,) = synthetic_music(0, 1)
    sounds = {"silence": np.zeros(64_000, np.float32), "whisper": 1e-4 * y}
    wrong = to_int8(onnx.load(folder / "vggish" / "vggish.onnx"), vggish_patches(sounds[sample]))
    found = judged(folder, wrong, tmp_path)
    assert found.cosine_mean < 0.7
    assert found.difference > 15


def test_an_embedder_agrees_with_itself(folder: Path, tmp_path: Path):
    found = judged(folder, onnx.load(folder / "vggish" / "vggish.onnx"), tmp_path)
    assert (found.cosine_mean, found.cosine_min, found.equal, found.difference) == (1, 1, 1, 0)


@pytest.mark.slow
def test_a_damaged_report_is_refused_and_named(model: Model, published: dict[str, Path], tmp_path: Path):
    path = models.add(model, *published.values(), folder=tmp_path).with_name("agreement.json")
    path.write_bytes(b"?" * path.stat().st_size)
    with pytest.raises(WeightsError, match=r"agreement\.json"):
        models.quantization_reports(model, folder=tmp_path)
    with pytest.raises(WeightsError, match=r"agreement\.json: found sha256"):
        models.check(model, folder=tmp_path)


@pytest.mark.usefixtures("installed")
def test_models_shows_the_agreement(folder: Path, segue):
    code, out, err = segue("models", "list")
    assert (code, err) == (0, "")
    assert "vggish-int8 compared with vggish on 16 test sounds: mean cosine 0.99" in out
    records = {record["name"]: record for record in json.loads(segue("models", "list", "--json")[1])}
    kept = models.quantization_reports("vggish", folder=folder)["vggish-int8"]
    assert records["vggish"]["agreement"] == {"vggish-int8": dataclasses.asdict(kept)}
    assert records["mn04"]["agreement"] == {}


# In use


@pytest.mark.usefixtures("installed")
def test_it_is_a_space_of_its_own():
    spaces = [embedder.spec.space for embedder in make_embedders(["vggish", "vggish-int8", "vggish-relu"])]
    assert spaces == ["vggish-1", "vggish-int8-1", "vggish-relu-1"]


@pytest.mark.slow
@pytest.mark.usefixtures("installed")
def test_a_library_holds_both_and_they_agree(tmp_path: Path, segue):
    write_music(tmp_path / "music")
    library = ("-l", tmp_path / "library")
    code, out, _ = segue(*library, "scan", "-e", "vggish-int8", tmp_path / "music")
    assert (code, out.split(";")[0]) == (0, "12 added")
    with Library.open(tmp_path / "library") as opened:
        assert set(opened.spaces()) == {"vggish-int8-1"}
        kinds = {match.track.artist for match in opened.similar(opened.find("noise number 1"), k=3).matches}
        assert kinds == {"The Noises"}
    code, out, _ = segue(*library, "scan", "-e", "vggish", "-e", "vggish-int8", tmp_path / "music")
    assert (code, out.split(";")[0]) == (0, "12 given vectors of another embedder")
    with Library.open(tmp_path / "library") as opened:
        assert set(opened.spaces()) == {"vggish-1", "vggish-int8-1"}
        spaces = opened.snapshot().spaces
        one, other = (np.array(spaces[name].vectors[-12:]) for name in ("vggish-1", "vggish-int8-1"))
        assert np.isfinite(one).all()
        assert 0 < np.abs(one - other).mean() < 4
        for track in opened:
            assert opened.similar(track, k=3).matches[0].track.artist == track.artist
