"""segue check finds what does not fit together, names it, and mends what can be mended."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from contextlib import closing

import numpy as np
import pytest

from segue.catalog import sums
from segue.errors import LibraryFormatError
from segue.library import Library
from segue.sources.audioset import AudioSet, Segment, write_tfrecords
from segue.sources.vectors import Vectors
from tests.conftest import write_music

pytestmark = pytest.mark.slow


def segments(n):
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (n, 3, 128)).astype(np.uint8)
    return [Segment(f"video{i:04d}", 30, 33, (i % 5, 9), frames[i]) for i in range(n)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A library of scanned files, vectors, and segments with labels."""
    folder = tmp_path_factory.mktemp("whole")
    write_music(folder / "music")
    write_tfrecords(segments(200), folder / "a.tfrecord")
    with Library.open(folder / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(folder / "music")
        library.import_from(AudioSet(folder / "a.tfrecord"))
        rng = np.random.default_rng(1)
        library.import_from(Vectors(rng.standard_normal((100, 4)), metadata=_titles(100), name="mine"))
        assert library.check().is_whole
    return folder


def _titles(n):
    return {"id": [str(i) for i in range(n)], "title": [f"Song {i}" for i in range(n)]}


@pytest.fixture
def root(whole, tmp_path):
    shutil.copytree(whole / "library", tmp_path / "library")
    return tmp_path / "library"


def damage(root, *statements):
    with closing(sqlite3.connect(root / "catalog.sqlite")) as db, db:
        for statement in statements:
            db.execute(statement)


def connected(root):
    return closing(sqlite3.connect(root / "catalog.sqlite"))


def are_kept_sums_true(root):
    with connected(root) as db:
        return all(sums.stored(db, part) == sums.counted(db, part) for part in ("tracks", "labels"))


REVERSED = (
    "UPDATE tracks SET row = -1 - row",
    "UPDATE tracks SET row = (SELECT max(-1 - row) + min(-1 - row) FROM tracks) - (-1 - row)",
)
NOT_AS_WRITTEN = "tracks, their rows and contents are not as they were written"
LABELS_NOT_AS_WRITTEN = "labels are not as they were written"
EXCHANGED = (
    "UPDATE tracks SET row = -7 WHERE key = 20",
    "UPDATE tracks SET row = 19 WHERE key = 21 AND row = 20",
    "UPDATE tracks SET row = 20 WHERE key = 20",
)
MOVED = (
    "UPDATE labels SET key = -key",
    "UPDATE labels SET key = CASE key WHEN -13 THEN 212 ELSE -key - 1 END",
)
TRIGGER = "CREATE TRIGGER bad AFTER INSERT ON tracks BEGIN DELETE FROM tracks; END"
DAMAGES = {
    "all rows reversed": (*REVERSED, NOT_AS_WRITTEN),
    "two rows exchanged": (*EXCHANGED, f"{NOT_AS_WRITTEN}, among 63 tracks"),
    "rows out of range": ("UPDATE tracks SET row = row + 1000000", "cannot be theirs: of 312 tracks"),
    "a row below zero": ("UPDATE tracks SET row = -5 WHERE key = 3", "cannot be theirs: of 1 track ("),
    "half deleted": ("DELETE FROM tracks WHERE key % 2 = 0", "156 of 312 tracks are missing"),
    "another content": ("UPDATE tracks SET content_hash = 'x' WHERE key = 30", NOT_AS_WRITTEN),
    "another id": ("UPDATE tracks SET id = 'ffff' WHERE key = 30", NOT_AS_WRITTEN),
    "labels of no track": ("UPDATE labels SET key = key + 1000000", "400 labels of no track"),
    "labels moved": (*MOVED, LABELS_NOT_AS_WRITTEN),
    "labels deleted": ("DELETE FROM labels WHERE key = 40", LABELS_NOT_AS_WRITTEN),
    "another score": ("UPDATE labels SET score = 0.5 WHERE key = 40", LABELS_NOT_AS_WRITTEN),
    "words emptied": ("DELETE FROM track_text", "312 tracks cannot be searched"),
    "words of others": (
        "UPDATE track_text SET title = 'x' WHERE rowid = 9",
        "1 track indexed under other",
    ),
    "words left": ("INSERT INTO track_text (rowid) VALUES (9999)", "words of 1 track are indexed"),
    "a hostile trigger": (TRIGGER, "a trigger that is not Segue's: bad"),
    "a view": ("CREATE VIEW odd AS SELECT * FROM tracks", "a view that is not Segue's: odd"),
    "details": (
        "UPDATE tracks SET details = '[' WHERE key > 300",
        "the details of 12 tracks are no object",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_each_damage_is_found_named_and_mended(root, whole, name, segue):
    *statements, message = DAMAGES[name]
    damage(root, *statements)
    with Library.open(root) as library:
        found = library.check()
        assert any(message in fault.message for fault in found.faults), found.faults
        assert all(fault.mendable for fault in found.faults)
        with pytest.raises(LibraryFormatError):
            library.verify()
    place = ("--library", root)
    code, _, err = segue(*place, "check")
    assert (code, message in err, "check --repair" in err) == (1, True, True)
    code, out, err = segue(*place, "check", "--repair")
    assert (code, "mended: " in out, "all checksums match" in out) == (0, True, True), err
    assert are_kept_sums_true(root)
    with Library.open(root, embedders=["descriptors"]) as library:
        library.scan(whole / "music")
        library.import_from(AudioSet(whole / "a.tfrecord"))
        rng = np.random.default_rng(1)
        library.import_from(Vectors(rng.standard_normal((100, 4)), metadata=_titles(100), name="mine"))
        assert library.check().is_whole
    assert answers(root, whole) == answers(whole / "library", whole)


def answers(root, whole):
    """What the library says of each track: its vectors in each space, its labels and its words."""
    with Library.open(root, embedders=["descriptors"]) as library, connected(root) as db:
        vectors = {
            (space, library[track_id].path): vector.tobytes()
            for space in library.spaces()
            for track_id, vector in zip(*library.vectors(space), strict=True)
            if track_id != "ffff"
        }
        sql = "SELECT path, source_id, space, label, score FROM labels JOIN tracks USING (key)"
        found = [track.path for track in library.tracks.search("Song 7")]
        return vectors, sorted(map(str, db.execute(sql))), sorted(found)


def test_what_cannot_be_mended_is_said(root, segue):
    matrix = next((root / "vectors" / "vectors-1").glob("pooled-*"))
    data = bytearray(matrix.read_bytes())
    data[100] ^= 1
    matrix.write_bytes(data)
    code, _, err = segue("--library", root, "check", "--repair")
    assert (code, "checksum" in err, "cannot be mended" in err) == (1, True, True)
    record = json.loads(segue("--library", root, "check", "--json")[1])
    assert [(fault["kind"], fault["mendable"]) for fault in record["faults"]] == [("matrix", False)]
    matrix.unlink()
    assert "is missing; restore it" in segue("--library", root, "check")[2]


def test_nothing_is_written_under_a_foreign_trigger(root, whole):
    damage(root, TRIGGER)
    with Library.open(root, embedders=["descriptors"]) as library:
        n = len(library)
        with pytest.raises(LibraryFormatError, match="trigger bad"):
            library.import_from(Vectors(np.eye(4), name="new"))
        assert len(library) == n


def test_a_library_without_sums_says_so_and_gets_them_with_the_next_commit(root):
    damage(root, "DROP TABLE sums")
    with Library.open(root) as library:
        report = library.check()
        assert (report.is_whole, ["no checksum yet" in note for note in report.notes]) == (True, [True])
        library.import_from(Vectors(np.eye(4), name="new"))
        report = library.check()
        assert (report.is_whole, report.notes) == (True, [])
    assert are_kept_sums_true(root)


def test_every_change_keeps_the_sums(root, whole, tmp_path):
    music = tmp_path / "music"
    shutil.copytree(whole / "music", music)
    matrix = np.random.default_rng(3).standard_normal((40, 4))
    with Library.open(root, embedders=["descriptors"]) as library:

        def check():
            assert library.check().is_whole
            assert are_kept_sums_true(root)

        library.scan(music)
        check()
        next(music.rglob("*.flac")).rename(music / "moved.flac")
        library.scan(music)
        check()
        library.import_from(Vectors(matrix, name="other"))
        matrix[3:9] += 1
        library.import_from(Vectors(matrix[:30], name="other"))
        check()
        shutil.rmtree(music)
        library.scan(whole / "music")
        library.prune(away=True)
        check()
        write_tfrecords(segments(90)[::-1], tmp_path / "b.tfrecord")
        library.import_from(AudioSet(tmp_path / "b.tfrecord"))
        check()


def test_what_is_rolled_back_leaves_the_sums(root):
    class Breaking(Vectors):
        def batches(self):
            yield from super().batches()
            raise RuntimeError("a fault of the source")

    with Library.open(root) as library, pytest.raises(RuntimeError):
        library.import_from(Breaking(np.eye(4), name="new"))
    with Library.open(root) as library:
        assert not [track for track in library if track.source == "new"]
    assert are_kept_sums_true(root)


def test_a_sample_is_analyzed_again_and_compared(root, segue):
    with Library.open(root) as library:
        report = library.check(sample=5)
        assert (report.is_whole, report.sampled, report.differing) == (True, 5, [])
    aside = "UPDATE tracks SET row = -1 - row WHERE row < 12"
    damage(root, aside, "UPDATE tracks SET row = 12 + row WHERE row < 0")
    with Library.open(root) as library:
        report = library.check(sample=12)
        assert (report.sampled, len(report.differing)) == (12, 12)
    code, out, _ = segue("--library", root, "check", "--sample", 3)
    assert (code, "3 files analyzed again, 3 differ" in out) == (1, True)


def test_a_check_while_others_write_finds_nothing_wrong(root):
    stop = threading.Event()

    def write():
        rng = np.random.default_rng(4)
        with Library.open(root) as library:
            while not stop.is_set():
                library.import_from(Vectors(rng.standard_normal((20, 4)), name="other"))
                library.prune()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        with Library.open(root) as library:
            reports = [library.check() for _ in range(8)]
    finally:
        stop.set()
        thread.join()
    assert not [fault for report in reports for fault in report.faults]
