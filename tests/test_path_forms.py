"""A path means the same whether its letters with accents are composed (NFC) or not (NFD)."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

import segue as segue_package
from segue.errors import UsageError
from segue.library import Library, Where
from segue.track import Tags, Track, TrackId
from tests.sounds import clips
from tests.written_library import new_library, song


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


PATHS = {
    "composed": nfc("/müsic/Ébène/köln.flac"),
    "decomposed": nfd("/müsic/Été/Ça.flac"),
    "mixed": nfc("/müsic/") + nfd("Ñandú/") + nfc("ähnlich.flac"),
    "ascii": "/music/plain/plain.flac",
}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with new_library(tmp_path / "library", [song(path) for path in PATHS.values()]) as library:
        library.folders.note([])
        yield library


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("form", [nfc, nfd])
def test_a_track_is_found_by_either_form_of_its_path(library: Library, name: str, form):
    path = PATHS[name]
    assert library.find(form(path)).path == path
    (seed,) = library.seed_group(form(path)).seeds
    assert isinstance(seed, Track)
    assert seed.path == path


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("form", [nfc, nfd])
def test_a_folder_is_found_by_either_form(library: Library, name: str, form):
    folder = form(os.path.dirname(PATHS[name]))  # noqa: PTH120 - as it is written
    keys = library.keys_matching(Where(folder=folder))
    assert [library.tracks.by_keys(keys)[key].path for key in keys.tolist()] == [PATHS[name]]
    assert len(library.seed_group(f"folder:{folder}").seeds) == 1


def test_all_forms_of_a_folder_are_one(library: Library):
    assert len(library.keys_matching(Where(folder=nfd("/müsic")))) == 3
    with pytest.raises(UsageError, match="no track lies below"):
        library.keys_matching(Where(folder="/müsi"))


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/music/back\\slash.flac", "back\\slash"),
        ("C:\\Music\\song.flac", "song"),
        ("/music/a.b.flac", "a.b"),
    ],
)
def test_a_name_is_what_stands_behind_the_last_separator(path: str, title: str):
    track = Track(TrackId("0"), path, Tags(), 1.0, 8000, 1, "flac", 1, "", 0.0)
    assert track.title == title


def test_a_name_that_begins_with_a_tilde_is_a_name(segue, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clips("~old", 2)
    clips("~new", 2)
    assert segue("--library", "~library", "scan", "-q", "-e", "descriptors", "~old")[0] == 0
    assert segue("--library", "~library", "folders", "move", "~old", "~new")[0] == 0
    assert segue("--library", "~library", "similar", "000", "--m3u", "~tones.m3u8")[0] == 0
    assert "~new/001.wav" in Path("~tones.m3u8").read_text("utf-8")


def test_users_folders_are_looked_up_in_one_way():
    source = Path(segue_package.__file__).parent
    assert [path.name for path in source.rglob("*.py") if ".expanduser()" in path.read_text("utf-8")] == []
