"""What can be tuned in an index: it is checked, kept in the file, and can be replaced."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from segue.errors import IndexFormatError, UsageError
from segue.index import Index, IndexOptions
from segue.index.file import IndexFile, write_sections
from tests.index_data import clustered

OTHERS = IndexOptions(
    exact_below=500,
    filter_exact_below=5,
    delta_rows=7,
    compact_share=0.1,
    retrain_factor=3,
    calibration_queries=64,
)


@pytest.fixture(scope="module")
def rows():
    return clustered(600, 12)[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"exact_below": -1},
        {"exact_below": 0.5},
        {"exact_below": True},
        {"filter_exact_below": "9"},
        {"delta_rows": 0},
        {"calibration_queries": 15},
        {"compact_share": 0},
        {"compact_share": np.nan},
        {"retrain_factor": 1},
        {"retrain_factor": None},
    ],
    ids=str,
)
def test_a_number_out_of_its_range_is_refused_by_name(wrong):
    (name,) = wrong
    with pytest.raises(UsageError, match=f"{name} is .*, expected"):
        IndexOptions(**wrong)


def test_options_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        OTHERS.delta_rows = 3


def test_lists_are_made_from_exact_below_rows_on(rows):
    assert Index.build(rows[:499], options=OTHERS).exact
    assert not Index.build(rows[:500], options=OTHERS).exact


def test_options_are_kept_in_the_file(rows, tmp_path):
    index = Index.build(rows, options=OTHERS)
    assert index.options == OTHERS
    path = index.save(tmp_path / "a.index")
    assert Index.open(path).options == OTHERS
    opened = Index.open(path, options=IndexOptions(delta_rows=3))
    assert opened.options == IndexOptions(delta_rows=3)
    opened.save()
    assert Index.open(path).options == IndexOptions(delta_rows=3)


def rewrite(path, change):
    """The file with other options in its header."""
    file = IndexFile(path)
    header = dict(file.header)
    change(header)
    write_sections(path, header, {name: file.array(name).copy() for name in file.sections})


def test_a_file_without_options_opens_with_the_defaults(rows, tmp_path):
    index = Index.build(rows, options=OTHERS)
    path = index.save(tmp_path / "a.index")
    rewrite(path, lambda header: header.pop("options"))
    opened = Index.open(path)
    assert opened.options == IndexOptions()
    np.testing.assert_array_equal(opened.query(rows[:9])[0], index.query(rows[:9])[0])


def test_options_that_a_later_version_added_are_left_out(rows, tmp_path):
    path = Index.build(rows, options=OTHERS).save(tmp_path / "a.index")
    rewrite(path, lambda header: header["options"].update(new_in_another_version=5))
    assert Index.open(path).options == OTHERS


@pytest.mark.parametrize("options", [5, [], None, {"delta_rows": -1}, {"compact_share": "much"}], ids=str)
def test_options_that_make_no_sense_are_refused(rows, tmp_path, options):
    path = Index.build(rows).save(tmp_path / "a.index")
    rewrite(path, lambda header: header.update(options=options))
    with pytest.raises(IndexFormatError):
        Index.open(path)


@pytest.mark.slow
def test_more_calibration_queries_measure_more_surely(rows):
    few, many = (
        Index.build(rows, exact=False, options=IndexOptions(calibration_queries=n)).operating_points
        for n in (16, 512)
    )
    assert few
    assert many
    assert few != many
