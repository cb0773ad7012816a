"""A disk that is not mounted is not a deletion, and what was removed comes back as it was."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from segue.library import Library
from tests.sounds import clip
from tests.test_scan_changes import Counting, counts, tag

N = 6


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Two albums on ``usb``, and one that is not."""
    for i in range(N):
        folder = ("home/Album 2", "usb/Artist/Album 0", "usb/Artist/Album 1")[i % 3]
        path = tmp_path / "music" / folder / f"{i}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        tag(clip(path, 300 + 100 * i), f"Song {i}")
    return tmp_path / "music"


@pytest.fixture
def embedder() -> Counting:
    return Counting()


@pytest.fixture
def library(tmp_path: Path, music: Path, embedder: Counting) -> Iterator[Library]:
    with Library.open(tmp_path / "library", create=True, embedders=[embedder]) as library:
        assert library.scan(music).added == N
        embedder.sounds = 0
        yield library


def unmount(folder: Path) -> Path:
    """Leave an empty folder in the place of one; where its content is now."""
    aside = folder.parent.parent / f"{folder.name} aside"
    folder.rename(aside)
    folder.mkdir()
    return aside


def mount(aside: Path, folder: Path) -> None:
    folder.rmdir()
    aside.rename(folder)


def state(library: Library) -> list[tuple[str, str, float]]:
    return sorted((track.id, track.path, track.added_at) for track in library)


@pytest.mark.parametrize("gone", [False, True], ids=["empty", "not there"])
def test_a_root_that_shows_nothing_is_away_and_not_pruned(
    library: Library, music: Path, embedder: Counting, gone: bool
):
    before = state(library)
    aside = unmount(music)
    if gone:
        music.rmdir()
    report = library.scan(music)
    assert (counts(report), report.exit_code) == ({"away": N}, 1)
    assert f"nothing is left of the {N} tracks in {music}: is it mounted?" in report.notes[0]
    assert all(track.missing_since for track in library)
    assert [track.away for track in library.missing()] == [str(music)] * N
    shortfall = library.similar(library.missing()[0].id, k=2).shortfall or ""
    assert shortfall.endswith(f"the files of {N} are missing or away")
    assert library.prunable() == []
    assert library.prune() == 0
    assert (counts(library.scan(music)), len(library)) == ({"away": N}, N)
    music.mkdir(exist_ok=True)
    mount(aside, music)
    report = library.scan(music)
    assert (counts(report), report.exit_code, report.notes) == ({"unchanged": N}, 0, [])
    assert (state(library), library.missing(), embedder.sounds) == (before, [], 0)


def test_a_root_in_whose_place_a_file_lies_is_away(library: Library, music: Path):
    before = state(library)
    aside = music.rename(music.with_name("aside"))
    music.write_text("the disk is not here", encoding="utf-8")
    assert counts(library.scan(music)) == {"away": N, "failed": 1}
    assert library.prune() == 0
    music.unlink()
    aside.rename(music)
    assert counts(library.scan(music)) == {"unchanged": N}
    assert state(library) == before


def test_a_subfolder_that_lost_more_than_an_album_at_once_is_away(library: Library, music: Path):
    aside = unmount(music / "usb")
    report = library.scan(music)
    assert (counts(report), report.exit_code) == ({"unchanged": 2, "away": 4}, 1)
    report = library.scan(music)
    assert (counts(report), report.exit_code) == ({"unchanged": 2, "away": 4}, 0)
    assert library.prune() == 0
    shutil.rmtree(aside / "Artist" / "Album 0")
    mount(aside, music / "usb")
    report = library.scan(music)  # the rest of the disk is back without an album
    assert (counts(report), report.exit_code) == ({"unchanged": 4, "newly_missing": 2}, 0)
    assert "2 gone missing" in report.summary()
    assert [Path(path).parent.name for path in report.files["newly_missing"]] == ["Album 0"] * 2
    assert [track.away for track in library.missing()] == [None, None]
    assert library.prune() == 2


def test_files_that_were_deleted_are_gone(library: Library, music: Path):
    for path in (music / "usb" / "Artist" / "Album 0").iterdir():
        path.unlink()
    report = library.scan(music)
    assert (counts(report), report.exit_code) == ({"unchanged": 4, "newly_missing": 2}, 0)
    assert library.prune() == 2


def test_a_disk_of_its_own_is_away_even_if_its_folder_shows_something(tmp_path: Path, embedder: Counting):
    shared_memory = Path("/dev/shm")
    if not os.access(shared_memory, os.W_OK) or shared_memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system")
    music, disk = tmp_path / "music", Path(tempfile.mkdtemp(dir=shared_memory))
    try:
        (music / "home").mkdir(parents=True)
        (music / "usb").symlink_to(disk)
        clip(music / "home" / "1.wav", 300)
        clip(disk / "2.wav", 400)
        with Library.open(tmp_path / "library", create=True, embedders=[embedder]) as library:
            assert library.scan(music).added == 2
            (disk / "2.wav").rename(disk / "not music")
            assert counts(library.scan(music)) == {"unchanged": 1, "away": 1}
            assert [track.away for track in library.missing()] == [str(music / "usb")]
            (disk / "not music").rename(disk / "2.wav")
            assert counts(library.scan(music)) == {"unchanged": 2}
    finally:
        shutil.rmtree(disk)


