"""Compilations, and ID3 tags that are old, odd or several."""

from __future__ import annotations

import struct
import zlib

import mutagen
import pytest
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC
from mutagen.id3 import ID3, TALB, TIT2
from mutagen.mp4 import MP4

from segue.sources.audio_files import read_tags
from segue.track import Tags
from tests.sounds import FORMATS


@pytest.mark.parametrize(("name", "field"), [("mp3", "TCMP"), ("flac", "COMPILATION"), ("m4a", "cpil")])
@pytest.mark.parametrize("flag", [True, False])
def test_a_compilation_without_an_album_artist_is_by_various_artists(name, field, flag, copy):
    path = copy(name, f"comp.{FORMATS[name].ending}")
    if name == "mp3":
        file = ID3()
        file.add(TALB(encoding=3, text="Sampler"))
        file.add(mutagen.id3.TCMP(encoding=3, text=str(int(flag))))
        file.save(path)
    elif name == "flac":
        file = FLAC(path)
        file["album"], file[field] = "Sampler", str(int(flag))
        file.save()
    else:
        file = MP4(path)
        file["\xa9alb"], file[field] = "Sampler", flag
        file.save()
    assert read_tags(str(path)) == Tags(album="Sampler", album_artist="Various Artists" if flag else None)


def test_an_album_artist_of_a_compilation_stays(copy):
    path = copy("flac", "comp.flac")
    file = FLAC(path)
    file["compilation"], file["albumartist"] = "1", "Various Ärtists"
    file.save()
    assert read_tags(str(path)).album_artist == "Various Ärtists"


def test_frames_of_version_2_2_are_read(copy):
    path = copy("mp3", "old.mp3")
    frames = b"".join(
        name + struct.pack(">I", len(text) + 1)[1:] + b"\0" + text
        for name, text in {b"TT2": b"Old", b"TP1": b"Kora", b"TYE": b"1999", b"TRK": b"4/9"}.items()
    )
    path.write_bytes(b"ID3\x02\0\0" + bytes((0, 0, 0, len(frames))) + frames + path.read_bytes())
    assert read_tags(str(path)) == Tags("Old", "Kora", year=1999, track_number=4)


def test_sizes_as_itunes_wrote_them_are_understood(copy):
    path = copy("mp3", "itunes.mp3")
    long, short = b"\0" + b"x" * 300, b"\0Kora"
    frames = b"TIT2" + struct.pack(">I", len(long)) + b"\0\0" + long  # not syncsafe, as version 2.4 has it
    frames += b"TPE1" + struct.pack(">I", len(short)) + b"\0\0" + short
    size = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    path.write_bytes(b"ID3\x04\0\0" + size + frames + path.read_bytes())
    assert read_tags(str(path)) == Tags("x" * 300, "Kora")


def test_an_unsynchronized_tag_is_read(copy):
    path = copy("mp3", "unsync.mp3")
    text = b"\x01\xff\x00\xfe" + "ÿ Größe".encode("utf-16-le").replace(b"\xff", b"\xff\x00")
    plain = len(text) - text.count(b"\xff\x00")
    frames = b"TIT2" + struct.pack(">I", plain) + b"\0\0" + text
    path.write_bytes(b"ID3\x03\0\x80" + bytes((0, 0, 0, len(frames))) + frames + path.read_bytes())
    assert read_tags(str(path)).title == "ÿ Größe"


def test_a_compressed_frame_of_a_usual_size_is_read(copy):
    path = copy("mp3", "packed.mp3")
    text = b"\x03Packed title"
    packed = len(text).to_bytes(4, "big") + zlib.compress(text)
    frames = b"TIT2" + bytes((0, 0, 0, len(packed))) + b"\0\x09" + packed
    path.write_bytes(b"ID3\x04\0\0" + bytes((0, 0, 0, len(frames))) + frames + path.read_bytes())
    assert read_tags(str(path)).title == "Packed title"


def test_what_the_first_tag_lacks_the_others_give(copy):
    path = copy("mp3", "three.mp3")
    tags = ID3()
    tags.add(TIT2(encoding=3, text="From ID3v2"))
    tags.save(path, v1=0)
    ape = APEv2()
    ape["Title"], ape["Artist"] = "From APEv2", "Artist of APEv2"
    ape.save(path)
    with path.open("ab") as f:
        f.write(b"TAG" + b"From ID3v1".ljust(30, b"\0") * 3 + b"1987" + bytes(30) + b"\x11")
    expected = Tags("From ID3v2", "Artist of APEv2", "From ID3v1", year=1987, genre="Rock")
    assert read_tags(str(path)) == expected
