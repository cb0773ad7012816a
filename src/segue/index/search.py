"""One way through an index: candidates from the lists, then exact distances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.index.codes import Codes
from segue.index.exact import Found, merged, nearest, smallest
from segue.index.metric import AnyVectors, pair_distances, row_distances
from segue.index.state import Plan, State

_PAIR_VALUES = 1 << 22  # numbers of candidates held at a time
FILTERED_EXACTLY = 10_000  # rows that qualify; fewer are all compared
_LOOKED_AT = 8  # times as many qualifying rows as a query without a filter looks at


def plan_for(state: State, k: int, recall: float, effort: float) -> Plan:
    """The plan that reaches a recall, times an effort."""
    wish = (k, recall, effort)
    if wish not in state.plans:
        state.plans[wish] = _plan(state, k, recall, effort)
    return state.plans[wish]


def _plan(state: State, k: int, recall: float, effort: float) -> Plan:
    setting = state.setting(k, recall)
    if state.codes is None or setting is None or k * 10 > len(state):
        return Plan(k)
    more = effort * max(1.0, k / setting.k)
    spare = 1 + 2 * state.n_dead / max(1, len(state))  # dead rows take places among the candidates
    count = int(np.ceil(max(k, setting.candidates * more) * spare))
    return Plan(k, max(1, round(setting.probes * max(effort, more**0.5))), min(count, state.n))


def search(
    state: State,
    plan: Plan,
    allowed: NDArray[np.bool_] | None,
    queries: AnyVectors,
    exclude: NDArray[np.int64] | None = None,
) -> Found:
    """The nearest rows of each query; fewer than k in a row are filled up with -1 and infinity.

    Parameters
    ----------
    allowed : bool (n,), which rows may be answers, dead ones not among them; none for all that live
    queries : (m, dim), as ``prepared`` gives them
    exclude : int64 (m,), for each query a row that is no answer
    """
    k = plan.k + (exclude is not None)
    if allowed is not None:
        found = _among(state, plan, allowed, queries, k)
    elif not plan.probes or state.codes is None:
        found = nearest(state.store, queries, k, state.space.metric, _rows_unless_all(state))
    else:
        found = _from_codes(state, queries, plan, k)
    return _without(found, exclude, plan.k)


def _among(state: State, plan: Plan, allowed: NDArray[np.bool_], queries: AnyVectors, k: int) -> Found:
    """There are k answers wherever k rows qualify.

    Few rows are all compared. Of many, those in the lists nearest to a query are, until they are several
    times as many as a query without a filter looks at.
    """
    metric, n_allowed = state.space.metric, int(np.count_nonzero(allowed))
    if not plan.probes or state.codes is None or n_allowed <= max(FILTERED_EXACTLY, 10 * k):
        return nearest(state.store, queries, k, metric, np.flatnonzero(allowed))
    coded = state.space.queries(queries)
    parts = [
        nearest(state.store, queries[i : i + 1], k, metric, _near(state, coded[i : i + 1], plan, allowed))
        for i in range(len(queries))
    ]
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _rows_unless_all(state: State) -> NDArray[np.int64] | None:
    return None if state.dead is None and state.n == len(state.store) else state.alive()


def _from_codes(state: State, queries: AnyVectors, plan: Plan, k: int) -> Found:
    coded = state.space.queries(queries)
    found: Found = (np.zeros((len(queries), 0), np.int64), np.zeros((len(queries), 0), np.float32))
    for codes in state.all_codes():
        found = merged(found, _ranked(state, codes, queries, coded, plan, k), k)
    if state.coded == state.n:
        return found
    fresh = np.arange(state.coded, state.n)
    if state.dead is not None:
        fresh = fresh[~state.dead[fresh]]
    return merged(found, nearest(state.store, queries, k, state.space.metric, fresh), k)


def _ranked(
    state: State, codes: Codes, queries: AnyVectors, coded: NDArray[np.float32], plan: Plan, k: int
) -> Found:
    count = max(plan.candidates, k)
    rows = codes.search(coded, plan.probes, count)
    if len(rows) == 1:
        return _ranked_one(state, queries, rows[0], k)
    out_rows, out = np.empty((len(rows), k), np.int64), np.empty((len(rows), k), np.float32)
    step = max(1, _PAIR_VALUES // (count * queries.shape[1]))
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        vectors = state.store.take(part.ravel()).reshape(*part.shape, -1)  # -1 is the last row, for now
        gaps = pair_distances(queries[start : start + step], vectors, state.space.metric)
        out_of = part < 0 if state.dead is None else (part < 0) | state.dead[part]
        if out_of.any():
            gaps[out_of] = np.inf
        columns, out[start : start + step] = smallest(gaps, k)
        out_rows[start : start + step] = np.take_along_axis(part, columns, axis=1)
    return out_rows, out


def _ranked_one(state: State, query: AnyVectors, rows: NDArray[np.int64], k: int) -> Found:
    """As for many queries, in fewer steps: here each counts."""
    gaps = row_distances(query[0], state.store.take(rows), state.space.metric)
    if rows[-1] < 0 or state.dead is not None:
        gaps[(rows < 0) if state.dead is None else (rows < 0) | state.dead[rows]] = np.inf
    order = gaps.argsort(kind="stable")[:k]
    return rows[order][None], gaps[order][None]


def _without(found: Found, exclude: NDArray[np.int64] | None, k: int) -> Found:
    rows, gaps = found
    if exclude is None and not rows.shape[1]:
        return found
    if exclude is not None and rows.shape[1]:
        gaps = np.where(rows == exclude[:, None], np.inf, gaps)
        order = np.argsort(gaps, axis=1, kind="stable")[:, :k]
        rows, gaps = np.take_along_axis(rows, order, axis=1), np.take_along_axis(gaps, order, axis=1)
    if gaps.shape[1] and gaps[:, -1].max() == np.inf:
        rows = np.where(np.isinf(gaps), -1, rows)
    return rows, gaps


def _near(
    state: State, coded: NDArray[np.float32], plan: Plan, allowed: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """int64, ascending: qualifying rows in the lists nearest to a query."""
    lists = state.all_codes()
    wanted = _LOOKED_AT * max(plan.candidates, plan.probes * state.n // lists[0].n_lists)
    rows = [np.flatnonzero(allowed[state.coded :]) + state.coded]
    total = len(rows[0])
    for number in lists[0].nearest_lists(coded):
        if total >= wanted:
            break
        for codes in lists:
            there = codes.rows_of(number)
            rows.append(there[allowed[there]])
            total += len(rows[-1])
    return np.sort(np.concatenate(rows))
