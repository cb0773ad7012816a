"""Models are made of files that were brought, of those that are published, and of what pip fetches."""

from __future__ import annotations

import dataclasses
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from segue.embed import models
from segue.embed.models import MODELS, Download, DownloadError, Model
from segue.embed.weights import read_tf_table
from segue.errors import UsageError, WeightsError
from tests import small_vggish, tf_files
from tests.fake_download_server import Publisher
from tests.model_files import assert_whole, known, parts
from tests.onnx_files import run

MN04_FILE = "mn04_as_mAP_432.pt"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "modèles"


@pytest.fixture
def mn04_file(shared: Path) -> Path:
    return shared / "data" / "models" / MN04_FILE


def test_add_takes_a_file_by_any_name_and_leaves_it(tiny: Model, weights: Path, folder: Path):
    renamed = weights.with_name("Downloaded (1).bin")
    shutil.copy(weights, renamed)
    assert models.add(tiny, renamed, folder=folder) == folder / "tiny" / "tiny.onnx"
    assert_whole(tiny, folder)
    assert renamed.exists()


def test_add_takes_the_folder_of_a_file(tiny: Model, weights: Path, folder: Path):
    models.add(tiny, weights.parent, folder=folder)
    assert_whole(tiny, folder)


def test_add_ends_a_download_that_was_begun(publisher: Publisher, tiny: Model, weights: Path, folder: Path):
    publisher.stops = [1000, 1000]
    with pytest.raises(DownloadError):
        models.pull(tiny, folder=folder)
    models.add(tiny, weights, folder=folder)
    assert_whole(tiny, folder)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data[:-1] + b"?", "found sha256"),
        (lambda data: data[:1000], "found 1000 bytes, expected 72"),
        (lambda data: b"", "found 0 bytes, expected 72"),
    ],
)
def test_add_refuses_another_file(
    tiny: Model, weights: Path, folder: Path, change: Callable[[bytes], bytes], reason: str
):
    weights.write_bytes(change(weights.read_bytes()))
    with pytest.raises(WeightsError) as caught:
        models.add(tiny, weights, folder=folder)
    assert reason in str(caught.value)
    assert caught.value.path == str(weights)
    assert models.status(tiny, folder=folder).state == "missing"


def test_add_refuses_a_cut_file_beside_a_whole_one(tiny: Model, weights: Path, folder: Path):
    cut = weights.with_name("tiny.pt.crdownload")
    cut.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(WeightsError, match="found 1000 bytes"):
        models.add(tiny, cut, folder=folder)


def test_add_names_what_is_missing_and_where_it_is_published(tmp_path: Path, folder: Path):
    with pytest.raises(UsageError, match="does not exist"):
        models.add("mn04", tmp_path / "nothing.pt", folder=folder)
    (tmp_path / "empty").mkdir()
    for name, model in MODELS.items():
        with pytest.raises(UsageError, match="is missing") as caught:
            models.add(name, tmp_path / "empty", folder=folder)
        assert model.sha256 in str(caught.value)
        assert model.downloads[0].source in str(caught.value)


@pytest.mark.shared
def test_mn04_is_pulled_and_runs(publisher: Publisher, mn04_file: Path, folder: Path):
    publisher.files[MN04_FILE] = mn04_file.read_bytes()
    publisher.stops = [2_000_000]
    published = MODELS["mn04"]
    download = dataclasses.replace(published.downloads[0], source=publisher.url(MN04_FILE))
    here = dataclasses.replace(published, downloads=(download,))
    network = onnx.load(models.pull(here, folder=folder))
    found = run(network, np.zeros((1, 1, 128, 200), np.float32))
    assert found["embedding"].shape == (1, 384)
    models.check("mn04", folder=folder)


@pytest.mark.shared
def test_mn04_is_added_and_runs(mn04_file: Path, folder: Path):
    path = models.add("mn04", mn04_file, folder=folder)
    found = run(onnx.load(path), np.zeros((1, 1, 128, 200), np.float32))
    assert found["embedding"].shape == (1, 384)
    assert np.isfinite(found["embedding"]).all()
    assert models.installed(folder=folder) == ("mn04",)


