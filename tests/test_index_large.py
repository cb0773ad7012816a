"""Indexes that compress their rows: the recall that was asked for, and memory that processes share."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import faiss
import numpy as np
import psutil
import pytest

from segue.errors import IndexFormatError
from segue.index import Index, IndexOptions
from segue.index.serialization import load_index
from tests.index_data import KINDS, N_LARGE, brute_force, case, clustered
from tests.sounds import call

pytestmark = pytest.mark.slow

RECALLS = (0.9, 0.95, 0.99)


@pytest.mark.parametrize("kind", KINDS)
def test_the_requested_recall_is_reached_for_every_k(kind):
    one = case(kind)
    assert not one.index.exact
    for recall in RECALLS:
        for k in (1, 10, 50, 100, 200, 1000):
            found, distances = one.index.query(one.queries, k, recall=recall)
            assert found.shape == (len(one.queries), k)
            one.assert_recall(found, recall)
            np.testing.assert_allclose(
                distances, np.take_along_axis(one.distances, found, axis=1), rtol=2e-4, atol=1e-4
            )
            assert (np.diff(distances, axis=1) >= 0).all()
            assert all(len(set(row)) == k for row in found.tolist())


@pytest.mark.parametrize("kind", KINDS)
def test_one_query_at_a_time_finds_what_many_at_once_find(kind):
    one = case(kind)
    many, distances = one.index.query(one.queries[:50], 10)
    singly = [one.index.query(query, 10) for query in one.queries[:50]]
    found = np.concatenate([ids for ids, _ in singly])
    np.testing.assert_allclose(np.concatenate([gaps for _, gaps in singly]), distances, rtol=1e-4, atol=1e-5)
    assert (found == many).mean() > 0.99  # but for rows that are equally far


def test_queries_that_scan_all_lists_are_scanned_in_several_parts():
    one = case("hamming")  # whose codes are large: 64 queries are scanned together
    found, _ = one.index.query(one.queries, 10, effort=1000)
    assert (one.shares(found) == 1).all()


@pytest.mark.parametrize("kind", KINDS)
def test_recall_1_compares_with_every_row(kind):
    one = case(kind)
    found, distances = one.index.query(one.queries, 20, recall=1)
    assert (one.shares(found) == 1).all()
    expected = np.sort(np.partition(one.distances, 19, axis=1)[:, :20], axis=1)
    np.testing.assert_allclose(distances, expected, rtol=2e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["cosine uint8", "dot float32"])
def test_more_effort_finds_more(kind):
    one = case(kind)
    recalls = [
        one.shares(one.index.query(one.queries, 10, recall=0.8, effort=e)[0]).mean() for e in (0.5, 1, 2, 8)
    ]
    assert recalls == sorted(recalls)
    assert recalls[0] < recalls[-1]


def test_neighbors_reach_the_recall_too_and_leave_the_row_out():
    one = case("euclidean float32")
    seeds = np.arange(0, N_LARGE, 50)
    found, _ = one.index.neighbors(seeds, 10)
    assert not (found == seeds[:, None]).any()
    gaps = brute_force(one.rows[seeds], one.rows, "euclidean")
    gaps[np.arange(len(seeds)), seeds] = np.inf
    last = np.partition(gaps, 9, axis=1)[:, 9:10]
    assert (np.take_along_axis(gaps, found, axis=1) <= last + 1e-9).mean() >= 0.95


def test_k_rows_are_found_even_where_the_lists_nearby_hold_fewer():
    rows, _ = clustered(4000, 16, seed=3)
    rows[:30] = 40 + rows[:30] / 100  # a lonely group
    index = Index.build(rows, metric="euclidean", exact=False)
    for k in (10, 31, 200, 399):
        for found, distances in (index.query(rows[0], k, recall=0.8), index.query(rows[:3], k, recall=0.8)):
            assert found.shape[1] == k
            assert found.min() >= 0
            assert np.isfinite(distances).all()
            assert all(len(set(row)) == k for row in found.tolist())


def test_operating_points_are_kept_in_the_file(tmp_path):
    index = case("cosine uint8").index
    opened = Index.open(index.save(tmp_path / "a.index"))
    assert opened.operating_points == index.operating_points
    assert {point.k for point in opened.operating_points} >= {10, 100}
    for point in opened.operating_points:
        assert point.recall <= point.measured <= 1
    for recall in RECALLS:
        for one, other in zip(
            *(i.query(index.vectors[:99], 7, recall=recall) for i in (index, opened)), strict=True
        ):
            np.testing.assert_array_equal(one, other)


def test_the_same_vectors_and_seed_give_the_same_bytes(tmp_path):
    rows, _ = clustered(2500, 24)
    files = [
        Index.build(rows, exact=False, seed=seed).save(tmp_path / str(i)).read_bytes()
        for i, seed in enumerate((0, 0, 1))
    ]
    assert files[0] == files[1] != files[2]


def test_rows_are_compressed_from_two_thousand_on_by_default(tmp_path):
    rows, _ = clustered(2_000, 4)
    assert Index.build(rows[:-1]).exact
    assert not Index.build(rows).exact
    index = Index.build(rows, exact=True)
    assert index.exact
    index.delete([7])
    index.compact()
    assert index.exact
    assert Index.open(index.save(tmp_path / "a.index")).exact


@pytest.mark.parametrize("dim", [4, 24])
def test_an_index_that_has_grown_is_compressed_when_it_is_saved(tmp_path, dim):
    rows, _ = clustered(3000, dim)
    index = Index.build(rows[:0], metric="euclidean", options=IndexOptions(exact_below=3000))
    index.add(rows)
    truth = index.query(rows[:200], 10)[0]
    opened = Index.open(index.save(tmp_path / "a.index"))
    assert not opened.exact
    for one in (index, opened):
        found = one.query(rows[:200], 10)[0]
        assert np.mean([np.isin(t, f).mean() for t, f in zip(truth, found, strict=True)]) >= 0.95
        assert one.query(rows[0], 300, recall=0.8)[0].shape == (1, 300)


# Files that are mapped


def test_lists_that_are_copied_answer_as_mapped_ones_do(tmp_path, monkeypatch):
    path = case("cosine uint8").index.save(tmp_path / "a.index")
    flat = case("euclidean few").index.save(tmp_path / "b.index")
    expected = [Index.open(place).query(case(kind).queries, 10) for place, kind in _both(path, flat)]
    monkeypatch.delattr(faiss, "OnDiskInvertedLists", raising=False)
    for (place, kind), before in zip(_both(path, flat), expected, strict=True):
        for one, other in zip(Index.open(place).query(case(kind).queries, 10), before, strict=True):
            np.testing.assert_array_equal(one, other)


def _both(path, flat):
    return (path, "cosine uint8"), (flat, "euclidean few")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc/self/maps is Linux's")
def test_lists_and_vectors_lie_in_the_mapped_file(tmp_path):
    path = case("euclidean float32").index.save(tmp_path / "a.index")
    state, _ = load_index(path)
    maps = [line.split(maxsplit=5) for line in Path("/proc/self/maps").read_text().splitlines()]
    ranges = [[int(x, 16) for x in m[0].split("-")] for m in maps if m[-1] == str(path)]
    codes = [int(state.lists.faiss_lists.get_codes(i)) for i in range(state.lists.n_lists)]
    for address in (*codes, state.store.base.ctypes.data):
        assert any(start <= address < end for start, end in ranges)


def private_growth(path, queries):
    """Bytes of its own that a process takes for opening an index and asking it."""
    Index.build(queries, exact=False).query(queries, 10)  # what Faiss takes for itself
    before = own_memory()
    index = Index.open(path)
    index.query(queries, 10)
    index.vectors.max()
    return own_memory() - before


def own_memory():
    """Bytes that are this process's alone; pages of a file count only where it has changed them.

    Which process maps them at the moment is up to the system, which takes them away where memory is short.
    """
    rollup = Path("/proc/self/smaps_rollup")
    if not rollup.exists():
        return psutil.Process().memory_full_info().uss
    return 1024 * int(re.search(r"Private_Dirty: +(\d+)", rollup.read_text())[1])


def test_processes_that_open_an_index_share_its_memory(tmp_path):
    rows, _ = clustered(60_000, 64)
    path = Index.build(rows, metric="euclidean").save(tmp_path / "a.index", own_vectors=True)
    size = path.stat().st_size
    assert size > rows.nbytes
    kept = Index.open(path)  # while another process maps the pages, they are nobody's own
    kept.query(rows[:10], 10, recall=1)
    for _ in range(4):
        assert call(private_growth, path, rows[::600]) < size / 4


@pytest.fixture
def matrix(tmp_path):
    rows, _ = clustered(2500, 32)
    np.save(tmp_path / "rows.npy", rows)
    return tmp_path / "rows.npy"


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "codes"])
def test_a_matrix_in_a_file_of_its_own_is_not_copied(matrix, tmp_path, exact):
    index = Index.build(matrix, exact=exact)
    path = index.save(tmp_path / "a.index")
    assert path.stat().st_size < matrix.stat().st_size / 2
    opened = Index.open(path)
    assert isinstance(opened.vectors, np.memmap)
    np.testing.assert_array_equal(opened.vectors, np.load(matrix))
    for one, other in zip(opened.query(index.vectors[:9]), index.query(index.vectors[:9]), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_part_of_a_mapped_matrix_is_referred_to_where_it_lies(matrix, tmp_path):
    part = np.load(matrix, mmap_mode="r")[1000:2000]
    path = Index.build(part).save(tmp_path / "a.index")
    assert path.stat().st_size < 10_000
    np.testing.assert_array_equal(Index.open(path).vectors, part)
    every_second = np.load(matrix, mmap_mode="r")[::2]
    path = Index.build(every_second).save(tmp_path / "b.index")
    assert path.stat().st_size > every_second.nbytes
    np.testing.assert_array_equal(Index.open(path).vectors, every_second)


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "codes"])
def test_own_vectors_are_copied_on_request(matrix, tmp_path, exact):
    index = Index.build(matrix, exact=exact)
    path = index.save(tmp_path / "a.index", own_vectors=True)
    expected = index.query(index.vectors[:9])
    del index
    matrix.unlink()
    opened = Index.open(path)
    for one, other in zip(opened.query(opened.vectors[:9]), expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("change", ["replaced", "deleted", "shorter", "in memory", "overwritten"])
def test_vectors_that_their_file_does_not_hold_any_more_are_saved_with_the_index(matrix, tmp_path, change):
    rows, target = np.load(matrix), tmp_path / "a.index"
    given = np.load(matrix, mmap_mode="c" if change == "in memory" else "r")
    if change == "in memory":
        given[1] = rows[1] = 7  # a row that is not among those whose checksum is kept
    index = Index.build(given)
    if change == "replaced":
        np.save(tmp_path / "other.npy", rows[::-1])
        (tmp_path / "other.npy").replace(matrix)
    elif change == "shorter":
        np.save(tmp_path / "other.npy", rows[:9])
        (tmp_path / "other.npy").replace(matrix)
    elif change == "deleted":
        matrix.unlink()
    elif change == "overwritten":
        target = matrix
    np.testing.assert_array_equal(Index.open(index.save(target)).vectors, rows)


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "codes"])
def test_an_opened_index_can_be_saved_again_and_elsewhere(matrix, tmp_path, exact):
    for own in (True, None):
        path = Index.build(matrix, exact=exact).save(tmp_path / f"{own}.index", own_vectors=own)
        expected = Index.open(path).query(np.load(matrix)[:9])
        for place in (path, tmp_path / f"{own} copy.index", path):
            Index.open(path).save(place)
            for one, other in zip(Index.open(place).query(np.load(matrix)[:9]), expected, strict=True):
                np.testing.assert_array_equal(one, other)


def test_a_matrix_that_was_moved_is_named_when_the_index_is_opened(matrix, tmp_path):
    path = Index.build(matrix, exact=False).save(tmp_path / "a.index")
    moved = matrix.rename(tmp_path / "moved.npy")
    with pytest.raises(IndexFormatError, match=r"gone or shorter.*vectors="):
        Index.open(path)
    rows = np.load(moved, mmap_mode="r")
    opened = Index.open(path, vectors=rows)
    assert opened.query(rows[5], 1)[0].tolist() == [[5]]
    opened.save()
    assert Index.open(path).query(rows[5], 1)[0].tolist() == [[5]]
    for place in (moved, str(moved)):
        assert Index.open(path, vectors=place).query(rows[5], 1)[0].tolist() == [[5]]
    with pytest.raises(IndexFormatError, match="was built from 2500 rows of 32 float32"):
        Index.open(path, vectors=rows[0])


def _changed(rows):
    return np.concatenate([rows[:-1], rows[:1]])


@pytest.mark.parametrize(
    "change",
    [_changed, lambda x: x[:-1], lambda x: x[:, :-1].copy(), lambda x: x.astype(np.float16), lambda x: x + 1],
    ids=["one row", "a row less", "a number less", "another type", "all"],
)
def test_a_matrix_that_is_not_what_it_was_is_refused(matrix, tmp_path, change):
    path = Index.build(matrix, exact=False).save(tmp_path / "a.index")
    other = change(np.load(matrix))
    np.save(tmp_path / "other.npy", other)
    (tmp_path / "other.npy").replace(matrix)
    with pytest.raises(IndexFormatError, match="was built from"):
        Index.open(path)
    with pytest.raises(IndexFormatError, match="was built from"):
        Index.open(path, vectors=other)


def test_rows_that_follow_in_the_matrix_are_left_alone(matrix, tmp_path):
    rows = np.load(matrix)
    path = Index.build(matrix, exact=False).save(tmp_path / "a.index")
    np.save(tmp_path / "longer.npy", np.concatenate([rows, rows]))
    (tmp_path / "longer.npy").replace(matrix)
    opened = Index.open(path)
    assert len(opened) == len(rows)
    assert opened.query(rows[3], 2)[0].max() < len(rows)
