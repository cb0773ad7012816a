"""One query at a time, in as few steps as Python allows: at 50 us a query, each call counts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from segue.index.exact import Found
from segue.index.ivfpq import Codes
from segue.index.metric import AnyVectors, narrowed
from segue.index.rerank import Desk, Refined, products, squared_gaps
from segue.index.state import Plan, State
from segue.spec import Metric
from segue.track import Vectors

Ask = Callable[[AnyVectors], Found | None]
"""(dim,) to its nearest rows; none where the vector needs a closer look."""

_Rank = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]


def asker(state: State, plan: Plan) -> Ask | None:
    """What answers single queries of a plan; none where the index has changed since its lists were filled."""
    codes, metric = state.codes, state.space.metric
    changed = state.young is not None or state.n_stale > 0 or state.coded < state.n
    if codes is None or not plan.probes or changed or metric not in _RANKS:
        return None
    one, two = _in_one_step(state, codes, plan), _in_two_steps(state, codes, plan)
    if one is None:
        return two
    return _of_bytes(one, two) if state.store.base.dtype == np.uint8 else one


def _of_bytes(bytes_only: Ask, of_all: Ask) -> Ask:
    """Of rows of bytes, Faiss makes the query bytes as well, which others than bytes do not survive."""

    def ask(vector: AnyVectors) -> Found | None:
        return (bytes_only if vector.dtype == np.uint8 else of_all)(vector)

    return ask


def _in_one_step(state: State, codes: Codes, plan: Plan) -> Ask | None:
    """Candidates and their ranks by Faiss: for vectors as it can read them, where they lie."""
    store, probes, count = state.store, plan.probes, plan.candidates
    if state.n > len(store.base):
        return None
    if state.space.metric == "euclidean":
        refined = squared_gaps(codes, np.asarray(store.base), probes, count, plan.k)
        return _by_gap(refined, state.ids) if refined else None
    if store.lengths is None:
        return None
    refined = products(codes, np.asarray(store.base), probes, count)
    return _by_cosine(refined, store.lengths, state.ids, plan.k) if refined else None


def _by_gap(refined: Refined, names: NDArray[np.int64] | None) -> Ask:
    searched, spare = _searcher(refined), refined.spare

    def ask(vector: AnyVectors) -> Found | None:
        desk = searched(vector)
        if desk is None:
            return None
        rows = desk.rows
        found = (rows.copy() if names is None else names[rows]), np.sqrt(desk.values)
        spare.append(desk)
        return found

    return ask


def _by_cosine(
    refined: Refined, lengths: NDArray[np.float32], names: NDArray[np.int64] | None, k: int
) -> Ask:
    searched, spare, last = _searcher(refined), refined.spare, -k - 1

    def ask(vector: AnyVectors) -> Found | None:
        desk = searched(vector)
        if desk is None:
            return None
        query, rows, values, _ = desk
        values /= lengths.take(rows)
        order = values.argsort()[:, :last:-1]
        found, gaps = rows.take(order), values.take(order)
        gaps *= -(query.dot(query) ** -0.5)
        gaps += 1
        spare.append(desk)
        if gaps.item(0) < 0:
            np.maximum(gaps, 0, out=gaps)
        return (found if names is None else names[found]), gaps

    return ask


def _searcher(refined: Refined) -> Callable[[AnyVectors], Desk | None]:
    """A query to the desk that holds its answer, to be put back among the spare ones."""
    search, spare, new = refined.search, refined.spare, refined.new
    shape, dtype, inf = (refined.dim,), refined.dtype, np.inf

    def searched(vector: AnyVectors) -> Desk | None:
        if vector.shape != shape:
            return None
        try:
            desk = spare.pop()
        except IndexError:
            desk = new()
        query, rows, _, arguments = desk
        query[:] = vector if vector.dtype == dtype else narrowed(vector)
        # Not so for NaN, infinity, and zero.
        if 0 < query.dot(query) < inf:
            search(*arguments)
            if rows.item(-1) >= 0:
                return desk
        spare.append(desk)
        return None

    return searched


def _in_two_steps(state: State, codes: Codes, plan: Plan) -> Ask:
    """Candidates by Faiss, ranks by NumPy: for vectors of any type."""
    scan, take, names, k = codes.scanner(plan.probes, plan.candidates), state.store.take, state.ids, plan.k
    metric, shape = state.space.metric, (state.store.base.shape[1],)
    rank, unit = _RANKS[metric], metric == "cosine"

    def ask(vector: AnyVectors) -> Found | None:
        query = np.ascontiguousarray(narrowed(vector))
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
        gaps = rank(query, take(rows).astype(np.float32, copy=False))
        order = gaps.argsort(kind="stable")[:k]
        rows = rows[order]
        return (rows if names is None else names[rows])[None], gaps[order][None]

    return ask


def _cosine(query: Vectors, rows: Vectors) -> NDArray[np.float32]:
    gaps = 1 - rows.dot(query) / np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return np.maximum(gaps, 0, out=gaps)


def _euclidean(query: Vectors, rows: Vectors) -> NDArray[np.float32]:
    rows -= query
    return np.sqrt(np.einsum("ij,ij->i", rows, rows))


_RANKS: dict[Metric, _Rank] = {"cosine": _cosine, "euclidean": _euclidean}
