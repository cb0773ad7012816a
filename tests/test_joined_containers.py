"""Files that were put one behind another are read to the end of the last; tags behind a file are not."""

from __future__ import annotations

import numpy as np
import pytest

from segue import audio
from segue.audio.joined import split
from segue.audio.transcode import transcode
from segue.sound import ExcerptPlan
from segue.sources.content import hash_file
from tests.sounds import FORMATS, SR, encode, frequency, sweep, write

HZ = (400.0, 700.0, 1100.0)
LENGTHS_S = (1.0, 1.5, 2.0)
OTHERS = {
    "au": lambda path, y: write(path, y, format="AU", subtype="PCM_16"),
    "caf": lambda path, y: write(path, y, format="CAF", subtype="PCM_16"),
    "w64": lambda path, y: write(path, y, format="W64", subtype="PCM_16"),
    "rf64": lambda path, y: write(path, y, format="RF64", subtype="PCM_16"),
    "tta": lambda path, y: encode(path, y, codec="tta", container="tta", sample_format="s16"),
    "mka": lambda path, y: encode(path, y, codec="flac", container="matroska", sample_format="s16"),
}
IN_FORMATS = ("wav16", "wav24", "flac", "aiff", "m4a", "alac", "wma", "webm", "wavpack")
KINDS = (*IN_FORMATS, *OTHERS)
TAILS = {
    "ID3v1": b"TAG".ljust(128, b"\0"),
    "APEv2": b"APETAGEX" + (2000).to_bytes(4, "little") + bytes(20) + b"Title\0A song" * 20,
    "lyrics": b"LYRICSBEGININD0000200ETT00005Title000039LYRICS200" + b"TAG".ljust(128),
    "zeros": bytes(500),
    "a chunk": b"LIST\x0c\0\0\0INFOINAM\0\0\0\0",
    "a box": b"\0\0\0\x10free" + bytes(8),
    "names of formats": b"fLaC RIFF FORM TTA1 wvpk ftyp caff .snd riff WAVE AIFF matroska" * 9,
}


def part(folder, kind, i, channels=2):
    """A file of one tone."""
    sr = FORMATS[kind].sr if kind in FORMATS else SR
    y = np.stack([sweep(LENGTHS_S[i], sr, HZ[i], HZ[i])] * channels, 1)
    if kind in OTHERS:
        return OTHERS[kind](folder / f"part{i}.{kind}", y)
    return FORMATS[kind].write(folder, y, f"part{i}")


def assert_parts(sound, parts=(0, 1, 2)):
    assert sound.warning is None
    assert sound.duration_s == pytest.approx(sum(LENGTHS_S[i] for i in parts), abs=0.1)
    (y,) = sound.parts
    end = 0.0
    for i in parts:
        end += LENGTHS_S[i]
        middle = y[int((end - 0.7 * LENGTHS_S[i]) * sound.sr) : int((end - 0.3 * LENGTHS_S[i]) * sound.sr)]
        assert frequency(middle, sound.sr) == pytest.approx(HZ[i], rel=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_every_part_is_heard_and_the_length_is_theirs(kind, tmp_path):
    whole = [part(tmp_path, kind, i).read_bytes() for i in range(3)]
    path = tmp_path / "joined"
    path.write_bytes(b"".join(whole))
    assert_parts(audio.load(path))
    assert_parts(audio.load(path.read_bytes()))
    path.write_bytes(whole[1] * 2)
    assert_parts(audio.load(path), (1, 1))


@pytest.mark.parametrize("kind", KINDS)
def test_joined_files_have_another_content_than_the_first_of_them(kind, tmp_path):
    first = part(tmp_path, kind, 0)
    path = tmp_path / "joined"
    path.write_bytes(first.read_bytes() + part(tmp_path, kind, 1).read_bytes())
    assert hash_file(str(path)).audio != hash_file(str(first)).audio


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_behind_one_file_makes_it_no_longer(kind, tail, tmp_path):
    path = part(tmp_path, kind, 0)
    before = audio.load(path)
    path.write_bytes(path.read_bytes() + TAILS[tail])
    with path.open("rb") as file:
        assert len(split(file)) == 1
    after = audio.load(path)
    assert (after.info.codec, after.warning) == (before.info.codec, None)
    assert after.duration_s == pytest.approx(before.duration_s, abs=0.06)


@pytest.mark.parametrize("tail", ["ID3v1", "APEv2", "zeros"])
@pytest.mark.parametrize("kind", ["wav16", "flac", "aiff", "m4a", "wavpack", "tta"])
def test_tags_between_the_parts_are_passed_over(kind, tail, tmp_path):
    whole = [part(tmp_path, kind, i).read_bytes() for i in range(3)]
    path = tmp_path / "joined"
    path.write_bytes(TAILS[tail].join(whole) + TAILS[tail])
    assert_parts(audio.load(path))


@pytest.mark.parametrize("kind", ["flac", "ogg", "opus", "tta", "aiff"])
def test_files_with_tags_in_front_are_read_to_the_end(kind, tmp_path):
    tag = b"ID3\4\0\0\0\0\1\0" + b"TIT2\0\0\0\7\0\0\3Middle" + bytes(111)
    path = tmp_path / "joined"
    path.write_bytes(b"".join(tag + part(tmp_path, kind, i).read_bytes() for i in range(3)))
    assert_parts(audio.load(path))


@pytest.mark.parametrize("kind", ["wav16", "flac", "wavpack"])
def test_parts_may_have_other_channels(kind, tmp_path):
    parts = [part(tmp_path, kind, i, channels=2 - i % 2) for i in range(3)]
    path = tmp_path / "joined"
    path.write_bytes(b"".join(p.read_bytes() for p in parts))
    assert_parts(audio.load(path))


@pytest.mark.parametrize("size", [bytes(4), b"\xff\xff\xff\xff"])
def test_wavs_that_do_not_tell_their_size_are_read_to_the_end(size, tmp_path):
    whole = []
    for i in range(3):
        data = bytearray(part(tmp_path, "wav16", i).read_bytes())
        data[4:8], data[40:44] = size, b"\xff\xff\xff\xff"
        whole.append(bytes(data))
    path = tmp_path / "joined.wav"
    path.write_bytes(b"".join(whole))
    assert_parts(audio.load(path))


@pytest.mark.parametrize("kind", ["wav16", "flac", "m4a", "wavpack"])
def test_excerpts_and_conversions_come_from_all_parts(kind, tmp_path):
    path = tmp_path / f"joined.{FORMATS[kind].ending}"
    path.write_bytes(b"".join(part(tmp_path, kind, i).read_bytes() for i in range(3)))
    sound = audio.load(path, ExcerptPlan(5, 0.4))
    ends = np.cumsum(LENGTHS_S)
    for y, start_s in zip(sound.parts, sound.starts_s, strict=True):
        if all(abs(start_s + 0.2 - end) > 0.2 for end in ends):
            expected = HZ[int(np.searchsorted(ends, start_s + 0.2))]
            assert frequency(y[: int(0.4 * sound.sr)], sound.sr) == pytest.approx(expected, rel=0.02)
    converted = audio.load(b"".join(transcode(path, "mp3")))
    assert converted.duration_s == pytest.approx(sum(LENGTHS_S), abs=0.2)
    assert frequency(converted.parts[0][-SR // 2 : -SR // 4], SR) == pytest.approx(HZ[2], rel=0.02)
