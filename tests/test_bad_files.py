"""One bad file never stops a scan: the good one beside it is added, and the bad one's reason is kept."""

from __future__ import annotations

import struct
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest

from segue import audio
from segue.errors import (
    AudioError,
    DamagedAudioError,
    NotAudioError,
    SilentError,
    TooShortError,
    UnreadableError,
)
from segue.library import Library
from segue.sound import ExcerptPlan
from segue.sources.audio_files import EXTENSIONS
from tests.bad_files import outcomes, posix_only
from tests.sounds import FORMATS, SR, call, clip, melody, sweep, write


@pytest.fixture
def music(tmp_path):
    """A folder with one good file."""
    (tmp_path / "music").mkdir()
    clip(tmp_path / "music" / "good.wav", 440)
    return tmp_path / "music"


def assert_fails_alone(music, library_path, name, kind, reason):
    code, found = call(outcomes, music, library_path)
    assert found.pop("good.wav") == {"duration_s": 0.6, "warning": None}
    assert list(found) == [name]
    found_kind, found_reason = found[name]
    assert found_kind == kind
    assert reason in found_reason
    # The path is told beside the reason, and the file does exist.
    assert str(music) not in found_reason
    assert "not exist" not in found_reason
    assert "\n" not in found_reason
    assert code == 1


# Content


def wav_with(path, *, rate=None, channels=None, codec=None):
    """A WAV whose header claims what is not so."""
    data = bytearray(write(path, melody(1)).read_bytes())
    if codec is not None:
        data[20:22] = struct.pack("<H", codec)
    if channels is not None:
        data[22:24] = struct.pack("<H", channels)
    if rate is not None:
        data[24:28] = struct.pack("<I", rate)
    path.write_bytes(data)


def wav_of(value):
    """Writes sound with one such value among its samples."""

    def make(path):
        y = melody(1)
        y[SR // 2] = value
        write(path, y, subtype="FLOAT")

    return make


def video(path):
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for i in range(10):
            picture = np.full((64, 64, 3), 20 * i, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        out.mux(stream.encode(None))


def webm_of_unknown_codec(path):
    """As protected music is: the sound is there, but there is no decoder for it."""
    data = FORMATS["webm"].make(path, melody(1, 48_000), 48_000).read_bytes()
    assert b"A_OPUS" in data
    path.write_bytes(data.replace(b"A_OPUS", b"A_NONE"))


PAGE = "<!DOCTYPE html><html><head><title>404</title></head><body>Not found: please log in</body></html>"

BAD = {
    "empty.mp3": (lambda p: p.write_bytes(b""), "not audio", "empty"),
    "a text.mp3": (
        lambda p: p.write_text("This is no music, whatever its name says.\n" * 99),
        "not audio",
        "decoder",
    ),
    "a page.ogg": (lambda p: p.write_text(PAGE), "not audio", "decoder"),
    "a picture.flac": (lambda p: p.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500)), "not audio", "decoder"),
    "zeros.wav": (lambda p: p.write_bytes(bytes(10_000)), "not audio", "decoder"),
    "a video.mp4": (video, "not audio", "no audio stream"),
    "no samples.wav": (lambda p: write(p, np.zeros((0, 2))), "too short", "0.000 s"),
    "20 ms.wav": (lambda p: write(p, melody(0.02)), "too short", "0.020 s"),
    "20 ms.mp3": (lambda p: write(p, melody(0.02)), "too short", "0.020 s"),
    "digital silence.wav": (lambda p: write(p, np.zeros(SR)), "silent", "silence"),
    "digital silence.flac": (lambda p: write(p, np.zeros(SR)), "silent", "silence"),
    "1 Hz.wav": (lambda p: write(p, melody(1), 1), "damaged", "1 Hz"),
    "2 GHz.wav": (lambda p: wav_with(p, rate=2_000_000_000), "damaged", "2000000000 Hz"),
    "no number.wav": (wav_of(np.nan), "damaged", "NaN"),
    "infinite.wav": (wav_of(np.inf), "damaged", "infinite"),
    "minus infinite.wav": (wav_of(-np.inf), "damaged", "infinite"),
    "infinite both ways.wav": (wav_of([np.inf, -np.inf]), "damaged", "infinite"),
    "absurd.wav": (wav_of(1e6), "damaged", "1e+06"),
    "unknown codec.wav": (lambda p: wav_with(p, codec=0x1234), "not audio", "decoder"),
    "unknown codec.webm": (webm_of_unknown_codec, "not audio", "decoder"),
    "200 channels.wav": (lambda p: wav_with(p, channels=200), "damaged", "200 channels"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_fails_alone_and_says_why(name, music, library_path):
    make, kind, reason = BAD[name]
    make(music / name)
    assert_fails_alone(music, library_path, name, kind, reason)


@pytest.mark.parametrize(
    "claim", [{"rate": 4_000_000_000}, {"rate": 0}, {"channels": 0}, {"channels": 65_535}]
)
def test_a_header_beyond_belief_fails_whichever_decoder_sees_it(claim, music):
    wav_with(music / "bad.wav", **claim)
    with pytest.raises((DamagedAudioError, NotAudioError)):
        audio.load(music / "bad.wav")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", NotAudioError),
        (b"text" * 999, NotAudioError),
        (b"RIFF\x24\0\0\0WAVE", NotAudioError),
    ],
)
def test_bytes_fail_as_files_do_but_name_no_path(data, error):
    with pytest.raises(error) as caught:
        audio.load(data)
    assert caught.value.path is None


