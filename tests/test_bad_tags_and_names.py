"""Damaged tags and odd names of files keep no sound out of the library."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

import mutagen
import numpy as np
import pytest
from mutagen.flac import Picture
from mutagen.id3 import APIC, ID3, TIT2
from mutagen.mp4 import MP4, MP4Cover

from segue.errors import TrackNotFoundError
from segue.library import Library
from tests.bad_files import outcomes, posix_only
from tests.sounds import FORMATS, clip, melody, write

linux_only = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="other systems refuse such names"
)


@pytest.fixture
def music(tmp_path):
    """A folder with one good file."""
    (tmp_path / "music").mkdir()
    clip(tmp_path / "music" / "good.wav", 440)
    return tmp_path / "music"


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
        assert library.tracks.search("drop table") == [track]
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
        assert (report.added, report.failed) == (2, 1)
        assert library.find("Tagged").path == good
        assert library.find(good).tags.title == "Tagged"
        assert [failure.path for failure in library.failures()] == [bad]
        assert len(library.similar(good).matches) == 1
        assert library.tracks.search("caf")[0].path == good
        again = library.scan(music)
        assert (again.unchanged, again.still_failing) == (2, 1)
        Path(bad).unlink()
        library.scan(music)
        assert library.failures() == []


@linux_only
def test_names_that_are_no_unicode_are_searched_for_by_the_rest_of_them(music, library_path):
    name = os.fsdecode(os.fsencode(music) + b"/evening caf\xe9.wav")
    clip(music / "evening.wav", 880)
    (music / "evening.wav").rename(name)
    with Library.open(library_path, create=True, embedders=["descriptors"]) as library:
        library.scan([music])
        assert library.find("evening").path == name
        assert [track.path for track in library.tracks.search("evening")] == [name]
        with pytest.raises(TrackNotFoundError, match="did you mean 'evening caf"):
            library.find("evenning")
