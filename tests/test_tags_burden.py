"""Tags of very many fields keep no decoder busy, as each compares every field with all others."""

from __future__ import annotations

import struct
import time

import pytest
from mutagen.asf import ASF, ASFUnicodeAttribute
from mutagen.flac import FLAC
from mutagen.id3 import ID3, TIT2
from mutagen.mp4 import MP4
from mutagen.oggopus import OggOpus

from segue import audio
from segue.audio.covers import cover_image
from segue.audio.peaks import compute_peaks
from segue.audio.transcode import transcode
from segue.errors import AudioError
from segue.sources.audio_files import read_tags
from segue.tags import find_burden
from tests.sounds import FORMATS
from tests.test_tags_limits import frame, id3, zeros

MANY = 20_000  # fields; FFmpeg takes some seconds for them
MOST_S = 1.5  # of the processor's time, for each use of a file
NAMES = [f"k{i}" for i in range(MANY)]


@pytest.fixture
def used():
    """Uses a file in every way; whether its sound can be heard."""

    def use(path):
        heard = []
        for way in (audio.load, read_tags, cover_image, convert, lambda path: compute_peaks(path, 44_100)):
            started = time.thread_time()
            try:
                heard.append(bool(way(path)))
            except AudioError:
                heard.append(False)
            assert time.thread_time() - started < MOST_S, way
        return heard[0] and heard[3] and heard[4]

    return use


def convert(path):
    return b"".join(transcode(path, "mp3"))


@pytest.mark.slow
@pytest.mark.parametrize("flags", [b"\0\0", b"\0\x09"], ids=["many", "packed"])
@pytest.mark.parametrize("name", ["mp3", "aac", "ac3"])
def test_a_stream_behind_a_tag_is_heard(name, flags, copy, used):
    path = copy(name, f"sound.{FORMATS[name].ending}")
    packed = struct.pack(">I", 1 << 27) + zeros(1 << 27)
    fields = b"".join(frame(b"TXXX", b"\3" + n.encode() + b"\0v") for n in NAMES)
    path.write_bytes(id3(frame(b"COMM", packed, flags) if flags[1] else fields) + path.read_bytes())
    with path.open("rb") as file:
        assert find_burden(file).start > 0
    assert used(path)
    assert audio.load(path).duration_s == pytest.approx(1, abs=0.1)


def _flac(path):
    file = FLAC(path)
    list.extend(file.tags, [(name, "v") for name in NAMES])  # by name it would look for each among the others
    file.save()


def _opus(path):
    file = OggOpus(path)
    list.extend(file.tags, [(name, "v") for name in NAMES])
    file.save()


def _mp4(path):
    file = MP4(path)
    file.update({f"----:com.apple.iTunes:{name}": [b"v"] for name in NAMES})
    file.save()


def _asf(path):
    file = ASF(path)
    file.tags.extend((name, ASFUnicodeAttribute("v")) for name in NAMES)
    file.save()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "tag", "heard"),
    [("flac", _flac, True), ("opus", _opus, True), ("m4a", _mp4, False), ("wma", _asf, False)],
)
def test_a_file_of_very_many_fields_costs_itself_at_most(name, tag, heard, copy, used):
    path = copy(name, f"sound.{FORMATS[name].ending}")
    tag(path)
    assert used(path) is heard
    if not heard:
        with pytest.raises(AudioError, match="its tags hold more than 4096 fields"):
            audio.load(path)


@pytest.mark.parametrize("name", FORMATS)
def test_usual_tags_are_no_burden(name, sounds, tmp_path):
    path = tmp_path / "sound"
    data = sounds(name).read_bytes()
    if name in ("mp3", "aac", "ac3"):
        tags = ID3()
        tags.add(TIT2(encoding=3, text="Title"))
        tags.save(path)
        data = path.read_bytes() + data
    path.write_bytes(data)
    with path.open("rb") as file:
        burden = find_burden(file)
    assert (burden.start, burden.inside) == (0, False)
