"""Lists of a filter's rows alone, and when a filter gets them."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from segue.index import Index, IndexOptions
from segue.index.filter_lists import FilterLists
from segue.index.ivfpq import FLAT_DIM, InvertedLists, pack_codes, unpack_codes
from segue.index.row_filter import KeptFilters, ListedRows, RowFilter
from tests.index_data import brute_force, clustered

N = 6_000
SLOW = 200  # queries; after fewer, a filter of so few rows has lists


def two_lists(dim: int) -> tuple[np.ndarray, list[InvertedLists]]:
    """Rows, and lists of most and, with the same centroids, of some others; a few rows are in none."""
    rows = clustered(N, dim, seed=dim)[0] + 2
    first = InvertedLists.train(rows, N)
    second = first.empty_copy()
    order = np.random.default_rng(0).permutation(N)
    for lists, some in ((first, order[:4_000]), (second, order[4_000:5_900])):
        lists.fill(some, *lists.encode(rows[some]))
    return rows, [first, second]


def some_rows(share: float) -> np.ndarray:
    return np.random.default_rng(1).random(N) < share


def asked_often(kept: KeptFilters, where: np.ndarray, all_lists: list[InvertedLists]) -> RowFilter:
    row_filter = kept.get(where, lambda own: RowFilter(own, ListedRows(all_lists, len(own))))
    for _ in range(SLOW):
        kept.lists_of(row_filter)
    return row_filter


@pytest.mark.parametrize("n", [1, 31, 32, 100])
@pytest.mark.parametrize("code_bytes", [1, 6])
def test_codes_are_unpacked_as_they_were_packed(n: int, code_bytes: int) -> None:
    codes = np.random.default_rng(n).integers(256, size=(n, code_bytes), dtype=np.uint8)
    unpacked = unpack_codes(pack_codes(codes))
    np.testing.assert_array_equal(unpacked[:n], codes)
    assert not unpacked[n:].any()


@pytest.mark.parametrize("dim", [6, 17, 64])  # parts of one number, an odd number of them, and of two
def test_all_rows_of_the_filter_are_found_and_no_others(dim: int) -> None:
    rows, all_lists = two_lists(dim)
    allowed = some_rows(0.1)
    query = all_lists[0].projected(rows[:1])
    found = FilterLists(all_lists, allowed).scan(query, *all_lists[0].order(query), N)
    in_lists = np.concatenate([lists.rows() for lists in all_lists])
    assert sorted(found) == sorted(in_lists[allowed[in_lists]])
    assert 0 < len(found) < allowed.sum()


@pytest.mark.parametrize("dim", [6, 17, 64])
def test_rows_come_in_the_order_of_their_codes(dim: int) -> None:
    rows, all_lists = two_lists(dim)
    own_lists = FilterLists(all_lists, some_rows(0.3))
    of_rows, codes = all_lists[0].encode(rows)
    decoded = all_lists[0].centroids()[of_rows] + all_lists[0].ivf.pq.decode(codes)
    for i in range(0, N, N // 20):
        query = all_lists[0].projected(rows[i : i + 1])
        found = own_lists.scan(query, *all_lists[0].order(query), N)
        gaps = np.linalg.norm(decoded[found] - query, axis=1)
        places = np.empty(len(found), np.int64)
        places[gaps.argsort(kind="stable")] = np.arange(len(found))
        # Distances are rounded on the way, so that neighbors may change their places.
        assert np.isin(np.arange(10), places[:40]).all()
        assert np.corrcoef(places, np.arange(len(found)))[0, 1] > 0.99


def test_lists_that_are_not_scanned_give_no_rows() -> None:
    rows, all_lists = two_lists(17)
    own_lists = FilterLists(all_lists, some_rows(0.5))
    query = all_lists[0].projected(rows[:1])
    numbers, squares = all_lists[0].order(query)
    found = own_lists.scan(query, numbers[:, 1:3].copy(), squares[:, 1:3].copy(), N)
    assert set(ListedRows(all_lists, N).number[found]) == set(numbers[0, 1:3])


def order_kept(rows: np.ndarray, own_lists: FilterLists, model: InvertedLists) -> float:
    """How many of the 10 rows whose codes are nearest to a query are among the first 40 that are found."""
    numbers, codes = model.encode(rows)
    decoded = model.centroids()[numbers] + model.ivf.pq.decode(codes)
    shares = []
    for i in range(0, N, N // 20):
        query = model.projected(rows[i : i + 1])
        found = own_lists.scan(query, *model.order(query), N)
        gaps = np.linalg.norm(decoded[found] - query, axis=1)
        shares.append(float((gaps[:40] <= np.partition(gaps, 9)[9]).sum() / 10))
    return float(np.mean(shares))


def filled(rows: np.ndarray) -> InvertedLists:
    lists = InvertedLists.train(rows, N)
    lists.fill(np.arange(N), *lists.encode(rows))
    return lists


@pytest.mark.parametrize("far", [30, 300])
def test_rows_far_from_zero_come_in_the_same_order(far: float) -> None:
    rows = clustered(N, 17, seed=17)[0] + np.float32(far)
    model = filled(rows)
    own_lists = FilterLists([model], some_rows(0.3))
    assert not own_lists.are_coarse
    assert order_kept(rows, own_lists, model) >= 0.95


def test_lists_that_do_not_tell_rows_apart_are_not_used() -> None:
    rows = clustered(N, 17, seed=17)[0]
    rows[::2] += 300  # the middle is far from all
    model = filled(rows)
    assert order_kept(rows, FilterLists([model], some_rows(0.5)), model) < 0.8
    row_filter = asked_often(KeptFilters(), some_rows(0.5), [model])
    assert row_filter.own_lists is None
    assert not row_filter.deserves_lists
    assert row_filter.drop_lists() == 0


def test_a_single_row_is_found() -> None:
    rows, all_lists = two_lists(17)
    allowed = np.zeros(N, np.bool_)
    allowed[all_lists[0].rows()[7]] = True
    query = all_lists[0].projected(rows[:1])
    found = FilterLists(all_lists, allowed).scan(query, *all_lists[0].order(query), 5)
    assert found.tolist() == np.flatnonzero(allowed).tolist()


def test_a_filter_gets_lists_when_it_was_slow_often_and_while_it_is_kept() -> None:
    _, all_lists = two_lists(17)
    kept, where = KeptFilters(), some_rows(0.5)
    row_filter = kept.get(where, lambda own: RowFilter(own, ListedRows(all_lists, N)))
    before = row_filter.nbytes
    assert kept.lists_of(row_filter) is None
    assert asked_often(kept, where, all_lists) is row_filter
    assert row_filter.own_lists is not None
    assert kept.lists_of(row_filter) is row_filter.own_lists
    assert row_filter.nbytes >= before + row_filter.in_lists.sum() * (all_lists[0].code_bytes + 1 + 8)
    stranger = RowFilter(where, ListedRows(all_lists, N))
    assert not any(kept.lists_of(stranger) for _ in range(SLOW))


def test_rows_without_codes_get_no_lists() -> None:
    _, all_lists = two_lists(FLAT_DIM)
    assert asked_often(KeptFilters(), some_rows(0.5), all_lists).own_lists is None
    _, all_lists = two_lists(17)
    in_none = np.ones(N, np.bool_)
    in_none[np.concatenate([lists.rows() for lists in all_lists])] = False
    assert asked_often(KeptFilters(), in_none, all_lists).own_lists is None


def test_lists_of_older_filters_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    most = 500_000
    monkeypatch.setattr("segue.index.row_filter._KEPT_BYTES", most)
    _, all_lists = two_lists(17)
    kept, filters = KeptFilters(), []
    for i in range(12):
        filters.append(asked_often(kept, np.arange(N) % 12 >= i, all_lists))
        alive = {id(one): one for one in filters if any(one is mine for _, _, mine in kept._kept)}
        assert sum(one.nbytes + N for one in alive.values()) <= most
        assert sum(one.own_lists is not None for one in alive.values()) >= 1
    assert filters[-1].own_lists is not None
    assert filters[0].own_lists is None
    assert asked_often(kept, np.arange(N) % 12 >= 0, all_lists).own_lists is not None  # once more


def test_lists_go_at_once_when_nobody_uses_them() -> None:
    _, all_lists = two_lists(17)
    row_filter = asked_often(KeptFilters(), some_rows(0.5), all_lists)
    assert row_filter.own_lists is not None
    gone = weakref.ref(row_filter.own_lists._lists)
    gc.disable()
    try:
        row_filter.drop_lists()
        assert gone() is None
    finally:
        gc.enable()


# In an index


LOOKING = IndexOptions(filter_exact_below=50)


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return clustered(8_000, 24, seed=5)[0]


@pytest.fixture(scope="module")
def index(rows: np.ndarray) -> Index:
    return Index.build(rows, metric="euclidean", exact=False, options=LOOKING)


def far_from(rows: np.ndarray, query: np.ndarray, share: float) -> np.ndarray:
    gaps = np.linalg.norm(rows - query, axis=1)
    return gaps >= np.quantile(gaps, 1 - share)


def has_lists(index: Index, where: np.ndarray) -> bool:
    kept = index._state.filters._kept
    return any(one.own_lists is not None for _, array, one in kept if np.array_equal(array, where))


def recall(index: Index, queries: np.ndarray, where: np.ndarray, found: np.ndarray) -> float:
    gaps = np.where(where, brute_force(queries, index.vectors, "euclidean"), np.inf)
    last = np.partition(gaps, found.shape[1] - 1, axis=1)[:, found.shape[1] - 1, None]
    rows = np.searchsorted(index.ids, found)
    return float((np.take_along_axis(gaps, rows, axis=1) <= last + 1e-5).mean())


@pytest.mark.parametrize("share", [0.9, 0.5, 0.1])
def test_a_filter_that_is_asked_often_answers_as_one_that_is_new(
    index: Index, rows: np.ndarray, share: float
) -> None:
    where = far_from(rows, rows[0], share)
    near = np.argsort(np.linalg.norm(rows - rows[0], axis=1))[:100]
    found, distances = zip(*(index.query(rows[i], 10, where=where) for i in near), strict=True)
    for _ in range(3):
        for i in near:
            index.query(rows[i], 10, where=where)
    again, same = zip(*(index.query(rows[i], 10, where=where) for i in near), strict=True)
    assert has_lists(index, where)
    for answer in (np.concatenate(found), np.concatenate(again)):
        assert answer.shape == (100, 10)
        assert where[answer].all()
        assert recall(index, rows[near], where, answer) >= 0.95
    once_more = np.concatenate([index.query(rows[i], 10, where=where)[0] for i in near])
    np.testing.assert_array_equal(once_more, np.concatenate(again))
    assert np.mean(np.concatenate(distances) == np.concatenate(same)) >= 0.9


@pytest.mark.parametrize("k", [1, 100])
def test_lists_of_a_filter_give_as_many_answers_as_were_asked_for(
    index: Index, rows: np.ndarray, k: int
) -> None:
    where = far_from(rows, rows[1], 0.3)
    near = np.argsort(np.linalg.norm(rows - rows[1], axis=1))[:SLOW]
    found = np.concatenate([index.query(rows[i], k, where=where)[0] for i in near])
    assert has_lists(index, where)
    assert found.shape == (SLOW, k)
    assert where[found].all()
    assert all(len(set(one)) == k for one in found)
    assert recall(index, rows[near], where, found) >= 0.95


def test_the_nearest_of_few_rows_are_those_that_comparing_all_finds(index: Index, rows: np.ndarray) -> None:
    where = np.zeros(len(rows), np.bool_)
    where[np.argsort(-np.linalg.norm(rows - rows[2], axis=1))[:60]] = True  # no more than are compared
    gaps = np.where(where, brute_force(rows[:SLOW], rows, "euclidean"), np.inf)
    for i in range(SLOW):
        found, distances = index.query(rows[i], 5, where=where)
        assert where[found].all()
        np.testing.assert_allclose(distances[0], np.sort(gaps[i])[:5], rtol=1e-4, atol=1e-4)
    assert has_lists(index, where)


def test_rows_that_changed_since_are_found_by_lists_of_a_filter_too(rows: np.ndarray) -> None:
    index = Index.build(rows[:6_000], metric="euclidean", exact=False, options=LOOKING)
    index.delete(range(0, 6_000, 4))
    for start in range(6_000, 8_000, 500):
        index.add(rows[start : start + 500])
    where = far_from(index.vectors, rows[3], 0.5)
    near = rows[np.argsort(np.linalg.norm(rows - rows[3], axis=1))[:SLOW]]
    found = np.concatenate([index.query(query, 10, where=where)[0] for query in near])
    assert has_lists(index, where)
    again = np.concatenate([index.query(query, 10, where=where)[0] for query in near])
    for answer in (found, again):
        assert np.isin(answer, index.ids[where]).all()
        assert recall(index, near, where, answer) >= 0.95
    allowed = index.ids[where]
    index.delete(again[0])
    after = np.concatenate([index.query(near[0], 10, where=allowed)[0] for _ in range(SLOW)])
    assert after.shape == (SLOW, 10)
    assert np.isin(after, np.setdiff1d(allowed, again[0])).all()


def test_threads_that_ask_at_once_all_get_answers(index: Index, rows: np.ndarray) -> None:
    where = far_from(rows, rows[4], 0.4)
    near = np.argsort(np.linalg.norm(rows - rows[4], axis=1))[:SLOW]
    with ThreadPoolExecutor(8) as pool:
        found = np.concatenate(
            list(pool.map(lambda i: index.query(rows[i], 10, where=where)[0], np.tile(near, 3)))
        )
    assert has_lists(index, where)
    assert where[found].all()
    assert recall(index, rows[np.tile(near, 3)], where, found) >= 0.95


def test_nearest_of_many_rows_that_are_about_as_far_are_found_by_lists_of_a_filter() -> None:
    rows = clustered(10_000, 128, seed=3)[0]
    index = Index.build(rows, metric="euclidean", exact=False, options=LOOKING)
    where, gaps = far_from(rows, rows[7], 0.5), np.linalg.norm(rows - rows[7], axis=1)
    near = rows[np.argsort(gaps)[:SLOW]]
    for query in near:
        index.query(query, 10, where=where)
    assert has_lists(index, where)
    found = np.concatenate([index.query(query, 10, where=where)[0] for query in near])
    assert recall(index, near, where, found) >= 0.95
