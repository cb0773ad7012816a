"""How far a query must look to reach a recall: measured with rows of the index when it is built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segue.index.ivfpq import InvertedLists
from segue.track import Vectors

RECALLS = (0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999)
KS = (10, 100, 300, 1000)  # numbers of answers that it is measured for
_PROBES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 64, 96, 128, 192, 256, 384, 512, 1024)
_CANDIDATES = (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 32, 64)  # times k
_MOST_SHARE = 0.2  # of all rows that k may be; from a tenth on all are compared, but rows may be added
_MANY = 300  # answers; for so many, every second number of lists is tried: it takes three times as long
_LEAST_CANDIDATES = 1024  # or three times the largest k
_MEASURED_UP_TO = {10: 0.999, 100: 0.995, 300: 0.99, 1000: 0.99}  # by k; farther takes longer than all before


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """How far to look for k answers to reach a recall.

    Attributes
    ----------
    k : answers
    recall : share of the truly nearest rows to find, the target
    n_probe : lists to scan
    n_candidates : rows to compare exactly
    measured : recall that was measured, less one standard error; at least ``recall``
    """

    k: int
    recall: float
    n_probe: int
    n_candidates: int
    measured: float


def calibrate(
    lists: InvertedLists, queries: Vectors, truth: NDArray[np.int64], query_rows: NDArray[np.int64]
) -> list[OperatingPoint]:
    """The cheapest operating point for each of ``KS`` and ``RECALLS``, but for those that none reaches.

    Parameters
    ----------
    queries : float32 (m, dim), rows of the index, reduced to Euclidean distance
    truth : int64 (m, <= KS[-1]), the rows that are truly nearest, without the query's own row
    query_rows : int64 (m,), the row that each query is
    """
    tried: list[OperatingPoint] = []
    ks = [k for k in KS if k <= min(truth.shape[1], _MOST_SHARE * len(lists))]
    for i, n_probe in enumerate(_PROBES):
        if n_probe > lists.n_lists:
            break
        tried_ks = [k for k in ks if k < _MANY or i % 2 == 0]
        count = min(len(lists), max(_LEAST_CANDIDATES, 3 * max(tried_ks, default=0)))
        ranks = _rank_truth(lists.search(queries, n_probe, count), truth, query_rows)
        tried += [point for k in tried_ks for point in _measure(ranks[:, :k], k, n_probe, count)]
        if all(_reaching(tried, k, _MEASURED_UP_TO[k]) for k in ks):
            break
    cost = _Cost(len(lists) / lists.n_lists, lists.code_bytes, lists.dim)
    chosen = [_cheapest(tried, k, recall, cost) for k in ks for recall in RECALLS]
    return [point for point in chosen if point]


def _rank_truth(
    candidates: NDArray[np.int64], truth: NDArray[np.int64], query_rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """int64, shaped as truth: the rank of each true row among the candidates; huge where it is missing."""
    far = np.iinfo(np.int64).max
    rank = np.full(max(truth.max(initial=0), candidates.max(initial=0)) + 1, far)
    out = np.empty_like(truth)
    for i, row in enumerate(candidates):
        others = row[(row >= 0) & (row != query_rows[i])]
        rank[others] = np.arange(len(others))
        out[i] = rank[truth[i]]
        rank[others] = far
    return out


def _measure(ranks: NDArray[np.int64], k: int, n_probe: int, most: int) -> list[OperatingPoint]:
    out = []
    for times in _CANDIDATES:
        count = int(times * k)
        if count > max(k, most):
            break
        recalls = (ranks < count).mean(axis=1)
        measured = float(recalls.mean() - recalls.std() / np.sqrt(len(recalls)))
        # One more, as the query's own row is among its candidates.
        out.append(OperatingPoint(k, 0.0, n_probe, count + 1, measured))
    return out


@dataclass(frozen=True, slots=True)
class _Cost:
    """About how many microseconds a query takes on one core; only the order matters."""

    mean_list: float
    code_bytes: int
    dim: int

    def __call__(self, point: OperatingPoint) -> float:
        per_list = 0.5 + self.code_bytes * (0.036 + self.mean_list * 1.2e-4)
        return point.n_probe * per_list + point.n_candidates * (0.25 + self.dim * 4e-4)


def _cheapest(tried: Sequence[OperatingPoint], k: int, recall: float, cost: _Cost) -> OperatingPoint | None:
    reaching = _reaching(tried, k, recall)
    if not reaching:
        return None
    best = min(reaching, key=cost)
    return replace(best, recall=recall, measured=round(best.measured, 4))


def _reaching(tried: Sequence[OperatingPoint], k: int, recall: float) -> list[OperatingPoint]:
    return [point for point in tried if point.k == k and point.measured >= recall]
