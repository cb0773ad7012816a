"""Files that were tagged, moved, linked or restored: a scan does not analyze again what it knows."""

from __future__ import annotations

import os
import shutil
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from mutagen.id3 import TIT2
from mutagen.wave import WAVE

from segue.embed.descriptors import Descriptors
from segue.ingest.report import Report
from segue.library import Library
from segue.sound import Excerpts
from segue.spec import Embedding
from tests.sounds import clip

N = 4


class Counting(Descriptors):
    """Counts the sounds that it embeds."""

    def __init__(self) -> None:
        super().__init__()
        self.sounds = 0

    def embed(self, sound: Excerpts) -> Embedding:
        self.sounds += 1
        return super().embed(sound)


@pytest.fixture
def music(tmp_path: Path) -> Path:
    for i in range(N):
        path = tmp_path / "music" / f"Album {i % 2}" / f"{i}.wav"
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


def tag(path: Path, title: str, *, keep_time: bool = False) -> Path:
    times = path.stat()
    file = WAVE(path)
    if file.tags is None:
        file.add_tags()
    file.tags.add(TIT2(text=[title]))
    file.save()
    if keep_time:
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    return path


def counts(report: Report) -> dict[str, int]:
    return {name: n for name, n in report.counts().items() if n}


def ids(library: Library) -> dict[str, str]:
    return {track.title: track.id for track in library}


def test_a_tag_edit_costs_a_tag_edit(library: Library, music: Path, embedder: Counting):
    before = {track.path: track.id for track in library}
    vectors, stamp = library.vectors()[1].tolist(), library.snapshot().stamp
    for path in music.rglob("*.wav"):
        tag(path, f"New {path.stem}")
    assert counts(library.scan(music)) == {"retagged": N}
    assert embedder.sounds == 0
    assert {track.path: track.id for track in library} == before
    assert sorted(ids(library)) == [f"New {i}" for i in range(N)]
    assert library.vectors()[1].tolist() == vectors
    assert library.snapshot().stamp != stamp  # what was learned from tags is learned anew
    assert [found.title for found in library.tracks.search("New 2")] == ["New 2"]
    stamp = library.snapshot().stamp
    assert counts(library.scan(music, full=True)) == {"unchanged": N}
    assert library.snapshot().stamp == stamp


def test_tags_that_a_tagger_wrote_without_a_trace_in_size_and_time_are_seen(library: Library, music: Path):
    tag(music / "Album 0" / "0.wav", "Long 0", keep_time=True)  # as long as "Song 0"
    assert counts(library.scan(music)) == {"retagged": 1, "unchanged": N - 1}
    assert "Long 0" in ids(library)


def test_a_file_whose_change_left_no_trace_at_all_is_seen_by_a_full_scan(library: Library, music: Path):
    path = music / "Album 0" / "0.wav"
    tag(path, "Long 0", keep_time=True)
    with closing(sqlite3.connect(library.path / "catalog.sqlite")) as db, db:
        db.execute("UPDATE file_states SET ctime_ns = ?", (path.stat().st_ctime_ns,))
        db.execute(
            "UPDATE file_states SET ctime_ns = 0 WHERE key NOT IN (SELECT key FROM tracks WHERE path = ?)",
            (str(path),),
        )
    assert counts(library.scan(music)) == {"unchanged": N}
    assert counts(library.scan(music, full=True)) == {"retagged": 1, "unchanged": N - 1}


def test_a_file_that_was_moved_and_tagged_keeps_its_id(library: Library, music: Path, embedder: Counting):
    before = ids(library)
    (music / "Album 0").rename(music / "Renamed")
    tag(music / "Renamed" / "2.wav", "New 2")
    assert counts(library.scan(music)) == {"moved": 2, "unchanged": N - 2}
    assert embedder.sounds == 0
    assert ids(library) == {"New 2" if title == "Song 2" else title: one for title, one in before.items()}


def paths(library: Library) -> dict[str, str]:
    return {track.id: Path(track.path).name for track in library}


def exchange(folder: Path, names: dict[str, str]) -> None:
    for name in names:
        (folder / name).rename(folder / f"{name}.aside")
    for name, new in names.items():
        (folder / f"{name}.aside").rename(folder / new)


@pytest.mark.parametrize("tagged", [False, True])
@pytest.mark.parametrize(
    "names",
    [{"0.wav": "2.wav", "2.wav": "0.wav"}, {"0.wav": "2.wav", "2.wav": "9.wav"}],
    ids=["swapped", "numbered anew"],
)
def test_files_that_take_the_names_of_others_keep_their_ids(
    library: Library, music: Path, embedder: Counting, names: dict[str, str], tagged: bool
):
    before = paths(library)
    exchange(music / "Album 0", names)
    if tagged:
        tag(music / "Album 0" / "2.wav", "New 0")
    assert counts(library.scan(music)) == {"moved": 2, "unchanged": N - 2}
    assert paths(library) == {one: names.get(name, name) for one, name in before.items()}
    assert embedder.sounds == 0
    assert counts(library.scan(music)) == {"unchanged": N}
    assert library.verify()