def test_weights_of_another_network_are_refused_though_the_sum_fits(weights: Path, folder: Path):
    own = Download(dataclasses.replace(known(weights), name=MN04_FILE), "")
    with pytest.raises(WeightsError, match="found no 'features"):
        models.add(dataclasses.replace(MODELS["mn04"], downloads=(own,)), weights, folder=folder)
    assert models.status("mn04", folder=folder).state == "missing"


@pytest.mark.slow
def test_vggish_is_made_of_its_checkpoint_and_its_components(
    vggish_checkpoint: Path, tmp_path: Path, folder: Path, rng: np.random.Generator
):
    checkpoint = tmp_path / "brought" / "vggish_model.ckpt"
    pca = checkpoint.with_name("vggish_pca_params.npz")
    checkpoint.parent.mkdir()
    checkpoint.symlink_to(vggish_checkpoint)
    arrays = {"pca_eigen_vectors": rng.standard_normal((128, 128)), "pca_means": rng.standard_normal(128)}
    np.savez(pca, **{name: array.astype(np.float32) for name, array in arrays.items()})
    downloads = tuple(Download(known(path), "") for path in (checkpoint, pca))
    model = dataclasses.replace(MODELS["vggish"], downloads=downloads)
    path = models.add(model, checkpoint, folder=folder)
    found = run(onnx.load(path), rng.standard_normal((1, 96, 64)).astype(np.float32))["embedding"]
    assert found.shape == (1, 128)
    assert (found < 0).any()
    assert models.model_path(model, "pca.npz", folder=folder).read_bytes() == pca.read_bytes()
    assert models.model_path(model, "vggish-int8.onnx", folder=folder).stat().st_size < 75e6
    assert models.quantization_reports(model, folder=folder)["vggish-int8"].cosine_mean > 0.95
    pca.unlink()
    with pytest.raises(UsageError, match=r"vggish_pca_params.npz of vggish .* is missing"):
        models.add(model, checkpoint, folder=folder)


@pytest.mark.slow
def test_vggish_is_made_of_a_frozen_graph_as_of_its_checkpoint(tmp_path: Path, folder: Path):
    published = small_vggish.write_published(tmp_path)
    model = small_vggish.known(published)
    checkpoint, pca = published.values()
    tensors = read_tf_table(checkpoint)
    (tmp_path / "apart").mkdir()
    graph = tf_files.write_graph(
        tmp_path / "apart" / "audioset-vggish-3.pb", {f"model/{name}": each for name, each in tensors.items()}
    )
    weights = dataclasses.replace(model.downloads[0], instead=(Download(known(graph), ""),))
    model = dataclasses.replace(model, downloads=(weights, model.downloads[1]))
    made = [models.add(model, brought, pca, folder=folder).read_bytes() for brought in (checkpoint, graph)]
    assert made[0] == made[1]
    models.check(model, folder=folder)


@pytest.mark.slow
def test_musicnn_is_pulled_by_pip_and_runs(folder: Path):
    try:
        path = models.pull("musicnn", folder=folder)
    except DownloadError as error:
        pytest.skip(f"pip reaches no index from here: {error}")
    found = run(onnx.load(path), np.zeros((1, 187, 96), np.float32))
    assert found["embedding"].shape == (1, 200)
    assert found["scores"].shape == (1, 50)
    assert not parts(folder)


@pytest.mark.slow
def test_musicnn_is_added_from_its_wheel_and_from_the_unpacked_folder(musicnn_index: Path, tmp_path: Path):
    downloaded = musicnn_index.parents[2]
    wheel = next(downloaded.glob("*.whl"))
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    inner = unpacked / "musicnn" / "MSD_musicnn"
    made = {
        models.add("musicnn", path, folder=tmp_path / "models").read_bytes()
        for path in (wheel, downloaded, unpacked, inner.parent, inner, inner / ".index")
    }
    assert len(made) == 1
    data = inner / ".data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-1] + b"?")
    with pytest.raises(WeightsError, match="found sha256"):
        models.add("musicnn", inner, folder=tmp_path / "models")


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("name", ["vggish", "mn04"])
def test_published_models_are_pulled(name: str, folder: Path):
    try:
        models.pull(name, folder=folder)
    except DownloadError as error:
        pytest.skip(f"{name} cannot be fetched from here: {error}")
    models.check(name, folder=folder)
