"""``Index.evaluate``: recall against exact search, and the time of single queries."""

from __future__ import annotations

import time

import numpy as np
import pytest

from segue.errors import UsageError, VectorError
from segue.index import Index
from tests.index_data import case, clustered


@pytest.mark.slow
def test_recall_is_what_a_full_comparison_says():
    one = case("euclidean float32")
    evaluation = one.index.evaluate(one.queries, 10, recalls=(0.8, 0.99, 1))
    assert (evaluation.k, evaluation.n_queries, len(evaluation)) == (10, len(one.queries), 3)
    for measured in evaluation:
        found = np.concatenate([one.index.query(q, 10, recall=measured.target)[0] for q in one.queries])
        assert measured.recall == pytest.approx(one.shares(found).mean(), abs=1e-3)
    assert evaluation[0].recall < evaluation[1].recall <= evaluation[2].recall == 1


@pytest.mark.slow
def test_equally_far_rows_count_as_found():
    rows = np.repeat(clustered(300, 8)[0], 20, axis=0)
    index = Index.build(rows, metric="euclidean", exact=False)
    assert index.evaluate(rows[::100], 5, recalls=(0.99,))[0].recall > 0.98


def test_an_exact_index_finds_everything():
    rows = clustered(300, 8)[0]
    (measured,) = Index.build(rows).evaluate(rows[:20], 5, recalls=(0.9,))
    assert measured.recall == 1
    assert 0 < measured.p50_us <= measured.p95_us


def test_a_filter_is_measured_too():
    rows = clustered(300, 8)[0]
    where = np.arange(300) % 100 == 0
    (measured,) = Index.build(rows).evaluate(rows[:20], 5, recalls=(0.9,), where=where)
    assert measured.recall == 1  # all three that there are


def test_times_are_in_microseconds():
    rows = clustered(20_000, 64)[0]
    index = Index.build(rows, exact=True)
    started = time.perf_counter()
    (measured,) = index.evaluate(rows[:50], recalls=(1,))
    took_us = (time.perf_counter() - started) * 1e6
    assert 10 < measured.p50_us < took_us / 20  # 25 of the 50 took as long as the median, or longer


def test_an_evaluation_prints_as_a_table():
    rows = clustered(300, 8)[0]
    lines = repr(Index.build(rows).evaluate(rows[:20], 5, recalls=(0.9, 0.95))).splitlines()
    assert lines[0] == "20 queries, k=5"
    assert lines[1].split() == ["target", "recall", "p50", "us", "p95", "us"]
    assert [line.split()[:2] for line in lines[2:]] == [["0.9", "1.0000"], ["0.95", "1.0000"]]


def test_queries_that_make_no_sense_are_refused():
    index = Index.build(clustered(300, 8)[0])
    with pytest.raises(UsageError, match="no queries"):
        index.evaluate(np.zeros((0, 8), np.float32))
    with pytest.raises(VectorError, match="expected 8"):
        index.evaluate(np.ones((3, 9), np.float32))
    with pytest.raises(UsageError, match="k is 0"):
        index.evaluate(np.ones((3, 8), np.float32), 0)
    with pytest.raises(UsageError, match="recall is 2"):
        index.evaluate(np.ones((3, 8), np.float32), recalls=(2,))
