"""How well an index does on given queries: recall against exact search, and the time of single queries."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.index.exact import Neighbors
from segue.index.metric import AnyVectors

_WARM_UP = 20  # queries that are not timed


@dataclass(frozen=True, slots=True)
class RecallMeasurement:
    """What queries got that asked for one recall.

    Attributes
    ----------
    target : the recall that was asked for
    recall : share of the truly nearest k that were found, mean over the queries
    p50_us, p95_us : microseconds that half, and 95 %, of the queries took at most, one at a time
    """

    target: float
    recall: float
    p50_us: float
    p95_us: float


@dataclass(frozen=True, slots=True, repr=False)
class IndexEvaluation:
    """What ``Index.evaluate`` measured; iterates over its measurements and prints as a table.

    Attributes
    ----------
    k : answers a query
    n_queries : queries that were asked
    """

    k: int
    n_queries: int
    measurements: tuple[RecallMeasurement, ...]

    def __iter__(self) -> Iterator[RecallMeasurement]:
        return iter(self.measurements)

    def __len__(self) -> int:
        return len(self.measurements)

    def __getitem__(self, position: int) -> RecallMeasurement:
        return self.measurements[position]

    def __repr__(self) -> str:
        lines = [f"{self.n_queries} queries, k={self.k}", "target  recall    p50 us    p95 us"]
        lines += [f"{m.target:<6g}  {m.recall:.4f}  {m.p50_us:8.1f}  {m.p95_us:8.1f}" for m in self]
        return "\n".join(lines)


def measure(
    search: Callable[[AnyVectors], Neighbors], queries: AnyVectors, truth: Neighbors, target: float
) -> RecallMeasurement:
    """Time a search for each query by itself and compare its answers with the truth.

    Parameters
    ----------
    search : from a query, (dim,), to its nearest rows
    queries : (m, dim)
    truth : from exact search; rows that are as far as the last of these count as found too
    """
    for query in queries[:_WARM_UP]:
        search(query)
    seconds, n_found = np.empty(len(queries)), 0
    for i, query in enumerate(queries):
        started = time.perf_counter()
        ids, distances = search(query)
        seconds[i] = time.perf_counter() - started
        n_found += _count_found(ids[0], distances[0], truth[0][i], truth[1][i])
    n_true = int((truth[0] >= 0).sum())
    p50_us, p95_us = np.quantile(seconds, [0.5, 0.95]) * 1e6
    return RecallMeasurement(target, n_found / max(1, n_true), float(p50_us), float(p95_us))


def _count_found(
    ids: NDArray[np.int64],
    distances: NDArray[np.float32],
    true_ids: NDArray[np.int64],
    true_distances: NDArray[np.float32],
) -> int:
    true_ids = true_ids[true_ids >= 0]
    farthest = true_distances[len(true_ids) - 1] if len(true_ids) else -np.inf
    return int((np.isin(ids, true_ids) | ((ids >= 0) & (distances <= farthest))).sum())
