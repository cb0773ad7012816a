"""Search: candidates from the lists, then exact distances; or exact distances to all rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.index.exact import Neighbors, k_smallest, merge_nearest, nearest
from segue.index.filtered import search_filtered
from segue.index.ivfpq import InvertedLists
from segue.index.metric import AnyVectors, pair_distances, row_distances
from segue.index.row_filter import RowFilter
from segue.index.state import Plan, State

_PAIR_VALUES = 1 << 20  # numbers of candidates held at a time: 4 MiB


def search(
    state: State,
    plan: Plan,
    row_filter: RowFilter | None,
    queries: AnyVectors,
    exclude: NDArray[np.int64] | None = None,
) -> Neighbors:
    """The nearest rows of each query; where there are fewer than k, -1 and infinity follow.

    Parameters
    ----------
    row_filter : the rows that may be answers; None for all live ones
    queries : (m, dim), as ``prepare_queries`` gives them
    exclude : int64 (m,), for each query a row that is no answer
    """
    k = plan.k + (exclude is not None)
    if row_filter is not None:
        neighbors = search_filtered(state, plan, row_filter, queries, k)
    elif not plan.n_probe or state.lists is None:
        rows = state.n if state.tombstones is None else state.live_rows()
        neighbors = nearest(state.store, queries, k, state.metric, rows)
    else:
        neighbors = _search_lists(state, queries, plan, k)
    return _drop_excluded(neighbors, exclude, plan.k)


def _no_neighbors(n_queries: int) -> Neighbors:
    return np.zeros((n_queries, 0), np.int64), np.zeros((n_queries, 0), np.float32)


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
        neighbors[0][short], neighbors[1][short] = search_filtered(
            state, plan, state.live_filter, queries[short], k
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
