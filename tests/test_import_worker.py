"""Tables that a process of its own reads, and what an import leaves to its end."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing

import numpy as np
import pytest

import segue.ingest.records
import segue.sources.contract
import segue.sources.csv_records
from segue.errors import SourceError
from segue.library import Library
from segue.progress import Silent
from segue.sources import worker_process
from segue.sources.audioset import AudioSet, Segment, write_tfrecords
from segue.sources.contract import ImportBatch, Problem, SpaceRows
from segue.sources.fma import FMA
from segue.sources.table import Table
from segue.sources.vectors import Vectors
from segue.spec import Label
from tests.fma_files import write_echonest, write_fma
from tests.sounds import start
from tests.tables import songs, write_csv
from tests.waiting import PATIENCE_S, wait_for

posix_only = pytest.mark.skipif(os.name != "posix", reason="Windows stops no process")
LATE = {"tracks_by_hash", "tracks_by_source", "tracks_by_year", "tracks_by_genre"}
N = 600
BATCH = 100


@pytest.fixture
def table(tmp_path):
    rows = songs(N)
    rows[7]["name"] = 'Ünder "夜", a\nline'
    rows[8]["year"] = 0
    rows[9]["danceability"] = ""
    rows[11]["id"] = rows[10]["id"]
    path = write_csv(tmp_path / "songs.csv", rows)
    with path.open("a", encoding="utf-8") as file:
        file.write("of,three,values\n")
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """More than a pipe holds."""
    path = write_csv(tmp_path_factory.mktemp("large") / "songs.csv", songs(40_000))
    header, rest = path.read_bytes().split(b"\n", 1)
    path.write_bytes(header + b"\nof,three,values\n" + rest)
    return path


@pytest.fixture
def started(monkeypatch):
    """Every file is worth a process, as on a machine with two cores; those that were started."""
    monkeypatch.setattr(worker_process, "MIN_BYTES", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(segue.sources.contract, "BATCH", BATCH)
    monkeypatch.setattr(segue.sources.csv_records, "BATCH", BATCH)
    found = []

    class Noted(subprocess.Popen):
        def __init__(self, *args, **how):
            super().__init__(*args, **how)
            found.append(self)

    monkeypatch.setattr(worker_process.subprocess, "Popen", Noted)
    return found


def words(records):
    return {space: [list(some) for some in labels] for space, labels in records.labels.items()}


def assert_same(one, other):
    a, b = one, other
    assert (a.source, list(a.ids)) == (b.source, list(b.ids))
    assert words(a) == words(b)
    assert {name: list(x) for name, x in a.columns.items()} == {
        name: list(x) for name, x in b.columns.items()
    }
    np.testing.assert_array_equal(a.hashes, b.hashes)
    for space, rows in a.spaces.items():
        for name in ("pooled", "windows", "counts"):
            np.testing.assert_array_equal(getattr(rows, name), getattr(b.spaces[space], name))
            assert getattr(rows, name).dtype == getattr(b.spaces[space], name).dtype
    assert list(one.problems) == list(other.problems)
    assert dict(one.cleaning) == dict(other.cleaning)
    assert one.done == other.done


CHOSEN = {
    "name": "mine",
    "space": "other",
    "columns": {"title": "album"},
    "weights": {"tempo": 3},
    "pad_ids": 12,
}


@pytest.mark.parametrize("how", [{}, CHOSEN])
def test_another_process_reads_the_same(table, started, monkeypatch, how):
    assert_read_alike(Table(table, **how), started, monkeypatch)


def assert_read_alike(source, started, monkeypatch):
    elsewhere = list(source.batches())
    assert len(started) == 1
    assert started[0].returncode is not None
    monkeypatch.undo()
    for one, other in zip(elsewhere, source.read(), strict=True):
        assert_same(one, other)


@pytest.mark.slow
@pytest.mark.parametrize("how", [{}, {"name": "mine"}])
def test_another_process_reads_the_same_of_audioset(tmp_path, started, monkeypatch, how):
    frames = np.random.default_rng(3).integers(0, 256, (5000, 3, 128), np.uint8)
    segments = [Segment(f"video{i:06d}", 1.5, 4.5, (i % 5, 400), frames[i]) for i in range(5000)]
    write_tfrecords(segments, tmp_path / "one.tfrecord")
    (tmp_path / "two.tfrecord").write_bytes((tmp_path / "one.tfrecord").read_bytes()[:777])
    rows = [f'{i},/m/{i},"Name, {i}"' for i in range(5)]
    (tmp_path / "class_labels_indices.csv").write_text("\n".join(["index,mid,display_name", *rows]) + "\n")
    source = AudioSet([tmp_path / "one.tfrecord", tmp_path / "two.tfrecord"], **how)
    (first, second) = source.read()
    assert first.columns["title"][4] == "Name, 4, label 400"
    assert len(first.spaces["audioset-1"].windows) == 3 * len(first.ids)
    assert second.problems
    assert_read_alike(source, started, monkeypatch)


@pytest.mark.parametrize("how", [{}, {"echonest": True, "subset": "medium", "name": "mine"}])
def test_another_process_reads_the_same_of_fma(tmp_path, started, monkeypatch, how):
    folder = write_fma(tmp_path / "fma", range(2, 40))
    write_echonest(folder / "echonest.csv", range(2, 20))
    source = FMA(folder, **how)
    assert len(source.spaces()) == (2 if how else 1)
    assert_read_alike(source, started, monkeypatch)


def test_small_files_are_read_at_once(table, started, monkeypatch):
    monkeypatch.setattr(worker_process, "MIN_BYTES", 1 << 30)
    assert sum(len(batch.ids) for batch in Table(table).batches()) == N
    assert not started


def test_one_core_has_no_use_for_a_second_process(table, started, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert sum(len(batch.ids) for batch in Table(table).batches()) == N
    assert not started


def test_where_no_process_can_be_started_this_one_reads(table, started, monkeypatch):
    monkeypatch.setattr(worker_process.sys, "executable", str(table.parent / "no-python"))
    assert sum(len(batch.ids) for batch in Table(table).batches()) == N
    assert not started


def test_batches_of_any_kind_come_as_they_went():
    batch = ImportBatch(
        "s", ["a\ud800", "b"], np.array([-1, 2**62], np.int64),
        {"title": ["x\n", None], "year": [1999, None], "duration_s": [1.5, float("inf")]},
        {
            "empty": SpaceRows.without_windows(np.zeros((2, 0), np.float32)),
            "windows": SpaceRows(np.ones((2, 3), np.uint8), np.full((3, 3), 7, np.uint8), np.array([1, 2])),
        },
        {"windows": [[Label("Guitar", 0.5)], []]},
        17, [Problem("row 3", "why", "odd")], {"step": 2},
    )  # fmt: skip
    stream = io.BytesIO(
        b"".join(
            [*worker_process.encode_batch(batch), *worker_process.encode_batch(batch), b'{"end":true}\n']
        )
    )
    first, second = worker_process.decode_batches(stream)
    assert_same(first, batch)
    assert_same(second, batch)


def test_a_source_that_cannot_be_read_says_why(table, started):
    source = Table(table)
    table.unlink()
    with pytest.raises(SourceError, match=r"songs.csv cannot be read: No such file"):
        list(source.batches())


@pytest.mark.slow
def test_a_killed_process_is_reported(large, started):
    batches = Table(large).batches()
    next(batches)
    started[0].kill()
    with pytest.raises(SourceError, match="ended too soon; what it had read is kept"):
        list(batches)


@pytest.mark.parametrize("cut", [3, 200, 5000])
def test_a_message_that_is_cut_off_is_not_a_batch(table, cut):
    (batch,) = Table(table).read()
    data = b"".join(worker_process.encode_batch(batch))
    with pytest.raises(SourceError, match="ended too soon"):
        list(worker_process.decode_batches(io.BytesIO(data[:-cut])))


@pytest.mark.slow
def test_who_stops_listening_ends_the_process(large, started):
    batches = Table(large).batches()
    next(batches)
    assert started[0].poll() is None
    batches.close()
    assert started[0].returncode is not None


def test_what_came_before_a_source_breaks_off_is_kept_and_found(table, started, tmp_path, monkeypatch):
    source = Table(table)
    some = list(source.read())[:2]
    n = sum(len(batch.ids) for batch in some) - 1  # one id comes twice

    def breaks_off(made, arguments):
        yield from some
        raise SourceError("broken off")

    with Library.open(tmp_path / "library", create=True) as library:
        monkeypatch.setattr(worker_process, "read_in_worker", breaks_off)
        with pytest.raises(SourceError, match="broken off"):
            library.import_from(source)
        assert len(library) == n
        assert [track.source_id for track in library.tracks.search("Song 5")][:1] == ["song00005"]
        monkeypatch.undo()
        report = library.import_from(Table(table))
        assert (report.unchanged, report.added) == (n, N - 1 - n)


@pytest.mark.slow
@pytest.mark.parametrize("stands_still", [False, pytest.param(True, marks=posix_only)])
def test_ctrl_c_ends_an_import_that_another_process_reads(large, started, tmp_path, stands_still):
    class Interrupting(Silent):
        def advance(self, done, tally=""):
            if stands_still:
                started[0].send_signal(signal.SIGSTOP)
            signal.raise_signal(signal.SIGINT)

    with Library.open(tmp_path / "library", create=True) as library:
        report = library.import_from(Table(large), progress=Interrupting())
        assert report.interrupted
        if stands_still:  # which nobody waits for
            started[0].send_signal(signal.SIGCONT)
        assert len(library) == report.added < 40_000
        assert [f.path for f in library.catalog.failures()] == ["songs:row 1"]
        assert library.tracks.search("Song 5")
        wait_for(lambda: started[0].returncode is not None)
        assert library.import_from(Table(large)).added == 40_000 - report.added


def indexes(path):
    with closing(sqlite3.connect(path / "catalog.sqlite")) as db:
        return {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}


class Waiting(Silent):
    def __init__(self, send):
        self._send = send

    def advance(self, done, tally=""):
        self._send(done)

    def note(self, text):
        self._send(text)


def import_slowly(send, path, library_path):
    segue.ingest.records.COMMIT_RECORDS = 1
    segue.sources.contract.BATCH = segue.sources.csv_records.BATCH = BATCH
    segue.ingest.records.Ahead.is_behind = lambda self: False
    with Library.open(library_path, create=True) as library:
        library.import_from(Table(path), progress=Waiting(send.in_step))
    send("done")


@pytest.mark.slow
@pytest.mark.parametrize("wait_s", [0.0, 0.005, 0.01, 0.02, 0.05])
def test_an_import_killed_while_all_is_put_in_order_lacks_nothing_afterwards(table, tmp_path, wait_s):
    process, receiver = start(import_slowly, table, tmp_path / "library")
    while receiver.recv() != "making the index":
        pass
    time.sleep(wait_s)
    process.kill()
    process.join()
    with Library.open(tmp_path / "library") as library:
        assert len(library) == N - 1
        library.verify()
        assert library.similar("song00005", k=3).matches
        library.prune()
        assert library.tracks.search("Song 5")
        assert indexes(tmp_path / "library") >= LATE


@pytest.mark.slow
def test_the_next_writer_makes_what_a_killed_import_has_left(table, tmp_path):
    process, receiver = start(import_slowly, table, tmp_path / "library")
    batches = 0
    while batches < 3:
        batches += isinstance(told := receiver.recv(), int)
        assert told != "done"
    process.kill()
    process.join()
    assert not LATE & indexes(tmp_path / "library")
    with Library.open(tmp_path / "library") as library:
        assert len(library) >= 2 * BATCH - 1  # one id came before
        assert [track.tags.title for track in library.tracks.by_reference("song00005")] == ["Song 5"]
        assert not library.tracks.search("Song 5")
        library.prune()
        assert library.tracks.search("Song 5")
        assert indexes(tmp_path / "library") >= LATE
        library.import_from(Table(table))
        with closing(sqlite3.connect(tmp_path / "library" / "catalog.sqlite")) as db:
            (words,) = db.execute(
                "SELECT group_concat(rowid) FROM (SELECT rowid FROM track_text ORDER BY rowid)"
            ).fetchone()
            (keys,) = db.execute(
                "SELECT group_concat(key) FROM (SELECT key FROM tracks ORDER BY key)"
            ).fetchone()
            assert words == keys
            db.execute("INSERT INTO track_text (track_text) VALUES ('integrity-check')")


def test_a_report_is_plain_json(table, started, tmp_path):
    with Library.open(tmp_path / "library", create=True) as library:
        report = library.import_from(Table(table))
    found = json.loads(json.dumps(report.as_record()))
    assert found["added"] == N - 1
    assert found["cleaning"]["id that came before, left out"] == 1
    assert found["cleaning"]["year 0, taken as unknown"] == 1
    assert found["problems"] == [[f"row {N + 1}", f"line {N + 3}: 3 values, the header has 24"]]


@pytest.mark.slow
def test_the_worker_ends_with_the_process_that_asked(tmp_path, large):
    request = {
        "path": sys.path, "module": "segue.sources.table.source", "name": "Table",
        "arguments": {"table": str(large)},
    }  # fmt: skip
    process = worker_process.start()
    with process:
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        assert process.stdout.readline().startswith(b"{")
        process.stdin.close()  # as the end of a process does; nobody reads the rest of its answer
        assert process.wait(PATIENCE_S) == 0


@pytest.mark.slow
def test_a_stopped_import_does_not_wait_for_a_source_in_a_long_read(tmp_path):
    stop, begun, over = threading.Event(), threading.Event(), threading.Event()

    class Endless(Vectors):
        def batches(self):
            yield from super().batches()
            begun.set()
            over.wait(300)

    def stop_when_begun():
        begun.wait(300)
        stop.set()

    threading.Thread(target=stop_when_begun, daemon=True).start()
    with Library.open(tmp_path / "library", create=True) as library:
        report = library.import_from(Endless(np.eye(8, dtype=np.float32), name="endless"), stop=stop)
    assert (report.interrupted, over.is_set()) == (True, False)
    over.set()
