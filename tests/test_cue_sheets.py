"""A file that holds several tracks by its cue sheet is one track, and a scan says so once."""

from __future__ import annotations

import shutil

import pytest

from segue.library import Library
from segue.sources.cue_sheets import note_on, tracks_by_file
from tests.sounds import clip

SHEET = """\ufeffPERFORMER "Pia Holm"
TITLE "Three Rooms"
FILE "{file}" WAVE
  TRACK 01 AUDIO
    TITLE "Hall"
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    TITLE "Stair"
    INDEX 01 00:04:00
  TRACK 03 AUDIO
    INDEX 01 00:08:00
"""


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize("named", ["Größe.wav", r"C:\Rips\Größe.wav", "/rips/Größe.WAV"])
def test_a_sheet_says_how_many_tracks_a_file_beside_it_holds(encoding, named, tmp_path):
    text = SHEET.format(file=named).removeprefix("\ufeff" if encoding != "utf-8" else "")
    (tmp_path / "Album.cue").write_bytes(text.encode(encoding))
    ((path, n),) = tracks_by_file(str(tmp_path / "Album.cue")).items()
    assert (path.lower(), n) == (str(tmp_path / "größe.wav").lower(), 3)


def test_a_sheet_of_one_file_a_track_says_nothing(tmp_path):
    lines = [f'FILE "{i}.wav" WAVE\n  TRACK {i:02} AUDIO\n    INDEX 01 00:00:00\n' for i in range(1, 4)]
    (tmp_path / "Album.cue").write_text("".join(lines))
    assert note_on([str(tmp_path / "Album.cue")], [str(tmp_path / f"{i}.wav") for i in range(1, 4)]) is None


@pytest.mark.parametrize(
    "data", [b"", b"FILE", b'FILE ""\nTRACK 01 AUDIO', b"\xff\xfe\0", b"TRACK 01 AUDIO\n" * 90_000]
)
def test_sheets_that_make_no_sense_say_nothing(data, tmp_path):
    (tmp_path / "Album.cue").write_bytes(data)
    assert tracks_by_file(str(tmp_path / "Album.cue")) == {}
    assert tracks_by_file(str(tmp_path / "gone.cue")) == {}


def test_a_scan_tells_of_it_where_it_adds_the_file_and_not_again(tmp_path, library_path):
    music = tmp_path / "music"
    music.mkdir()
    clip(music / "Album.wav", 300)
    clip(music / "Other.wav", 500)
    (music / "Album.CUE").write_text(SHEET.format(file="Album.flac"))
    with Library.open(library_path, create=True) as library:
        report = library.scan(music)
        (note,) = report.notes
        assert note.endswith("as one track: Album.wav (3 tracks)")
        assert (report.added, report.exit_code) == (2, 0)
        assert library.scan(music).notes == []


@pytest.mark.shared
def test_the_awkward_album_is_named(tmp_path, library_path, shared):
    shutil.copytree(shared / "data/awkward/cue", tmp_path / "cue", copy_function=shutil.copyfile)
    with Library.open(library_path, create=True) as library:
        assert "Album.flac (3 tracks)" in library.scan(tmp_path / "cue").notes[0]
