"""One query at a time, in as few steps as Python allows: at 50 us a query, each call counts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from segue.index.exact import Neighbors, exact_searcher
from segue.index.ivfpq import QueryBuffers
from segue.index.metric import AnyVectors, to_float32
from segue.index.rerank import RerankedSearch, search_by_l2, search_by_product
from segue.index.state import Plan, Searcher, State
from segue.spec import Metric
from segue.track import Vector, Vectors

_Rank = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]


def make_searcher(state: State, plan: Plan) -> Searcher | None:
    """What answers single queries of a plan; None where rows have changed since the lists were filled."""
    if not plan.n_probe:
        live = state.n if state.tombstones is None else 0
        return exact_searcher(state.store, live, state.metric, state.ids, plan.k)
    changed = state.delta is not None or state.n_coded_tombstones > 0 or state.n_coded < state.n
    if state.lists is None or changed or state.metric not in _RANKS:
        return None
    by_faiss, by_numpy = ranked_by_faiss(state, plan), ranked_by_numpy(state, plan)
    if by_faiss is None or by_numpy is None:
        return by_numpy
    return _by_dtype(by_faiss, by_numpy) if state.store.base.dtype == np.uint8 else by_faiss


def _by_dtype(of_bytes: Searcher, of_others: Searcher) -> Searcher:
    """Where rows are bytes, Faiss makes the query bytes too, which would round other numbers."""

    def search(vector: AnyVectors) -> Neighbors | None:
        return (of_bytes if vector.dtype == np.uint8 else of_others)(vector)

    return search


def ranked_by_faiss(state: State, plan: Plan) -> Searcher | None:
    """Candidates and exact ranks by Faiss, in one call, from the rows where they lie.

    None where Faiss cannot read the rows: of int8, of another metric, or added since and not in one matrix.
    """
    store, lists = state.store, state.lists
    if lists is None or state.n > len(store.base):
        return None
    rows, n_probe, n_candidates = np.asarray(store.base), plan.n_probe, plan.n_candidates
    if state.metric == "euclidean":
        reranked = search_by_l2(lists, rows, n_probe, n_candidates, plan.k)
        return _euclidean_searcher(reranked, state.ids) if reranked else None
    if store.lengths is None:
        return None
    reranked = search_by_product(lists, rows, n_probe, n_candidates)
    return _cosine_searcher(reranked, store.lengths, state.ids, plan.k) if reranked else None


def _euclidean_searcher(reranked: RerankedSearch, ids: NDArray[np.int64] | None) -> Searcher:
    run, pool = _buffered_search(reranked), reranked.pool

    def search(vector: AnyVectors) -> Neighbors | None:
        buffers = run(vector)
        if buffers is None:
            return None
        rows = buffers.rows
        neighbors = (rows.copy() if ids is None else ids[rows]), np.sqrt(buffers.values)
        pool.append(buffers)
        return neighbors

    return search


def _cosine_searcher(
    reranked: RerankedSearch, lengths: NDArray[np.float32], ids: NDArray[np.int64] | None, k: int
) -> Searcher:
    run, pool, last = _buffered_search(reranked), reranked.pool, -k - 1

    def search(vector: AnyVectors) -> Neighbors | None:
        buffers = run(vector)
        if buffers is None:
            return None
        query, rows, values, _ = buffers
        values /= lengths.take(rows)
        order = values.argsort()[:, :last:-1]
        nearest, distances = rows.take(order), values.take(order)
        distances *= -(query.dot(query) ** -0.5)
        distances += 1
        pool.append(buffers)
        if distances.item(0) < 0:
            np.maximum(distances, 0, out=distances)
        return (nearest if ids is None else ids[nearest]), distances

    return search


def _buffered_search(reranked: RerankedSearch) -> Callable[[AnyVectors], QueryBuffers | None]:
    """From a query to the buffers that hold its answer; the caller gives them back to the pool."""
    search, pool, new_buffers = reranked.search, reranked.pool, reranked.new_buffers
    shape, dtype, inf = (reranked.dim,), reranked.dtype, np.inf

    def run(vector: AnyVectors) -> QueryBuffers | None:
        if vector.shape != shape:
            return None
        try:
            buffers = pool.pop()
        except IndexError:
            buffers = new_buffers()
        query, rows, _, arguments = buffers
        query[:] = vector if vector.dtype == dtype else to_float32(vector)
        try:
            square = query.dot(query)
        except RuntimeWarning:  # it overflows, where warnings are errors
            square = inf
        # False for NaN, infinity and zero.
        if 0 < square < inf:
            search(*arguments)
            if rows.item(-1) >= 0:
                return buffers
        pool.append(buffers)
        return None

    return run


def ranked_by_numpy(state: State, plan: Plan) -> Searcher | None:
    """Candidates by Faiss, exact ranks by NumPy: for vectors of any type."""
    if state.lists is None:
        return None
    scan, take, ids, k = (
        state.lists.scanner(plan.n_probe, plan.n_candidates), state.store.take, state.ids, plan.k
    )  # fmt: skip
    shape, rank, to_unit = (state.dim,), _RANKS[state.metric], state.metric == "cosine"
    longest = state.reduction.longest if state.metric == "dot" else None

    def search(vector: AnyVectors) -> Neighbors | None:
        query = np.ascontiguousarray(to_float32(vector))
        if query.shape != shape:
            return None
        square = np.vdot(query, query)
        # False for NaN, infinity and zero.
        if not 0 < square < np.inf:
            return None
        if to_unit:
            query = query / np.sqrt(square)
        # Of a product, as L2Reduction.queries; the scanner puts zeros after it.
        rows = scan(query if longest is None else query * (longest / np.sqrt(square)))
        if rows.item(-1) < 0:
            return None
        distances = rank(query, take(rows).astype(np.float32, copy=False))
        order = distances.argsort(kind="stable")[:k]
        rows = rows[order]
        return (rows if ids is None else ids[rows])[None], distances[order][None]

    return search


def _cosine(query: Vector, rows: Vectors) -> NDArray[np.float32]:
    distances = 1 - rows.dot(query) / np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return np.maximum(distances, 0, out=distances)


def _euclidean(query: Vector, rows: Vectors) -> NDArray[np.float32]:
    rows -= query
    return np.sqrt(np.einsum("ij,ij->i", rows, rows))


def _dot(query: Vector, rows: Vectors) -> NDArray[np.float32]:
    return np.asarray(-rows.dot(query))


_RANKS: dict[Metric, _Rank] = {"cosine": _cosine, "euclidean": _euclidean, "dot": _dot}
