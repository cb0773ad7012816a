from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from segue import audio
from segue.embed import models
from segue.embed.file_windows import embed_file
from segue.embed.models import MODELS, Model
from segue.embed.registry import make_embedders
from segue.embed.vggish import VGGish
from segue.sound import Excerpts
from segue.sources.audioset import Segment, read_json, read_segments
from tests.conftest import SR, tone
from tests.fake_download_server import Publisher
from tests.small_vggish import known, write_published

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def with_vggish(tmp_path_factory: pytest.TempPathFactory):
    """The model is in the folder of models for this module's tests."""
    published, folder = write_published(tmp_path_factory.mktemp("published")), tmp_path_factory.mktemp("m")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODELS, "vggish", known(published))
        patch.setenv("SEGUE_MODELS", str(folder))
        models.add("vggish", *published.values())
        yield


@pytest.fixture
def vggish(with_vggish: None) -> VGGish:
    (found,) = make_embedders(["vggish"])
    assert isinstance(found, VGGish)
    return found


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three seconds and a bit, and two."""
    folder = tmp_path_factory.mktemp("sounds")
    paths = [folder / "one.wav", folder / "two.flac"]
    for i, path in enumerate(paths):
        soundfile.write(path, tone(220 * (i + 1), i, 3.2 - 1.2 * i), SR)
    return paths


def frames_of(vggish: VGGish, path: Path) -> np.ndarray:
    return vggish.frames(audio.load(path).at(16_000)[0])


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.wav"
    path.write_text("words")
    return path


# JSON


def test_one_file_is_answered_as_maxs_service_does(segue: Command, vggish: VGGish, sounds: list[Path]):
    code, out, err = segue("embed", sounds[0])
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert list(answer) == ["status", "embedding"]
    assert answer["status"] == "ok"
    assert answer["embedding"] == frames_of(vggish, sounds[0]).tolist()
    assert np.shape(answer["embedding"]) == (3, 128)


def test_several_files_are_samples_of_the_demos(
    segue: Command, vggish: VGGish, sounds: list[Path], tmp_path: Path
):
    code, out, err = segue("embed", *sounds, "--output", tmp_path / "a.jsonl")
    assert (code, out) == (0, "")
    assert err == f"2 of 2 files: {tmp_path / 'a.jsonl'}\n"
    assert list(read_json(tmp_path / "a.jsonl")) == [
        Segment(path.name, 0.0, soundfile.info(path).duration, (), frames_of(vggish, path)) for path in sounds
    ]


def test_files_of_the_same_name_get_different_names(
    segue: Command, vggish: VGGish, sounds: list[Path], tmp_path: Path
):
    other = tmp_path / "one.wav"
    other.write_bytes(sounds[0].read_bytes())
    _, out, _ = segue("embed", sounds[0], other, sounds[0])
    assert [json.loads(line)["id"] for line in out.splitlines()] == ["one.wav", "one.wav-2", "one.wav-3"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_name_that_is_not_unicode_is_escaped(
    segue: Command, vggish: VGGish, sounds: list[Path], tmp_path: Path
):
    odd = tmp_path / os.fsdecode(b"b\xe9.wav")
    odd.write_bytes(sounds[0].read_bytes())
    _, out, _ = segue("embed", odd, sounds[1])
    assert json.loads(out.splitlines()[0])["id"] == "b\\xe9.wav"
    assert segue("embed", odd, "-o", tmp_path / "a.tfrecord")[0] == 0


# npy and TFRecords


def test_npy_writes_a_file_an_archive_or_a_folder(
    segue: Command, vggish: VGGish, sounds: list[Path], tmp_path: Path
):
    expected = {path.name: frames_of(vggish, path) for path in sounds}
    assert segue("embed", sounds[0], "-o", tmp_path / "a.npy")[0] == 0
    assert segue("embed", *sounds, "-o", tmp_path / "a.npz")[0] == 0
    assert segue("embed", *sounds, "--format", "npy", "-o", tmp_path / "all" / "frames")[0] == 0
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), expected["one.wav"])
    with np.load(tmp_path / "a.npz") as archive:
        assert sorted(archive) == sorted(expected)
        for name, frames in expected.items():
            np.testing.assert_array_equal(archive[name], frames)
            found = np.load(tmp_path / "all" / "frames" / f"{name}.npy")
            np.testing.assert_array_equal(found, frames)
            assert found.dtype == np.uint8
    code, _, err = segue("embed", *sounds, "-o", tmp_path / "b.npy")
    assert (code, "name a folder or an .npz" in err) == (2, True)


def test_tfrecords_are_audiosets(segue: Command, vggish: VGGish, sounds: list[Path], tmp_path: Path):
    assert segue("embed", *sounds, "-o", tmp_path / "a.tfrecord")[0] == 0
    found = list(read_segments(tmp_path))
    assert [s.video_id for s in found] == ["one.wav", "two.flac"]
    assert [s.end_s for s in found] == pytest.approx([3.2, 2.0])
    for s, path in zip(found, sounds, strict=True):
        np.testing.assert_array_equal(s.frames, frames_of(vggish, path))


@pytest.mark.shared
def test_a_sample_of_max_has_a_row_for_each_096_seconds(segue: Command, vggish: VGGish, shared: Path):
    _, out, _ = segue("embed", shared / "data" / "max_samples" / "car-horn.wav")
    assert np.shape(json.loads(out)["embedding"]) == (4, 128)


# Other embedders


def test_other_embedders_give_windows_of_floats(segue: Command, sounds: list[Path], tmp_path: Path):
    code, out, _ = segue("embed", "-e", "descriptors", sounds[0])
    assert code == 0
    (descriptors,) = make_embedders(["descriptors"])
    windows = descriptors.embed(audio.load(sounds[0])).windows
    found = np.array(json.loads(out)["embedding"])
    np.testing.assert_array_equal(found, windows.astype(float))
    assert segue("embed", "-e", "descriptors", sounds[0], "-o", tmp_path / "a.npy")[0] == 0
    assert np.load(tmp_path / "a.npy").dtype == np.float32
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), windows)


def test_variants_of_vggish_are_chosen_by_name(segue: Command, vggish: VGGish, sounds: list[Path]):
    (relu,) = make_embedders(["vggish-relu"])
    found = json.loads(segue("embed", "-e", "vggish-relu", sounds[0])[1])["embedding"]
    assert isinstance(relu, VGGish)
    assert found == frames_of(relu, sounds[0]).tolist() != frames_of(vggish, sounds[0]).tolist()
    found = json.loads(segue("embed", "-e", "vggish-int8", sounds[0])[1])["embedding"]
    assert np.abs(np.array(found) - frames_of(vggish, sounds[0])).mean() < 5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ("-e", "descriptors", "-o", "a.tfrecord"),
            "hold VGGish frames (128 numbers of 8 bits), not vectors of desc",
        ),
        (("-e", "polka"), "unknown embedder 'polka'; there are: descriptors"),
        (("-f", "npy"), "name a file with --output"),
        (("-f", "tfrecord"), "name a file with --output"),
        (("-o", "a.doc"), "--format"),
        (("-f", "csv"), "is not one of"),
        (("-o", "nowhere/a.json"), "cannot be written"),
    ],
)
def test_mistakes_get_one_clear_line_and_exit_code_2(
    segue: Command, with_vggish: None, sounds: list[Path], tmp_path: Path, monkeypatch, options, words
):
    monkeypatch.chdir(tmp_path)
    code, out, err = segue("embed", *options, sounds[0])
    assert (code, out) == (2, "")
    assert words in err
    assert list(tmp_path.iterdir()) == []


def test_without_the_model_the_message_has_the_command(segue: Command, sounds: list[Path], tmp_path: Path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGUE_MODELS", str(tmp_path))
        code, out, err = segue("embed", sounds[0])
    assert (code, out) == (2, "")
    assert "segue models pull vggish" in err


# Files that cannot be used


@pytest.fixture
def published(tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> Model:
    """VGGish's files, small ones, at addresses that can be reached."""
    (tmp_path / "published").mkdir()
    files = write_published(tmp_path / "published")
    publisher.files |= {name: path.read_bytes() for name, path in files.items()}
    small = known(files)
    downloads = tuple(replace(one, source=publisher.url(one.file.name)) for one in small.downloads)
    model = replace(small, downloads=downloads)
    monkeypatch.setitem(MODELS, "vggish", model)
    monkeypatch.setenv("SEGUE_MODELS", str(tmp_path / "models"))
    return model


