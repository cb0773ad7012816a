"""How far a query must look to reach a recall: measured with rows of the index when it is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segue.index.ivfpq import InvertedLists
from segue.track import Vectors

RECALLS = (0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999)
KS = (10, 40, 100, 300, 1000)  # numbers of answers that it is measured for
SIBLINGS = 16  # rows before and after a query that do not count: often they are of one track or clip
_PROBES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 64, 96, 128, 192, 256, 384, 512, 1024)
_CANDIDATES = (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24, 32, 48, 64, 100, 200, 400, 800)
_MOST_SHARE = 0.2  # of all rows that k may be; from a tenth on all are compared, but rows may be added
_BLOCK = 128  # queries, whose candidates are held at a time
_MANY = 300  # answers; for so many, every second number of lists is tried, and until one does: it takes long
_LOOKED_AT = 1024  # candidates, or three times the largest k
_USUAL, _FARTHER = 0.99, 8192  # a recall that is not reached with so few is looked for among more
_LEAST_EXACT = 500.0  # microseconds
_MEASURED_UP_TO = {
    10: 0.999,
    40: 0.995,
    100: 0.995,
    300: 0.99,
    1000: 0.99,
}  # by k; farther takes longer than all before


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
    lists: InvertedLists,
    queries: Vectors,
    truth: NDArray[np.int64],
    query_rows: NDArray[np.int64],
    *,
    n: int | None = None,
    ks: Sequence[int] = KS,
    recalls: Sequence[float] = RECALLS,
    worth: float = np.inf,
) -> list[OperatingPoint]:
    """The cheapest operating point for each of ``ks`` and ``recalls``.

    It looks farther until each recall is reached. Where comparing with every row would be cheaper, a recall
    has no point.

    Parameters
    ----------
    queries : float32 (m, dim), rows of the index, reduced to Euclidean distance
    truth : int64 (m, <= KS[-1]), the rows that are truly nearest, without ``siblings`` of the query
    query_rows : int64 (m,), the row that each query is
    n : rows that the lists will hold; those they hold by default
    recalls : rising
    worth : what costs more has no point either
    """
    n = n or len(lists)
    goals = {k: min(recalls[-1], _MEASURED_UP_TO[k]) for k in ks if k <= min(truth.shape[1], _MOST_SHARE * n)}
    cost = Cost.of(lists, n)
    most = min(worth, cost.exact)
    tried = _try_probes(lists, queries, truth, query_rows, goals, _LOOKED_AT, cost, most)
    missing = {k: goal for k, goal in goals.items() if k < _MANY and not _reaching(tried, k, _USUAL)}
    if missing and cost.of_candidates(_FARTHER) < most:
        tried += _try_probes(lists, queries, truth, query_rows, missing, _FARTHER, cost, most)
    chosen = [_cheapest(tried, k, recall, cost, most) for k in goals for recall in recalls]
    return [point for point in chosen if point]


def siblings(rows: NDArray[np.int64], query_row: int, n: int) -> NDArray[np.bool_]:
    """Which rows are the query or next to it, in an index of n rows."""
    return np.abs(rows - query_row) <= min(SIBLINGS, n // 128)


def _try_probes(
    lists: InvertedLists,
    queries: Vectors,
    truth: NDArray[np.int64],
    query_rows: NDArray[np.int64],
    goals: Mapping[int, float],
    looked_at: int,
    cost: Cost,
    most: float,
) -> list[OperatingPoint]:
    """Points of more and more lists, until those that come would cost more than what reaches each goal."""
    tried: list[OperatingPoint] = []
    for i, n_probe in enumerate(_PROBES):
        least = {k: min(map(cost, _reaching(tried, k, goal)), default=most) for k, goal in goals.items()}
        wanted = [k for k in goals if least[k] == most or k < _MANY]
        if n_probe > lists.n_lists or cost.of_lists(n_probe) > max((least[k] for k in wanted), default=0.0):
            break
        tried_ks = [k for k in wanted if k < _MANY or i % 2 == 0]
        count = min(len(lists), max(looked_at, 3 * max(tried_ks, default=0)))
        ranks = _rank_truth(lists, queries, truth, query_rows, n_probe, count)
        tried += [point for k in tried_ks for point in _measure(ranks[:, :k], k, n_probe, count)]
    return tried


def _rank_truth(
    lists: InvertedLists,
    queries: Vectors,
    truth: NDArray[np.int64],
    query_rows: NDArray[np.int64],
    n_probe: int,
    count: int,
) -> NDArray[np.int64]:
    """int64, shaped as truth: the rank of each true row among the candidates; huge where it is missing."""
    far, n = np.iinfo(np.int64).max, len(lists)
    rank = np.full(truth.max(initial=0) + 1, far)
    out = np.empty_like(truth)
    for start in range(0, len(queries), _BLOCK):
        candidates = lists.search(queries[start : start + _BLOCK], n_probe, count)
        if candidates.max(initial=0) >= len(rank):
            rank = np.full(candidates.max() + 1, far)
        for i, row in enumerate(candidates, start):
            others = row[(row >= 0) & ~siblings(row, query_rows[i], n)]
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
class Cost:
    """About how many microseconds a query takes on one core; only the order matters."""

    n: int
    mean_list: float
    code_bytes: int
    dim: int
    n_axes: int

    @classmethod
    def of(cls, lists: InvertedLists, n: int) -> Cost:
        """Of lists that hold n rows."""
        return cls(n, n / lists.n_lists, lists.code_bytes, lists.dim, lists.n_axes)

    def __call__(self, point: OperatingPoint) -> float:
        return self.of_lists(point.n_probe) + self.of_candidates(point.n_candidates)

    def of_candidates(self, count: int) -> float:
        """Of comparing some rows, each somewhere else in memory."""
        return count * (0.25 + self.dim * 4e-4)

    @property
    def exact(self) -> float:
        """Of comparing with every row; of a few, more than that, as it hardly matters how."""
        return max(_LEAST_EXACT, self.n * self.dim * 1e-3)

    def of_lists(self, n_probe: int) -> float:
        """Of projecting a query and scanning."""
        per_list = 0.5 + self.code_bytes * (0.036 + self.mean_list * 1.2e-4)
        return n_probe * per_list + self.dim * self.n_axes * 1e-4


def _cheapest(
    tried: Sequence[OperatingPoint], k: int, recall: float, cost: Cost, most: float
) -> OperatingPoint | None:
    best = min(_reaching(tried, k, recall), key=cost, default=None)
    if best is None or cost(best) > most:
        return None
    return replace(best, recall=recall, measured=round(best.measured, 4))


def _reaching(tried: Sequence[OperatingPoint], k: int, recall: float) -> list[OperatingPoint]:
    return [point for point in tried if point.k == k and point.measured >= recall]
