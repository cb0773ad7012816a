"""How many files a question goes through: what one has to read to follow it."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile

from benchmarks.trace_calls import Trace, changes, record
from segue.library import Library
from tests.conftest import SR, tone


@pytest.fixture(params=["similar", "playlist", "similar to a file"])
def question(request: pytest.FixtureRequest, library: Library, tmp_path: Path) -> tuple[Trace, int, int]:
    """A question's calls, and how many files and changes of file they may take."""
    library.similar("Low number 0")  # the index is open
    if request.param == "similar":
        return record(lambda: library.similar("Low number 0")), 12, 42
    if request.param == "playlist":
        return record(lambda: library.playlist("Low number 0")), 16, 64
    path = tmp_path / "outside.wav"
    soundfile.write(path, tone(440), SR)
    return record(lambda: library.similar(path)), 28, 80


def test_a_question_goes_through_few_files(question: tuple[Trace, int, int]):
    trace, files, most_changes = question
    assert len(set(trace.files)) <= files, sorted(set(trace.files))
    assert changes(trace.files) <= most_changes, trace.files
