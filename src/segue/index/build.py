"""Building lists: learn centroids and codes, fill the lists, measure how far a query must look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.index.batches import search_in_batches
from segue.index.calibration import KS, SIBLINGS, Cost, OperatingPoint, calibrate, siblings
from segue.index.exact import Neighbors, nearest
from segue.index.ivfpq import InvertedLists
from segue.index.l2_reduction import L2Reduction
from segue.index.metric import AnyVectors, lengths, prepare_queries
from segue.index.opq import PrincipalAxes
from segue.index.store import Store
from segue.progress import Progress, Silent
from segue.spec import Metric
from segue.track import Vectors

_ADDED_AT_A_TIME = 1 << 17  # rows, whose codes are made on all cores
_COMPARED_AT_ONCE = 64  # queries, at the least, with every row
_TRIED_ROWS = 300  # near to each query, by which codes are chosen
_TRIED_RECALLS = (0.95, 0.99)  # whose costs decide
# What few axes may cost, times the cost with more: their codes take less room, but cost more than it seems
# where only rows near to the queries are in the lists.
_FEWER_AXES = 1.1


def reduction_for(store: Store, rows: NDArray[np.int64], metric: Metric) -> L2Reduction:
    """What makes these rows and their queries comparable by Euclidean distance."""
    if metric != "dot":
        return L2Reduction(metric)
    step = 1 << 16
    longest = (lengths(store.take(rows[i : i + step])).max() for i in range(0, len(rows), step))
    return L2Reduction(metric, float(max(longest)))


def choose_lists(
    store: Store, rows: NDArray[np.int64], reduction: L2Reduction, samples: QuerySample, *, seed: int = 0
) -> InvertedLists:
    """Empty lists, learned from a sample of these rows, whose codes find near rows at the least cost.

    Codes of few principal axes are the quickest to scan, but may not tell which of two near rows is nearer.
    So they are tried, from all dimensions to few axes, on the rows that are near to the queries.
    """
    rng = np.random.default_rng(seed)
    sample = reduction.rows(store.take(rows[_draw(len(rows), InvertedLists.sample_size(len(rows)), rng)]))
    axes = PrincipalAxes(sample)
    best, worth = None, np.inf
    for count in reversed(axes.choices):
        lists = InvertedLists.train(sample, len(rows), axes.projection(count), seed=seed)
        if len(axes.choices) == 1:
            return lists
        cost = _tried_cost(lists, store, len(rows), reduction, samples, worth)
        if best is not None and not cost < worth:
            break
        best, worth = lists, min(worth, _FEWER_AXES * cost)
    assert best is not None
    return best.empty_copy()


def _tried_cost(
    lists: InvertedLists, store: Store, n: int, reduction: L2Reduction, samples: QuerySample, worth: float
) -> float:
    """About the time of a query, once the lists hold n rows; here they get the rows near to the queries.

    Infinite where that is not ``worth`` it, or comparing with every row is cheaper.
    """
    truth = samples.truth[:, :_TRIED_ROWS]
    fill_lists(lists, store, np.unique(truth), reduction)
    points = calibrate(
        lists, samples.reduced, truth, samples.rows, n=n, ks=KS[:1], recalls=_TRIED_RECALLS, worth=worth
    )
    cost = Cost.of(lists, n)
    return sum(map(cost, points)) if len(points) == len(_TRIED_RECALLS) else np.inf


def fill_lists(
    lists: InvertedLists,
    store: Store,
    rows: NDArray[np.int64],
    reduction: L2Reduction,
    progress: Progress | None = None,
) -> None:
    """Put rows of the store, ascending, into the lists, which are empty."""
    follower = progress or Silent()
    follower.begin(len(rows), "rows")
    width = store.base.shape[1] * (8 if reduction.metric == "hamming" else 1)
    step = max(1024, min(_ADDED_AT_A_TIME, (1 << 24) // width))
    numbers, codes = np.empty(len(rows), np.int32), np.empty((len(rows), lists.code_bytes), np.uint8)
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        numbers[part], codes[part] = lists.encode(reduction.rows(store.take(rows[part])))
        follower.advance(min(start + step, len(rows)))
    lists.fill(rows, numbers, codes)


@dataclass(frozen=True, slots=True)
class QuerySample:
    """Rows of an index as queries, by which it is measured.

    Attributes
    ----------
    rows : int64 (m,)
    reduced : float32 (m, dim'), the queries by Euclidean distance
    truth : int64 (m, <= KS[-1]), the rows that are truly nearest, nearest first, without ``siblings``
    """

    rows: NDArray[np.int64]
    reduced: Vectors
    truth: NDArray[np.int64]

    @classmethod
    def draw(
        cls, store: Store, rows: NDArray[np.int64], reduction: L2Reduction, count: int, *, seed: int = 0
    ) -> QuerySample:
        """``count`` of the rows, each compared with every one."""
        query_rows = rows[_draw(len(rows), count, np.random.default_rng(seed + 1))]
        queries = prepare_queries(store.take(query_rows), reduction.metric)
        among = len(store) if len(rows) == len(store) else rows

        def search_exactly(part: AnyVectors, _: NDArray[np.int64] | None) -> Neighbors:
            return nearest(store, part, KS[-1] + 2 * SIBLINGS + 1, reduction.metric, among)

        nearest_rows, _ = search_in_batches(search_exactly, queries, fewest=_COMPARED_AT_ONCE)
        others = [
            row[~siblings(row, query_row, len(rows))]
            for row, query_row in zip(nearest_rows, query_rows, strict=True)
        ]
        # As many of each query; more siblings of one may be near than of another.
        width = min([KS[-1], *map(len, others)])
        return cls(query_rows, reduction.queries(queries), np.array([row[:width] for row in others]))


def measure_operating_points(lists: InvertedLists, samples: QuerySample) -> list[OperatingPoint]:
    """How far to look for each recall, measured with some of the rows as queries."""
    return calibrate(lists, samples.reduced, samples.truth, samples.rows)


def _draw(n: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """int64, ascending: ``count`` numbers below n, or all n."""
    return np.sort(rng.choice(n, min(n, count), replace=False))