@pytest.mark.parametrize("noticed", [False, True], ids=["at once", "after a scan"])
def test_an_album_that_is_numbered_anew_after_a_deletion_keeps_its_ids(
    library: Library, music: Path, embedder: Counting, noticed: bool
):
    tracks = paths(library)
    (deleted,) = [one for one, name in tracks.items() if name == "0.wav"]
    album = music / "Album 0"
    (music / "Album 1" / "1.wav").rename(album / "1.wav")
    library.scan(music)
    (album / "0.wav").unlink()
    if noticed:
        assert counts(library.scan(music)) == {"newly_missing": 1, "unchanged": N - 1}
    for number in (1, 2):
        (album / f"{number}.wav").rename(album / f"{number - 1}.wav")
    report = counts(library.scan(music))
    report.pop("newly_missing", None)
    assert report == {"moved": 2, "unchanged": N - 3}
    assert {one: name for one, name in paths(library).items() if one != deleted} == {
        one: {"1.wav": "0.wav", "2.wav": "1.wav"}.get(name, name)
        for one, name in tracks.items()
        if one != deleted
    }
    assert [one.id for one in library.missing()] == [deleted]
    assert embedder.sounds == 0
    assert counts(library.scan(music)) == {"unchanged": N - 1}
    assert library.verify()


def test_a_file_that_was_replaced_by_another_keeps_its_id(library: Library, music: Path):
    tracks = paths(library)
    (music / "Album 0" / "2.wav").rename(music / "Album 0" / "0.wav")
    assert counts(library.scan(music)) == {"changed": 1, "newly_missing": 1, "unchanged": N - 2}
    assert paths(library) == tracks


def test_the_last_file_of_an_album_may_take_the_name_of_a_missing_one(library: Library, music: Path):
    tracks = paths(library)
    (music / "Album 0" / "0.wav").unlink()
    library.scan(music)
    (music / "Album 0" / "2.wav").rename(music / "Album 0" / "0.wav")
    assert counts(library.scan(music)) == {"moved": 1, "unchanged": N - 2}
    swapped = {"0.wav": "2.wav", "2.wav": "0.wav"}
    assert paths(library) == {one: swapped.get(name, name) for one, name in tracks.items()}


def test_a_name_that_another_sound_took_is_no_move(library: Library, music: Path, embedder: Counting):
    before = paths(library)
    exchange(music / "Album 0", {"0.wav": "2.wav", "2.wav": "0.wav"})
    clip(music / "Album 0" / "0.wav", 2000)
    assert counts(library.scan(music)) == {"changed": 2, "unchanged": N - 2}
    assert paths(library) == before


def test_a_changed_sound_is_analyzed_again(library: Library, music: Path, embedder: Counting):
    clip(music / "Album 0" / "0.wav", 1234)
    assert counts(library.scan(music)) == {"changed": 1, "unchanged": N - 1}
    assert embedder.sounds == 1


def test_a_second_path_to_a_file_adds_nothing_and_is_no_failure(
    library: Library, music: Path, tmp_path: Path
):
    file = music / "Album 0" / "0.wav"
    (music / "0 link.wav").symlink_to(file)
    (music / "0 folder").symlink_to(music / "Album 1")
    os.link(file, music / "0 hard.wav")
    report = library.scan(music)
    assert (counts(report), report.exit_code) == ({"unchanged": N, "links": 2}, 0)
    other = tmp_path / "other"
    other.mkdir()
    os.link(file, other / "hard.wav")
    (other / "folder").symlink_to(music / "Album 1")
    report = library.scan(other)
    assert (counts(report), report.exit_code) == ({"links": 3}, 0)
    report = library.scan([other, music])
    assert (report.unchanged, report.newly_missing, report.exit_code) == (N, 0, 0)
    assert len(library) == N


def test_a_first_scan_takes_each_file_once(tmp_path: Path, music: Path, embedder: Counting):
    (music / "0").symlink_to(music / "Album 1")
    os.link(music / "Album 0" / "0.wav", music / "Album 0" / "hard.wav")
    with Library.open(tmp_path / "library", create=True, embedders=[embedder]) as library:
        assert counts(library.scan(music)) == {"added": N, "links": 1}
        assert {Path(track.path).parent.name for track in library} == {"Album 0", "Album 1"}
        (music / "Album 0" / "0.wav").unlink()
        assert counts(library.scan(music)) == {"moved": 1, "unchanged": N - 1}


def test_a_true_copy_is_a_track_of_its_own(library: Library, music: Path):
    shutil.copy2(music / "Album 0" / "0.wav", music / "copy.wav")
    assert counts(library.scan(music)) == {"added": 1, "unchanged": N}


def test_another_form_of_the_same_letters_is_a_move(tmp_path: Path, embedder: Counting):
    nfd, nfc = (tmp_path / "music" / unicodedata.normalize(form, "Ébène") for form in ("NFD", "NFC"))
    nfd.mkdir(parents=True)
    clip(nfd / "song.wav", 300)
    with Library.open(tmp_path / "library", create=True, embedders=[embedder]) as library:
        assert library.scan(nfd.parent).added == 1
        (track,) = library
        nfd.rename(nfc)
        assert counts(library.scan(nfd.parent)) == {"moved": 1}
        (moved,) = library
        assert (moved.id, moved.path, embedder.sounds) == (track.id, str(nfc / "song.wav"), 1)
        nfd.mkdir()
        clip(nfd / "song.wav", 400)  # two folders that look alike are two
        assert counts(library.scan(nfd.parent)) == {"added": 1, "unchanged": 1}


def test_a_library_from_before_learns_what_its_files_hold_without_decoding(
    library: Library, music: Path, embedder: Counting
):
    with closing(sqlite3.connect(library.path / "catalog.sqlite")) as db, db:
        db.execute("DROP TABLE file_states")
    with Library.open(library.path, embedders=[embedder]) as older:
        assert counts(older.scan(music)) == {"unchanged": N}
        for path in music.rglob("*.wav"):
            tag(path, f"New {path.stem}")
        assert counts(older.scan(music)) == {"retagged": N}
        assert embedder.sounds == 0
