"""One query at a time, in as few steps as Python allows: at 50 us a query, each call counts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from segue.index.codes import Refine
from segue.index.exact import Found
from segue.index.metric import AnyVectors, Metric, narrowed
from segue.index.state import Plan, State
from segue.track import Vectors

Ask = Callable[[AnyVectors], Found | None]
"""(dim,) to its nearest rows; none where the vector needs a closer look."""

_Rank = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]


def asker(state: State, plan: Plan) -> Ask | None:
    """What answers single queries of a plan; none where the index has changed since its lists were filled."""
    codes, metric = state.codes, state.space.metric
    changed = state.young is not None or state.dead is not None or state.coded < state.n
    if codes is None or not plan.probes or changed or metric not in _RANKS:
        return None
    if metric == "euclidean" and state.store.base.dtype == np.float32 and state.n == len(state.store.base):
        refine = codes.refiner(np.asarray(state.store.base), plan.probes, plan.candidates, plan.k)
        if refine:
            return _refined(refine, state)
    scan, take, names, k = codes.scanner(plan.probes, plan.candidates), state.store.take, state.ids, plan.k
    rank, unit, shape = _RANKS[metric], metric == "cosine", (state.store.base.shape[1],)

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


def _refined(refine: Refine, state: State) -> Ask:
    names, shape = state.ids, (state.store.base.shape[1],)

    def ask(vector: AnyVectors) -> Found | None:
        query = np.ascontiguousarray(narrowed(vector))
        if query.shape != shape or not np.vdot(query, query) < np.inf:
            return None
        rows, gaps = refine(query)
        if rows[-1] < 0:
            return None
        return (rows if names is None else names[rows])[None], gaps[None]

    return ask


def _cosine(query: Vectors, rows: Vectors) -> NDArray[np.float32]:
    gaps = 1 - rows.dot(query) / np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return np.maximum(gaps, 0, out=gaps)


def _euclidean(query: Vectors, rows: Vectors) -> NDArray[np.float32]:
    rows -= query
    return np.sqrt(np.einsum("ij,ij->i", rows, rows))


_RANKS: dict[Metric, _Rank] = {"cosine": _cosine, "euclidean": _euclidean}
