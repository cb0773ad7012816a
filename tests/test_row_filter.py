"""Filters of an index, made ready for its lists and kept for a while."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from segue.index.ivfpq import InvertedLists
from segue.index.row_filter import KeptFilters, ListedRows, RowFilter

N = 6_000


@pytest.fixture(scope="module")
def all_lists() -> list[InvertedLists]:
    """Those of most rows and, with the same centroids, those of some others; a few rows are in none."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((N, 16)).astype(np.float32)
    first = InvertedLists.train(rows, N)
    second = first.empty_copy()
    order = rng.permutation(N)
    for lists, some in ((first, order[:4_000]), (second, order[4_000:5_900])):
        lists.fill(some, *lists.encode(rows[some]))
    return [first, second]


def test_rows_are_counted_and_given_list_by_list(all_lists: list[InvertedLists]) -> None:
    listed = ListedRows(all_lists, N)
    allowed = np.random.default_rng(1).random(N) < 0.2
    row_filter = RowFilter(allowed, listed)
    of_lists = [
        np.concatenate([lists.rows_in(i) for lists in all_lists]) for i in range(all_lists[0].n_lists)
    ]
    for number, rows in enumerate(of_lists):
        assert set(row_filter.rows_in(np.array([number]))) == set(rows[allowed[rows]])
        assert (listed.number[rows] == number).all()
    assert row_filter.in_lists.tolist() == [int(allowed[rows].sum()) for rows in of_lists]
    assert listed.sizes.tolist() == [len(rows) for rows in of_lists]
    some = np.array([3, 0, 2])
    share = np.mean(allowed[np.concatenate([of_lists[i] for i in some])])
    assert row_filter.share_of(some) == pytest.approx(share)
    assert RowFilter(allowed, listed).share_of(some) == pytest.approx(share)  # before all are counted
    expected = np.concatenate([row_filter.rows_in(some[i : i + 1]) for i in range(3)])
    np.testing.assert_array_equal(row_filter.rows_in(some), expected)
    np.testing.assert_array_equal(row_filter.rows, np.flatnonzero(allowed))


def test_of_some_lists_no_row_may_be_an_answer(all_lists: list[InvertedLists]) -> None:
    allowed = np.zeros(N, np.bool_)
    allowed[all_lists[0].rows_in(1)] = True
    row_filter = RowFilter(allowed, ListedRows(all_lists, N))
    assert np.flatnonzero(row_filter.in_lists).tolist() == [1]
    assert not len(row_filter.rows_in(np.array([0, 2])))
    assert not len(row_filter.rows_in(np.zeros(0, np.int64)))


def filter_of(where: np.ndarray) -> RowFilter:
    return RowFilter(where, ListedRows([], len(where)))


def test_an_equal_array_finds_the_filter_again() -> None:
    kept = KeptFilters()
    where = np.arange(100) % 3 == 0
    first = kept.get(where, filter_of)
    assert kept.get(where.copy(), filter_of) is first
    moved = np.roll(where, 99)  # as many rows, but others
    assert kept.get(moved, filter_of) is not first
    assert kept.get(moved, filter_of).allowed.tolist() == moved.tolist()


def test_writing_to_an_array_leaves_its_filter_as_it_was() -> None:
    kept = KeptFilters()
    where = np.arange(100) % 2 == 0
    first = kept.get(where, filter_of)
    where[:] = ~where
    second = kept.get(where, filter_of)
    assert first.allowed[0]
    assert not second.allowed[0]
    view = where[:]
    view.flags.writeable = False  # though its owner may write
    assert not kept.get(view, filter_of).allowed[0]
    where[:] = ~where
    assert kept.get(view, filter_of).allowed[0]


def test_an_array_that_was_read_only_may_change_too() -> None:
    kept = KeptFilters()
    where = np.arange(100) % 2 == 0
    view = where[:]
    where.flags.writeable = False
    assert kept.get(where, filter_of).allowed[0]
    view[:] = ~view  # views that were taken before may be written to
    assert not kept.get(where, filter_of).allowed[0]
    where.flags.writeable = True
    where[:] = ~where
    assert kept.get(where, filter_of).allowed[0]


def test_filters_of_as_many_rows_are_kept_side_by_side() -> None:
    kept = KeptFilters()
    where = np.arange(100) % 2 == 0
    both = kept.get(where, filter_of), kept.get(~where, filter_of)
    assert (kept.get(where, filter_of), kept.get(~where, filter_of)) == both


def test_a_filter_that_is_used_again_stays() -> None:
    kept = KeptFilters()
    where = np.arange(100) % 2 == 0
    used = kept.get(where, filter_of)
    for i in range(50):
        kept.get(np.arange(100) < i, filter_of)
        assert kept.get(where, filter_of) is used


def test_a_filter_goes_at_once_when_nobody_uses_it(all_lists: list[InvertedLists]) -> None:
    row_filter = RowFilter(np.ones(N, np.bool_), ListedRows(all_lists, N))
    projected = all_lists[0].projected(np.ones((1, 16), np.float32))
    row_filter.scan.candidates(projected, *all_lists[0].order(projected), 10, N, N)
    gone = weakref.ref(row_filter)
    gc.disable()
    try:
        del row_filter
        assert gone() is None
    finally:
        gc.enable()


def test_old_filters_make_room_for_new_ones() -> None:
    kept = KeptFilters()
    made = [kept.get(np.arange(100) < i, filter_of) for i in range(50)]
    assert kept.get(np.arange(100) < 49, filter_of) is made[49]
    assert kept.get(np.arange(100) < 1, filter_of) is not made[1]
    large = [kept.get(np.arange(2_000_000) < i, filter_of) for i in range(16)]
    assert kept.get(np.arange(2_000_000) < 15, filter_of) is large[15]
    assert kept.get(np.arange(2_000_000) < 1, filter_of) is not large[1]
    huge = np.ones(1 << 25, np.bool_)
    assert kept.get(huge, filter_of) is not kept.get(huge, filter_of)
    assert kept.get(np.arange(2_000_000) < 15, filter_of) is large[15]


def test_what_a_filter_has_made_since_counts_as_well() -> None:
    kept = KeptFilters()
    masks = [np.arange(3_500_000) < 400_000 + i for i in range(4)]
    made = [kept.get(where, filter_of) for where in masks]
    assert [kept.get(where, filter_of) for where in masks] == made
    for row_filter in made:
        before = row_filter.nbytes
        assert row_filter.rows.nbytes == row_filter.nbytes - before
    assert kept.get(masks[3], filter_of) is made[3]
    assert kept.get(masks[0], filter_of) is not made[0]
