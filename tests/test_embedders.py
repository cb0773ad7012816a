from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from segue import audio
from segue.embed import models
from segue.embed.descriptors import Descriptors
from segue.embed.networks import build_aisfx, build_mn04, build_musicnn, build_vggish
from segue.embed.onnx_file import OnnxFile
from segue.embed.postprocess import PCA
from segue.embed.published_network import RECIPES, PublishedNetwork, audioset_classes, msd_tags
from segue.embed.registry import EMBEDDERS, make_embedders, missing_default_models
from segue.embed.session import Network
from segue.embed.vggish import VGGish
from segue.errors import SegueError, UsageError, WeightsError
from segue.library import Library
from segue.recommend.joint_evidence import WITHOUT_TEXTS
from segue.sound import Excerpts
from segue.spec import Embedder
from tests import tf_files
from tests.conftest import write_music
from tests.embedder_contract import EmbedderContract
from tests.network_weights import aisfx_tensors, mn04_tensors, musicnn_tensors
from tests.onnx_models import ASKED, filters, saved


@pytest.fixture(scope="session")
def mn04_models(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models that holds the real mn04."""
    folder = tmp_path_factory.mktemp("models")
    models.add("mn04", shared / "data" / "models" / "mn04_as_mAP_432.pt", folder=folder)
    return folder


@pytest.fixture(scope="module")
def vggish(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PCA]:
    """VGGish's graph with few, random weights, and a random projection."""
    rng = np.random.default_rng(3)
    path = tmp_path_factory.mktemp("vggish") / "vggish.onnx"
    onnx.save(build_vggish(tf_files.vggish_tensors(rng, width=8)), str(path))
    projection = np.linalg.qr(rng.standard_normal((128, 128)))[0].astype(np.float32)
    return path, PCA(projection, np.zeros(128, np.float32))


class TestMusiCNN(EmbedderContract):
    @pytest.fixture(scope="class")
    @classmethod
    def embedder(cls, tmp_path_factory: pytest.TempPathFactory) -> Embedder:
        path = tmp_path_factory.mktemp("musicnn") / "musicnn.onnx"
        onnx.save(build_musicnn(musicnn_tensors(np.random.default_rng(1))), str(path))
        return PublishedNetwork(RECIPES["musicnn"], path)

    def test_a_third_of_the_windows_is_embedded(self, embedder: Embedder, rng: np.random.Generator):
        assert len(embedder.embed(sound(rng, 30.0)).windows) == 4


class TestMN04(EmbedderContract):
    @pytest.fixture(scope="class")
    @classmethod
    def embedder(cls, tmp_path_factory: pytest.TempPathFactory) -> Embedder:
        path = tmp_path_factory.mktemp("mn04") / "mn04.onnx"
        onnx.save(build_mn04(mn04_tensors(np.random.default_rng(1))), str(path))
        return PublishedNetwork(RECIPES["mn04"], path)


class TestAiSFX(EmbedderContract):
    @pytest.fixture(scope="class")
    @classmethod
    def embedder(cls, tmp_path_factory: pytest.TempPathFactory) -> Embedder:
        path = tmp_path_factory.mktemp("aisfx") / "aisfx.onnx"
        onnx.save(build_aisfx(aisfx_tensors(np.random.default_rng(1))), str(path))
        return PublishedNetwork(RECIPES["aisfx"], path)


class TestVGGish(EmbedderContract):
    @pytest.fixture(scope="class")
    @classmethod
    def embedder(cls, vggish: tuple[Path, PCA]) -> Embedder:
        return VGGish(*vggish)


class TestOnnxFile(EmbedderContract):
    @pytest.fixture(scope="class")
    @classmethod
    def embedder(cls, tmp_path_factory: pytest.TempPathFactory) -> Embedder:
        return OnnxFile(saved(tmp_path_factory.mktemp("onnx") / "any.onnx", filters(["n", "t"])), **ASKED)


class TestTemplate(EmbedderContract):
    """The example in docs/new_embedder.md."""

    @pytest.fixture(scope="class")
    @classmethod
    def embedder(cls) -> Embedder:
        page = Path(__file__).resolve().parents[1] / "docs" / "new_embedder.md"
        program = page.read_text("utf-8").split("```python\n")[1].split("```")[0]
        names: dict[str, Any] = {"__name__": "template"}
        exec(program, names)
        return names["Loudness"]()


def sound(rng: np.random.Generator, duration_s: float, sr: int = 16_000) -> Excerpts:
    return Excerpts.from_waveform((0.1 * rng.standard_normal(int(duration_s * sr))).astype(np.float32), sr)


def test_vggish_gives_eight_bit_frames_and_their_mean(vggish, rng):
    embedder = VGGish(*vggish)
    embedding = embedder.embed(sound(rng, 5.0))
    assert embedding.windows.shape == (5, 128)
    assert (embedding.windows == embedding.windows.astype(np.uint8)).all()
    np.testing.assert_allclose(embedding.pooled, embedding.windows.astype(float).mean(axis=0), rtol=1e-5)


def test_vggish_with_the_last_activation_is_another_space(vggish, rng):
    plain, active = VGGish(*vggish), VGGish(*vggish, last_relu=True)
    assert plain.spec.space == "vggish-1"
    assert active.spec.space == "vggish-relu-1"
    y = sound(rng, 2.0)
    assert (plain.embed(y).pooled != active.embed(y).pooled).any()


def test_vggish_gives_no_frame_for_less_than_a_patch_but_embeds_it(vggish, rng):
    embedder = VGGish(*vggish)
    short = sound(rng, 0.9)
    assert embedder.frames(short.at(16_000)[0]).shape == (0, 128)
    assert embedder.embed(short).windows.shape == (1, 128)


def test_batches_do_not_change_what_a_window_gives(vggish, rng):
    network = Network(vggish[0])
    patches = rng.standard_normal((19, 96, 64)).astype(np.float32)
    (together,) = network(patches)
    alone = np.concatenate([network(patches[i : i + 1])[0] for i in range(19)])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)


