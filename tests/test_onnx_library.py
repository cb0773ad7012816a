"""Libraries that listen with ONNX files: their spaces, the copies they keep, and the command's options."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from segue.embed.descriptors import Descriptors
from segue.embed.onnx_file import OnnxFile, is_onnx_spec
from segue.errors import LibraryFormatError, WeightsError
from segue.library import Library
from segue.library.embedders import embedders_for, uses_default_set
from segue.sound import Excerpts
from segue.spec import EmbedderSpec, Embedding
from tests.conftest import tone, write_music
from tests.onnx_models import ASKED, DIM, SR, filters, saved, two_outputs

# Spaces


def test_another_file_rate_window_hop_or_name_is_another_space(tmp_path: Path):
    path = saved(tmp_path / "ears.onnx", filters(["n", "t"]))
    (tmp_path / "b").mkdir()
    other = saved(tmp_path / "b" / "ears.onnx", filters(["n", "t"], seed=1))
    specs = [
        OnnxFile(path, sr=16_000, window_s=3.0).spec,
        OnnxFile(other, sr=16_000, window_s=3.0).spec,
        OnnxFile(path, sr=8_000, window_s=3.0).spec,
        OnnxFile(path, sr=8_000, window_s=6.0).spec,
        OnnxFile(path, sr=16_000, window_s=2.0).spec,
        OnnxFile(path, sr=16_000, window_s=3.0, hop_s=1.5).spec,
        OnnxFile(shutil.copy(path, tmp_path / "eyes.onnx"), sr=16_000, window_s=3.0).spec,
    ]
    assert len({spec.space for spec in specs}) == len(specs)
    assert all(is_onnx_spec(spec) for spec in specs)
    assert specs[0].weights_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    moved = OnnxFile(shutil.copy(path, tmp_path / "b" / "EARS.ONNX"), sr=16_000, window_s=3.0, hop_s=3.0)
    assert moved.spec == specs[0]


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("My Model (v2)", "my-model-v2"),
        ("..", "model"),
        ("Ünï", "n"),
        ("a_b-c", "a_b-c"),
        ("x" * 90, "x" * 40),
    ],
)
def test_a_spaces_name_is_the_files_made_safe(tmp_path: Path, stem: str, name: str):
    spec = OnnxFile(saved(tmp_path / f"{stem}.onnx", filters(["n", "t"])), **ASKED).spec
    assert spec.name == name
    assert set(spec.space) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")


def test_only_an_onnx_files_spec_is_taken_for_one(tmp_path: Path):
    spec = OnnxFile(saved(tmp_path / "ears.onnx", filters(["n", "t"])), **ASKED).spec
    assert not is_onnx_spec(Descriptors().spec)
    assert not is_onnx_spec(replace(spec, variant="relu"))
    assert not is_onnx_spec(replace(spec, weights_sha256="../../../etc/passwd"))
    assert not is_onnx_spec(replace(spec, weights_sha256=(spec.weights_sha256 or "")[:8] + "/../x"))


# In a library


@pytest.fixture
def ears(tmp_path: Path) -> Path:
    return saved(tmp_path / "ears.onnx", filters(["n", "t"]))


@pytest.fixture
def listening(tmp_path: Path, ears: Path, segue) -> tuple[object, ...]:
    """Twelve tracks scanned with the model alone: the option that names the library."""
    write_music(tmp_path / "music")
    library = ("-l", tmp_path / "library")
    code, out, err = segue(*library, "scan", "--onnx", ears, "--sr", SR, "--window", 0.5, tmp_path / "music")
    assert (code, out.split(";")[0], err) == (0, "12 added", "")
    return library


def copy_in(root: Path) -> Path:
    (found,) = (root / "models").iterdir()
    return found


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_library_goes_on_with_its_model_when_nothing_is_said(tmp_path: Path, listening, ears: Path, segue):
    space = OnnxFile(ears, **ASKED).spec.space
    assert copy_in(tmp_path / "library").read_bytes() == ears.read_bytes()
    ears.unlink()
    with Library.open(tmp_path / "library") as library:
        assert list(library.spaces()) == [space]
        for track in library:
            assert {m.track.artist for m in library.similar(track, k=3).matches} == {track.artist}
    code, out, err = segue(*listening, "scan", tmp_path / "music")
    assert (code, out.split(";")[0], err) == (0, "12 unchanged", "")
    soundfile.write(tmp_path / "music" / "new.wav", tone(112, 9), 22_050)
    code, out, err = segue(*listening, "scan", tmp_path / "music")
    assert (code, out.split(";")[0], err) == (0, "1 added, 12 unchanged", "")
    assert segue(*listening, "similar", "low number 1", "-k", "2")[0] == 0
    soundfile.write(tmp_path / "outside.wav", tone(1760, 7), 22_050)
    code, out, err = segue(*listening, "similar", tmp_path / "outside.wav", "-k", "4")
    assert (code, err) == (0, "seed: outside.wav\n")
    assert all("The Highs" in line for line in out.splitlines()[1:])
    assert f"{space}, {DIM} dimensions" in segue(*listening, "info")[1]
    assert segue(*listening, "check")[0] == 0


def test_scanning_with_the_same_options_again_changes_nothing(tmp_path: Path, listening, ears: Path, segue):
    copy = copy_in(tmp_path / "library")
    before = copy.stat().st_mtime_ns
    again = ("scan", "--onnx", ears, "--sr", SR, "--window", 0.5, tmp_path / "music")
    assert segue(*listening, *again)[1].startswith("12 unchanged;")
    assert copy_in(tmp_path / "library").stat().st_mtime_ns == before


def test_two_models_in_one_library_are_two_spaces(tmp_path: Path, listening, segue):
    (tmp_path / "b").mkdir()
    other = saved(tmp_path / "b" / "ears.onnx", filters(["n", 1, "t"], "(n, frames, dim)", seed=5))
    code, out, _ = segue(*listening, "scan", "--onnx", other, "--sr", SR, "--window", 0.5, tmp_path / "music")
    assert (code, out.split(";")[0]) == (0, "12 given vectors of another embedder")
    assert len(list((tmp_path / "library" / "models").iterdir())) == 2
    with Library.open(tmp_path / "library") as library:
        assert len(library.spaces()) == 2
        (_, a), (_, b) = (library.vectors(space) for space in library.spaces())
        assert np.isfinite(a).all()
        assert np.isfinite(b).all()
        assert (a != b).any()
    other.unlink()
    soundfile.write(tmp_path / "music" / "new.wav", tone(112, 9), 22_050)
    assert segue(*listening, "scan", tmp_path / "music")[0] == 0
    with Library.open(tmp_path / "library") as library:
        assert all(np.isfinite(library.vectors(space)[1]).all() for space in library.spaces())


def test_other_embedders_may_listen_too(tmp_path: Path, ears: Path, segue):
    write_music(tmp_path / "music")
    library = ("-l", tmp_path / "library")
    asked = ("-e", "descriptors", "--onnx", ears, "--sr", SR, "--window", 0.5, "--hop", 0.25)
    assert segue(*library, "scan", *asked, tmp_path / "music")[0] == 0
    with Library.open(tmp_path / "library") as opened:
        assert {spec.name for spec in opened.spaces().values()} == {"descriptors", "ears"}
        assert {spec.hop_s for spec in opened.spaces().values() if spec.name == "ears"} == {0.25}
    assert segue(*library, "scan", tmp_path / "music")[1].startswith("12 unchanged;")


@pytest.mark.slow
@pytest.mark.parametrize("how", ["damaged", "gone"])
def test_a_damaged_copy_affects_only_what_needs_it(tmp_path: Path, listening, ears: Path, segue, how: str):
    copy = copy_in(tmp_path / "library")
    if how == "damaged":
        damage(copy)
        said = "is damaged or a different file: found sha256"
    else:
        copy.unlink()
        said = "there is no such file"
    for command in (("similar", "low number 1"), ("info",), ("search", "low"), ("scan", tmp_path / "music")):
        assert segue(*listening, *command)[0] == 0, command
    soundfile.write(tmp_path / "outside.wav", tone(1760, 7), 22_050)
    code, _, err = segue(*listening, "similar", tmp_path / "outside.wav")
    assert code == 2
    assert said in err
    assert len(err.splitlines()) == 1
    code, out, err = segue(*listening, "check")
    assert code == 1
    assert said in out + err
    shutil.copy(tmp_path / "outside.wav", tmp_path / "music")
    code, _, err = segue(*listening, "scan", tmp_path / "music")
    assert code == 2
    assert said in err
    assert segue(*listening, "failures")[1] == "no failures\n"  # the new file is not to blame
    mend = ("scan", "--onnx", ears, "--sr", SR, "--window", 0.5, tmp_path / "music")
    assert segue(*listening, *mend)[1].startswith("1 added, 12 unchanged;")
    assert copy.read_bytes() == ears.read_bytes()
    assert segue(*listening, "check")[0] == 0


def test_what_was_done_before_a_copy_failed_is_kept(tmp_path: Path, ears: Path):
    class Loud(Descriptors):
        def embed(self, heard: Excerpts) -> Embedding:
            if np.abs(heard.parts[0]).max() > 0.5:
                raise WeightsError("damaged")
            return super().embed(heard)

    (tmp_path / "music").mkdir()
    for i, size in enumerate((0.1, 0.2, 1.0)):
        y = np.tile(np.array([size, -size]), SR)
        soundfile.write(tmp_path / "music" / f"{i}.wav", y, SR, subtype="FLOAT")
    with Library.open(tmp_path / "library", create=True, embedders=[Loud()]) as library:
        with pytest.raises(WeightsError):
            library.scan(tmp_path / "music", jobs=1)
        assert len(library) == 2
        assert library.failures() == []


def test_a_model_that_changed_since_it_was_opened_is_not_kept(tmp_path: Path, ears: Path, music):
    embedder = OnnxFile(ears, **ASKED)
    saved(ears, filters(["n", "t"], seed=3))
    with Library.open(tmp_path / "library", create=True, embedders=[embedder]) as library:
        with pytest.raises(WeightsError, match="a different file"):
            library.scan(next(iter(music.values())))
        assert library.spaces() == {}
        assert len(library) == 0


def test_the_vectors_of_a_library_are_those_of_the_embedder(tmp_path: Path, ears: Path, music):
    from segue import audio

    embedder = OnnxFile(ears, **ASKED)
    with Library.open(tmp_path / "library", create=True, embedders=[embedder]) as library:
        library.scan(next(iter(music.values())).parent)
        ids, vectors = library.vectors(embedder.spec.space)
        for track_id, vector in zip(ids, vectors, strict=True):
            np.testing.assert_array_equal(vector, embedder.embed(audio.load(library[track_id].path)).pooled)


def test_what_a_killed_writer_left_is_swept_out(tmp_path: Path, ears: Path, music):
    left = tmp_path / "library" / "models" / ".half.onnx.1.part"
    with Library.open(tmp_path / "library", create=True, embedders=[OnnxFile(ears, **ASKED)]) as library:
        left.parent.mkdir()
        left.write_bytes(b"half")
        library.scan(next(iter(music.values())))
    assert copy_in(tmp_path / "library").suffix == ".onnx"


def test_a_file_of_another_checksum_is_reported_by_verify(tmp_path: Path, listening):
    damage(copy_in(tmp_path / "library"))
    with Library.open(tmp_path / "library") as library, pytest.raises(LibraryFormatError, match="sha256"):
        library.verify()


@pytest.mark.slow
def test_opening_a_library_loads_no_network_library(tmp_path: Path, listening):
    code = (
        "import sys; from segue.library import Library; library = Library.open(sys.argv[1]); "
        "print(len(library.similar('low number 1', k=3).matches)); library.close(); "
        "sys.exit(any(name in sys.modules for name in ('onnx', 'onnxruntime')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "library")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr


# Which embedders a library uses when nothing is said


def names(spaces: Sequence[EmbedderSpec], root: Path) -> list[str]:
    found = embedders_for({spec.space: spec for spec in spaces}, root)
    return [embedder.spec.space for embedder in found]


def test_a_library_uses_the_default_set_or_what_made_its_spaces(tmp_path: Path, ears: Path):
    own = OnnxFile(ears, **ASKED).spec
    descriptors = Descriptors().spec
    mn04 = replace(descriptors, name="mn04", weights_sha256="0" * 64)
    stranger = replace(descriptors, name="loudness")
    relu = replace(descriptors, name="vggish", variant="relu")
    default = ["descriptors-1"]  # no network is installed here
    assert names([], tmp_path) == default
    assert names([descriptors], tmp_path) == default
    assert names([descriptors, mn04], tmp_path) == default
    assert names([mn04], tmp_path) == default
    assert names([own], tmp_path) == [own.space]
    assert names([descriptors, own], tmp_path) == ["descriptors-1", own.space]
    assert names([mn04, own, stranger, relu], tmp_path) == [own.space]
    assert names([stranger], tmp_path) == default
    assert names([relu, stranger], tmp_path) == default
    assert uses_default_set({"descriptors-1": descriptors, "mn04-1": mn04})
    assert not uses_default_set({"descriptors-1": descriptors, own.space: own})


# The command's options


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--sr", 16_000), "--sr needs --onnx FILE"),
        (("--window", 3), "--window needs --onnx FILE"),
        (("--hop", 3), "--hop needs --onnx FILE"),
        (("--output", "y"), "--output needs --onnx FILE"),
        (("--onnx", "EARS", "--window", 3), "--onnx also needs --sr HZ"),
        (("--onnx", "EARS", "--sr", 16_000), "--onnx also needs --window SECONDS"),
        (("--onnx", "none.onnx", "--sr", 16_000, "--window", 3), "there is no such file"),
        (("--onnx", "EARS", "--sr", 10, "--window", 3), "a rate of 10 Hz"),
        (("--onnx", "EARS", "--sr", 16_000, "--window", 3, "--output", "y"), "no output 'y'"),
    ],
)
def test_options_that_do_not_fit_are_reported_and_create_no_library(
    tmp_path: Path, ears: Path, segue, options: Sequence[object], said: str
):
    given = [ears if option == "EARS" else option for option in options]
    code, out, err = segue("-l", tmp_path / "library", "scan", *given, tmp_path)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "library").exists()


def test_an_output_is_chosen_by_its_name(tmp_path: Path, segue, music):
    path = saved(tmp_path / "two.onnx", two_outputs())
    asked = ("--onnx", path, "--sr", SR, "--window", 0.5, "--output", "vector")
    assert segue("-l", tmp_path / "library", "scan", *asked, *music.values())[0] == 0
    with Library.open(tmp_path / "library") as library:
        assert [spec.dim for spec in library.spaces().values()] == [DIM]
