"""What scans leave out: system folders, .nomedia, files of patterns, and what a user excludes."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from segue.errors import UsageError
from segue.library import Library
from segue.sources.audio_files import walk
from tests.sounds import clip


def tree(top: Path, *paths: str) -> None:
    """Empty files: a walk opens none."""
    for path in paths:
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).touch()


def names(top: Path, exclude: dict[str, list[str]] | None = None) -> list[str]:
    """The files that a walk finds; patterns by the names of folders below ``top``."""
    folders = {str(top / name): patterns for name, patterns in (exclude or {}).items()}
    return [os.path.relpath(file.path, top) for file in walk([top], folders).files]


@pytest.mark.parametrize(
    "name",
    [
        "#recycle", "#Recycle", "@Recycle", "$RECYCLE.BIN", "$Recycle.Bin", "RECYCLER", "@eaDir", "__MACOSX",
        "#snapshot", "@Recently-Snapshot", "~snapshot", "@GMT-2026.01.05-00.00.01", ".snapshots", ".zfs",
        "lost+found", "FOUND.000", "System Volume Information", ".Trash-1000", ".Trashes",
        "Network Trash Folder",
    ],
)  # fmt: skip
def test_what_systems_keep_for_themselves_stays_out_at_any_depth(tmp_path: Path, name: str):
    tree(tmp_path, "song.mp3", f"{name}/gone.mp3", f"Album/{name}/deep/gone.mp3", "Album/kept.mp3")
    assert names(tmp_path) == ["song.mp3", "Album/kept.mp3"]


@pytest.mark.parametrize("name", ["Trash", "Recycle", "Snapshot", "tmp", "@Home", "#1 Hits"])
def test_albums_of_similar_names_are_music(tmp_path: Path, name: str):
    tree(tmp_path, f"{name}/song.mp3")
    assert names(tmp_path) == [f"{name}/song.mp3"]


def test_a_system_folder_that_is_named_is_scanned(tmp_path: Path):
    tree(tmp_path, "#recycle/song.mp3", "#recycle/@eaDir/thumb.mp3", "quiet/.nomedia", "quiet/song.mp3")
    assert names(tmp_path / "#recycle") == ["song.mp3"]
    assert names(tmp_path / "quiet") == ["song.mp3"]


def test_nomedia_and_an_empty_file_of_patterns_leave_a_folder_out(tmp_path: Path):
    tree(tmp_path, "a/.nomedia", "a/1.mp3", "a/b/2.mp3", "c/.ndignore", "c/3.mp3", "d/4.mp3")
    (tmp_path / "c" / ".ndignore").write_text("# nothing but a comment\n\n")
    walked = walk([tmp_path])
    assert [Path(file.path).name for file in walked.files] == ["4.mp3"]
    assert [Path(path).name for path in walked.left_out] == ["a", "c"]


def test_a_file_of_patterns_is_read_like_gitignore(tmp_path: Path):
    tree(tmp_path, "1.wav", "2.mp3", "keep.wav", "Skits/3.mp3", "Album/Skits/4.mp3", "Album/5.mp3")
    (tmp_path / ".ndignore").write_text("*.wav\n!keep.wav\n/Skits\n[\n")
    assert names(tmp_path) == ["2.mp3", "keep.wav", "Album/5.mp3", "Album/Skits/4.mp3"]
    (tmp_path / "Album" / ".ignore").write_text("Skits/\n")
    assert names(tmp_path) == ["2.mp3", "keep.wav", "Album/5.mp3"]


def test_patterns_that_would_take_for_ever_are_passed_over(tmp_path: Path):
    tree(tmp_path, "a" * 240 + ".mp3", "b.mp3")
    (tmp_path / ".ndignore").write_text("*a" * 60 + "b\n" + "**/" * 50 + "b\n" + "b.mp3\n" + "x*\n" * 5000)
    started = time.process_time()
    assert names(tmp_path) == ["a" * 240 + ".mp3"]
    assert time.process_time() - started < 5


def test_an_unreadable_file_of_patterns_leaves_nothing_out(tmp_path: Path):
    tree(tmp_path, "a/1.mp3")
    (tmp_path / "a" / ".ndignore").mkdir()
    assert names(tmp_path) == ["a/1.mp3"]


def test_patterns_hold_below_their_folder_whatever_is_named(tmp_path: Path):
    tree(tmp_path, "Books/1.mp3", "Album/2.mp3", "Album/2.wav", "Album/Live/3.wav")
    assert names(tmp_path, {".": ["Books/", "*.wav"]}) == ["Album/2.mp3"]
    assert names(tmp_path, {"Album": ["/*.wav"]}) == ["Album/2.mp3", "Album/Live/3.wav", "Books/1.mp3"]
    folders = {str(tmp_path): ["*.wav", "Books/"]}
    assert [Path(file.path).name for file in walk([tmp_path / "Album"], folders).files] == ["2.mp3"]
    assert [Path(file.path).name for file in walk([tmp_path / "Books"], folders).files] == ["1.mp3"]
    tree(tmp_path, "#odd/4.mp3", "!odd/5.mp3")
    assert names(tmp_path, {".": ["#odd/", "!odd/", "Books"]})[0] == "Album/2.mp3"
    assert len(walk([tmp_path / "Album" / "2.wav"], folders).files) == 1


def test_links_come_last_so_that_a_file_keeps_its_own_name(tmp_path: Path):
    tree(tmp_path, "real/1.mp3", "elsewhere/2.mp3")
    music = tmp_path / "real"
    (music / "0 loop").symlink_to(music)
    (music / "0 other").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "a link").symlink_to(music)
    assert [os.path.relpath(file.path, tmp_path) for file in walk([tmp_path]).files] == [
        "elsewhere/2.mp3", "real/1.mp3",
    ]  # fmt: skip
    assert names(music) == ["1.mp3", "0 other/2.mp3"]


def test_patterns_are_kept_with_the_library_and_taken_back(tmp_path: Path):
    music = tmp_path / "music"
    for name in ("song", "Books/chapter"):
        (music / name).parent.mkdir(parents=True, exist_ok=True)
        clip(music / f"{name}.wav", 300 + len(name))
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        assert library.scan(music).added == 2
        library.exclude(music, ["Books/"])
        report = library.scan(music)
        assert (report.unchanged, report.left_out, report.newly_missing) == (1, 1, 1)
        assert report.notes == ["left out: Books"]
        with pytest.raises(UsageError, match=r"does not exclude 'Skits/'; it excludes: 'Books/'"):
            library.include(music, ["Skits/"])
        library.include(music, ["Books/"])
        report = library.scan(music)
        assert (report.unchanged, report.left_out, library.overview().missing) == (2, 0, 0)


def test_a_folder_that_is_left_out_and_scanned_by_itself_stays(tmp_path: Path):
    for name in ("song", "#recycle/gone", "Books/chapter"):
        (tmp_path / "music" / name).parent.mkdir(parents=True, exist_ok=True)
        clip(tmp_path / "music" / f"{name}.wav", 300 + len(name))
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.exclude(tmp_path / "music", ["Books/"])
        assert library.scan([tmp_path / "music" / name for name in ("Books", "#recycle")]).added == 2
        report = library.scan(tmp_path / "music")
        assert (report.added, report.left_out, report.newly_missing) == (1, 2, 0)
        assert library.scan(library.folders.all()).unchanged == 3


@pytest.mark.parametrize("pattern", ["", " ", "a\nb", "/", "*a*b*c"])
def test_what_is_no_pattern_is_refused(tmp_path: Path, pattern: str):
    with (
        Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library,
        pytest.raises(UsageError, match="pattern"),
    ):
        library.exclude(tmp_path, [pattern])


def test_folders_lists_and_changes_what_stays_out(segue, tmp_path: Path):
    music = tmp_path / "music"
    (music / "Books").mkdir(parents=True)
    clip(music / "song.wav", 300)
    clip(music / "Books" / "chapter.wav", 400)
    library = ["--library", str(tmp_path / "library")]
    _, out, err = segue(*library, "scan", music, "-e", "descriptors", "--exclude", "Books/")
    assert out.startswith("1 added, 1 left out")
    assert "left out: Books" in err
    (listed,) = json.loads(segue(*library, "folders", "list", "--json")[1])
    assert (listed["path"], listed["tracks"], listed["exclude"]) == (str(music), 1, ["Books/"])
    assert segue(*library, "folders", "include", music, "Books/")[1].startswith("taken back")
    assert segue(*library, "folders", "exclude", music, "*.flac")[1].startswith("kept")
    assert segue(*library, "scan", music)[1].startswith("1 added, 1 unchanged;")
    row = segue(*library, "folders")[1].splitlines()[-1]
    assert row.startswith(str(music))
    assert row.removeprefix(str(music)).split() == ["2", "*.flac"]


@pytest.mark.parametrize(
    ("files", "exclude", "code", "words"),
    [
        ({"a/.nomedia": "", "a/1.mp3": "", "b/.nomedia": "", "c/2.mp3": ""}, ("/c", "*.ogg"),
         0, "3 are left out, 2 by .nomedia, 1 by /c;"),
        ({".ndignore": "*.mp3\n", "1.mp3": "", "2.mp3": "", "@eaDir/3.mp3": ""}, (),
         0, "3 are left out, 2 by .ndignore, 1 as system folder;"),
        ({"@eaDir/1.mp3": ""}, (), 2, ""),
        ({"a/.nomedia": "", "a/1.mp3": "", "2.mp3": "no sound"}, (), 2, ""),
        ({"a/readme.txt": ""}, ("*.mp3",), 2, ""),
    ],
)  # fmt: skip
def test_a_folder_of_which_all_is_left_out_is_no_failure(segue, tmp_path: Path, files, exclude, code, words):
    for name, text in files.items():
        (tmp_path / "music" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "music" / name).write_text(text)
    options = [word for pattern in exclude for word in ("--exclude", pattern)]
    scan = ("--library", tmp_path / "library", "scan", tmp_path / "music", "-e", "descriptors", *options)
    found, _, err = segue(*scan)
    assert found == code
    assert words in err
    assert ("nothing else is there" in err) == bool(words)


@pytest.mark.parametrize("how", ["nomedia", "exclude", "ndignore"])
def test_what_is_left_out_as_a_whole_is_on_no_disk_that_is_missed(tmp_path: Path, how: str):
    music = tmp_path / "music"
    for i in range(4):
        folder = music / "all" / f"Album {i % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        clip(folder / f"{i}.wav", 300 + 100 * i)
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        assert library.scan(music).added == 4
        if how == "exclude":
            library.exclude(music, ["*.wav"])
        else:
            text = {"nomedia": "", "ndignore": "/Album*/"}[how]
            (music / "all" / f".{how}").write_text(text)
        report = library.scan(music)
        assert (report.newly_missing, report.newly_away, report.away) == (4, 0, 0)
        assert report.left_out == {"nomedia": 1, "exclude": 4, "ndignore": 2}[how]
        assert [note for note in report.notes if "mounted" in note] == []
        assert library.overview().away == 0


def test_what_was_away_and_is_now_left_out_is_missing(tmp_path: Path):
    music = tmp_path / "music"
    for i in range(4):
        (music / "usb" / f"Album {i % 2}").mkdir(parents=True, exist_ok=True)
        clip(music / "usb" / f"Album {i % 2}" / f"{i}.wav", 300 + 100 * i)
    clip(music / "other.wav", 900)
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        assert library.scan(music).added == 5
        (music / "usb").rename(tmp_path / "aside")
        (music / "usb").mkdir()
        assert library.scan(music).newly_away == 4
        (music / "usb" / ".nomedia").touch()
        report = library.scan(music)
        assert (report.unchanged, report.away, report.left_out) == (1, 0, 1)
        assert (library.overview().away, library.overview().missing) == (0, 4)