def test_a_file_without_a_network_is_refused(tmp_path: Path):
    (tmp_path / "x.onnx").write_bytes(b"no network")
    with pytest.raises(WeightsError, match=r"x\.onnx"):
        Network(tmp_path / "x.onnx")(np.zeros((1, 2), np.float32))


def test_without_any_model_the_default_is_the_descriptors():
    assert [type(embedder) for embedder in make_embedders()] == [Descriptors]
    assert missing_default_models() == ["musicnn", "mn04"]


def test_an_unknown_embedder_is_named_and_one_that_is_not_here_says_how_to_get_it():
    with pytest.raises(UsageError, match="unknown embedder 'ears'"):
        make_embedders(["ears"])
    for name in EMBEDDERS:
        if name != "descriptors":
            with pytest.raises(SegueError, match=f"segue models pull {name.split('-')[0]}"):
                make_embedders([name])


@pytest.mark.shared
def test_mn04_is_part_of_the_default_once_installed(mn04_models: Path, monkeypatch):
    monkeypatch.setenv("SEGUE_MODELS", str(mn04_models))
    assert [embedder.spec.name for embedder in make_embedders()] == ["descriptors", "mn04"]


@pytest.mark.shared
def test_mn04_gives_the_same_vector_at_another_sample_rate(mn04_models: Path, shared: Path):
    embedder = PublishedNetwork(RECIPES["mn04"], models.model_path("mn04", folder=mn04_models))
    found = {}
    for name in ("guitar", "jazz_guitar", "rain", "train"):
        heard = audio.load(shared / "data" / "max_samples" / f"{name}.wav")
        found[name] = embedder.embed(heard)
        lower = Excerpts.from_waveform(heard.at(22_050)[0], 22_050)
        assert cosine(found[name].pooled, embedder.embed(lower).pooled) > 0.9
    assert found["guitar"].windows.shape[1] == 1312
    guitars = cosine(found["guitar"].pooled, found["jazz_guitar"].pooled)
    assert guitars > cosine(found["guitar"].pooled, found["rain"].pooled)
    assert guitars > cosine(found["guitar"].pooled, found["train"].pooled)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.mark.slow
