"""One bad file never stops a scan: the good one beside it is added, and the bad one's reason is kept."""

from __future__ import annotations

import os
import socket
import struct
import sys
import time
from pathlib import Path

import av
import mutagen
import numpy as np
import pytest
from mutagen.flac import Picture
from mutagen.id3 import APIC, ID3, TIT2
from mutagen.mp4 import MP4, MP4Cover

from segue import audio
from segue.audio import ExcerptPlan
from segue.errors import (
    AudioError,
    DamagedAudioError,
    NotAudioError,
    SilentError,
    TooShortError,
    UnreadableError,
)
from segue.library import Library
from segue.library.report import Silent
from segue.sources.audio_files import EXTENSIONS
from tests.sounds import FORMATS, SR, call, clip, lose_root_rights, melody, sweep, write

posix_only = pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")
linux_only = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="other systems refuse such names"
)


def outcomes(folder, library_path, rights=True):
    """(exit code, what became of each file by its name) of a scan: a dict of a track, or (kind, reason)."""
    if not rights:
        lose_root_rights()
    with Library.open(library_path, create=True) as library:
        code = library.scan(folder).exit_code
        found = {Path(failure.path).name: (failure.kind, failure.reason) for failure in library.failures()}
        for space in library.snapshot().spaces.values():
            assert np.isfinite(space.windows).all()
            assert np.isfinite(space.vectors).all()
        for track in library:
            found[Path(track.path).name] = {"duration_s": track.duration_s, "warning": track.warning}
        assert len(found) == len(library) + len(library.failures())
    return code, found


@pytest.fixture
def music(tmp_path):
    """A folder with one good file."""
    (tmp_path / "music").mkdir()
    clip(tmp_path / "music" / "good.wav", 440)
    return tmp_path / "music"


@pytest.fixture
def library_path(tmp_path):
    return tmp_path / "library"


def assert_fails_alone(music, library_path, name, kind, reason):
    code, found = call(outcomes, music, library_path, timeout_s=20)
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
    for factor in (1e-4, 50):
        path = write(tmp_path / "level.wav", factor * y, subtype="FLOAT")
        assert np.abs(audio.load(path).parts[0]).max() == pytest.approx(factor / 2, rel=0.01)


# Files that name others


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n#EXTINF:3.0,\n{}\n#EXT-X-ENDLIST\n",
    "m3u": "#EXTM3U\n#EXTINF:3,A track\n{}\n",
    "ffconcat": "ffconcat version 1.0\nfile '{}'\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT3S"><Period><AdaptationSet mimeType="audio/wav"><Representation id="1" '
    'bandwidth="9000"><BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>',
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"
    "a=control:{}\n",
    "pls": "[playlist]\nNumberOfEntries=1\nFile1={}\n",
    "asx": '<ASX version="3.0"><Entry><Ref href="{}"/></Entry></ASX>',
}


@pytest.mark.parametrize("ending", ["mp3", "m4a", "aac"])
def test_playlists_renamed_to_music_open_no_other_file(ending, music, library_path, tmp_path):
    other = write(tmp_path / "other.wav", melody(3))
    for kind, text in PLAYLISTS.items():
        (music / f"{kind} path.{ending}").write_text(text.format(other))
        (music / f"{kind} uri.{ending}").write_text(text.format(other.as_uri()))
    _, found = call(outcomes, music, library_path, timeout_s=20)
    assert isinstance(found.pop("good.wav"), dict)
    assert len(found) == 2 * len(PLAYLISTS)
    for kind, reason in found.values():
        assert kind == "not audio"
        assert "decoder" in reason