def test_each_kind_of_error_names_its_path(tmp_path):
    made = {
        UnreadableError: tmp_path / "nothing.wav",
        NotAudioError: tmp_path / "text.wav",
        DamagedAudioError: write(tmp_path / "slow.wav", melody(1), 1),
        TooShortError: write(tmp_path / "short.wav", melody(0.1)),
        SilentError: write(tmp_path / "silent.wav", np.zeros(SR)),
    }
    made[NotAudioError].write_text("text")
    for error, path in made.items():
        with pytest.raises(AudioError) as caught:
            audio.load(path)
        assert type(caught.value) is error
        assert caught.value.path == str(path)


def test_a_folder_named_like_a_file_is_walked_and_cannot_be_decoded(music, library_path):
    (music / "album.mp3").mkdir()
    clip(music / "album.mp3" / "inside.wav", 500)
    with pytest.raises(UnreadableError, match="folder"):
        audio.load(music / "album.mp3")
    assert outcomes(music, library_path)[0] == 0
    with Library.open(library_path) as library:
        assert {Path(track.path).name for track in library} == {"good.wav", "inside.wav"}


def test_very_quiet_sound_is_no_silence_and_very_loud_sound_is_no_damage(tmp_path):
    y = sweep(1)
    for factor in (1e-3, 50):
        path = write(tmp_path / "level.wav", factor * y, subtype="FLOAT")
        assert np.abs(audio.load(path).parts[0]).max() == pytest.approx(factor / 2, rel=0.01)


# Files cut short

