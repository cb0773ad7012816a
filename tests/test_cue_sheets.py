"""A file that holds several tracks by its cue sheet is one track, and a scan says so once."""

from __future__ import annotations

import shutil

import pytest
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC, CueSheet, CueSheetTrack
from mutagen.id3 import ID3, TXXX
from mutagen.mp4 import MP4, MP4FreeForm

from segue.embed.descriptors import Descriptors
from segue.library import Library
from segue.sources.cue_sheets import note_on, tracks_by_file
from tests.sounds import FORMATS, clip

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


@pytest.mark.parametrize("kind", ["comment", "block", "APEv2", "ID3", "atom"])
def test_a_sheet_inside_of_a_file_is_told(kind, tmp_path, library_path, copy):
    """As several programs keep them."""
    sheet = "".join(f"  TRACK {i:02d} AUDIO\n    INDEX 01 {i:02d}:00:00\n" for i in range(1, 4))
    name = {"comment": "flac", "block": "flac", "APEv2": "wavpack", "ID3": "mp3", "atom": "m4a"}[kind]
    (tmp_path / "music").mkdir()
    path = copy(name, f"music/Album.{FORMATS[name].ending}")
    if kind == "comment":
        file = FLAC(path)
        file["cuesheet"] = sheet
    elif kind == "block":
        file = FLAC(path)
        file.cuesheet = CueSheet(None)
        file.cuesheet.tracks = [CueSheetTrack(n, 0) for n in (1, 2, 3, 170)]
        file.metadata_blocks.append(file.cuesheet)
    elif kind == "APEv2":
        file = APEv2()
        file["Cuesheet"] = sheet
    elif kind == "ID3":
        file = ID3()
        file.add(TXXX(encoding=3, desc="CUESHEET", text=sheet))
    else:
        file = MP4(path)
        file["----:com.apple.iTunes:cuesheet"] = MP4FreeForm(sheet.encode())
    file.save(path)
    with Library.open(library_path, create=True, embedders=[Descriptors()]) as library:
        assert library.scan(tmp_path / "music").warnings == 1
        assert next(iter(library)).warning == "a cue sheet inside names 3 tracks; it counts as one"


@pytest.mark.shared
def test_the_awkward_album_is_named(tmp_path, library_path, shared):
    shutil.copytree(shared / "data/awkward/cue", tmp_path / "cue", copy_function=shutil.copyfile)
    with Library.open(library_path, create=True) as library:
        assert "Album.flac (3 tracks)" in library.scan(tmp_path / "cue").notes[0]
