"""Scans and prunes that are killed at any moment leave a library whose row i is track i."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import sqlite3
import time

import numpy as np
import pytest

import segue.ingest.audio
from segue.library import Library
from tests.following import Doing, Telling
from tests.sounds import assert_rows_are_tracks, clip, clip_fixtures, clips, embeddings_of, start
from tests.waiting import wait_for

pytestmark = pytest.mark.slow

N_FILES = 42
SMALL_BATCH = 3  # tracks a commit, so that a scan has many moments to be killed in

posix_only = pytest.mark.skipif(os.name != "posix", reason="Windows knows neither signal")


music, embeddings = clip_fixtures(N_FILES)


def assert_no_orphans(library):
    with contextlib.closing(sqlite3.connect(library.path / "catalog.sqlite")) as db:
        named = {row[0] for row in db.execute("SELECT file FROM matrices")}
    assert {path.name for path in (library.path / "vectors").glob("*/*")} == named


def scan_in_small_batches(send, folder, library_path):
    segue.ingest.audio.BATCH_TRACKS = SMALL_BATCH
    send("begun")
    with Library.open(library_path, create=True) as library:
        library.scan(folder)


def scan_in_step(send, folder, library_path):
    """The same, but after each file it waits for the one who listens."""
    segue.ingest.audio.BATCH_TRACKS = SMALL_BATCH
    send("begun")
    with Library.open(library_path, create=True) as library:
        library.scan(folder, progress=Telling(send.in_step))


def prune_for_ever(send, library_path):
    with Library.open(library_path) as library:
        send("begun")
        while True:
            library.prune()
            send("pruned")


def how_long(template, library_path):
    """The s of a prune that nobody kills."""
    shutil.copytree(template, library_path)
    process, receiver = start(prune_for_ever, library_path)
    assert receiver.recv() == "begun"
    began = time.monotonic()
    assert receiver.recv() == "pruned"
    took_s = time.monotonic() - began
    process.kill()
    process.join()
    return took_s


def kill_after(delay_s, function, *args):
    """Start the function in a process of its own and kill it; whether it was still at work."""
    process, receiver = start(function, *args)
    assert receiver.recv() == "begun"
    time.sleep(delay_s)
    process.kill()
    process.join()
    return process.exitcode < 0


def kill_at(chance, n_files, folder, library_path):
    """Scan in a process of its own and kill it after so many files, at some moment within the next one."""
    process, receiver = start(scan_in_step, folder, library_path)
    assert receiver.recv() == "begun"
    began, done = time.monotonic(), 0
    while done < n_files:
        done = receiver.recv()
    time.sleep(chance.uniform(0, time.monotonic() - began) / max(1, n_files))
    process.kill()
    process.join()
    return process.exitcode < 0


@pytest.fixture(scope="module")
def scan_s(music, tmp_path_factory):
    """How long a scan takes that nobody kills."""
    process, receiver = start(scan_in_small_batches, music, tmp_path_factory.mktemp("timed") / "library")
    assert receiver.recv() == "begun"
    started = time.monotonic()
    process.join()
    return time.monotonic() - started


def test_a_scan_killed_at_any_moment_leaves_each_vector_with_its_track(music, embeddings, tmp_path):
    chance, in_the_middle = np.random.default_rng(3), 0
    for i in range(15):
        library_path = tmp_path / f"library {i}"
        killed = kill_at(chance, N_FILES * i // 15, music, library_path)
        with Library.open(library_path, create=True) as library:
            before = len(library)
            assert_rows_are_tracks(library, embeddings)
            assert killed
            in_the_middle += 0 < before < N_FILES
            report = library.scan(music)
            assert (report.unchanged, report.added, report.exit_code) == (before, N_FILES - before, 0)
            assert_rows_are_tracks(library, embeddings)
            assert {track.path for track in library} == {str(path) for path in music.iterdir()}
            assert len(library.similar(next(iter(library)), k=5).matches) == 5
            assert_no_orphans(library)
    assert in_the_middle >= 3, "too few of the kills hit a scan at work"


def test_a_scan_killed_again_and_again_ends_with_every_file_once(music, embeddings, scan_s, tmp_path):
    library_path = tmp_path / "library"
    seen = [0]
    for _ in range(12):
        kill_after(scan_s / 4, scan_in_small_batches, music, library_path)
        with Library.open(library_path, create=True) as library:
            seen.append(len(library))
            assert_rows_are_tracks(library, embeddings)
        if seen[-1] == N_FILES:
            break
    assert seen == sorted(seen)
    with Library.open(library_path) as library:
        library.scan(music)
        assert len(library) == N_FILES
        assert_rows_are_tracks(library, embeddings)
        assert_no_orphans(library)


def test_a_scan_of_changed_files_killed_at_any_moment_keeps_old_or_new_vectors(
    music, embeddings, scan_s, tmp_path
):
    changing = tmp_path / "music"
    shutil.copytree(music, changing)
    with Library.open(tmp_path / "template", create=True) as library:
        library.scan(changing)
    clips(changing, N_FILES, first_hz=210)
    new = embeddings_of(changing)
    both = embeddings | new
    assert len(both) == 2 * N_FILES
    for i in range(5):
        library_path = tmp_path / f"library {i}"
        shutil.copytree(tmp_path / "template", library_path)
        kill_after(scan_s * (i + 0.5) / 5, scan_in_small_batches, changing, library_path)
        with Library.open(library_path) as library:
            assert len(library) == N_FILES
            assert_rows_are_tracks(library, both)
            ids = {track.path: track.id for track in library}
            library.scan(changing)
            assert {track.path: track.id for track in library} == ids
            assert_rows_are_tracks(library, new)
            library.prune()
            assert len(library) == N_FILES
            assert_rows_are_tracks(library, new)
            assert_no_orphans(library)


def test_a_prune_killed_at_any_moment_leaves_each_vector_with_its_track(music, embeddings, tmp_path):
    shrinking = tmp_path / "music"
    shutil.copytree(music, shrinking)
    with Library.open(tmp_path / "template", create=True) as library:
        library.scan(shrinking)
        for path in sorted(shrinking.iterdir())[::3]:
            path.unlink()
        assert library.scan(shrinking).newly_missing == N_FILES // 3
    rng = np.random.default_rng(4)
    orphaned = 0
    for i in range(100):
        if i >= 15 and orphaned >= 2:
            break
        library_path = tmp_path / f"library {i}"
        shutil.copytree(tmp_path / "template", library_path)
        if i % 15 == 0:
            prune_s = how_long(tmp_path / "template", tmp_path / f"timed {i}")
        kill_after(rng.uniform(0, 1.2 * prune_s), prune_for_ever, library_path)
        orphaned += len(list(library_path.glob("vectors/*/*"))) > 3
        with Library.open(library_path) as library:
            assert len(library) in (N_FILES, N_FILES * 2 // 3)
            assert_rows_are_tracks(library, embeddings)
            library.prune()
            assert len(library) == N_FILES * 2 // 3
            assert_rows_are_tracks(library, embeddings)
            assert_no_orphans(library)
            assert library.scan(shrinking).unchanged == N_FILES * 2 // 3
    assert orphaned >= 2, "too few of the kills hit a matrix being written"


@posix_only
def test_nothing_of_a_killed_process_is_left_after_the_next_scan(music, scan_s, tmp_path):
    library_path = tmp_path / "library"
    for share in (0.9, 0.95, 1.0, 1.05):
        shutil.rmtree(library_path, ignore_errors=True)
        kill_after(scan_s * share, scan_in_small_batches, music, library_path)
        with Library.open(library_path, create=True) as library:
            library.scan(music)
            assert_no_orphans(library)
        names = {path.relative_to(library_path).parts for path in library_path.rglob("*") if path.is_file()}
        assert {parts[0] for parts in names} <= {
            "catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm", "writer.lock", "vectors", "index",
        }  # fmt: skip
        assert {parts[1][-6:] for parts in names if parts[0] == "index"} == {".index"}


def make_libraries_for_ever(send, folder):
    send("begun")
    for i in itertools.count():
        Library.open(folder / str(i), create=True).close()


def n_tables(path):
    if not path.exists():
        return 0
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]


def test_a_library_can_be_created_after_a_killed_attempt(tmp_path):
    half_made = 0
    for i in range(200):
        if i >= 8 and half_made >= 2:
            break
        folder = tmp_path / str(i)
        process, receiver = start(make_libraries_for_ever, folder)
        assert receiver.recv() == "begun"
        wait_for(lambda made=folder / str(i % 8): made.exists())
        time.sleep(i % 8 / 150)
        process.kill()
        process.join()
        last = max(folder.iterdir(), key=lambda path: int(path.name))
        half_made += n_tables(last / "catalog.sqlite") == 0
        with Library.open(last, create=True) as library:
            assert len(library) == 0
            library.verify()
        with Library.open(last) as library:
            assert len(library) == 0
    assert half_made >= 2, "too few of the kills hit a library being made"


def scan_and_ask_to_stop(send, after, folder, library_path):
    """A scan that gets Ctrl-C after so many files."""
    segue.ingest.audio.BATCH_TRACKS = SMALL_BATCH
    with Library.open(library_path, create=True) as library:
        asked = Doing(after, lambda: os.kill(os.getpid(), signal.SIGINT))
        report = library.scan(folder, progress=asked, jobs=2)
    send((report.interrupted, report.added, report.exit_code, report.failed))


@posix_only
@pytest.mark.parametrize("after", [1, 3, 8, 13, 21, 30])
def test_a_scan_stopped_by_ctrl_c_keeps_all_finished_files_and_the_next_goes_on(
    after, music, embeddings, tmp_path
):
    process, receiver = start(scan_and_ask_to_stop, after, music, tmp_path / "library")
    interrupted, added, exit_code, failed = receiver.recv()
    process.join()
    assert (interrupted, exit_code, failed) == (True, 130, 0)
    with Library.open(tmp_path / "library") as library:
        assert after <= added < N_FILES
        assert len(library) == added
        assert_rows_are_tracks(library, embeddings)
        report = library.scan(music)
        assert (report.unchanged, report.added, report.interrupted) == (added, N_FILES - added, False)
        assert_rows_are_tracks(library, embeddings)


@posix_only
def test_a_stopped_scan_takes_no_unseen_file_for_missing(music, tmp_path):
    with Library.open(tmp_path / "library", create=True) as library:
        library.scan(music)
    more = tmp_path / "more"
    shutil.copytree(music, more)
    for path in sorted(more.iterdir())[: N_FILES // 2]:
        clip(path, 3000 + int(path.stem))
    with Library.open(tmp_path / "library") as library:
        library.scan(more)
    for path in sorted(more.iterdir()):
        clip(path, 2000 + int(path.stem))
    process, receiver = start(scan_and_ask_to_stop, 1, more, tmp_path / "library")
    receiver.recv()
    process.join()
    with Library.open(tmp_path / "library") as library:
        assert all(track.missing_since is None for track in library)
