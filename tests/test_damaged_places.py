"""Damage costs the moment that it damages: the rest is heard, with the length of the whole and a warning."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from segue import audio
from segue.errors import DamagedAudioError, NotAudioError
from segue.sound import ExcerptPlan
from tests.bad_files import outcomes
from tests.sounds import FORMATS, SR, call, encode, frequency, melody, sweep, write

HOSTILE = Path(__file__).parent / "hostile"
LENGTH_S = 8.0
START_HZ, END_HZ = 400.0, 1200.0
TIMED = ("flac", "mp3", "ogg", "opus", "m4a", "alac", "wavpack", "wma")  # they tell what is missing


def junk(n):
    return np.random.default_rng(6).bytes(n)


def music(name, folder):
    """A sweep with noise under it, so that every format spends bytes on every moment."""
    form = FORMATS[name]
    y = sweep(LENGTH_S, form.sr, START_HZ, END_HZ)
    noise = np.random.default_rng(7).normal(0, 0.02, (len(y), 2))
    return form.write(folder, (y[:, None] + noise).astype(np.float32))


def overwrite(path, share, length, filling):
    data = bytearray(path.read_bytes())
    at = int(len(data) * share)
    data[at : at + length] = filling(length)
    path.write_bytes(data)


def assert_ends_as_it_should(sound):
    """The last second is the sweep's end."""
    y = sound.parts[0][-sound.sr : -sound.sr // 2]
    expected = END_HZ - (END_HZ - START_HZ) * 0.75 / LENGTH_S
    assert frequency(y, sound.sr) == pytest.approx(expected, abs=30)


@pytest.mark.parametrize("filling", [junk, bytes], ids=["junk", "zeros"])
@pytest.mark.parametrize("share", [0.3, 0.7])
@pytest.mark.parametrize("name", [*TIMED, "aac", "ac3"])
def test_an_overwritten_place_costs_that_place(name, share, filling, tmp_path):
    path = music(name, tmp_path)
    overwrite(path, share, path.stat().st_size // 50, filling)
    sound = audio.load(path)
    assert sound.warning.startswith("damaged")
    heard_s = sum(map(len, sound.parts)) / sound.sr
    assert heard_s > LENGTH_S - (3 if name == "wavpack" else 1.5)
    if name in TIMED:
        assert sound.duration_s == pytest.approx(LENGTH_S, abs=0.1)
    assert heard_s <= sound.duration_s
    assert_ends_as_it_should(sound)


@pytest.mark.parametrize("name", ["flac", "mp3", "ogg", "opus", "wavpack", "aac", "ac3"])
def test_64_kb_of_junk_in_the_middle_are_passed_over(name, tmp_path):
    path = music(name, tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + junk(65_536) + data[len(data) // 2 :])
    sound = audio.load(path)
    assert sound.warning.startswith("damaged")
    assert sum(map(len, sound.parts)) / sound.sr > LENGTH_S - 1.5
    assert sound.duration_s == pytest.approx(LENGTH_S, abs=0.7)
    assert_ends_as_it_should(sound)


@pytest.mark.parametrize("name", ["flac", "mp3", "ogg"])
def test_several_damaged_places_are_all_passed_over(name, tmp_path):
    path = music(name, tmp_path)
    for share in (0.2, 0.4, 0.6, 0.8):
        overwrite(path, share, 400, junk)
    sound = audio.load(path)
    assert sound.warning.startswith("damaged")
    assert sum(map(len, sound.parts)) / sound.sr > LENGTH_S - 3
    assert sound.duration_s == pytest.approx(LENGTH_S, abs=0.1)
    assert_ends_as_it_should(sound)


@pytest.mark.parametrize("name", ["flac", "mp3", "ogg", "m4a", "wavpack"])
def test_excerpts_after_a_damaged_place_come_from_the_times_they_name(name, tmp_path):
    path = music(name, tmp_path)
    overwrite(path, 0.3, path.stat().st_size // 50, junk)
    sound = audio.load(path, ExcerptPlan(6, 1))
    assert sound.duration_s == pytest.approx(LENGTH_S, abs=0.1)
    assert [len(y) for y in sound.parts] == [sound.sr] * 6
    for y, start_s in list(zip(sound.parts, sound.starts_s, strict=True))[3:]:
        expected = START_HZ + (END_HZ - START_HZ) * (start_s + 0.5) / LENGTH_S
        assert frequency(y, sound.sr) == pytest.approx(expected, abs=40)


def test_a_file_that_is_damaged_and_cut_short_has_the_length_that_is_left(tmp_path):
    path = music("flac", tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    overwrite(path, 0.3, 500, junk)
    sound = audio.load(path)
    assert sound.warning.startswith("cut short or damaged")
    assert sound.duration_s == pytest.approx(0.6 * LENGTH_S, abs=0.4)


def test_sound_that_the_first_decoder_does_not_find_is_found(tmp_path):
    flac = write(tmp_path / "whole.flac", melody(3)).read_bytes()
    head = b"ID3\4\0\0\0\0\0\x15TIT2\0\0\0\x0b\0\0\3Three tags"
    for padding in (0, 512, 5000):
        path = tmp_path / f"{padding}.flac"
        path.write_bytes(head + bytes(padding) + flac)
        sound = audio.load(path)
        assert (sound.duration_s, sound.warning, sound.info.codec) == (3.0, None, "flac")


@pytest.mark.parametrize("name", ["flac", "mp3", "ogg", "m4a"])
def test_a_stream_goes_on_behind_a_damaged_place(name, tmp_path):
    path = music(name, tmp_path)
    overwrite(path, 0.3, path.stat().st_size // 50, junk)
    y = np.concatenate(list(audio.stream(path, SR)))
    assert len(y) > (LENGTH_S - 1.5) * SR
    assert frequency(y[-SR // 2 :], SR) == pytest.approx(END_HZ - 25, abs=30)


@pytest.mark.slow
def test_whole_files_of_every_format_have_no_warning(tmp_path):
    for name in FORMATS:
        assert audio.load(music(name, tmp_path)).warning is None


@pytest.mark.slow
def test_a_damaged_header_that_no_decoder_takes_is_told_as_damaged(tmp_path, library_path):
    (tmp_path / "music").mkdir()
    shutil.copy(HOSTILE / "exc-696277e9-s.sph", tmp_path / "music" / "speech.sph")
    (tmp_path / "music" / "head.flac").write_bytes(b"fLaC" + junk(5000))
    code, found = call(outcomes, tmp_path / "music", library_path)
    assert code == 2
    assert {name: kind for name, (kind, _) in found.items()} == {
        "speech.sph": "damaged",
        "head.flac": "damaged",
    }
    with pytest.raises(DamagedAudioError, match="no decoder"):
        audio.load(HOSTILE / "exc-696277e9-s.sph")


def test_a_damaged_frame_of_a_tta_is_no_burst_of_noise(tmp_path):
    y = sweep(LENGTH_S, SR, START_HZ, END_HZ)
    path = encode(tmp_path / "sound.tta", y, codec="tta", container="tta", sample_format="s16")
    whole = audio.load(path)
    overwrite(path, 0.4, 200, junk)
    sound = audio.load(path)
    assert sound.warning.startswith("damaged")
    assert np.abs(sound.parts[0]).max() <= 1.01 * np.abs(whole.parts[0]).max()
    assert_ends_as_it_should(sound)


@pytest.mark.parametrize("name", ["m4a", "alac"])
def test_a_container_that_was_cut_off_before_its_index_is_damaged(name, tmp_path):
    path = FORMATS[name].write(tmp_path, melody(2))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DamagedAudioError, match="begins like sound"):
        audio.load(path)


@pytest.mark.parametrize("ending", ["au", "snd"])
def test_what_has_no_header_is_no_speech_whatever_it_is_called(ending, tmp_path):
    path = tmp_path / f"noise.{ending}"
    path.write_bytes(junk(90_000))
    with pytest.raises(NotAudioError):
        audio.load(path)


def test_a_header_that_points_beyond_any_file_is_damage(tmp_path):
    path = tmp_path / "far.dsf"
    far = (28).to_bytes(8, "little") + (1 << 62).to_bytes(8, "little") + ((1 << 63) - 1).to_bytes(8, "little")
    path.write_bytes(b"DSD " + far + junk(9_000))
    with pytest.raises(DamagedAudioError):
        audio.load(path)


@pytest.mark.parametrize("size", [b"\x7f\x7f\x7f\x7f", b"\0\x7f\0\0"])
def test_sound_behind_a_tag_of_a_wrong_size_is_found(size, tmp_path):
    path = music("mp3", tmp_path)
    whole = audio.load(path)
    path.write_bytes(b"ID3\4\0\0" + size + b"TIT2\0\0\0\6\0\0\3Title" + path.read_bytes())
    sound = audio.load(path)
    assert sound.duration_s == pytest.approx(whole.duration_s, abs=0.1)
    assert_ends_as_it_should(sound)


@pytest.mark.parametrize("name", ["m4a", "wma", "wavpack"])
def test_a_tag_in_front_of_a_file_that_has_none_there_hides_no_sound(name, tmp_path):
    path = music(name, tmp_path)
    whole = audio.load(path)
    path.write_bytes(b"ID3\4\0\0\0\0\1\0" + bytes(128) + path.read_bytes())
    sound = audio.load(path)
    assert (sound.info, sound.warning) == (whole.info, None)
    assert np.array_equal(sound.parts[0], whole.parts[0])