@pytest.mark.slow
def test_a_missing_model_is_downloaded_where_that_is_agreed_to(
    segue: Command, sounds: list[Path], published: Model, publisher: Publisher
):
    code, out, err = segue("embed", sounds[0], "--no-pull")
    assert (code, out, publisher.asked) == (2, "", [])
    assert "To download it first: --pull. Without it: --embedder NAME; there are descriptors" in err
    assert segue("embed", sounds[0])[0] == 2, "nobody is there to be asked"
    publisher.stops = [100_000]  # a connection that breaks off
    code, out, err = segue("embed", sounds[0], "--pull")
    assert code == 0
    assert json.loads(out)["status"] == "ok"
    assert "downloading vggish (" in err
    assert "vggish is ready" in err
    assert publisher.asked[:2] == [None, "bytes=100000-"]
    n = len(publisher.asked)
    assert segue("embed", sounds[0])[0] == 0
    assert len(publisher.asked) == n


@pytest.mark.slow
def test_a_download_with_a_wrong_sum_is_not_used(
    segue: Command, sounds: list[Path], published: Model, publisher: Publisher
):
    name = published.downloads[0].file.name
    publisher.files[name] = bytes(len(publisher.files[name]))
    code, out, err = segue("embed", sounds[0], "--pull")
    assert (code, out) == (2, "")
    assert "found sha256" in err


