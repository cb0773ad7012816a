"""Lists scanned for some of their rows: with a bitmap of these, and by copies of their codes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from segue.index.ivfpq import InvertedLists
from segue.index.packing import pack_codes, unpack_codes
from segue.index.row_scan import RowScan

N, DIM = 6_000, 16


def lists_of(rows: np.ndarray) -> list[InvertedLists]:
    """Most rows in lists, others in lists with the same centroids, a few in none."""
    first = InvertedLists.train(rows, N)
    second = first.empty_copy()
    order = np.random.default_rng(0).permutation(N)
    for lists, some in ((first, order[:4_000]), (second, order[4_000:5_900])):
        lists.fill(some, *lists.encode(rows[some]))
    return [first, second]


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((N, DIM)).astype(np.float32)


@pytest.fixture(scope="module")
def all_lists(rows: np.ndarray) -> list[InvertedLists]:
    return lists_of(rows)


@pytest.fixture(scope="module")
def allowed() -> np.ndarray:
    return np.random.default_rng(1).random(N) < 0.3


@pytest.mark.parametrize("n", [0, 1, 31, 32, 33, 100])
@pytest.mark.parametrize("code_bytes", [1, 4, 7])
def test_packed_codes_are_unpacked_as_they_were(n: int, code_bytes: int) -> None:
    codes = np.random.default_rng(n).integers(0, 256, (n, code_bytes), np.uint8)
    unpacked = unpack_codes(pack_codes(codes))
    np.testing.assert_array_equal(unpacked[:n], codes)
    assert not unpacked[n:].any()


@pytest.mark.parametrize("dim", [DIM, 3], ids=["codes of 4 bits", "rows kept whole"])
def test_the_codes_of_rows_in_lists_are_those_they_were_given(rows: np.ndarray, dim: int) -> None:
    vectors = np.ascontiguousarray(rows[:, :dim])
    allowed = np.random.default_rng(2).random(N) < 0.3
    for lists in lists_of(vectors):
        found, numbers, codes = lists.coded_rows(allowed)
        assert set(found) == {row for row in lists.rows() if allowed[row]}
        expected_numbers, expected_codes = lists.encode(vectors[found])
        np.testing.assert_array_equal(numbers, expected_numbers)
        np.testing.assert_array_equal(codes, expected_codes)


def in_lists(allowed: np.ndarray, all_lists: list[InvertedLists]) -> set[int]:
    """The rows that are allowed and in a list."""
    listed = np.concatenate([lists.rows() for lists in all_lists])
    return set(listed[allowed[listed]])


def scan_all(scan: RowScan, all_lists: list[InvertedLists], query: np.ndarray, count: int) -> np.ndarray:
    projected = all_lists[0].projected(query[None])
    return scan.candidates(projected, *all_lists[0].order(projected), count, 5_900, 1_800)


def test_lists_of_the_rows_alone_give_the_candidates_that_all_lists_give(
    rows: np.ndarray, allowed: np.ndarray, all_lists: list[InvertedLists]
) -> None:
    n_allowed = len(in_lists(allowed, all_lists))
    scan = RowScan(allowed, n_allowed, all_lists)
    queries = np.random.default_rng(3).standard_normal((100, DIM)).astype(np.float32)
    for count in (50, n_allowed):
        answers = [scan_all(RowScan(allowed, n_allowed, all_lists), all_lists, x, count) for x in queries]
        assert answers[0].shape == (2, count)
        for query in queries:
            own = scan_all(scan, all_lists, query, count)
        assert own.shape == (1, count), "the codes were copied"
        for query, answer in zip(queries, answers, strict=True):
            own, both = scan_all(scan, all_lists, query, count)[0], answer[answer >= 0]
            assert allowed[own].all()
            assert np.isin(own, both).mean() > 0.99
    assert set(own) == set(both) == in_lists(allowed, all_lists)


def test_copied_codes_are_counted_and_large_ones_are_not_made(
    allowed: np.ndarray, all_lists: list[InvertedLists], rows: np.ndarray
) -> None:
    few, many = RowScan(allowed, 1_800, all_lists), RowScan(allowed, 10_000_000, all_lists)
    for scan in (few, many):
        assert scan.nbytes == 0
        for _ in range(40):
            scan_all(scan, all_lists, rows[0], 10)
    assert N // 8 < 1_800 * 16 < few.nbytes < 200_000
    assert many.nbytes == N // 8
    assert len(scan_all(few, all_lists, rows[0], 10)) == 1
    assert len(scan_all(many, all_lists, rows[0], 10)) == 2


def test_threads_may_scan_while_the_codes_are_copied(
    rows: np.ndarray, allowed: np.ndarray, all_lists: list[InvertedLists]
) -> None:
    expected = in_lists(allowed, all_lists)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            scan = RowScan(allowed, len(expected), all_lists)
            answers = pool.map(lambda row, of=scan: scan_all(of, all_lists, row, 2_000), rows[:60])
            assert all(set(answer[answer >= 0]) == expected for answer in answers)
