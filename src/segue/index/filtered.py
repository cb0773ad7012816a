"""Nearest rows among some: by comparing all of these, or by the lists."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.index.exact import Neighbors, k_smallest, merge_nearest, nearest
from segue.index.metric import AnyVectors, row_distances
from segue.index.plans import plan_for
from segue.index.row_filter import Reach, RowFilter
from segue.index.state import STEP_BYTES, Plan, State

_WIDER_FACTOR = 2.5  # times the number of nearest rows that hold k qualifying ones on average
_MOST_WIDER = 32  # times k; where fewer of the nearest rows qualify, lists are scanned for these alone
_MANY, _SHARED = 8, 4  # so many queries are compared with as many times the rows, which they share
_MORE_STEPS = 6  # times as long as the steps of a query take those of scanning for some rows
_SPARE = 2  # times as many lists and candidates as held the nearest
_LESS = 0.1  # of what a query did not need of its reach, the next one goes without
_HARD = 1.5  # times as long as the next scan: if comparing all takes no longer, that is done


def search_filtered(
    state: State, plan: Plan, row_filter: RowFilter, queries: AnyVectors, k: int
) -> Neighbors:
    """k answers wherever k rows qualify.

    Few qualifying rows are all compared. Where rows near a query qualify often enough, they are among the
    candidates of a wider search without the filter. Otherwise lists are scanned for rows that qualify.
    """
    shared = _SHARED if len(queries) >= _MANY else 1
    few = row_filter.count <= max(shared * state.options.filter_exact_below, 10 * k)
    if few or not plan.n_probe or state.lists is None:
        return nearest(state.store, queries, k, state.metric, row_filter.rows)
    reduced = state.reduction.queries(queries)
    answers = [
        _Question(state, plan, row_filter, queries[i], reduced[i : i + 1], k).answer()
        for i in range(len(queries))
    ]
    neighbors = (
        np.array([rows for rows, _ in answers], np.int64).reshape(-1, k),
        np.array([distances for _, distances in answers], np.float32).reshape(-1, k),
    )
    if state.n_coded < state.n:
        uncoded = np.flatnonzero(row_filter.allowed[state.n_coded :]) + state.n_coded
        others = nearest(state.store, queries, k, state.metric, uncoded)
        neighbors = merge_nearest(neighbors, others, k)
    return neighbors


class _Question:
    """One query among the rows of a filter.

    Parameters
    ----------
    query : (dim,), as ``prepare_queries`` gives it
    reduced : float32 (1, dim'), by Euclidean distance
    """

    def __init__(
        self,
        state: State,
        plan: Plan,
        row_filter: RowFilter,
        query: AnyVectors,
        reduced: NDArray[np.float32],
        k: int,
    ) -> None:
        self._state, self._plan, self._filter, self._query, self._k = state, plan, row_filter, query, k
        self._all_lists = state.all_lists()
        self._projected = self._all_lists[0].projected(reduced)
        self._numbers, self._squares = self._all_lists[0].order(self._projected)

    def answer(self) -> Neighbors:
        """Rows int64 (k,) and distances float32 (k,), nearest first; -1 and infinity follow."""
        wider = self._wider_plan()
        near = self._among_nearest(wider) if wider else None
        rows, distances = near or self._among_all()
        columns, smallest = k_smallest(distances[None], self._k)
        rows, distances = rows[columns[0]], smallest[0]
        if len(rows) == self._k:
            return rows, distances
        missing = (0, self._k - len(rows))
        return (
            np.pad(rows, missing, constant_values=-1),
            np.pad(distances, missing, constant_values=np.inf),
        )

    def _wider_plan(self) -> Plan | None:
        """Of so many nearest rows that k of them qualify, as often as rows of the nearest lists do."""
        needed, nearest_lists = _WIDER_FACTOR * self._k, self._numbers[0, : self._plan.n_probe]
        share = self._filter.share_of(nearest_lists)
        wider_k = next((k for k in self._state.measured_ks if k * share >= needed), None)
        if wider_k is None or wider_k > _MOST_WIDER * self._k:
            return None
        wider = plan_for(self._state, wider_k, self._plan.recall, self._plan.effort)
        if not wider.n_probe:
            return None
        share = self._filter.share_of(self._numbers[0, : wider.n_probe])
        return wider if wider_k * share >= needed else None

    def _among_nearest(self, wider: Plan) -> Neighbors | None:
        """The candidates of a wider plan that qualify; None where too few are among the first half.

        The plan finds the nearest ``wider.k`` rows. Where k of these qualify, they are found as reliably.
        """
        part, count = slice(0, wider.n_probe), wider.n_candidates
        rows = np.concatenate([
            lists.scan(self._projected, self._numbers[:, part], self._squares[:, part], count)[0]
            for lists in self._all_lists
        ])  # fmt: skip
        qualifies = self._filter.allowed[rows] & (rows >= 0)
        if np.count_nonzero(qualifies & ~_is_late(len(rows), count)) < self._k:
            return None
        return self._compare(rows[qualifies])

    def _among_all(self) -> Neighbors:
        """The nearest that qualify, wherever they are: all are compared, or lists are scanned."""
        reach = self._reach
        by_lists = self._cost(min(2 * reach.n_lists, len(self._numbers[0])), reach.n_candidates)
        if self._filter.count * self._state.bytes_of_row > by_lists + _MORE_STEPS * STEP_BYTES:
            near = self._in_lists()
            if near:
                return near
        coded = self._filter.rows[: self._filter.rows.searchsorted(self._state.n_coded)]
        rows, distances = nearest(self._state.store, self._query[None], self._k, self._state.metric, coded)
        return rows[0], distances[0]

    @property
    def _reach(self) -> Reach:
        """How far the filter's last queries had to look."""
        first = Reach(self._plan.n_far, max(self._plan.n_far_candidates, self._k))
        return self._filter.reach.get(self._plan, first)

    def _cost(self, n_lists: int, n_candidates: int) -> float:
        """Bytes that are gone through where lists are scanned for rows that qualify."""
        share = n_lists / self._all_lists[0].n_lists
        lists = self._filter.scan.bytes_of(n_lists, share * self._state.n, share * self._filter.count)
        return float(lists) + n_candidates * self._state.bytes_of_row

    def _in_lists(self) -> Neighbors | None:
        """The nearest that qualify, of so many lists that those left hold hardly any.

        None where their codes tell so little that comparing all rows that qualify takes less.
        """
        has_some = self._filter.in_lists.take(self._numbers[0]) > 0
        numbers, squares = self._numbers[:, has_some], self._squares[:, has_some]
        near = (np.zeros(0, np.int64), np.zeros(0, np.float32))
        reach = self._reach
        start, stop, count, most = 0, reach.n_lists, reach.n_candidates, 0
        while True:
            part = slice(start, stop)
            scanned = self._with_lists(near, numbers[:, part], squares[:, part], count)
            if scanned is None:
                return None
            near, of_part = scanned
            count = most = max(most, of_part)
            needed = self._lists_needed(near, numbers[0], squares[0], stop)
            if needed <= stop:
                break
            start, stop = stop, max(needed, stop + self._plan.n_far)
        self._filter.reach[self._plan] = Reach(
            _slowly(reach.n_lists, needed), _slowly(reach.n_candidates, most)
        )
        return near

    def _with_lists(
        self, near: Neighbors, numbers: NDArray[np.int64], squares: NDArray[np.float32], count: int
    ) -> tuple[Neighbors, int] | None:
        """With all rows that qualify in lists with few of them, and candidates of the others.

        Returns
        -------
        The rows, and how many candidates were needed; None where comparing all that qualify takes less.
        """
        scan, listed = self._filter.scan, self._state.listed_rows
        n_allowed, n_rows = self._filter.in_lists.take(numbers[0]), listed.sizes.take(numbers[0])
        rare = n_allowed * self._state.bytes_of_row < scan.bytes_of(1, n_rows, n_allowed)
        near = _join(near, self._compare(self._filter.rows_in(numbers[0, rare])))
        if rare.all():
            return near, count
        numbers, squares = numbers[:, ~rare], squares[:, ~rare]
        in_lists = int(n_rows[~rare].sum()), int(n_allowed[~rare].sum())
        while True:  # until the last of the candidates are hardly near
            rows = scan.candidates(self._projected, numbers, squares, count, *in_lists)
            exist, are_all = rows >= 0, rows[:, -1:] < 0
            candidates = _join(self._compare(rows[exist]), near)
            places = np.zeros(len(candidates[0]), np.int64)
            places[: np.count_nonzero(exist)] = np.where(are_all, 0, np.arange(count))[exist]
            needed = round(_SPARE * self._n_first(candidates[1], places, count))
            if needed <= count or are_all.all():
                return candidates, needed
            count = max(needed, 2 * count)
            if self._filter.count * self._state.bytes_of_row <= _HARD * self._cost(numbers.shape[1], count):
                return None

    def _lists_needed(
        self, near: Neighbors, numbers: NDArray[np.int64], squares: NDArray[np.float32], n: int
    ) -> int:
        """Of so many lists, after the first ``n``, those left hold hardly any of the nearest."""
        places = np.zeros(len(self._numbers[0]), np.int64)
        places[numbers] = np.arange(len(numbers))
        of_rows = places.take(self._state.listed_rows.number.take(near[0]))
        n_first = round(_SPARE * self._n_first(near[1], of_rows, n))
        return min(max(n_first, self._n_nearer(near, squares)), len(numbers))

    def _n_first(self, distances: NDArray[np.float32], places: NDArray[np.int64], n: int) -> int:
        """How many places, from 0 on, hold the nearest rows but for so few that they hardly count.

        Parameters
        ----------
        places : of the rows, below ``n``; where there are too few rows to tell, twice as many are needed
        """
        missable = 1 - self._plan.recall
        watched = max(self._k, round(1 / missable))
        if len(distances) < watched:
            return 2 * n
        of_nearest = places[distances.argpartition(watched - 1)[:watched]]
        last = watched - 1 - int(missable * watched + 1e-9)
        return int(np.partition(of_nearest, last)[last]) + 1

    def _n_nearer(self, near: Neighbors, squares: NDArray[np.float32]) -> int:
        """How many lists' centroids are nearer than the last of the k nearest rows."""
        rows, distances = near
        if len(rows) < self._k:
            return len(squares)
        nearest_k = rows[distances.argpartition(self._k - 1)[: self._k]]
        reduced = self._state.reduction.rows(self._state.store.take(nearest_k))
        gaps = self._all_lists[0].projected(reduced) - self._projected
        return int(squares.searchsorted(np.einsum("ij,ij->i", gaps, gaps).max()))

    def _compare(self, rows: NDArray[np.int64]) -> Neighbors:
        store, metric = self._state.store, self._state.metric
        lengths = store.known_lengths(rows) if metric == "cosine" else None
        return rows, row_distances(self._query, store.take(rows), metric, lengths)


def _join(one: Neighbors, other: Neighbors) -> Neighbors:
    return np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])


def _is_late(n: int, count: int) -> NDArray[np.bool_]:
    """bool (n,): which of some lists' candidates, ``count`` each, are the less promising half of them."""
    return np.arange(n) % count >= count // 2


def _slowly(before: int, needed: int) -> int:
    """More at once, less step by step."""
    return needed if needed > before else before - int(_LESS * (before - needed))
