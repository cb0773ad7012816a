"""What every source promises: its tests inherit ``SourceContract`` and say how to make one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segue.library import Library
from segue.progress import Silent
from segue.sources.contract import AudioSource, RecordSource, Source

N = 6
Make = Callable[[int], Source]


class Follower(Silent):
    """Remembers how far a source was, and may ask it to stop."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        self.begun: list[tuple[int | None, str]] = []
        self.done: list[int] = []
        self._stop = stop

    def begin(self, total: int | None, unit: str) -> None:
        self.begun.append((total, unit))

    def advance(self, done: int, tally: str = "") -> None:
        self.done.append(done)
        if self._stop:
            self._stop.set()


class SourceContract:
    """A subclass gives a fixture ``make``, which writes n tracks and one that cannot be used.

    The first tracks of n + 1 are those of n.
    """

    @pytest.fixture
    def make(self, tmp_path: Path) -> Make:
        raise NotImplementedError

    @pytest.fixture
    def empty(self, tmp_path: Path):
        with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
            yield library

    def test_it_says_what_and_where_it_is(self, make: Make):
        source = make(N)
        assert source.name
        assert ":" not in source.name
        assert source.kind.isidentifier()
        assert source.location

    def test_reading_it_again_gives_the_same(self, make: Make):
        source = make(N)
        assert _contents(source) == _contents(source)

    def test_what_it_gives_fits_together(self, make: Make):
        source = make(N)
        if isinstance(source, AudioSource):
            assert all(Path(file.path).stat().st_size == file.size for file in source.tracks().files)
        else:
            _assert_batches_fit(source)

    def test_all_tracks_come_and_the_bad_one_fails_alone(self, make: Make, empty: Library):
        report = empty.import_from(make(N))
        assert (report.added, report.failed, report.exit_code, len(empty)) == (N, 1, 1, N)
        assert len(empty.failures()) == 1
        (failure,) = report.failures
        assert failure.where
        assert failure.reason
        assert json.loads(json.dumps(report.as_record()))["added"] == N

    def test_a_second_time_changes_nothing(self, make: Make, empty: Library):
        empty.import_from(make(N))
        before = _state(empty)
        report = empty.import_from(make(N))
        assert (report.added, report.changed, report.unchanged) == (0, 0, N)
        assert _state(empty) == before

    def test_more_tracks_leave_the_first_ones_as_they_are(self, make: Make, empty: Library):
        empty.import_from(make(N - 1))
        before = _state(empty)
        report = empty.import_from(make(N))
        assert (report.added, report.changed, report.unchanged) == (1, 0, N - 1)
        assert _state(empty).items() >= before.items()

    def test_a_track_that_it_names_no_more_is_missing(self, make: Make, empty: Library):
        empty.import_from(make(N))
        source = make(N - 1)
        whole = isinstance(source, AudioSource) or source.whole
        assert empty.import_from(source).newly_missing == whole
        assert empty.import_from(make(N)).newly_missing == 0

    def test_progress_never_goes_back(self, make: Make, empty: Library):
        follower = Follower()
        empty.import_from(make(N), progress=follower)
        ((total, unit),) = follower.begun
        assert unit.isalpha()
        assert follower.done
        assert all(a <= b for a, b in pairwise(follower.done))
        assert total is None or follower.done[-1] <= total

    def test_stopped_early_it_goes_on_the_next_time(self, make: Make, empty: Library, tmp_path: Path):
        stop = threading.Event()
        report = empty.import_from(make(N), progress=Follower(stop), stop=stop)
        assert (report.interrupted, report.exit_code) == (True, 130)
        assert len(empty) == report.added
        again = empty.import_from(make(N))
        assert (again.added, len(empty)) == (N - report.added, N)
        empty.verify()


def _contents(source: Source) -> Any:
    if isinstance(source, AudioSource):
        listing = source.tracks()
        return [(file, source.hashes(file)) for file in listing.files], listing.problems
    return [
        (list(batch.ids), batch.hashes.tolist(), list(batch.problems), dict(batch.cleaning))
        for batch in source.batches()
    ]


def _assert_batches_fit(source: RecordSource) -> None:
    specs = {space.spec.space: space.spec for space in source.spaces()}
    assert all(len(space.dimensions) == space.spec.dim for space in source.spaces())
    for batch in source.batches():
        n = len(batch.ids)
        assert batch.source == source.name
        assert batch.hashes.dtype == np.int64
        assert batch.hashes.shape == (n,)
        assert {len(values) for values in batch.columns.values()} <= {n}
        assert {len(labels) for labels in batch.labels.values()} <= {n}
        assert set(batch.spaces) <= set(specs)
        for space, rows in batch.spaces.items():
            assert rows.pooled.shape == (n, specs[space].dim)
            assert rows.pooled.dtype == specs[space].dtype
            assert len(rows.windows) == rows.counts.sum()


def _state(library: Library) -> dict[str, Any]:
    """All that is known of each track, but for when it came."""
    spaces = {name: dict(zip(*_vectors(library, name), strict=True)) for name in library.spaces()}
    return {
        track.id: (
            track.path,
            track.tags,
            track.duration_s,
            dict(track.details),
            track.url,
            *(vectors.get(track.id) for vectors in spaces.values()),
        )
        for track in library
    }


def _vectors(library: Library, space: str) -> tuple[list[Any], list[bytes]]:
    ids, vectors = library.vectors(space)
    return ids, [row.tobytes() for row in vectors]