def test_prune_looks_at_folders_itself_where_an_older_scan_did_not(library: Library, music: Path):
    aside = unmount(music)
    library.scan(music)
    with closing(sqlite3.connect(library.path / "catalog.sqlite")) as db, db:
        db.execute("DELETE FROM away")
    assert library.prune() == 0
    mount(aside, music)
    assert len(library.prunable()) == N  # and no scan has found them yet
    assert counts(library.scan(music)) == {"unchanged": N}


def test_what_was_removed_comes_back_as_it_was_and_costs_nothing(
    library: Library, music: Path, embedder: Counting
):
    before, values = state(library), {track.id: library.values(track) for track in library}
    mix = library.playlists.create("Mix", [track for track, _, _ in before])
    aside = unmount(music)
    library.scan(music)
    assert library.prune(away=True) == N
    assert len(library) == 0
    n, n_bytes = library.removed()
    assert (n, n_bytes > 0) == (N, True)
    tag(aside / "home" / "Album 2" / "0.wav", "Other 0")  # known by its audio all the same
    mount(aside, music)
    report = library.scan(music)
    assert (counts(report), report.exit_code, report.audio_s) == ({"returned": N}, 0, 0)
    assert embedder.sounds == 0
    assert state(library) == before
    assert {track.id: library.values(track) for track in library} == values
    assert library.playlists.tracks(mix) == [track for track, _, _ in before]
    assert library.removed() == (0, 0)
    library.verify()


def test_what_comes_back_to_a_library_with_more_networks_has_its_id(library: Library, music: Path, tmp_path):
    before = state(library)
    aside = unmount(music)
    library.scan(music)
    library.prune(away=True)
    with closing(sqlite3.connect(library.path / "removed.sqlite")) as db, db:
        db.execute("DELETE FROM vectors")  # as if they were of another network
    for path in aside.rglob("*.wav"):
        tag(path, f"Other {path.stem}")
    mount(aside, music)
    assert counts(library.scan(music)) == {"returned": N}
    assert state(library) == before
    assert library.removed() == (0, 0)


def test_nothing_is_kept_of_what_shall_be_forgotten(library: Library, music: Path, embedder: Counting):
    shutil.rmtree(music / "usb" / "Artist" / "Album 0")
    library.scan(music)
    assert library.prune(keep=False) == 2
    assert library.removed() == (0, 0)
    shutil.rmtree(music / "usb" / "Artist" / "Album 1")
    library.scan(music)
    assert library.prune(older_than_s=3600) == 0
    assert library.prune() == 2
    assert library.removed()[0] == 2
    library.forget_removed()
    assert library.removed() == (0, 0)


def test_a_damaged_file_of_removed_tracks_stops_nothing(library: Library, music: Path):
    (library.path / "removed.sqlite").write_bytes(b"no database " * 1000)
    shutil.rmtree(music / "usb" / "Artist" / "Album 0")
    assert counts(library.scan(music)) == {"unchanged": 4, "newly_missing": 2}
    assert (library.prune(), library.removed()) == (2, (0, 0))


def test_a_copy_of_a_known_file_costs_no_analysis(library: Library, music: Path, embedder: Counting):
    shutil.copy(music / "home" / "Album 2" / "0.wav", music / "home" / "copy.wav")
    assert counts(library.scan(music)) == {"added": 1, "unchanged": N}
    a, b = (track for track in library if Path(track.path).name in ("0.wav", "copy.wav"))
    assert (library.values(a), embedder.sounds) == (library.values(b), 0)


def test_the_commands_ask_and_say_what_is_away(segue, library: Library, music: Path):
    command = ("--library", library.path)
    unmount(music / "usb")
    code, out, err = segue(*command, "scan", music)
    assert (code, out.split(";")[0]) == (1, "2 unchanged, 4 away")
    assert "is it mounted?" in err
    code, out, err = segue(*command, "prune", "--yes")
    assert (code, out) == (0, f"0 removed, {N} tracks left\n")
    assert f"4 tracks are away with all of {music / 'usb'}: is it mounted?" in err
    code, out, err = segue(*command, "prune", "--away", "--yes")
    assert out == "4 removed, 2 tracks left\n"
    assert "vectors of 4 removed tracks are kept for their return" in err
    assert segue(*command, "prune", "--forget")[1] == "0 removed, 2 tracks left\n"
    assert library.removed() == (0, 0)
    shutil.rmtree(music)
    assert segue(*command, "scan", music)[0] == 1
    code, _, err = segue(*command, "scan", music.parent / "nowhere")
    assert (code, "does not exist" in err) == (2, True)
    assert segue("--library", music.parent / "none", "scan", music.parent / "nowhere")[0] == 2
    assert not (music.parent / "none").exists()
