"""Chained Ogg and joined MP3s are read to the end of their last part."""

from __future__ import annotations

import numpy as np
import pytest

from segue import audio
from segue.audio.mpeg import parse_frame
from segue.sound import ExcerptPlan
from tests.sounds import FORMATS, SR, encode, frequency, sweep, write

HZ = (400.0, 700.0, 1100.0)
LENGTHS_S = (2.0, 3.0, 1.5)


def vorbis(path, y, sr):
    return write(path, y, sr, format="OGG", subtype="VORBIS")


def mp3(path, y, sr):
    return write(path, y, sr, format="MP3", bitrate_mode="VARIABLE", compression_level=0.5)


def flac_in_ogg(path, y, sr):
    return encode(path, y, sr, codec="flac", container="ogg", sample_format="s16")


def opus(path, y, sr):
    return encode(path, y, 48_000, codec="libopus", container="ogg")


KINDS = {"vorbis": (vorbis, SR), "opus": (opus, 48_000), "flac": (flac_in_ogg, SR), "mp3": (mp3, SR)}


def part(folder, kind, i, sr=None, channels=2, noise=0.0):
    """A file of one tone, and so of one part of the whole."""
    make, usual = KINDS[kind]
    y = sweep(LENGTHS_S[i], sr or usual, HZ[i], HZ[i])
    y = y + np.random.default_rng(i).normal(0, noise, len(y)).astype(np.float32)
    return make(folder / f"part{i}", np.stack([y] * channels, 1), sr or usual)


def assert_parts(sound, lengths_s=LENGTHS_S, hz=HZ):
    assert sound.warning is None
    assert sound.duration_s == pytest.approx(sum(lengths_s), abs=0.1)
    (y,) = sound.parts
    assert len(y) == pytest.approx(sound.duration_s * sound.sr, abs=1)
    ends = np.cumsum(lengths_s)
    for end, length, expected in zip(ends, lengths_s, hz, strict=True):
        middle = y[int((end - 0.7 * length) * sound.sr) : int((end - 0.3 * length) * sound.sr)]
        assert frequency(middle, sound.sr) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_every_part_is_heard_and_the_length_is_theirs(kind, tmp_path):
    path = tmp_path / "joined"
    path.write_bytes(b"".join(part(tmp_path, kind, i).read_bytes() for i in range(3)))
    assert_parts(audio.load(path))
    assert_parts(audio.load(path.read_bytes()))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_file_twice_is_twice_as_long(kind, tmp_path):
    path = tmp_path / "joined"
    path.write_bytes(part(tmp_path, kind, 0).read_bytes() * 2)
    assert_parts(audio.load(path), (2, 2), (HZ[0], HZ[0]))


@pytest.mark.parametrize("kind", ["vorbis", "flac", "mp3"])
def test_parts_may_have_other_rates_and_channels(kind, tmp_path):
    path = tmp_path / "joined"
    parts = [part(tmp_path, kind, 0), part(tmp_path, kind, 1, 32_000, 1), part(tmp_path, kind, 2, 22_050)]
    path.write_bytes(b"".join(p.read_bytes() for p in parts))
    sound = audio.load(path)
    assert (sound.info.sr, sound.info.channels) == (SR, 2)
    assert_parts(sound)


def id3():
    return b"ID3\4\0\0\0\0\1\0" + b"TIT2\0\0\0\7\0\0\3Middle" + bytes(111)


def test_tags_between_joined_mp3s_are_no_sound(tmp_path):
    whole = [part(tmp_path, "mp3", i).read_bytes() for i in range(3)]
    path = tmp_path / "joined.mp3"
    path.write_bytes(id3() + whole[0] + b"TAG".ljust(128) + id3() + whole[1] + id3() + whole[2])
    assert_parts(audio.load(path))


def test_covers_between_joined_mp3s_hide_none_of_them(tmp_path):
    whole = [part(tmp_path, "mp3", i).read_bytes() for i in range(3)]
    picture = np.random.default_rng(3).bytes(200_000).replace(b"\xff", b"\0")
    frame = b"APIC" + len(picture).to_bytes(4, "big") + bytes(2) + picture
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    cover = b"ID3\3\0\0" + size + frame
    path = tmp_path / "joined.mp3"
    path.write_bytes(b"".join(cover + data + b"TAG".ljust(128) for data in whole))
    assert_parts(audio.load(path))