LENGTH_KNOWN = ("wav16", "wav24", "wav_float", "flac", "aiff", "mp3", "webm", "wavpack")


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_a_truncated_file_is_a_track_or_a_failure_but_no_crash(name, music, library_path):
    format_ = FORMATS[name]
    whole = format_.write(music, melody(3, format_.sr), "whole").read_bytes()
    cuts = [2, 10, 50, 90, 99]
    for percent in cuts:
        cut = music / f"{percent}.{format_.ending}"
        cut.write_bytes(whole[: len(whole) * percent // 100])
    _, found = call(outcomes, music, library_path)
    assert isinstance(found["good.wav"], dict)
    assert found[f"whole.{format_.ending}"]["warning"] is None
    for percent in cuts:
        outcome = found[f"{percent}.{format_.ending}"]
        if isinstance(outcome, dict):
            assert 0.5 <= outcome["duration_s"] <= 3.1 * percent / 100 + 0.1
    if name in LENGTH_KNOWN:
        half = found[f"50.{format_.ending}"]
        assert 0.8 < half["duration_s"] < 1.6
        assert half["warning"].startswith("cut short")
        assert "of 3.0 s" in half["warning"]


@pytest.mark.parametrize("name", ["wav16", "flac", "aiff", "mp3", "webm", "wavpack"])
def test_excerpts_of_a_truncated_file_come_from_what_is_left(name, tmp_path):
    format_ = FORMATS[name]
    path = format_.write(tmp_path, np.tile(melody(3, format_.sr), (5, 1)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    sound = audio.load(path, ExcerptPlan(4, 1))
    assert "of 15.0 s" in sound.warning
    assert sound.duration_s == pytest.approx(9, abs=1)
    expected = [(i + 0.5) * sound.duration_s / 4 - 0.5 for i in range(4)]
    assert sound.starts_s == pytest.approx(expected, abs=0.01)
    assert [len(part) for part in sound.parts] == [sound.info.sr] * 4


# Headers that claim too much


def flac_of_unbelievable_length(path):
    """STREAMINFO holds 20 bits of rate, 3 of channels, 5 of width and 36 of samples from byte 18."""
    data = bytearray(write(path, melody(3)).read_bytes())
    data[18:26] = (int.from_bytes(data[18:26], "big") | (1 << 36) - 1).to_bytes(8, "big")
    path.write_bytes(data)


def ogg_of_unbelievable_length(path):
    data = bytearray(write(path, melody(3), format="OGG", subtype="VORBIS").read_bytes())
    page = data.rindex(b"OggS")
    data[page + 6 : page + 14] = struct.pack("<q", 1 << 50)
    data[page + 22 : page + 26] = bytes(4)
    data[page + 22 : page + 26] = struct.pack("<I", ogg_checksum(data[page:]))
    path.write_bytes(data)


def ogg_checksum(page):
    """CRC-32 with the polynomial 0x04c11db7, neither reflected nor inverted."""
    register = 0
    for byte in page:
        register ^= byte << 24
        for _ in range(8):
            register = (register << 1 ^ (0x04C11DB7 if register >> 31 else 0)) & 0xFFFFFFFF
    return register


def mp3_of_unbelievable_length(path):
    data = bytearray(write(path, melody(3), format="MP3").read_bytes())
    marks = [data.find(b"Xing"), data.find(b"Info")]
    frames = max(marks) + 8
    data[frames : frames + 4] = struct.pack(">I", 1 << 30)
    path.write_bytes(data)


def m4a_of_unbelievable_length(path):
    data = bytearray(FORMATS["m4a"].make(path, melody(3), SR).read_bytes())
    for name in (b"mvhd", b"mdhd"):
        at = data.index(name) + 20
        data[at : at + 4] = struct.pack(">I", 0x7FFF_FFFF)
    path.write_bytes(data)


def cost_of_loading(path):
    """(duration or error, warning, CPU time in s, growth of the memory's peak in MB) of loading a file."""
    import resource  # not on Windows

    write(path.with_name("warm.flac"), melody(1))
    audio.load(path.with_name("warm.flac"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    try:
        sound = audio.load(path)
        found, warning = sound.duration_s, sound.warning
    except AudioError as error:
        found, warning = type(error).__name__, str(error)
    elapsed_s = time.process_time() - started
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return found, warning, elapsed_s, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / unit


@posix_only
@pytest.mark.parametrize(
    ("make", "name", "believed"),
    [
        (flac_of_unbelievable_length, "claims.flac", True),
        (ogg_of_unbelievable_length, "claims.ogg", True),
        (mp3_of_unbelievable_length, "claims.mp3", True),
        (m4a_of_unbelievable_length, "claims.m4a", False),  # its table of samples tells better
    ],
    ids=["flac", "ogg", "mp3", "m4a"],
)
def test_a_header_that_claims_days_of_sound_costs_neither_time_nor_memory(make, name, believed, tmp_path):
    make(tmp_path / name)
    duration_s, warning, elapsed_s, growth_mb = call(cost_of_loading, tmp_path / name)
    assert duration_s == pytest.approx(3, abs=0.1), warning
    assert (warning or "").startswith("cut short or damaged") == believed
    assert elapsed_s < 5
    assert growth_mb < 100


def test_a_flac_written_to_a_pipe_has_its_true_length_and_no_warning(tmp_path):
    path = write(tmp_path / "piped.flac", melody(3))
    data = bytearray(path.read_bytes())
    data[18:26] = (int.from_bytes(data[18:26], "big") & ~((1 << 36) - 1)).to_bytes(8, "big")
    path.write_bytes(data)
    sound = audio.load(path)
    assert (sound.duration_s, sound.warning) == (3.0, None)


@pytest.mark.parametrize("claimed", [0xFFFF_FFFF, 0x7FFF_FFFF])
def test_a_wav_written_to_a_pipe_has_its_true_length_and_no_warning(claimed, tmp_path):
    path = write(tmp_path / "piped.wav", melody(3))
    data = bytearray(path.read_bytes())
    data[4:8] = struct.pack("<I", claimed)
    data[40:44] = struct.pack("<I", claimed)
    path.write_bytes(data)
    sound = audio.load(path)
    assert (sound.duration_s, sound.warning) == (3.0, None)


# Noise


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mp3", "ogg", "flac", "m4a", "wma", "webm", "wav16"])
def test_flipped_bits_make_a_track_of_finite_vectors_or_a_failure(name, music, library_path):
    format_ = FORMATS[name]
    whole = format_.write(music, melody(2, format_.sr), "whole").read_bytes()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        data = np.frombuffer(whole, np.uint8).copy()
        # Every other file is damaged in its headers, where it hurts more.
        at = rng.choice(min(len(data), 400) if seed % 2 else len(data), 12, replace=False)
        data[at] ^= np.uint8(1) << rng.integers(0, 8, 12).astype(np.uint8)
        (music / f"{seed}.{format_.ending}").write_bytes(data.tobytes())
    code, found = call(outcomes, music, library_path)
    assert code in (0, 1)
    assert len(found) == 14
    for outcome in found.values():
        assert isinstance(outcome, dict) or outcome[0] in {"not audio", "damaged", "too short", "silent"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wma", "m4a"])
def test_one_wrong_byte_anywhere_in_a_header_is_no_crash(name, tmp_path):
    path = FORMATS[name].write(tmp_path, melody(0.6, FORMATS[name].sr))
    whole = path.read_bytes()
    usable = 0
    for at in range(0, min(700, len(whole)), 2 if name == "m4a" else 1):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            usable += audio.load(path).duration_s > 0.5
        except AudioError as error:
            assert error.path == str(path)  # noqa: PT017 - most of the bytes do no harm
    assert usable > 100


@pytest.mark.slow
def test_random_bytes_of_any_ending_are_no_crash(music, library_path):
    rng = np.random.default_rng(11)
    for ending in sorted(EXTENSIONS):
        for i in range(3):
            (music / f"{i}.{ending}").write_bytes(rng.bytes(int(rng.integers(1, 20_000))))
    code, found = call(outcomes, music, library_path)
    assert code == 1
    assert len(found) == 1 + 3 * len(EXTENSIONS)
    assert isinstance(found["good.wav"], dict)


@pytest.mark.slow
def test_the_beginning_of_a_format_before_random_bytes_is_no_crash(music, library_path):
    rng = np.random.default_rng(12)
    for format_ in FORMATS.values():
        head = format_.write(library_path.parent, melody(1, format_.sr)).read_bytes()[:200]
        for n in (4, 16, 60, 200):
            path = music / f"{format_.name} {n}.{format_.ending}"
            path.write_bytes(head[:n] + rng.bytes(20_000))
    _, found = call(outcomes, music, library_path)
    assert len(found) == 1 + 4 * len(FORMATS)
