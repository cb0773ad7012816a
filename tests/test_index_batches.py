"""Many queries at once: as many threads as one may use, and the same answers whatever their number."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest

from segue.index import Index
from segue.index.batches import search_in_batches, use_threads


def asked_by(n_queries: int) -> tuple[set[int], list[int]]:
    """The threads that search for some queries, and how many each is asked for at a time."""
    threads, sizes = set(), []

    def search(queries, _):
        threads.add(threading.get_ident())
        sizes.append(len(queries))
        return np.repeat(queries.astype(np.int64), 2, axis=1), np.repeat(queries, 2, axis=1)

    queries = np.arange(n_queries, dtype=np.float32)[:, None]
    rows, distances = search_in_batches(search, queries)
    np.testing.assert_array_equal(rows[:, 0], np.arange(n_queries))
    np.testing.assert_array_equal(distances[:, 1], queries[:, 0])
    return threads, sizes


def test_a_block_that_may_use_one_thread_searches_in_its_own():
    with use_threads(1):
        threads, sizes = asked_by(10_000)
    assert threads == {threading.get_ident()}
    assert sizes == [4096, 4096, 1808]


def test_threads_share_what_is_asked():
    with use_threads(3):
        threads, sizes = asked_by(3000)
    assert len(threads) <= 3
    assert threading.get_ident() not in threads
    assert sorted(sizes) == [1000, 1000, 1000]
    _, sizes = asked_by(3000)
    assert len(sizes) == min(os.cpu_count(), 12)  # at least 256 each


def test_few_queries_need_no_threads():
    assert asked_by(256) == ({threading.get_ident()}, [256])


@pytest.mark.slow
def test_answers_do_not_depend_on_the_number_of_threads():
    rng = np.random.default_rng(1)
    rows = (rng.standard_normal((5000, 8)) @ rng.standard_normal((8, 32))).astype(np.float32)
    index = Index.build(rows)
    queries = rows[:1500] + 0.1 * rng.standard_normal((1500, 32), np.float32)
    with use_threads(1):
        alone = index.query(queries, 5)
    together = index.query(queries, 5)
    assert (alone[0] == together[0]).mean() > 0.999  # products of other sizes may round in another way
