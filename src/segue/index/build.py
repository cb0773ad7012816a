"""From a matrix, on disk or in memory, to lists of codes and how far to look in them."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from segue.index.batches import search_in_batches
from segue.index.calibration import KS, N_QUERIES, OperatingPoint, calibrate
from segue.index.exact import Neighbors, nearest
from segue.index.ivfpq import InvertedLists
from segue.index.l2_reduction import L2Reduction
from segue.index.metric import AnyVectors, lengths, prepare_queries
from segue.index.store import Store
from segue.spec import Metric

EXACT_BELOW = 20_000  # rows: comparing with all of them takes as long as looking into lists
_ADDED_AT_A_TIME = 1 << 17  # rows, whose codes are made on all cores

OnProgress = Callable[[int, int], None]
"""Called with the rows that are done and the rows there are."""


def reduction_for(store: Store, rows: NDArray[np.int64], metric: Metric) -> L2Reduction:
    """Where the codes of these rows are made."""
    if metric != "dot":
        return L2Reduction(metric)
    step = 1 << 16
    longest = (lengths(store.take(rows[i : i + step])).max() for i in range(0, len(rows), step))
    return L2Reduction(metric, float(max(longest)))


def train_lists(
    store: Store, rows: NDArray[np.int64], reduction: L2Reduction, *, seed: int = 0
) -> InvertedLists:
    """Lists for these rows, still empty."""
    rng = np.random.default_rng(seed)
    sample = rows[_sample_rows(len(rows), InvertedLists.sample_size(len(rows)), rng)]
    return InvertedLists.train(reduction.rows(store.take(sample)), len(rows), seed=seed)


def fill_lists(
    lists: InvertedLists,
    store: Store,
    rows: NDArray[np.int64],
    reduction: L2Reduction,
    on_progress: OnProgress | None = None,
) -> None:
    """Put rows of the store, ascending, into the lists."""
    report = on_progress or (lambda done, total: None)
    width = store.base.shape[1] * (8 if reduction.metric == "hamming" else 1)
    step = max(1024, min(_ADDED_AT_A_TIME, (1 << 24) // width))
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        lists.add(reduction.rows(store.take(part)), part)
        report(min(start + step, len(rows)), len(rows))


def measure_operating_points(
    lists: InvertedLists, store: Store, rows: NDArray[np.int64], reduction: L2Reduction, *, seed: int = 0
) -> list[OperatingPoint]:
    """What reaches which recall, measured on some of the rows."""
    rng = np.random.default_rng(seed + 1)
    query_rows = rows[_sample_rows(len(rows), N_QUERIES, rng)]
    queries = prepare_queries(store.take(query_rows), reduction.metric)
    among = len(store) if len(rows) == len(store) else rows

    def compared(queries: AnyVectors, _: NDArray[np.int64] | None) -> Neighbors:
        return nearest(store, queries, KS[-1] + 1, reduction.metric, among)

    found, _ = search_in_batches(compared, queries, most=max(64, -(-len(queries) // (os.cpu_count() or 1))))
    # A copy of the row may stand before the row itself, or push it out.
    others = [row[row != query_row][: KS[-1]] for row, query_row in zip(found, query_rows, strict=True)]
    return calibrate(lists, reduction.queries(queries), np.array(others), query_rows)


def _sample_rows(n: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return np.sort(rng.choice(n, min(n, count), replace=False))
