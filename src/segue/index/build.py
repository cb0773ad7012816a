"""Building lists: learn centroids and codes, fill the lists, measure how far a query must look."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

from segue.index.batches import search_in_batches
from segue.index.calibration import KS, OperatingPoint, calibrate
from segue.index.exact import Neighbors, nearest
from segue.index.ivfpq import InvertedLists
from segue.index.l2_reduction import L2Reduction
from segue.index.metric import AnyVectors, lengths, prepare_queries
from segue.index.store import Store
from segue.progress import Progress, Silent
from segue.spec import Metric

_ADDED_AT_A_TIME = 1 << 17  # rows, whose codes are made on all cores


def reduction_for(store: Store, rows: NDArray[np.int64], metric: Metric) -> L2Reduction:
    """What makes these rows and their queries comparable by Euclidean distance."""
    if metric != "dot":
        return L2Reduction(metric)
    step = 1 << 16
    longest = (lengths(store.take(rows[i : i + step])).max() for i in range(0, len(rows), step))
    return L2Reduction(metric, float(max(longest)))


def train_lists(
    store: Store, rows: NDArray[np.int64], reduction: L2Reduction, *, seed: int = 0
) -> InvertedLists:
    """Empty lists, learned from a sample of these rows."""
    rng = np.random.default_rng(seed)
    sample = rows[_draw(len(rows), InvertedLists.sample_size(len(rows)), rng)]
    return InvertedLists.train(reduction.rows(store.take(sample)), len(rows), seed=seed)


def fill_lists(
    lists: InvertedLists,
    store: Store,
    rows: NDArray[np.int64],
    reduction: L2Reduction,
    progress: Progress | None = None,
) -> None:
    """Put rows of the store, ascending, into the lists."""
    follower = progress or Silent()
    follower.begin(len(rows), "rows")
    width = store.base.shape[1] * (8 if reduction.metric == "hamming" else 1)
    step = max(1024, min(_ADDED_AT_A_TIME, (1 << 24) // width))
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        lists.add(reduction.rows(store.take(part)), part)
        follower.advance(min(start + step, len(rows)))


def measure_operating_points(
    lists: InvertedLists,
    store: Store,
    rows: NDArray[np.int64],
    reduction: L2Reduction,
    n_queries: int,
    *,
    seed: int = 0,
) -> list[OperatingPoint]:
    """How far to look for each recall, measured with some of the rows as queries."""
    rng = np.random.default_rng(seed + 1)
    query_rows = rows[_draw(len(rows), n_queries, rng)]
    queries = prepare_queries(store.take(query_rows), reduction.metric)
    among = len(store) if len(rows) == len(store) else rows

    def search_exactly(part: AnyVectors, _: NDArray[np.int64] | None) -> Neighbors:
        return nearest(store, part, KS[-1] + 1, reduction.metric, among)

    batch_size = max(64, -(-len(queries) // (os.cpu_count() or 1)))
    nearest_rows, _ = search_in_batches(search_exactly, queries, batch_size=batch_size)
    # A copy of the row may come before the row itself, or push it out.
    truth = [row[row != query_row][: KS[-1]] for row, query_row in zip(nearest_rows, query_rows, strict=True)]
    return calibrate(lists, reduction.queries(queries), np.array(truth), query_rows)


def _draw(n: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """int64, ascending: ``count`` numbers below n, or all n."""
    return np.sort(rng.choice(n, min(n, count), replace=False))
