"""One way through an index: candidates from the lists, then exact distances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.index.exact import Found, merged, nearest, smallest
from segue.index.ivfpq import Codes
from segue.index.metric import AnyVectors, pair_distances, row_distances
from segue.index.single_query import asker
from segue.index.state import Plan, State

_PAIR_VALUES = 1 << 22  # numbers of candidates held at a time
FILTERED_EXACTLY = 10_000  # rows that qualify; fewer are all compared
_LOOKED_AT = 8  # times as many qualifying rows as a query without a filter looks at
_SIFTED = 3.0  # times as many rows as hold k that qualify, on average, are looked among
_PLANS = 256  # kept at a time
_ALIVE = 0.75  # of the candidates that a query looks at where nothing was deleted


def plan_for(state: State, k: int, recall: float, effort: float) -> Plan:
    """The plan that reaches a recall, times an effort."""
    wish = (k, recall, effort)
    plan = state.plans.get(wish)
    if plan:
        return plan
    if len(state.plans) >= _PLANS:
        state.plans.clear()
        state.askers.clear()
    state.plans[wish] = plan = _plan(state, k, recall, effort)
    ask = asker(state, plan)
    if ask:
        state.askers[wish] = ask
    return plan


def _plan(state: State, k: int, recall: float, effort: float) -> Plan:
    setting = state.setting(k, recall)
    if state.codes is None or setting is None or k * 10 > len(state):
        return Plan(k)
    more = effort * max(1.0, k / setting.k)
    spare = 1 + 2 * state.n_stale / max(1, len(state))  # dead rows take places among the candidates
    wanted = max(k, setting.candidates * more)
    probes, count = max(1, round(setting.probes * more)), int(np.ceil(wanted * spare))
    return Plan(k, probes, min(count, state.n), int(_ALIVE * wanted), recall, effort)


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
        rows = state.n if state.dead is None else state.alive()
        found = nearest(state.store, queries, k, state.space.metric, rows)
    else:
        found = _from_codes(state, queries, plan, k)
    return _without(found, exclude, plan.k)


def _among(state: State, plan: Plan, allowed: NDArray[np.bool_], queries: AnyVectors, k: int) -> Found:
    """There are k answers wherever k rows qualify.

    Few rows are all compared. Where many qualify, the nearest that do are among the nearest of all; where
    that cannot be told, those in the lists nearest to a query are compared, until they are several times as
    many as a query without a filter looks at.
    """
    metric, n_allowed = state.space.metric, int(np.count_nonzero(allowed))
    if not plan.probes or state.codes is None or n_allowed <= max(FILTERED_EXACTLY, 10 * k):
        return nearest(state.store, queries, k, metric, np.flatnonzero(allowed))
    coded = state.space.queries(queries)
    wide = _wide_enough(state, k * len(state) / n_allowed)
    deep = plan_for(state, wide, plan.recall, plan.effort) if wide else plan
    if not wide or not deep.probes:
        return _from_rows(state, plan, allowed, queries, coded, k)
    found, short = _sifted(state, deep, allowed, queries, coded, k)
    if short.any():
        found[0][short], found[1][short] = _from_rows(state, plan, allowed, queries[short], coded[short], k)
    return found


def _nearest(state: State, queries: AnyVectors, i: int, rows: NDArray[np.int64], k: int) -> Found:
    """Of one query, the nearest of some rows."""
    return nearest(state.store, queries[i : i + 1], k, state.space.metric, rows)


def _filled(found: Found, k: int) -> Found:
    """Filled up to k columns with -1 and infinity."""
    lacking = ((0, 0), (0, k - found[0].shape[1]))
    return np.pad(found[0], lacking, constant_values=-1), np.pad(found[1], lacking, constant_values=np.inf)


def _wide_enough(state: State, rows: float) -> int:
    """How many of the nearest hold k that qualify, of the numbers that recall was measured for, or 0."""
    return min((s.k for s in state.settings if s.k >= _SIFTED * rows), default=0)


def _sifted(
    state: State,
    deep: Plan,
    allowed: NDArray[np.bool_],
    queries: AnyVectors,
    coded: NDArray[np.float32],
    k: int,
) -> tuple[Found, NDArray[np.bool_]]:
    """Those that qualify among the candidates of a wider plan, and for which queries they are too few.

    The plan finds the nearest ``deep.k`` rows. Where candidates qualify at such a rate that k of those rows
    do, the k are found as reliably.
    """
    found: Found = (np.zeros((len(queries), 0), np.int64), np.zeros((len(queries), 0), np.float32))
    n = np.zeros(len(queries))
    for codes in state.all_codes():
        rows = codes.search(coded, deep.probes, deep.candidates)
        fits = (rows >= 0) & allowed[np.maximum(rows, 0)]
        n += fits.sum(axis=1)
        parts = [
            _filled(_nearest(state, queries, i, np.sort(rows[i][fits[i]]), k), k) for i in range(len(queries))
        ]
        ranked = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
        found = merged(found, ranked, k)
    fresh = np.flatnonzero(allowed[state.coded :]) + state.coded
    if len(fresh):
        found = merged(found, nearest(state.store, queries, k, state.space.metric, fresh), k)
    return found, (n < k * deep.candidates / deep.k) | np.isinf(found[1][:, -1])


def _from_rows(
    state: State,
    plan: Plan,
    allowed: NDArray[np.bool_],
    queries: AnyVectors,
    coded: NDArray[np.float32],
    k: int,
) -> Found:
    parts = [
        _nearest(state, queries, i, _near(state, coded[i : i + 1], plan, allowed), k)
        for i in range(len(queries))
    ]
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _from_codes(state: State, queries: AnyVectors, plan: Plan, k: int) -> Found:
    coded = state.space.queries(queries)
    found: Found = (np.zeros((len(queries), 0), np.int64), np.zeros((len(queries), 0), np.float32))
    short = np.zeros(len(queries), np.bool_)
    for codes in state.all_codes():
        ranked, few = _ranked(state, codes, queries, coded, plan, k)
        found, short = merged(found, ranked, k), short | few
    if state.coded < state.n:
        fresh = np.arange(state.coded, state.n)
        if state.dead is not None:
            fresh = fresh[~state.dead[fresh]]
        found = merged(found, nearest(state.store, queries, k, state.space.metric, fresh), k)
    short |= np.isinf(found[1][:, -1])
    if short.any():
        alive = np.ones(state.n, np.bool_) if state.dead is None else ~state.dead
        found[0][short], found[1][short] = _from_rows(state, plan, alive, queries[short], coded[short], k)
    return found


def _ranked(
    state: State, codes: Codes, queries: AnyVectors, coded: NDArray[np.float32], plan: Plan, k: int
) -> tuple[Found, NDArray[np.bool_]]:
    """The nearest candidates, and bool (m,), for which queries too many of them are dead."""
    count = max(plan.candidates, k)
    rows = codes.search(coded, plan.probes, count)
    there = np.maximum(rows, 0)  # -1 stands where there are no more
    out_of = rows < 0
    few = np.zeros(len(rows), np.bool_)
    if state.dead is not None:
        dead = state.dead[there] & ~out_of
        few = dead.sum(axis=1) > count - plan.alive
        out_of |= dead
    if len(rows) == 1:
        return _ranked_one(state, queries, there[0], out_of[0], k), few
    out_rows, out = np.empty((len(rows), k), np.int64), np.empty((len(rows), k), np.float32)
    step = max(1, _PAIR_VALUES // (count * queries.shape[1]))
    for start in range(0, len(rows), step):
        part = there[start : start + step]
        vectors = state.store.take(part.ravel()).reshape(*part.shape, -1)
        gaps = pair_distances(queries[start : start + step], vectors, state.space.metric)
        gaps[out_of[start : start + step]] = np.inf
        columns, out[start : start + step] = smallest(gaps, k)
        out_rows[start : start + step] = np.take_along_axis(part, columns, axis=1)
    return (out_rows, out), few


def _ranked_one(
    state: State, query: AnyVectors, rows: NDArray[np.int64], out_of: NDArray[np.bool_], k: int
) -> Found:
    """As for many queries, in fewer steps: here each counts."""
    gaps = row_distances(query[0], state.store.take(rows), state.space.metric)
    gaps[out_of] = np.inf
    order = gaps.argsort(kind="stable")[:k]
    return rows[order][None], gaps[order][None]


def _without(found: Found, exclude: NDArray[np.int64] | None, k: int) -> Found:
    rows, gaps = found
    if not rows.size:
        return found
    if exclude is not None:
        gaps = np.where(rows == exclude[:, None], np.inf, gaps)
        order = np.argsort(gaps, axis=1, kind="stable")[:, :k]
        rows, gaps = np.take_along_axis(rows, order, axis=1), np.take_along_axis(gaps, order, axis=1)
    if gaps[:, -1].max() == np.inf:
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
