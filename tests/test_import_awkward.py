"""Small files that were made to be awkward, and what is right for each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segue.library import Library
from segue.sources.table import Table
from segue.sources.vectors import Vectors

FILES = Path(__file__).parent / "awkward" / "imports"


@pytest.fixture
def library(tmp_path):
    with Library.open(tmp_path / "library", create=True) as opened:
        yield opened


def no_feature_is_missing(library):
    return bool(np.isfinite(library.vectors()[1]).all())


@pytest.mark.parametrize(
    "name", ["eu.csv", "named_keys.csv", "utf16_excel_unicode_text.csv", "archive.zip", "unclosed_quote.csv"]
)
def test_tables_are_read_with_all_their_features(library, name):
    report = library.import_from(Table(FILES / name))
    lost = 1 if name == "unclosed_quote.csv" else 0
    assert (report.added, report.failed) == (30 - lost, lost)
    assert no_feature_is_missing(library)
    assert not any("\ufffd" in (track.tags.title or "") for track in library)
    if lost:
        assert report.failures[0].where == "row 6"
        assert library.find("id003").title == 'Two\nlines, "quoted"'


def test_vectors_as_json_lines_are_whole(library):
    report = library.import_from(Vectors(FILES / "vectors.jsonl"))
    assert (report.added, report.failed) == (40, 0)
    assert library.vectors()[1].shape == (40, 8)
    assert library.find("s7").source_id == "s7"


def test_arrays_as_numpy_prints_them_are_read(library):
    report = library.import_from(Vectors(FILES / "numpy_repr.csv"))
    assert report.added + report.failed == 40
    assert library.vectors()[1].shape[1] == 8


def test_one_huge_row_costs_itself(library):
    report = library.import_from(Vectors(FILES / "one_huge_row.npy", name="m"))
    assert (report.added, [problem.where for problem in report.failures]) == (39, ["row 3 (3)"])
    for track in list(library)[:5]:
        assert len(library.similar(track.id, k=38).matches) == 38


def test_ids_with_odd_separators_are_forty(library):
    report = library.import_from(Vectors(FILES / "m.npy", ids=FILES / "unicode_seps.txt"))
    assert (report.added, report.failed) == (40, 0)


def test_a_negative_shape_is_one_line(segue, tmp_path):
    path = Path(__file__).parent / "hostile" / "neg.npy"
    code, _, err = segue("--library", tmp_path / "library", "import", "vectors", path)
    assert (code, len(err.splitlines())) == (2, 1)
    assert "(-5, 32)" in err