def test_an_mp3_goes_on_where_the_second_part_tells_no_length(tmp_path):
    frames = write(tmp_path / "cbr.mp3", sweep(3, SR, HZ[1], HZ[1]), format="MP3", bitrate_mode="CONSTANT")
    data = frames.read_bytes()
    first = parse_frame(data[:4])
    path = tmp_path / "joined.mp3"
    path.write_bytes(part(tmp_path, "mp3", 0, channels=1).read_bytes() + data[first.n_bytes :])
    assert_parts(audio.load(path), LENGTHS_S[:2], HZ[:2])


@pytest.mark.parametrize("tail", [b"TAG".ljust(128), b"APETAGEX" + bytes(24) + b"\xff\xd8\xff\xe0" * 9999])
def test_tags_behind_an_mp3_change_nothing(tail, tmp_path):
    path = part(tmp_path, "mp3", 0)
    before = audio.load(path)
    path.write_bytes(path.read_bytes() + tail)
    after = audio.load(path)
    assert after.info == before.info
    assert np.array_equal(after.parts[0], before.parts[0])


@pytest.mark.parametrize("kind", KINDS)
def test_excerpts_of_a_joined_file_come_from_all_of_it(kind, tmp_path):
    path = tmp_path / "joined"
    path.write_bytes(b"".join(part(tmp_path, kind, i).read_bytes() for i in range(3)))
    sound = audio.load(path, ExcerptPlan(5, 0.4))
    ends = np.cumsum(LENGTHS_S)
    for y, start_s in zip(sound.parts, sound.starts_s, strict=True):
        expected = HZ[int(np.searchsorted(ends, start_s + 0.2))]
        assert frequency(y[: int(0.4 * sound.sr)], sound.sr) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_has_all_parts(kind, tmp_path):
    path = tmp_path / "joined"
    path.write_bytes(b"".join(part(tmp_path, kind, i).read_bytes() for i in range(3)))
    n = sum(len(y) for y in audio.stream(path, 8_000))
    assert n == pytest.approx(8_000 * sum(LENGTHS_S), abs=800)


@pytest.mark.parametrize("kind", ["vorbis", "mp3"])
def test_a_damaged_part_costs_the_others_nothing(kind, tmp_path):
    parts = [bytearray(part(tmp_path, kind, i, noise=0.1).read_bytes()) for i in range(3)]
    middle = len(parts[1]) // 2
    parts[1][middle : middle + 300] = np.random.default_rng(1).bytes(300)
    path = tmp_path / "joined"
    path.write_bytes(b"".join(parts))
    sound = audio.load(path)
    assert sound.warning.startswith("damaged")
    assert sound.duration_s == pytest.approx(sum(LENGTHS_S), abs=0.15)
    tail = sound.parts[0][-int(sound.sr) :]
    assert frequency(tail, sound.sr) == pytest.approx(HZ[2], rel=0.01)


def test_parts_that_are_no_sound_are_passed_over(tmp_path):
    whole = FORMATS["ogg"].write(tmp_path, np.stack([sweep(2, SR, 500, 500)] * 2, 1)).read_bytes()
    stray = b"OggS\0\2" + bytes(20) + b"\1\x08" + b"\x80theora."
    path = tmp_path / "joined.ogg"
    path.write_bytes(whole + stray)
    sound = audio.load(path)
    assert sound.duration_s == pytest.approx(2, abs=0.05)


def test_a_part_that_claims_days_takes_nothing_from_the_next(tmp_path):
    whole = [part(tmp_path, "mp3", i).read_bytes() for i in range(2)]
    first = bytearray(whole[0])
    frames = first.index(b"Xing") + 8
    first[frames : frames + 4] = (1 << 24).to_bytes(4, "big")
    path = tmp_path / "joined.mp3"
    path.write_bytes(bytes(first) + whole[1])
    for plan in (ExcerptPlan(), ExcerptPlan(4, 0.5)):
        sound = audio.load(path, plan)
        assert sound.duration_s == pytest.approx(5, abs=0.2)
        tail = sound.parts[-1][-int(0.4 * sound.sr) :]
        assert frequency(tail, sound.sr) == pytest.approx(HZ[1], rel=0.02)