@pytest.mark.parametrize("name", ["a.json", "a.npz", "a.tfrecord", "folder"])
def test_a_broken_file_fails_alone(
    segue: Command, vggish: VGGish, sounds: list[Path], broken: Path, tmp_path: Path, name: str
):
    output = tmp_path / name
    options = ("-f", "npy") if name == "folder" else ()
    code, out, err = segue("embed", broken, sounds[0], tmp_path / "gone.wav", *options, "-o", output)
    assert (code, out) == (1, "")
    assert f"failed: {broken}: no decoder recognizes it" in err
    assert "gone.wav: cannot be opened" in err
    assert f"1 of 3 files: {output}" in err
    assert output.exists()


@pytest.mark.parametrize("name", [None, "a.json", "a.npy", "a.npz", "a.tfrecord", "folder"])
def test_where_nothing_works_nothing_is_written(
    segue: Command, vggish: VGGish, broken: Path, tmp_path: Path, name: str | None
):
    options = () if name is None else ("-o", tmp_path / name)
    code, out, err = segue("embed", broken, *options, *(("-f", "npy") if name == "folder" else ()))
    assert (code, out) == (2, "")
    assert "broken.wav" in err
    assert list(tmp_path.iterdir()) == [broken]


def test_a_file_that_stays_is_what_was_there(segue: Command, vggish: VGGish, broken: Path, tmp_path: Path):
    (tmp_path / "a.json").write_text("precious")
    assert segue("embed", broken, "-o", tmp_path / "a.json")[0] == 2
    assert (tmp_path / "a.json").read_text() == "precious"


def test_a_cut_file_is_used_and_reported(segue: Command, vggish: VGGish, sounds: list[Path], tmp_path: Path):
    (tmp_path / "cut.wav").write_bytes(sounds[0].read_bytes()[:60_000])
    code, out, err = segue("embed", tmp_path / "cut.wav")
    assert code == 0
    assert "cut short" in err
    assert len(json.loads(out)["embedding"]) == 1


def test_a_bug_with_one_file_fails_only_that_file(
    segue: Command, vggish: VGGish, sounds: list[Path], monkeypatch: pytest.MonkeyPatch
):
    def fail_on_short(self: VGGish, sound: Excerpts):
        if sound.duration_s < 3:
            raise IndexError("oh")
        return usual(self, sound)

    usual = VGGish.embed
    monkeypatch.setattr(VGGish, "embed", fail_on_short)
    code, out, err = segue("embed", *sounds)
    assert code == 1
    assert "two.flac: bug: IndexError: oh" in err
    assert len(out.splitlines()) == 1


# Any length


def test_a_sound_shorter_than_a_frame_is_repeated(vggish: VGGish, tmp_path: Path):
    soundfile.write(tmp_path / "a.wav", tone(220, duration_s=0.6), SR)
    assert embed_file(tmp_path / "a.wav", vggish).windows.shape == (1, 128)


@pytest.mark.parametrize("sr", [16_000, 11_025])
def test_a_long_file_is_embedded_whole_as_if_at_once(vggish: VGGish, tmp_path: Path, rng, sr: int):
    """Past two minutes a scan takes excerpts; frames are of all of it."""
    y = (0.1 * rng.standard_normal(int(125.3 * sr))).astype(np.float32)
    soundfile.write(tmp_path / "long.wav", y, sr, subtype="FLOAT")
    found = embed_file(tmp_path / "long.wav", vggish)
    expected = vggish.frames(Excerpts.from_waveform(y, sr).at(16_000)[0])
    assert found.windows.shape == (130, 128)
    assert found.duration_s == pytest.approx(125.3, abs=1e-3)
    np.testing.assert_array_equal(found.windows, expected)


def test_a_stream_is_the_sound_in_blocks(tmp_path: Path, rng: np.random.Generator):
    y = (0.1 * rng.standard_normal(120 * 8_000)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", y, 8_000, subtype="FLOAT")
    for sr in (8_000, 16_000):
        blocks = list(audio.stream(tmp_path / "a.wav", sr))
        assert max(map(len, blocks)) <= 60.1 * sr
        np.testing.assert_array_equal(np.concatenate(blocks), Excerpts.from_waveform(y, 8_000).at(sr)[0])


def test_a_long_file_with_no_numbers_in_it_is_refused(vggish: VGGish, tmp_path: Path, rng):
    y = (0.1 * rng.standard_normal(130 * 8_000)).astype(np.float32)
    y[11 * 8_000] = np.nan  # between the first excerpt and the second
    soundfile.write(tmp_path / "a.wav", y, 8_000, subtype="FLOAT")
    with pytest.raises(audio.DamagedAudioError, match="NaN or infinite") as caught:
        embed_file(tmp_path / "a.wav", vggish)
    assert caught.value.path == str(tmp_path / "a.wav")
