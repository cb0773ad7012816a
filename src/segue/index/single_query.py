"""One query at a time, in as few steps as Python allows: at 50 us a query, each call counts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from segue.index.exact import Neighbors, k_smallest
from segue.index.ivfpq import InvertedLists
from segue.index.metric import AnyVectors, to_float32
from segue.index.rerank import QueryBuffers, RerankedSearch, search_by_l2, search_by_product
from segue.index.state import Plan, State
from segue.spec import Metric
from segue.track import Vector, Vectors

Searcher = Callable[[AnyVectors], Neighbors | None]
"""(dim,) to its nearest rows; none where the vector needs a closer look."""

_EXACT_VALUES = 1 << 22  # numbers of all rows that are compared at once

_Rank = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]


def make_searcher(state: State, plan: Plan) -> Searcher | None:
    """What answers single queries of a plan; none where the index has changed since its lists were filled."""
    lists, metric = state.lists, state.reduction.metric
    if not plan.n_probe:
        return _exact_searcher(state, plan.k)
    changed = state.delta is not None or state.n_coded_tombstones > 0 or state.n_coded < state.n
    if lists is None or changed or metric not in _RANKS:
        return None
    by_faiss, by_numpy = _ranked_by_faiss(state, lists, plan), _ranked_by_numpy(state, lists, plan)
    if by_faiss is None:
        return by_numpy
    return _by_dtype(by_faiss, by_numpy) if state.store.base.dtype == np.uint8 else by_faiss


def _exact_searcher(state: State, k: int) -> Searcher | None:
    """Every row is compared: of an index so small that this is one product."""
    store, metric = state.store, state.reduction.metric
    if state.n > len(store.base) or state.tombstones is not None or metric not in ("cosine", "dot"):
        return None
    if store.base.dtype != np.float32 or store.base.size > _EXACT_VALUES or not state.n:
        return None
    rows = store.units() if metric == "cosine" else np.asarray(store.base)
    row_ids, shape = state.ids, (store.base.shape[1],)
    if rows is None:
        return None

    def ask(vector: AnyVectors) -> Neighbors | None:
        if vector.shape != shape or vector.dtype != np.float32:
            return None
        query = vector[None]
        square = float(np.vdot(query, query))
        # Not so for NaN, infinity, and zero.
        if not 0 < square < np.inf:
            return None
        if metric == "cosine":
            distances = np.maximum(1 - (query / np.float32(square**0.5)) @ rows.T, 0)
        else:
            distances = -(query @ rows.T)
        found, distances = k_smallest(distances, k)
        return (found if row_ids is None else row_ids[found]), distances

    return ask


def _by_dtype(bytes_only: Searcher, of_all: Searcher) -> Searcher:
    """Of rows of bytes, Faiss makes the query bytes as well, which others than bytes do not survive."""

    def ask(vector: AnyVectors) -> Neighbors | None:
        return (bytes_only if vector.dtype == np.uint8 else of_all)(vector)

    return ask


def _ranked_by_faiss(state: State, lists: InvertedLists, plan: Plan) -> Searcher | None:
    """Candidates and their ranks by Faiss: for vectors as it can read them, where they lie."""
    store, n_probe, count = state.store, plan.n_probe, plan.n_candidates
    if state.n > len(store.base):
        return None
    if state.reduction.metric == "euclidean":
        reranked = search_by_l2(lists, np.asarray(store.base), n_probe, count, plan.k)
        return _euclidean_searcher(reranked, state.ids) if reranked else None
    if store.lengths is None:
        return None
    reranked = search_by_product(lists, np.asarray(store.base), n_probe, count)
    return _cosine_searcher(reranked, store.lengths, state.ids, plan.k) if reranked else None


def _euclidean_searcher(reranked: RerankedSearch, row_ids: NDArray[np.int64] | None) -> Searcher:
    search_into_buffers, pool = _buffered_search(reranked), reranked.pool

    def ask(vector: AnyVectors) -> Neighbors | None:
        buffers = search_into_buffers(vector)
        if buffers is None:
            return None
        rows = buffers.rows
        found = (rows.copy() if row_ids is None else row_ids[rows]), np.sqrt(buffers.values)
        pool.append(buffers)
        return found

    return ask


def _cosine_searcher(
    reranked: RerankedSearch, lengths: NDArray[np.float32], row_ids: NDArray[np.int64] | None, k: int
) -> Searcher:
    search_into_buffers, pool, last = _buffered_search(reranked), reranked.pool, -k - 1

    def ask(vector: AnyVectors) -> Neighbors | None:
        buffers = search_into_buffers(vector)
        if buffers is None:
            return None
        query, rows, values, _ = buffers
        values /= lengths.take(rows)
        order = values.argsort()[:, :last:-1]
        found, distances = rows.take(order), values.take(order)
        distances *= -(query.dot(query) ** -0.5)
        distances += 1
        pool.append(buffers)
        if distances.item(0) < 0:
            np.maximum(distances, 0, out=distances)
        return (found if row_ids is None else row_ids[found]), distances

    return ask


def _buffered_search(reranked: RerankedSearch) -> Callable[[AnyVectors], QueryBuffers | None]:
    """A query to the desk that holds its answer, to be put back among the spare ones."""
    search, pool, new_buffers = reranked.search, reranked.pool, reranked.new_buffers
    shape, dtype, inf = (reranked.dim,), reranked.dtype, np.inf

    def search_into_buffers(vector: AnyVectors) -> QueryBuffers | None:
        if vector.shape != shape:
            return None
        try:
            buffers = pool.pop()
        except IndexError:
            buffers = new_buffers()
        query, rows, _, arguments = buffers
        query[:] = vector if vector.dtype == dtype else to_float32(vector)
        # Not so for NaN, infinity, and zero.
        if 0 < query.dot(query) < inf:
            search(*arguments)
            if rows.item(-1) >= 0:
                return buffers
        pool.append(buffers)
        return None

    return search_into_buffers


def _ranked_by_numpy(state: State, lists: InvertedLists, plan: Plan) -> Searcher:
    """Candidates by Faiss, ranks by NumPy: for vectors of any type."""
    scan, take, row_ids, k = (
        lists.scanner(plan.n_probe, plan.n_candidates),
        state.store.take,
        state.ids,
        plan.k,
    )
    metric, shape = state.reduction.metric, (state.store.base.shape[1],)
    rank, unit = _RANKS[metric], metric == "cosine"

    def ask(vector: AnyVectors) -> Neighbors | None:
        query = np.ascontiguousarray(to_float32(vector))
        if query.shape != shape:
            return None
        square = np.vdot(query, query)
        # Not so for NaN, infinity, and zero.
        if not 0 < square < np.inf:
            return None
        if unit:
            query = query / np.sqrt(square)
        rows = scan(query)
        if rows[-1] < 0:
            return None
        distances = rank(query, take(rows).astype(np.float32, copy=False))
        order = distances.argsort(kind="stable")[:k]
        rows = rows[order]
        return (rows if row_ids is None else row_ids[rows])[None], distances[order][None]

    return ask


def _cosine(query: Vector, rows: Vectors) -> NDArray[np.float32]:
    distances = 1 - rows.dot(query) / np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return np.maximum(distances, 0, out=distances)


def _euclidean(query: Vector, rows: Vectors) -> NDArray[np.float32]:
    rows -= query
    return np.sqrt(np.einsum("ij,ij->i", rows, rows))


_RANKS: dict[Metric, _Rank] = {"cosine": _cosine, "euclidean": _euclidean}
