"""One way through an index: candidates from the lists, then exact distances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.index.exact import Neighbors, k_smallest, merge_nearest, nearest
from segue.index.ivfpq import InvertedLists
from segue.index.metric import AnyVectors, pair_distances, row_distances
from segue.index.single_query import make_searcher
from segue.index.state import Plan, State

_PAIR_VALUES = 1 << 22  # numbers of candidates held at a time
FILTERED_EXACTLY = 10_000  # rows that qualify; fewer are all compared
_LOOKED_AT = 8  # times as many qualifying rows as a query without a filter looks at
_SIFTED = 3.0  # times as many rows as hold k that qualify, on average, are looked among
_PLANS = 256  # kept at a time
_ALIVE = 0.75  # of the candidates that a query looks at where nothing was deleted


def plan_for(state: State, k: int, recall: float, effort: float) -> Plan:
    """The plan that reaches a recall, times an effort."""
    key = (k, recall, effort)
    plan = state.plans.get(key)
    if plan:
        return plan
    if len(state.plans) >= _PLANS:
        state.plans.clear()
        state.searchers.clear()
    state.plans[key] = plan = _plan(state, k, recall, effort)
    ask = make_searcher(state, plan)
    if ask:
        state.searchers[key] = ask
    return plan


def _plan(state: State, k: int, recall: float, effort: float) -> Plan:
    operating_point = state.operating_point(k, recall)
    if state.lists is None or operating_point is None or k * 10 > len(state):
        return Plan(k)
    more = effort * max(1.0, k / operating_point.k)
    allowance = 1 + 2 * state.n_coded_tombstones / max(
        1, len(state)
    )  # dead rows take places among the candidates
    wanted = max(k, operating_point.n_candidates * more)
    n_probe, count = max(1, round(operating_point.n_probe * more)), int(np.ceil(wanted * allowance))
    return Plan(k, n_probe, min(count, state.n), int(_ALIVE * wanted), recall, effort)


def search(
    state: State,
    plan: Plan,
    allowed: NDArray[np.bool_] | None,
    queries: AnyVectors,
    exclude: NDArray[np.int64] | None = None,
) -> Neighbors:
    """The nearest rows of each query; fewer than k in a row are filled up with -1 and infinity.

    Parameters
    ----------
    allowed : bool (n,), which rows may be answers, dead ones not among them; none for all that live
    queries : (m, dim), as ``prepare_queries`` gives them
    exclude : int64 (m,), for each query a row that is no answer
    """
    k = plan.k + (exclude is not None)
    if allowed is not None:
        found = _search_filtered(state, plan, allowed, queries, k)
    elif not plan.n_probe or state.lists is None:
        rows = state.n if state.tombstones is None else state.live_rows()
        found = nearest(state.store, queries, k, state.reduction.metric, rows)
    else:
        found = _search_lists(state, queries, plan, k)
    return _drop_excluded(found, exclude, plan.k)


def _search_filtered(
    state: State, plan: Plan, allowed: NDArray[np.bool_], queries: AnyVectors, k: int
) -> Neighbors:
    """There are k answers wherever k rows qualify.

    Few rows are all compared. Where many qualify, the nearest that do are among the nearest of all; where
    that cannot be told, those in the lists nearest to a query are compared, until they are several times as
    many as a query without a filter looks at.
    """
    metric, n_allowed = state.reduction.metric, int(np.count_nonzero(allowed))
    if not plan.n_probe or state.lists is None or n_allowed <= max(FILTERED_EXACTLY, 10 * k):
        return nearest(state.store, queries, k, metric, np.flatnonzero(allowed))
    reduced = state.reduction.queries(queries)
    wide = _wide_enough(state, k * len(state) / n_allowed)
    deep = plan_for(state, wide, plan.recall, plan.effort) if wide else plan
    if not wide or not deep.n_probe:
        return _search_near_lists(state, plan, allowed, queries, reduced, k)
    found, short = _filter_candidates(state, deep, allowed, queries, reduced, k)
    if short.any():
        found[0][short], found[1][short] = _search_near_lists(
            state, plan, allowed, queries[short], reduced[short], k
        )
    return found


def _nearest(state: State, queries: AnyVectors, i: int, rows: NDArray[np.int64], k: int) -> Neighbors:
    """Of one query, the nearest of some rows."""
    return nearest(state.store, queries[i : i + 1], k, state.reduction.metric, rows)


def _padded(found: Neighbors, k: int) -> Neighbors:
    """Filled up to k columns with -1 and infinity."""
    lacking = ((0, 0), (0, k - found[0].shape[1]))
    return np.pad(found[0], lacking, constant_values=-1), np.pad(found[1], lacking, constant_values=np.inf)


def _wide_enough(state: State, rows: float) -> int:
    """How many of the nearest hold k that qualify, of the numbers that recall was measured for, or 0."""
    return min((s.k for s in state.operating_points if s.k >= _SIFTED * rows), default=0)


def _filter_candidates(
    state: State,
    deep: Plan,
    allowed: NDArray[np.bool_],
    queries: AnyVectors,
    reduced: NDArray[np.float32],
    k: int,
) -> tuple[Neighbors, NDArray[np.bool_]]:
    """Those that qualify among the candidates of a wider plan, and for which queries they are too few.

    The plan finds the nearest ``deep.k`` rows. Where candidates qualify at such a rate that k of those rows
    do, the k are found as reliably.
    """
    found: Neighbors = (np.zeros((len(queries), 0), np.int64), np.zeros((len(queries), 0), np.float32))
    n = np.zeros(len(queries))
    for lists in state.all_lists():
        rows = lists.search(reduced, deep.n_probe, deep.n_candidates)
        fits = (rows >= 0) & allowed[np.maximum(rows, 0)]
        n += fits.sum(axis=1)
        parts = [
            _padded(_nearest(state, queries, i, np.sort(rows[i][fits[i]]), k), k) for i in range(len(queries))
        ]
        ranked = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
        found = merge_nearest(found, ranked, k)
    uncoded = np.flatnonzero(allowed[state.n_coded :]) + state.n_coded
    if len(uncoded):
        found = merge_nearest(found, nearest(state.store, queries, k, state.reduction.metric, uncoded), k)
    return found, (n < k * deep.n_candidates / deep.k) | np.isinf(found[1][:, -1])


def _search_near_lists(
    state: State,
    plan: Plan,
    allowed: NDArray[np.bool_],
    queries: AnyVectors,
    reduced: NDArray[np.float32],
    k: int,
) -> Neighbors:
    parts = [
        _nearest(state, queries, i, _rows_in_near_lists(state, reduced[i : i + 1], plan, allowed), k)
        for i in range(len(queries))
    ]
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _search_lists(state: State, queries: AnyVectors, plan: Plan, k: int) -> Neighbors:
    reduced = state.reduction.queries(queries)
    found: Neighbors = (np.zeros((len(queries), 0), np.int64), np.zeros((len(queries), 0), np.float32))
    short = np.zeros(len(queries), np.bool_)
    for lists in state.all_lists():
        ranked, few = _rerank(state, lists, queries, reduced, plan, k)
        found, short = merge_nearest(found, ranked, k), short | few
    if state.n_coded < state.n:
        uncoded = np.arange(state.n_coded, state.n)
        if state.tombstones is not None:
            uncoded = uncoded[~state.tombstones[uncoded]]
        found = merge_nearest(found, nearest(state.store, queries, k, state.reduction.metric, uncoded), k)
    short |= np.isinf(found[1][:, -1])
    if short.any():
        live = np.ones(state.n, np.bool_) if state.tombstones is None else ~state.tombstones
        found[0][short], found[1][short] = _search_near_lists(
            state, plan, live, queries[short], reduced[short], k
        )
    return found


def _rerank(
    state: State, lists: InvertedLists, queries: AnyVectors, reduced: NDArray[np.float32], plan: Plan, k: int
) -> tuple[Neighbors, NDArray[np.bool_]]:
    """The nearest candidates, and bool (m,), for which queries too many of them are dead."""
    count = max(plan.n_candidates, k)
    rows = lists.search(reduced, plan.n_probe, count)
    rows_or_first = np.maximum(rows, 0)  # -1 stands where there are no more
    out_of = rows < 0
    few = np.zeros(len(rows), np.bool_)
    if state.tombstones is not None:
        tombstones = state.tombstones[rows_or_first] & ~out_of
        few = tombstones.sum(axis=1) > count - plan.min_live
        out_of |= tombstones
    if len(rows) == 1:
        return _rerank_one(state, queries, rows_or_first[0], out_of[0], k), few
    out_rows, out = np.empty((len(rows), k), np.int64), np.empty((len(rows), k), np.float32)
    step = max(1, _PAIR_VALUES // (count * queries.shape[1]))
    for start in range(0, len(rows), step):
        part = rows_or_first[start : start + step]
        vectors = state.store.take(part.ravel()).reshape(*part.shape, -1)
        distances = pair_distances(queries[start : start + step], vectors, state.reduction.metric)
        distances[out_of[start : start + step]] = np.inf
        columns, out[start : start + step] = k_smallest(distances, k)
        out_rows[start : start + step] = np.take_along_axis(part, columns, axis=1)
    return (out_rows, out), few


def _rerank_one(
    state: State, query: AnyVectors, rows: NDArray[np.int64], out_of: NDArray[np.bool_], k: int
) -> Neighbors:
    """As for many queries, in fewer steps: here each counts."""
    distances = row_distances(query[0], state.store.take(rows), state.reduction.metric)
    distances[out_of] = np.inf
    order = distances.argsort(kind="stable")[:k]
    return rows[order][None], distances[order][None]


def _drop_excluded(found: Neighbors, exclude: NDArray[np.int64] | None, k: int) -> Neighbors:
    rows, distances = found
    if not rows.size:
        return found
    if exclude is not None:
        distances = np.where(rows == exclude[:, None], np.inf, distances)
        order = np.argsort(distances, axis=1, kind="stable")[:, :k]
        rows, distances = (
            np.take_along_axis(rows, order, axis=1),
            np.take_along_axis(distances, order, axis=1),
        )
    if distances[:, -1].max() == np.inf:
        rows = np.where(np.isinf(distances), -1, rows)
    return rows, distances


def _rows_in_near_lists(
    state: State, reduced: NDArray[np.float32], plan: Plan, allowed: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """int64, ascending: qualifying rows in the lists nearest to a query."""
    all_lists = state.all_lists()
    wanted = _LOOKED_AT * max(plan.n_candidates, plan.n_probe * state.n // all_lists[0].n_lists)
    rows = [np.flatnonzero(allowed[state.n_coded :]) + state.n_coded]
    total = len(rows[0])
    for number in all_lists[0].nearest_lists(reduced):
        if total >= wanted:
            break
        for lists in all_lists:
            list_rows = lists.rows_in(number)
            rows.append(list_rows[allowed[list_rows]])
            total += len(rows[-1])
    return np.sort(np.concatenate(rows))