def test_playlists_renamed_to_music_ask_no_server(music, library_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/song.wav"
        for kind, text in PLAYLISTS.items():
            (music / f"{kind}.mp3").write_text(text.format(address))
        code, found = call(outcomes, music, library_path, timeout_s=20)
        assert code == 1
        assert len(found) == 1 + len(PLAYLISTS)
        with pytest.raises(BlockingIOError):
            server.accept()


# Files cut short

LENGTH_KNOWN = ("wav16", "wav24", "wav_float", "flac", "aiff", "mp3", "webm", "wavpack")


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
    """(duration or error, warning, time in s, growth of the memory's peak in MB) of loading a file."""
    import resource  # not on Windows

    write(path.with_name("warm.flac"), melody(1))
    audio.load(path.with_name("warm.flac"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    try:
        sound = audio.load(path)
        found, warning = sound.duration_s, sound.warning
    except AudioError as error:
        found, warning = type(error).__name__, str(error)
    elapsed_s = time.monotonic() - started
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
    duration_s, warning, elapsed_s, growth_mb = call(cost_of_loading, tmp_path / name, timeout_s=30)
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


def test_random_bytes_of_any_ending_are_no_crash(music, library_path):
    rng = np.random.default_rng(11)
    for ending in sorted(EXTENSIONS):
        for i in range(3):
            (music / f"{i}.{ending}").write_bytes(rng.bytes(int(rng.integers(1, 20_000))))
    code, found = call(outcomes, music, library_path)
    assert code == 1
    assert len(found) == 1 + 3 * len(EXTENSIONS)
    assert isinstance(found["good.wav"], dict)


def test_the_beginning_of_a_format_before_random_bytes_is_no_crash(music, library_path):
    rng = np.random.default_rng(12)
    for format_ in FORMATS.values():
        head = format_.write(library_path.parent, melody(1, format_.sr)).read_bytes()[:200]
        for n in (4, 16, 60, 200):
            path = music / f"{format_.name} {n}.{format_.ending}"
            path.write_bytes(head[:n] + rng.bytes(20_000))
    _, found = call(outcomes, music, library_path)
    assert len(found) == 1 + 4 * len(FORMATS)


# Tags


def behind_id3(body, sound):
    """An ID3 tag of version 2.3 whose own length is right, whatever its frames are."""
    length = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + length + body + sound


@pytest.mark.parametrize(
    "body",
    [
        b"TIT2\x7f\xff\xff\xff\0\0\x01" + b"too long a frame" * 9,
        b"TIT2\0\0\0\x08\0\0\x01\xff\xfe\x00\xd8\x00\x00\x00" + bytes(40),
        b"TIT2\0\0\0\x04\0\0\x09abc" + bytes(40),
        b"APIC\0\0\0\x30\0\0\x00image/png\0\x03" + b"\xff" * 60,
        b"\xff" * 300,
    ],
)
def test_damaged_tags_before_good_sound_do_no_harm(body, music, library_path):
    sound = write(music / "song.mp3", melody(2), format="MP3").read_bytes()
    (music / "song.mp3").write_bytes(behind_id3(body, sound))
    code, found = outcomes(music, library_path)
    assert code == 0
    assert found["song.mp3"] == {"duration_s": pytest.approx(2, abs=0.1), "warning": None}


def test_damaged_comments_of_a_flac_do_no_harm(music, library_path):
    path = write(music / "song.flac", melody(2))
    file = mutagen.File(path)
    file["title"] = "A title that will not be read"
    file.save()
    data = path.read_bytes()
    at = data.index(b"title=") - 4
    path.write_bytes(data[:at] + struct.pack("<I", 1 << 30) + b"\xff\xfe\xfd" + data[at + 7 :])
    code, found = outcomes(music, library_path)
    assert code == 0
    assert found["song.flac"] == {"duration_s": 2.0, "warning": None}


def test_damaged_tags_of_an_m4a_do_no_harm(music, library_path):
    path = FORMATS["m4a"].write(music, melody(2))
    file = MP4(path)
    file["\xa9nam"] = "A title that will not be read"
    file.save()
    data = bytearray(path.read_bytes())
    at = data.index(b"\xa9nam")
    data[at + 8 : at + 12] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    code, found = outcomes(music, library_path)
    assert code == 0
    assert found[path.name] == {"duration_s": pytest.approx(2, abs=0.1), "warning": None}


def test_tags_of_odd_characters_are_kept_or_left_out(music, library_path):
    path = write(music / "odd.flac", melody(1))
    file = mutagen.File(path)
    file["title"] = "one\0two\nthree \u202e four \U0001f3b5"
    file["artist"] = "'); DROP TABLE tracks; --"
    file["album"] = "a" * 100_000
    file["date"] = "0000"
    file["tracknumber"] = "99999999999999999999"
    file.save()
    outcomes(music, library_path)
    with Library.open(library_path) as library:
        track = library.find(path)
        assert track.tags.title == "one two\nthree \u202e four \U0001f3b5"
        assert track.artist == "'); DROP TABLE tracks; --"
        assert library.search("drop table") == [track]
        assert len(library) == 2


@pytest.mark.parametrize("name", ["mp3", "flac", "m4a"])
def test_a_cover_among_the_tags_is_no_hindrance(name, music, library_path):
    format_ = FORMATS[name]
    path = format_.write(music, melody(1), "song")
    cover = b"\x89PNG\r\n\x1a\n" + np.random.default_rng(0).bytes(300_000)
    if name == "mp3":
        tags = ID3()
        tags.add(TIT2(encoding=3, text="Covered"))
        tags.add(APIC(encoding=0, mime="image/png", type=3, data=cover))
        tags.save(path)
    elif name == "flac":
        file = mutagen.File(path)
        file["title"] = "Covered"
        picture = Picture()
        picture.data, picture.mime, picture.type = cover, "image/png", 3
        file.add_picture(picture)
        file.save()
    else:
        file = MP4(path)
        file["\xa9nam"] = "Covered"
        file["covr"] = [MP4Cover(cover, MP4Cover.FORMAT_PNG)]
        file.save()
    assert outcomes(music, library_path)[0] == 0
    with Library.open(library_path) as library:
        assert library.find("Covered").duration_s == pytest.approx(1, abs=0.1)
        assert library.find("Covered").codec == format_.codec


# Names


NAMES = {
    "emoji": "\U0001f3b5 \U0001f941 \U0001f468\u200d\U0001f469\u200d\U0001f467.wav",
    "decomposed": "Cafe\u0301 del Mar.wav",
    "japanese": "坂本龍一 - 戦場のメリークリスマス.wav",
    "right to left": "أم كلثوم - إنت عمري.wav",
    "quotes": 'it\'s "so" `quoted`.wav',
    "newline": "one\ntwo.wav",
    "dash": "-rf.wav",
    "shell": "$HOME; echo %s {0} * ? [x] & | < >.wav",
    "backslash": "AC\\DC.wav",
    "spaces": "  much   space  .wav",
    "many": "n" * 250 + ".wav",
    "capitals": "SHOUTED.WAV",
}


@posix_only
@pytest.mark.parametrize("kind", NAMES)
def test_names_of_files_are_kept_as_they_are(kind, music, library_path):
    path = music / NAMES[kind]
    clip(music / "new.wav", 700).rename(path)
    assert outcomes(music, library_path)[0] == 0
    with Library.open(library_path) as library:
        track = library.find(path)
        assert track.path == str(path)
        assert library.find(track.id) == track
        assert [match.track.path for match in library.similar(path).matches] == [str(music / "good.wav")]
        assert library.scan(music).unchanged == 2
        path.unlink()
        assert library.scan(music).newly_missing == 1


@linux_only
def test_names_that_are_no_unicode_are_kept_as_they_are(music, library_path):
    good, bad = (
        os.fsdecode(os.fsencode(music) + b"/" + name) for name in (b"caf\xe9 \xff.flac", b"\xfe.mp3")
    )
    write(music / "tagged.flac", melody(1))
    file = mutagen.File(music / "tagged.flac")
    file["title"] = "Tagged"
    file.save()
    (music / "tagged.flac").rename(good)
    Path(bad).write_text("no music")
    with Library.open(library_path, create=True) as library:
        report = library.scan(music)
        assert (report.added, len(report.failed)) == (2, 1)
        assert library.find("Tagged").path == good
        assert library.find(good).tags.title == "Tagged"
        assert [failure.path for failure in library.failures()] == [bad]
        assert len(library.similar(good).matches) == 1
        assert library.search("caf")[0].path == good
        again = library.scan(music)
        assert (again.unchanged, again.still_failing) == (2, 1)
        Path(bad).unlink()
        library.scan(music)
        assert library.failures() == []


# Links and other things that are no plain files


@posix_only
def test_a_link_to_the_folder_above_is_no_endless_loop(music, library_path):
    (music / "deep").mkdir()
    clip(music / "deep" / "below.wav", 300)
    (music / "deep" / "up").symlink_to(music)
    (music / "deep" / "self").symlink_to("self")
    code, found = outcomes(music, library_path)
    assert (code, sorted(found)) == (0, ["below.wav", "good.wav"])
    with Library.open(library_path) as library:
        assert len(library) == 2


@posix_only
def test_a_link_to_a_folder_is_followed_and_each_folder_taken_once(music, library_path, tmp_path):
    clips_elsewhere = tmp_path / "elsewhere"
    clips_elsewhere.mkdir()
    clip(clips_elsewhere / "far.wav", 900)
    (music / "link").symlink_to(clips_elsewhere)
    (music / "another").symlink_to(clips_elsewhere)
    assert outcomes(music, library_path)[0] == 0
    with Library.open(library_path) as library:
        assert sorted(Path(track.path).name for track in library) == ["far.wav", "good.wav"]
        again = library.scan(music)
        assert (again.added, again.unchanged, again.newly_missing) == (0, 2, 0)


@posix_only
def test_links_that_lead_nowhere_or_to_themselves_fail_alone(music, library_path):
    (music / "gone.wav").symlink_to(music / "no such file")
    (music / "ring.wav").symlink_to(music / "ring.wav")
    code, found = outcomes(music, library_path)
    assert code == 1
    assert found["gone.wav"] == ("unreadable", "cannot be opened: No such file or directory")
    assert found["ring.wav"][0] == "unreadable"
    assert "symbolic links" in found["ring.wav"][1]


@posix_only
@pytest.mark.parametrize("kind", ["pipe", "socket", "endless device"])
def test_what_is_no_plain_file_fails_and_nobody_waits_for_it(kind, music, library_path, monkeypatch):
    path = music / "special.wav"
    with socket.socket(socket.AF_UNIX) as listening:
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "socket":
            monkeypatch.chdir(music)  # the whole path would be too long for a socket's name
            listening.bind("special.wav")
        else:
            path.symlink_to("/dev/zero")
        code, found = call(outcomes, music, library_path, timeout_s=5)
    assert code == 1
    assert found["special.wav"][0] == "unreadable"
    assert isinstance(found["good.wav"], dict)


def load_error(path):
    with pytest.raises(AudioError) as caught:
        audio.load(path)
    return type(caught.value).__name__


@posix_only
def test_a_pipe_cannot_be_decoded(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    assert call(load_error, tmp_path / "pipe.wav", timeout_s=5) == "UnreadableError"


class Remover(Silent):
    """Takes a file away as soon as the scan comes to it."""

    def __init__(self, path):
        self._path = path

    def start(self, path):
        if path == str(self._path):
            self._path.unlink()


def test_a_file_that_vanishes_after_the_walk_fails_alone(music, library_path):
    gone = clip(music / "gone.wav", 800)
    with Library.open(library_path, create=True) as library:
        report = library.scan(music, progress=Remover(gone))
        assert (report.added, report.exit_code) == (1, 1)
        (failure,) = library.failures()
        assert (failure.path, failure.kind) == (str(gone), "unreadable")
        assert "No such file" in failure.reason
        assert library.scan(music).exit_code == 0
        assert library.failures() == []


# Rights


@posix_only
def test_unreadable_files_and_folders_fail_alone_and_are_tried_again(music, library_path):
    (music / "closed").mkdir()
    hidden = clip(music / "closed" / "hidden.wav", 600)
    locked = clip(music / "locked.wav", 650)
    locked.chmod(0)
    (music / "closed").chmod(0)
    try:
        code, found = call(outcomes, music, library_path, False)
    finally:
        locked.chmod(0o644)
        (music / "closed").chmod(0o755)
    assert code == 1
    assert isinstance(found["good.wav"], dict)
    for name in ("locked.wav", "closed"):
        kind, reason = found[name]
        assert kind == "unreadable"
        assert "Permission denied" in reason
    code, found = outcomes(music, library_path)
    assert (code, sorted(found)) == (0, ["good.wav", hidden.name, locked.name])


@posix_only
def test_tracks_of_a_folder_that_cannot_be_read_for_once_are_not_missing(music, library_path):
    (music / "closed").mkdir()
    clip(music / "closed" / "hidden.wav", 600)
    outcomes(music, library_path)
    (music / "closed").chmod(0)
    try:
        call(outcomes, music, library_path, False)
    finally:
        (music / "closed").chmod(0o755)
    with Library.open(library_path) as library:
        assert [track.missing_since for track in library] == [None, None]


# What a scan that fails says


def test_a_scan_without_a_single_usable_file_worked_not_at_all(tmp_path, library_path):
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "text.mp3").write_text("text")
    with Library.open(library_path, create=True) as library:
        assert library.scan(tmp_path / "music").exit_code == 2
        again = library.scan(tmp_path / "music")
        assert (again.still_failing, again.exit_code) == (1, 2)
        assert len(library.scan(tmp_path / "music", retry=True).failed) == 1


def test_a_mended_file_is_a_failure_no_more(music, library_path):
    bad = music / "text.wav"
    bad.write_text("text")
    with Library.open(library_path, create=True) as library:
        assert library.scan(music).exit_code == 1
        clip(bad, 1000)
        report = library.scan(music)
        assert (report.added, report.unchanged, report.exit_code) == (1, 1, 0)
        assert library.failures() == []
