"""What people keep in a library beside the tracks; and the short way of the service to its answers."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from segue.catalog.folders import display_path
from segue.catalog.user_data import TABLES
from segue.errors import LibraryWriteError
from segue.library import Library
from segue.progress import Silent
from segue.serve.http.thread_pool import Pool
from segue.serve.serializers import matches_record
from segue.serve.similar_cache import SimilarCache
from tests.conftest import write_music
from tests.sounds import clips
from tests.waiting import PATIENCE_S

NAMES = [line.split()[2] for line in TABLES.splitlines() if line.startswith("CREATE TABLE")]


@pytest.fixture
def root(scanned: Path, tmp_path: Path) -> Path:
    shutil.copytree(scanned, tmp_path / "library")
    return tmp_path / "library"


def without_tables(root: Path) -> None:
    """As it was before there were any."""
    db = sqlite3.connect(root / "catalog.sqlite")
    for name in NAMES:
        db.execute(f"DROP TABLE {name}")
    db.commit()
    db.close()


def test_a_library_from_before_gets_the_tables_when_it_is_opened(root: Path):
    without_tables(root)
    with Library.open(root) as library:
        assert library.playlists.all() == []
        ids = [track.id for track in library][:2]
        name = library.playlists.create("First", ids)
    with Library.open(root) as library:
        assert library.playlists.tracks(name) == ids


def test_a_library_from_before_that_cannot_be_written_has_empty_ones(
    root: Path, monkeypatch: pytest.MonkeyPatch
):
    without_tables(root)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with Library.open(root) as library:
        assert library.playlists.all() == []
        assert library.folders.all() == []
        assert library.feedback.plays() == {}
    monkeypatch.undo()
    db = sqlite3.connect(root / "catalog.sqlite")
    assert not set(NAMES) & {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
    db.close()


def test_what_is_kept_is_read_where_nothing_can_be_written(root: Path, monkeypatch: pytest.MonkeyPatch):
    with Library.open(root) as library:
        library.playlists.create("Kept", [])
    monkeypatch.setattr(os, "access", lambda *_: False)
    with Library.open(root) as library:
        assert [playlist.name for playlist in library.playlists.all()] == ["Kept"]
        with pytest.raises(LibraryWriteError, match="cannot be written"):
            library.playlists.create("New", [])


def test_a_playlist_need_not_wait_for_a_scan(root: Path):
    with Library.open(root) as library, library.catalog.writing():
        library.playlists.create("Meanwhile", [])
        assert library.playlists.all()[0].name == "Meanwhile"


def test_a_playlist_keeps_its_tracks_through_a_prune(tmp_path: Path):
    paths = write_music(tmp_path / "music")
    with Library.open(tmp_path / "library", create=True) as library:
        library.scan(tmp_path / "music")
        low, high = library.find("Low number 0").id, library.find("High number 0").id
        name = library.playlists.create("Two", [low, high])
        paths["low0"].unlink()
        library.scan(tmp_path / "music")
        library.prune()
        found = library.playlists.get(name)
        assert found is not None
        assert found.n == 1
        there = library.tracks.by_ids(library.playlists.tracks(name))
        assert [track.id for track in there] == [high]


def test_scanned_folders_are_remembered_but_not_single_files(tmp_path: Path):
    first, *_ = clips(tmp_path / "a", 2)
    clips(tmp_path / "b", 1)
    with Library.open(tmp_path / "library", create=True) as library:
        library.scan([first, tmp_path / "b"])
        assert library.folders.all() == [str(tmp_path / "b")]


def test_a_scan_can_be_stopped_from_another_thread(tmp_path: Path):
    clips(tmp_path / "music", 30)
    stop = threading.Event()

    class Stopping(Silent):
        def advance(self, done: int, tally: str = "") -> None:
            stop.set()

    with Library.open(tmp_path / "library", create=True) as library:
        report = library.scan(tmp_path / "music", progress=Stopping(), jobs=1, stop=stop)
        assert report.interrupted
        assert 1 <= len(library) == report.added < 30
        assert library.scan(tmp_path / "music").added == 30 - report.added


def test_paths_are_shown_from_their_folder_on():
    home = Path(os.sep, "home", "me")
    folders = [str(home / "Music"), str(home / "Music" / "New")]
    assert display_path(str(home / "Music" / "A" / "x.flac"), folders) == "Music/A/x.flac"
    assert display_path(str(home / "Music" / "New" / "y.flac"), folders) == "New/y.flac"
    assert display_path(str(Path(os.sep, "a", "b", "c", "d", "z.flac")), folders) == "c/d/z.flac"
    assert display_path(str(home / "MusicOther" / "q.flac"), folders) == "me/MusicOther/q.flac"


def test_the_short_way_gives_the_same_answers(root: Path):
    with Library.open(root) as library:
        ids = [track.id for track in library]
        pool = Pool("test", 2)

        async def ask() -> list[bytes | None]:
            cache = SimilarCache(library, pool)
            found = [await cache.similar([name], 4) for name in ids] + [await cache.similar(ids[:3], 4)]
            together = await asyncio.gather(*(cache.similar([name], 4) for name in ids))
            assert together == found[: len(ids)]
            found += [await cache.similar(["unknown"], 4), await cache.similar(ids[:1], 1000)]
            cache.close()
            return found

        *answers, unknown, too_many = asyncio.run(ask())
        assert (unknown, too_many) == (None, None)
        folders = library.folders.all()
        for seeds, answer in zip([*([name] for name in ids), ids[:3]], answers, strict=True):
            expected = matches_record(library.similar(seeds, k=4), {}, folders)
            found = json.loads(answer)
            assert [m["track"] for m in found["matches"]] == [m["track"] for m in expected["matches"]]
            for mine, theirs in zip(found["matches"], expected["matches"], strict=True):
                assert mine["score"] == pytest.approx(theirs["score"], abs=2e-4)
        pool.close(library.close)


def test_the_short_way_sees_what_is_written(root: Path, tmp_path: Path):
    (new,) = clips(tmp_path / "new", 1)
    pool = Pool("test", 2)

    async def ask(cache: SimilarCache) -> bytes | None:
        return await cache.similar([track], 12)

    async def course() -> tuple[bytes | None, bytes | None]:
        cache = SimilarCache(library, pool)
        before = await ask(cache)
        await asyncio.get_running_loop().run_in_executor(None, write)
        async with asyncio.timeout(PATIENCE_S):
            while (after := await ask(cache)) is None:
                await asyncio.sleep(0.01)
        cache.close()
        return before, after

    def write() -> None:
        with Library.open(root) as other:
            other.scan(new)

    with Library.open(root) as library:
        track = next(iter(library)).id
        before, after = asyncio.run(course())
        pool.close(library.close)
    assert before is None  # there are 11 others
    assert after is not None
    assert b"000.wav" in after
