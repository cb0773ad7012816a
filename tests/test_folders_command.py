"""Folders of a library: listed, removed, moved; and the library itself, moved and copied."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from segue.errors import LibraryWriteError, UsageError
from segue.library import Library
from tests.sounds import clip, clips
from tests.test_scan_changes import Counting, counts

N = 4


@pytest.fixture
def music(tmp_path: Path) -> Path:
    for i in range(N):
        path = tmp_path / "music" / f"Album {i % 2}" / f"{i}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        clip(path, 300 + 100 * i)
    (tmp_path / "music" / "Album 0" / "bad.wav").write_text("no sound")
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


def paths(library: Library) -> dict[str, str]:
    return {track.id: track.path for track in library}


def test_folders_say_what_became_of_their_tracks(library: Library, music: Path):
    (music / "Album 0" / "0.wav").unlink()
    library.scan(music)
    (folder,) = library.scanned_folders()
    assert (folder.path, folder.tracks, folder.missing, folder.away, folder.there) == (
        str(music), N - 1, 1, 0, True,
    )  # fmt: skip
    shutil.rmtree(music)
    assert [(f.away, f.there) for f in library.scanned_folders()] == [(1, False)]


def test_a_removed_folder_goes_with_its_tracks_and_comes_back_for_nothing(
    library: Library, music: Path, embedder: Counting, tmp_path: Path
):
    other = tmp_path / "other"
    clips(other, 2, first_hz=2000)
    library.scan(other)
    library.exclude(music, ["*.flac"])
    before = paths(library)
    assert library.remove_folder(music) == N
    assert (len(library), library.failures(), library.folders.exclusions()) == (2, [], {})
    assert library.folders.all() == [str(other)]
    embedder.sounds = 0
    assert counts(library.scan(music)) == {"returned": N, "failed": 1}
    assert (paths(library), embedder.sounds) == (before, 0)


def test_a_track_of_another_scanned_folder_stays(library: Library, music: Path):
    library.scan(music / "Album 1")
    assert library.remove_folder(music) == N // 2
    assert {Path(path).parent.name for path in paths(library).values()} == {"Album 1"}
    with pytest.raises(UsageError, match=r"was not scanned; folders that were: .*Album 1"):
        library.remove_folder(music)


def test_moved_music_keeps_all_but_its_paths(library: Library, music: Path, embedder: Counting):
    library.exclude(music, ["*.flac"])
    before = paths(library)
    new = music.parent / "elsewhere" / "Music"
    shutil.copytree(music, new, copy_function=shutil.copy2)
    shutil.rmtree(music)
    library.scan(music)
    moved = library.move_folder(music, new)
    assert (moved.moved, moved.there, moved.taken) == (N, N, 0)
    assert paths(library) == {one: path.replace(str(music), str(new)) for one, path in before.items()}
    assert (library.folders.all(), library.folders.exclusions()) == ([str(new)], {str(new): ["*.flac"]})
    assert [failure.path for failure in library.failures()] == [str(new / "Album 0" / "bad.wav")]
    assert library.missing() == []
    assert counts(library.scan(new)) == {"unchanged": N, "still_failing": 1}
    assert embedder.sounds == 0


def test_a_folder_may_move_into_itself_and_past_tracks_that_are_there(library: Library, music: Path):
    new = music / "Album 0"
    for path in list(music.rglob("*.wav")):
        (new / path.relative_to(music)).parent.mkdir(parents=True, exist_ok=True)
        path.rename(new / path.relative_to(music))
    assert library.move_folder(music, new).moved == N
    assert all(Path(path).is_file() for path in paths(library).values())
    copy = music.parent / "copy"
    shutil.copytree(music, copy)
    library.scan(copy / "Album 0" / "Album 1")
    moved = library.move_folder(music, copy)
    assert (moved.moved, moved.taken) == (N // 2, N // 2)


def test_a_move_to_where_nothing_is_changes_nothing(library: Library, music: Path, tmp_path: Path):
    before = paths(library)
    with pytest.raises(UsageError, match=r"none of 4 files is below .*nowhere; expected .*\.wav"):
        library.move_folder(music, tmp_path / "nowhere")
    with pytest.raises(UsageError, match="no track lies below"):
        library.move_folder(tmp_path / "nowhere", music)
    assert paths(library) == before


def test_a_moved_library_just_works(library: Library, music: Path, tmp_path: Path):
    library.close()
    library.path.rename(tmp_path / "moved")
    with Library.open(tmp_path / "moved", embedders=[Counting()]) as moved:
        assert counts(moved.scan(music)) == {"unchanged": N, "still_failing": 1}
        assert len(moved.similar(next(iter(moved)), k=3).matches) == 3
        assert moved.verify() == 3


@pytest.mark.slow
def test_a_backup_is_the_library_of_one_moment_while_others_write(library: Library, tmp_path: Path):
    """Backups are made while a scan adds tracks and prunes rewrite the matrices."""
    library.playlists.create("Mix", list(paths(library)))
    more = tmp_path / "more"
    clips(more, 60, first_hz=2000)
    done = threading.Event()

    def write() -> None:
        with Library.open(library.path, embedders=["descriptors"]) as other:
            other.scan(more, jobs=1)
            for path in sorted(more.iterdir())[::3]:
                path.unlink()
            other.scan(more, jobs=1)
            other.prune()
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    n = 0
    while not done.is_set() or not n:
        n += 1
        assert library.back_up(tmp_path / f"backup {n}") > 0
    writer.join()
    for i in range(1, n + 1):
        with Library.open(tmp_path / f"backup {i}") as copy:
            assert copy.verify() == 3
            assert N <= len(copy) <= N + 60
            assert set(paths(library)) >= {one for one, path in paths(copy).items() if "music" in path}
            assert [playlist.n for playlist in copy.playlists.all()] == [N]
    assert not list(tmp_path.glob(".*.part"))


def test_a_backup_goes_nowhere_but_to_a_new_folder(library: Library, tmp_path: Path, music: Path):
    with pytest.raises(UsageError, match="is there already"):
        library.back_up(music)
    with pytest.raises(UsageError, match="in the library itself"):
        library.back_up(library.path / "copy")
    with pytest.raises(LibraryWriteError, match="cannot be copied"):
        library.back_up(music / "Album 0" / "0.wav" / "copy")
    (tmp_path / "empty").mkdir()
    (tmp_path / ".empty.99999999.part").mkdir()
    library.back_up(tmp_path / "empty")
    assert not (tmp_path / ".empty.99999999.part").exists()
    assert os.name == "nt" or (tmp_path / "empty").stat().st_mode & 0o777 == 0o700


def test_a_dismissed_failure_is_back_when_its_file_changes(library: Library, music: Path):
    bad = music / "Album 0" / "bad.wav"
    with pytest.raises(UsageError, match="no file failed at"):
        library.dismiss_failures(music / "Album 1")
    assert library.dismiss_failures(music / "Album 0") == 1
    assert (library.failures(), library.overview().failures) == ([], 0)
    assert [failure.path for failure in library.failures(dismissed=True)] == [str(bad)]
    report = library.scan(music)
    assert (counts(report), report.exit_code) == ({"unchanged": N, "still_failing": 1}, 0)
    assert library.failures() == []
    bad.write_text("other text")
    assert library.scan(music).exit_code == 1
    assert [failure.path for failure in library.failures()] == [str(bad)]
    assert library.dismiss_failures() == 1
    assert library.dismiss_failures(again=True) == 1
    assert library.overview().failures == 1


def test_the_commands_change_folders_and_copy_the_library(
    segue, library: Library, music: Path, tmp_path: Path
):
    command = ("--library", library.path)
    assert segue(*command, "failures", "--dismiss")[1] == "1 failures dismissed\n"
    assert segue(*command, "failures")[1] == "no failures\n"
    assert "bad.wav" in segue(*command, "failures", "--all")[1]
    assert segue(*command, "failures", "--show-again", music)[1] == "1 failures are shown again\n"
    music.rename(tmp_path / "new")
    assert segue(*command, "folders", "move", music, tmp_path / "new")[1] == (
        "4 tracks moved, with 4 of the files in place\n"
    )
    code, out, _ = segue(*command, "backup", tmp_path / "copy")
    assert (code, out.startswith("4 tracks, ")) == (0, True)
    assert segue(*command, "folders", "remove", tmp_path / "new")[0] == 2
    assert segue(*command, "folders", "remove", tmp_path / "new", "--yes")[1] == "4 removed, 0 tracks left\n"
    assert json.loads(segue(*command, "folders", "list", "--json")[1]) == []
    (folder,) = json.loads(segue("--library", tmp_path / "copy", "folders", "list", "--json")[1])
    assert folder == {
        "path": str(tmp_path / "new"), "tracks": 4, "missing": 0, "away": 0, "there": True, "exclude": [],
    }  # fmt: skip
