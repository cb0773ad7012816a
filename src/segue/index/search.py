"""Search: candidates from the lists, then exact distances; or exact distances to all rows."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from segue.index.exact import Neighbors, k_smallest, merge_nearest, nearest
from segue.index.ivfpq import InvertedLists
from segue.index.metric import AnyVectors, pair_distances, row_distances
from segue.index.single_query import make_searcher
from segue.index.state import Plan, State

_PAIR_VALUES = 1 << 20  # numbers of candidates held at a time: 4 MiB
_QUALIFYING_FACTOR = 8  # times as many qualifying rows as a query without a filter looks at
_WIDER_FACTOR = 3.0  # times the number of nearest rows that hold k qualifying ones on average
_PLANS = 256  # kept at a time
_SLOW = 1_000_000  # numbers of all rows; comparing with fewer takes a millisecond at most
_LIVE_SHARE = 0.75  # of the candidates that a query looks at where nothing was deleted


def plan_for(state: State, k: int, recall: float, effort: float) -> Plan:
    """How far to look for k answers to reach a recall, times an effort; made once, with its searcher."""
    key = (k, recall, effort)
    plan = state.plans.get(key)
    if plan:
        return plan
    if len(state.plans) >= _PLANS:
        state.plans.clear()
        state.searchers.clear()
    plan = _make_plan(state, k, recall, effort)
    searcher = make_searcher(state, plan)
    if searcher:
        state.searchers[key] = searcher
    state.plans[key] = plan
    return plan


def asked_plan(state: State, k: int, recall: float, effort: float) -> Plan:
    """``plan_for``, with a warning where a query would be slower than its recall lets one expect."""
    is_new = (k, recall, effort) not in state.plans
    plan = plan_for(state, k, recall, effort)
    is_slow = not plan.n_probe and len(state) * state.dim >= _SLOW and k * 10 <= len(state)
    if is_new and is_slow and state.lists is not None and recall < 1:
        warnings.warn(
            f"the lists of this index do not reach a recall of {recall:g} for {k} answers in less time than "
            f"comparing with all {len(state):,} rows, so a query does that: see Index.operating_points",
            RuntimeWarning,
            stacklevel=4,
        )
    return plan


def _make_plan(state: State, k: int, recall: float, effort: float) -> Plan:
    point = state.operating_point(k, recall)
    if state.lists is None or point is None or k * 10 > len(state):
        return Plan(k)
    more = effort * max(1.0, k / point.k)
    # Deleted rows take places among the candidates.
    allowance = 1 + 2 * state.n_coded_tombstones / max(1, len(state))
    n_live = max(k, point.n_candidates * more)
    n_probe, n_candidates = max(1, round(point.n_probe * more)), int(np.ceil(n_live * allowance))
    return Plan(k, n_probe, min(n_candidates, state.n), int(_LIVE_SHARE * n_live), recall, effort)


def search(
    state: State,
    plan: Plan,
    allowed: NDArray[np.bool_] | None,
    queries: AnyVectors,
    exclude: NDArray[np.int64] | None = None,
) -> Neighbors:
    """The nearest rows of each query; where there are fewer than k, -1 and infinity follow.

    Parameters
    ----------
    allowed : bool (n,), which live rows may be answers; None for all
    queries : (m, dim), as ``prepare_queries`` gives them
    exclude : int64 (m,), for each query a row that is no answer
    """
    k = plan.k + (exclude is not None)
    if allowed is not None:
        neighbors = _search_filtered(state, plan, allowed, queries, k)
    elif not plan.n_probe or state.lists is None:
        rows = state.n if state.tombstones is None else state.live_rows()
        neighbors = nearest(state.store, queries, k, state.metric, rows)
    else:
        neighbors = _search_lists(state, queries, plan, k)
    return _drop_excluded(neighbors, exclude, plan.k)


def _search_filtered(
    state: State, plan: Plan, allowed: NDArray[np.bool_], queries: AnyVectors, k: int
) -> Neighbors:
    """k answers wherever k rows qualify.

    Few qualifying rows are all compared. Where many qualify, a wider search without the filter finds them
    among its candidates. For queries that it leaves short, qualifying rows of the nearest lists are
    compared, several times as many as a query without a filter looks at.
    """
    n_allowed = int(np.count_nonzero(allowed))
    few = n_allowed <= max(state.options.filter_exact_below, 10 * k)
    if few or not plan.n_probe or state.lists is None:
        return nearest(state.store, queries, k, state.metric, np.flatnonzero(allowed))
    reduced = state.reduction.queries(queries)
    wider_k = _wider_k(state, k * len(state) / n_allowed)
    wider = plan_for(state, wider_k, plan.recall, plan.effort) if wider_k else plan
    if not wider_k or not wider.n_probe:
        return _search_near_lists(state, plan, allowed, queries, reduced, k)
    neighbors, short = _filter_candidates(state, wider, allowed, queries, reduced, k)
    if short.any():
        neighbors[0][short], neighbors[1][short] = _search_near_lists(
            state, plan, allowed, queries[short], reduced[short], k
        )
    return neighbors


def _nearest(state: State, queries: AnyVectors, i: int, rows: NDArray[np.int64], k: int) -> Neighbors:
    """The nearest of some rows to query i."""
    return nearest(state.store, queries[i : i + 1], k, state.metric, rows)


def _pad(neighbors: Neighbors, k: int) -> Neighbors:
    """With k columns, the last of them -1 and infinity."""
    missing = ((0, 0), (0, k - neighbors[0].shape[1]))
    rows, distances = neighbors
    return np.pad(rows, missing, constant_values=-1), np.pad(distances, missing, constant_values=np.inf)


def _no_neighbors(n_queries: int) -> Neighbors:
    return np.zeros((n_queries, 0), np.int64), np.zeros((n_queries, 0), np.float32)


def _join(parts: list[Neighbors]) -> Neighbors:
    """The answers to queries one after another."""
    return np.concatenate([rows for rows, _ in parts]), np.concatenate([d for _, d in parts])


def _wider_k(state: State, n_rows: float) -> int:
    """The smallest k with operating points that holds several times ``n_rows``, or 0."""
    return min((p.k for p in state.operating_points if p.k >= _WIDER_FACTOR * n_rows), default=0)


def _filter_candidates(
    state: State,
    wider: Plan,
    allowed: NDArray[np.bool_],
    queries: AnyVectors,
    reduced: NDArray[np.float32],
    k: int,
) -> tuple[Neighbors, NDArray[np.bool_]]:
    """The nearest qualifying candidates of a wider plan, and for which queries these are too few.

    The plan finds the nearest ``wider.k`` rows. Where candidates qualify at such a rate that k of those
    rows do, the k are found as reliably.
    """
    neighbors, n_qualifying = _no_neighbors(len(queries)), np.zeros(len(queries))
    for lists in state.all_lists():
        rows = lists.search(reduced, wider.n_probe, wider.n_candidates)
        qualifies = (rows >= 0) & allowed[np.maximum(rows, 0)]
        n_qualifying += qualifies.sum(axis=1)
        ranked = [
            _pad(_nearest(state, queries, i, np.sort(rows[i][qualifies[i]]), k), k)
            for i in range(len(queries))
        ]
        neighbors = merge_nearest(neighbors, _join(ranked), k)
    uncoded = np.flatnonzero(allowed[state.n_coded :]) + state.n_coded
    if len(uncoded):
        neighbors = merge_nearest(neighbors, nearest(state.store, queries, k, state.metric, uncoded), k)
    too_few = n_qualifying < k * wider.n_candidates / wider.k
    return neighbors, too_few | np.isinf(neighbors[1][:, -1])


def _search_near_lists(
    state: State,
    plan: Plan,
    allowed: NDArray[np.bool_],
    queries: AnyVectors,
    reduced: NDArray[np.float32],
    k: int,
) -> Neighbors:
    """The nearest of all qualifying rows in the lists nearest to each query."""
    return _join([
        _nearest(state, queries, i, _rows_in_near_lists(state, reduced[i : i + 1], plan, allowed), k)
        for i in range(len(queries))
    ])  # fmt: skip


def _search_lists(state: State, queries: AnyVectors, plan: Plan, k: int) -> Neighbors:
    reduced = state.reduction.queries(queries)
    neighbors, short = _no_neighbors(len(queries)), np.zeros(len(queries), np.bool_)
    for lists in state.all_lists():
        ranked, too_few = _rerank(state, lists, queries, reduced, plan, k)
        neighbors, short = merge_nearest(neighbors, ranked, k), short | too_few
    if state.n_coded < state.n:
        uncoded = nearest(state.store, queries, k, state.metric, state.uncoded_rows())
        neighbors = merge_nearest(neighbors, uncoded, k)
    short |= np.isinf(neighbors[1][:, -1])
    if short.any():
        live = np.ones(state.n, np.bool_) if state.tombstones is None else ~state.tombstones
        neighbors[0][short], neighbors[1][short] = _search_near_lists(
            state, plan, live, queries[short], reduced[short], k
        )
    return neighbors


def _rerank(
    state: State,
    lists: InvertedLists,
    queries: AnyVectors,
    reduced: NDArray[np.float32],
    plan: Plan,
    k: int,
) -> tuple[Neighbors, NDArray[np.bool_]]:
    """The nearest candidates by exact distance, and bool (m,), for which queries too few of them live."""
    count = max(plan.n_candidates, k)
    rows = lists.search(reduced, plan.n_probe, count)
    invalid, rows = rows < 0, np.maximum(rows, 0)  # -1 follows where there are no more
    too_few = np.zeros(len(rows), np.bool_)
    if state.tombstones is not None:
        deleted = state.tombstones[rows] & ~invalid
        too_few = deleted.sum(axis=1) > count - plan.min_live
        invalid |= deleted
    if len(rows) == 1:
        return _rerank_one(state, queries, rows[0], invalid[0], k), too_few
    out_rows, out = np.empty((len(rows), k), np.int64), np.empty((len(rows), k), np.float32)
    step = max(1, _PAIR_VALUES // (count * queries.shape[1]))
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        vectors = state.store.take(part.ravel()).reshape(*part.shape, -1)
        distances = pair_distances(queries[start : start + step], vectors, state.metric)
        distances[invalid[start : start + step]] = np.inf
        columns, out[start : start + step] = k_smallest(distances, k)
        out_rows[start : start + step] = np.take_along_axis(part, columns, axis=1)
    return (out_rows, out), too_few


def _rerank_one(
    state: State, query: AnyVectors, rows: NDArray[np.int64], invalid: NDArray[np.bool_], k: int
) -> Neighbors:
    """As for many queries, in fewer steps: here each counts."""
    distances = row_distances(query[0], state.store.take(rows), state.metric)
    distances[invalid] = np.inf
    order = distances.argsort(kind="stable")[:k]
    return rows[order][None], distances[order][None]


def _drop_excluded(neighbors: Neighbors, exclude: NDArray[np.int64] | None, k: int) -> Neighbors:
    rows, distances = neighbors
    if not rows.size:
        return neighbors
    if exclude is not None:
        distances = np.where(rows == exclude[:, None], np.inf, distances)
        order = np.argsort(distances, axis=1, kind="stable")[:, :k]
        rows = np.take_along_axis(rows, order, axis=1)
        distances = np.take_along_axis(distances, order, axis=1)
    if distances[:, -1].max() == np.inf:
        rows = np.where(np.isinf(distances), -1, rows)
    return rows, distances


def _rows_in_near_lists(
    state: State, reduced: NDArray[np.float32], plan: Plan, allowed: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """int64, ascending: qualifying rows in the lists nearest to a query, and those without a code."""
    all_lists = state.all_lists()
    n_scanned = max(plan.n_candidates, plan.n_probe * state.n // all_lists[0].n_lists)
    enough = _QUALIFYING_FACTOR * n_scanned
    parts = [np.flatnonzero(allowed[state.n_coded :]) + state.n_coded]
    total = len(parts[0])
    for number in all_lists[0].nearest_lists(reduced):
        if total >= enough:
            break
        for lists in all_lists:
            rows = lists.rows_in(number)
            parts.append(rows[allowed[rows]])
            total += len(parts[-1])
    return np.sort(np.concatenate(parts))