@pytest.mark.shared
def test_scan_takes_embedders_by_name_and_adds_one_later(
    mn04_models: Path, tmp_path: Path, segue, monkeypatch
):
    monkeypatch.setenv("SEGUE_MODELS", str(mn04_models))
    write_music(tmp_path / "music")
    library = ("-l", tmp_path / "library")
    code, out, _ = segue(*library, "scan", "-e", "descriptors", tmp_path / "music")
    assert (code, out.split(";")[0]) == (0, "12 added")
    code, out, err = segue(*library, "scan", "--yes", tmp_path / "music")
    assert (code, out.split(";")[0]) == (0, "12 given vectors of another embedder")
    assert "segue models pull musicnn" in err
    with Library.open(tmp_path / "library") as opened:
        assert set(opened.spaces()) == {"descriptors-1", "mn04-2"}
        for track in opened:
            matches = opened.similar(track, k=3).matches
            assert {match.track.artist for match in matches} == {track.artist}
        outside = next((tmp_path / "music").iterdir()).rename(tmp_path / "outside.flac")
        assert opened.similar(outside, k=1).matches[0].score == pytest.approx(1.0, abs=0.01)
    # Without the network, the vectors in the library still answer for its tracks.
    monkeypatch.setenv("SEGUE_MODELS", str(tmp_path / "none"))
    assert segue(*library, "similar", "low number 1", "-k", "2")[0] == 0


@pytest.mark.slow
@pytest.mark.shared
def test_labels_say_what_a_sound_is_and_can_be_searched_and_filtered_by(
    mn04_models: Path, shared: Path, tmp_path: Path, segue, monkeypatch
):
    monkeypatch.setenv("SEGUE_MODELS", str(mn04_models))
    library = ("-l", tmp_path / "library")
    assert segue(*library, "scan", shared / "data" / "max_samples")[0] == 0
    with Library.open(tmp_path / "library") as opened:
        for name, label in (("typing", "Computer keyboard"), ("train", "Train"), ("applause", "Applause")):
            found = opened.labels(opened.find(name))["mn04-2"]
            assert found[label] > 0.35, (name, found)
            assert label in list(found)[:3]
            assert list(found.values()) == sorted(found.values(), reverse=True)
        guitars = {track.title for track in opened.tracks.search("guitar")}
        assert {"guitar", "jazz_guitar"} <= guitars
        with pytest.raises(UsageError, match="such as"):
            opened.similar("rain", label="Theremin solo")
        assert opened.find("guitar.wav").title == "guitar"  # a label is no name
    code, out, err = segue(*library, "similar", "rain", "--label", "guitar", "-k", "2")
    assert (code, err) == (0, "seed: rain\n")
    assert len(out.splitlines()) == 3
    assert "labels by mn04-2" in segue(*library, "info", "applause")[1]


def test_every_score_has_a_name_of_its_own():
    assert len(set(msd_tags())) == 50
    assert len(set(audioset_classes())) == 527
    assert audioset_classes()[0] == "Speech"


def test_choosing_embedders_loads_no_network_library():
    loaded = "any(name in sys.modules for name in ('onnx', 'onnxruntime'))"
    code = (
        f"import sys; from segue.embed.registry import make_embedders; make_embedders(); sys.exit({loaded})"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_segues_own_embedders_take_no_texts():
    # A search makes no embedder where a library has only spaces of these.
    names = {"descriptors", "vggish", *(recipe.spec.name for recipe in RECIPES.values())}
    assert names == WITHOUT_TEXTS
    assert not any(hasattr(kind, "embed_text") for kind in (Descriptors, PublishedNetwork, VGGish))
