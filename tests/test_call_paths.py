"""How many files a question goes through: what one has to read to follow it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.trace_calls import Trace, changes, record
from segue.library import Library
from segue.sources.vectors import Vectors
from tests.conftest import SR, tone


@pytest.fixture(params=["", "Song "])
def large(request: pytest.FixtureRequest, tmp_path: Path, rng: np.random.Generator) -> Iterator[Library]:
    """A library that is large enough for scores to be scaled, whose titles are ids or only titles."""
    titles = [f"Piece {i}" for i in range(60)]
    ids = [f"{request.param}{title}" for title in titles]
    vectors = rng.standard_normal((60, 8)).astype(np.float32)
    source = Vectors(vectors, ids=ids, metadata={"id": ids, "title": titles}, transform="fitted")
    with Library.open(tmp_path / "library", create=True) as library:
        library.import_from(source)
        yield library


def assert_short(trace: Trace, files: int, most_changes: int) -> None:
    assert len(set(trace.files)) <= files, sorted(set(trace.files))
    assert changes(trace.files) <= most_changes, trace.files


def test_tracks_like_a_title_go_through_few_files(large: Library):
    large.similar("Piece 2")  # the index is open
    assert_short(record(lambda: large.similar("Piece 2")), 12, 40)


def test_a_playlist_goes_through_few_files(library: Library):
    library.similar("Low number 0")
    assert_short(record(lambda: library.playlist("Low number 0")), 20, 84)


def test_tracks_like_a_file_go_through_few_files(library: Library, tmp_path: Path):
    if not str(tmp_path).isascii():
        pytest.skip("letters that are spelled in two ways go through one file more")
    soundfile.write(tmp_path / "outside.wav", tone(440), SR)
    library.similar(tmp_path / "outside.wav")  # its embedders are made
    # Four of the files see whether others are joined to it and whether its end is missing.
    assert_short(record(lambda: library.similar(tmp_path / "outside.wav")), 34, 105)
