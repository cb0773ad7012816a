"""Imports that are killed at any point, or interrupted, and started again."""

from __future__ import annotations

import numpy as np
import pytest

import segue.ingest.records
import segue.sources.audioset.source
import segue.sources.csv_records
import segue.sources.vectors.arrays
from segue.library import Library
from segue.sources.audioset import AudioSet, Segment, write_tfrecords
from segue.sources.table import Table
from segue.sources.vectors import Vectors
from tests.following import Telling
from tests.sounds import start
from tests.tables import songs, write_csv

N = 2000
BATCH = 256
SOURCES = {"table": Table, "audioset": AudioSet, "vectors": Vectors}


def write(kind, folder):
    rng = np.random.default_rng(5)
    if kind == "table":
        return write_csv(folder / "songs.csv", songs(N))
    if kind == "vectors":
        np.save(folder / "rows.npy", rng.standard_normal((N, 16), np.float32))
        return folder / "rows.npy"
    frames = rng.integers(0, 256, (N, 10, 128), np.uint8)
    segments = [Segment(f"video{i:06d}", 30.0, 40.0, (i % 5,), frames[i]) for i in range(N)]
    write_tfrecords(segments, folder / "vi.tfrecord")
    return folder / "vi.tfrecord"


def state_of(library):
    """All that is known of each track, but for what depends on the time, by its name at the source."""
    (space,) = library.spaces()
    heard = {track.id: windows.tobytes() for track, windows in library.windows(space)}
    return {
        t.source_id: (t.id, t.tags, t.details, t.url, vector.tobytes(), heard.get(t.id))
        for t, vector in library.rows(space)
    }


def import_in_small_commits(send, kind, path, library_path):
    segue.ingest.records.COMMIT_RECORDS = 1
    segue.sources.csv_records.BATCH = segue.sources.contract.BATCH = BATCH
    segue.sources.audioset.source.BATCH_SEGMENTS = BATCH
    segue.sources.vectors.arrays.BATCH_BYTES = 1
    with Library.open(library_path, create=True) as library:
        library.import_from(SOURCES[kind](path), progress=Telling(send.in_step))
    send("done")


@pytest.fixture(scope="module", params=list(SOURCES))
def undisturbed(request, tmp_path_factory):
    """A kind of source, its file, and what a library knows after it."""
    folder = tmp_path_factory.mktemp(request.param)
    path = write(request.param, folder)
    with Library.open(folder / "library", create=True) as library:
        library.import_from(SOURCES[request.param](path))
        return request.param, path, state_of(library)


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 3, 6])
def test_an_import_after_a_killed_one_ends_like_an_undisturbed_one(undisturbed, tmp_path, after):
    kind, path, expected = undisturbed
    assert len(expected) == N
    process, receiver = start(import_in_small_commits, kind, path, tmp_path / "library")
    for _ in range(after):
        assert receiver.recv() != "done"
    process.kill()
    process.join()
    assert process.exitcode < 0
    with Library.open(tmp_path / "library") as library:
        library.verify()
        before = len(library)
        assert (after - 1) * BATCH <= before < N
        assert state_of(library).items() <= expected.items() if before else True
        report = library.import_from(SOURCES[kind](path))
        assert (report.unchanged, report.added, report.changed) == (before, N - before, 0)
        assert state_of(library) == expected
        library.verify()
        again = library.import_from(SOURCES[kind](path))
        assert (again.unchanged, again.added, again.changed, again.newly_missing) == (N, 0, 0, 0)
