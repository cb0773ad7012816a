"""CLAP from files of the user's own: sounds and words in one space."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from segue.embed.clap import Clap, is_clap_spec
from segue.embed.logmel import CLAP_SR, clap_logmel
from segue.errors import LibraryFormatError, UsageError, WeightsError
from segue.library import Library
from segue.sound import Excerpts
from segue.spec import Embedder, TextEmbedder
from tests.clap_files import audio_model, text_model, write_clap
from tests.conftest import tone
from tests.embedder_contract import EmbedderContract, noise
from tests.onnx_models import saved

pytest.importorskip("tokenizers")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clap(tmp_path_factory.mktemp("clap") / "model")


@pytest.fixture(scope="module")
def heard(files: Path, tmp_path_factory: pytest.TempPathFactory, music: dict[str, Path]) -> Path:
    """A library of the low, the high and the noise, heard by CLAP, which is then gone."""
    root = tmp_path_factory.mktemp("heard")
    model = shutil.copytree(files, root / "model")
    with Library.open(root / "library", create=True, embedders=[Clap.from_folder(model)]) as library:
        library.scan(next(iter(music.values())).parent)
    shutil.rmtree(model)
    return root / "library"


@pytest.mark.slow
class TestClap(EmbedderContract):
    @pytest.fixture(scope="class")
    @classmethod
    def embedder(cls, files: Path) -> Embedder:
        return Clap.from_folder(files)


def test_sounds_lie_near_the_words_for_them(files: Path):
    clap = Clap.from_folder(files)
    assert isinstance(clap, TextEmbedder)
    low, high = (clap.embed(Excerpts.from_waveform(tone(hz), 22_050)).pooled for hz in (110, 3520))
    for sound, near, far in ((low, "a low tone", "high"), (high, "high", "a low tone")):
        assert clap.embed_text(near) @ sound > 0.9
        assert clap.embed_text(far) @ sound < -0.9
    assert np.linalg.norm(clap.embed_text("low")) == pytest.approx(1, abs=1e-6)


def test_a_search_compares_words_with_the_sound(heard: Path):
    with Library.open(heard) as library:
        found = library.search("tone that is low", limit=4)
        assert {match.track.artist for match in found} == {"The Lows"}
        (reason,) = found[0].reasons
        assert (reason.kind, reason.name) == ("sound", next(iter(library.spaces())))
        assert reason.score > 0.9
        assert "sounds like" in str(reason)
        named = library.search("high number 2")  # a name comes first
        assert (named[0].track.title, named[0].reasons[0].kind) == ("High number 2", "title")


def test_a_library_keeps_the_files_and_goes_on_with_them(heard: Path, files: Path, tmp_path: Path):
    root = Path(shutil.copytree(heard, tmp_path / "library"))
    with Library.open(root) as library:
        library.verify()
        (spec,) = library.spaces().values()
        assert is_clap_spec(spec)
        assert spec == Clap.from_folder(files).spec
        assert library.search("low", limit=1)[0].track.artist == "The Lows"
        (root / "models" / str(spec.weights_sha256) / "text.onnx").write_bytes(b"damaged")
        with pytest.raises(LibraryFormatError, match="--clap"):
            library.verify()


def test_scan_takes_the_folder_of_a_clap(files: Path, music: dict[str, Path], tmp_path: Path, segue):
    folder = next(iter(music.values())).parent
    code, out, _ = segue("-l", tmp_path / "library", "scan", "--clap", files, folder, "-q")
    assert (code, out.split(";")[0]) == (0, "12 added")
    code, out, _ = segue("-l", tmp_path / "library", "search", "some", "low", "tone", "--limit", "2")
    assert code == 0
    assert "sounds like 'low tone'" in out


def test_a_folder_without_a_whole_clap_is_refused(files: Path, tmp_path: Path):
    part = Path(shutil.copytree(files, tmp_path / "part"))
    (part / "tokenizer.json").unlink()
    with pytest.raises(UsageError, match=r"tokenizer\.json"):
        Clap.from_folder(part)
    (part / "tokenizer.json").write_text("{}")
    with pytest.raises(WeightsError, match="not a tokenizer"):
        Clap.from_folder(part)


@pytest.mark.parametrize(
    ("name", "model", "message"),
    [
        ("audio_model.onnx", audio_model(shape=("n", 4, 1001, 64)), "expected one input"),
        ("audio_model.onnx", audio_model(4), "as many"),
        ("text_model.onnx", audio_model(), "input_ids"),
        ("text_model.onnx", text_model({}, 4), "fails"),
    ],
)
def test_files_that_are_no_pair_are_refused(files: Path, tmp_path: Path, name: str, model, message: str):
    bad = Path(shutil.copytree(files, tmp_path / "bad"))
    saved(bad / "onnx" / name, model)
    with pytest.raises(WeightsError, match=message):
        Clap.from_folder(bad)


def test_without_its_tokenizer_library_it_says_what_to_install(files: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(UsageError, match=r"pip install .*clap"):
        Clap.from_folder(files)


@pytest.mark.slow
def test_its_log_mel_is_librosas(rng: np.random.Generator):
    import librosa

    y = noise(CLAP_SR, 10 * CLAP_SR)
    mel = librosa.feature.melspectrogram(
        y=y, sr=CLAP_SR, n_fft=1024, hop_length=480, n_mels=64, fmin=50, fmax=14_000, pad_mode="reflect"
    )
    expected = 10 * np.log10(np.maximum(mel, 1e-10)).T
    found = clap_logmel(y)
    assert found.shape == (1001, 64)
    np.testing.assert_allclose(found, expected, atol=1e-3)
