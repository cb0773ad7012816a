"""How far to look for a wanted recall: measured on rows of the index itself when it is built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.index.ivfpq import InvertedLists
from segue.track import Vectors

N_QUERIES = 512
RECALLS = (0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999)
KS = (10, 100, 300, 1000)  # answers wanted that it is measured for
_PROBES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 64, 96, 128, 192, 256, 384, 512, 1024)
_CANDIDATES = (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 32, 64)  # times k
_MOST_SHARE = 0.2  # of all rows that k may be; from a tenth on all are compared, but rows may come
_MANY = 300  # answers, for which every second number of lists is tried: it takes thrice as long
_CANDIDATES_OF_FEW = 1024  # looked at at the least, or thrice the largest k
_MEASURED_UP_TO = {10: 0.999, 100: 0.995, 300: 0.99, 1000: 0.99}  # by k; farther takes longer than all before


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What reaches a recall: lists to look into, and candidates to compare exactly.

    Attributes
    ----------
    recall : that was asked for
    measured : on the rows that it was measured with, a standard error below their mean
    """

    k: int
    recall: float
    n_probe: int
    n_candidates: int
    measured: float


def calibrate(
    lists: InvertedLists, queries: Vectors, truth: NDArray[np.int64], query_rows: NDArray[np.int64]
) -> list[OperatingPoint]:
    """The cheapest setting for each of ``RECALLS`` and ``KS`` that reaches it; none where none does.

    Parameters
    ----------
    queries : float32 (m, dim), rows of the index, in the space of the codes
    truth : int64 (m, KS[-1]), the rows that are really nearest, without the row itself; of few rows, fewer
    seeds : int64 (m,), the rows that the queries are
    """
    mean_list = len(lists) / lists.n_lists
    tried: list[OperatingPoint] = []
    ks = [k for k in KS if k <= min(truth.shape[1], _MOST_SHARE * len(lists))]
    for i, n_probe in enumerate(_PROBES):
        if n_probe > lists.n_lists:
            break
        now = [k for k in ks if k < _MANY or i % 2 == 0]
        count = min(len(lists), max(_CANDIDATES_OF_FEW, 3 * max(now, default=0)))
        ranks = _ranks(lists.search(queries, n_probe, count), truth, query_rows)
        tried += [found for k in now for found in _operating_points(ranks[:, :k], k, n_probe, count)]
        if all(_reaching(tried, k, _MEASURED_UP_TO[k]) for k in ks):
            break
    cost = _Cost(mean_list, lists.code_bytes, lists.dim)
    chosen = [_cheapest(tried, k, recall, cost) for k in ks for recall in RECALLS]
    return [point for point in chosen if point]


def _ranks(
    found: NDArray[np.int64], truth: NDArray[np.int64], query_rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """int64, as truth: among the candidates, at which place each of the nearest rows is; far where not."""
    far = np.iinfo(np.int64).max
    rank = np.full(max(truth.max(initial=0), found.max(initial=0)) + 1, far)
    out = np.empty_like(truth)
    for i, row in enumerate(found):
        others = row[(row >= 0) & (row != query_rows[i])]
        rank[others] = np.arange(len(others))
        out[i] = rank[truth[i]]
        rank[others] = far
    return out


def _operating_points(ranks: NDArray[np.int64], k: int, n_probe: int, most: int) -> list[OperatingPoint]:
    out = []
    for times in _CANDIDATES:
        count = int(times * k)
        if count > max(k, most):
            break
        recalls = (ranks < count).mean(axis=1)
        sure = float(recalls.mean() - recalls.std() / np.sqrt(len(recalls)))
        # One more, as the row itself is among the candidates of a row.
        out.append(OperatingPoint(k, 0.0, n_probe, count + 1, sure))
    return out


@dataclass(frozen=True, slots=True)
class _Cost:
    """Microseconds of a query, roughly, as measured on one core; only their order counts."""

    mean_list: float
    code_bytes: int
    dim: int

    def __call__(self, point: OperatingPoint) -> float:
        a_list = 0.5 + self.code_bytes * (0.036 + self.mean_list * 1.2e-4)
        return point.n_probe * a_list + point.n_candidates * (0.25 + self.dim * 4e-4)


def _cheapest(tried: Sequence[OperatingPoint], k: int, recall: float, cost: _Cost) -> OperatingPoint | None:
    enough = _reaching(tried, k, recall)
    if not enough:
        return None
    best = min(enough, key=cost)
    return OperatingPoint(k, recall, best.n_probe, best.n_candidates, round(best.measured, 4))


def _reaching(tried: Sequence[OperatingPoint], k: int, recall: float) -> list[OperatingPoint]:
    return [point for point in tried if point.k == k and point.measured >= recall]
