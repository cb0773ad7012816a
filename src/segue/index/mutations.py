"""Changes of an index. Each gives a new state; the old one stays as it was for those who read it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.index.build import QuerySample, choose_lists, fill_lists, measure_operating_points, reduction_for
from segue.index.metric import AnyVectors, lengths
from segue.index.state import State
from segue.index.store import Store
from segue.progress import Progress, Silent

_LONGER = 1.01  # times the longest row that the lists of a dot index have a place for

_IDS = 1 << 63

Ids = NDArray[np.int64]


def build_lists(
    store: Store,
    state: State,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> State:
    """The state with lists that are learned from its live rows and hold them."""
    follower = progress or Silent()
    rows = state.live_rows()
    reduction = reduction_for(store, rows, state.metric)
    samples = QuerySample.draw(store, rows, reduction, state.options.calibration_queries, seed=seed)
    lists = choose_lists(store, rows, reduction, samples, seed=seed)
    fill_lists(lists, store, rows, reduction, follower)
    follower.note("measuring recall")
    points = measure_operating_points(lists, samples)
    if reduction.metric == "cosine" and store.lengths is None:
        store.lengths = lengths(store.base)
    return replace(
        state, reduction=reduction, lists=lists, delta=None, n_coded=state.n, n_trained=len(rows),
        operating_points=tuple(points),
    )  # fmt: skip


def compact_lists(state: State, progress: Progress | None = None) -> State:
    """The state with lists that hold all live rows and no others."""
    few = len(state) < max(1, state.options.exact_below)
    if state.lists is None and (state.always_exact or few):
        return state
    state = replace(state, store=state.store.merged_copy(state.n))
    if state.lists is None or _size_changed(state) or _outgrows_lists(state):
        return build_lists(state.store, state, progress=progress)
    lists = state.lists.empty_copy()
    fill_lists(lists, state.store, state.live_rows(), state.reduction, progress)
    return replace(state, lists=lists, delta=None, n_coded=state.n)


def needs_compaction(state: State) -> bool:
    """Whether a share of the rows has changed, or new rows have no place in the lists."""
    if state.lists is None:
        return False
    n_delta = 0 if state.delta is None else len(state.delta)
    n_changed = state.n_coded_tombstones + n_delta
    return n_changed >= state.options.compact_share * len(state) or _delta_is_due(state)


def add_rows(state: State, vectors: AnyVectors, ids: Ids | None) -> tuple[State, Ids]:
    """The state with more rows, and the ids of these."""
    new_ids = _check_new_ids(state, ids, len(vectors))
    all_ids = state.ids
    if all_ids is None and not np.array_equal(new_ids, np.arange(state.n, state.n + len(new_ids))):
        all_ids = np.arange(state.n)
    if all_ids is not None:
        all_ids = np.concatenate([all_ids[: state.n], new_ids])
    tombstones = state.tombstones
    if tombstones is not None:
        tombstones = np.concatenate([tombstones, np.zeros(len(new_ids), np.bool_)])
    state.store.append(vectors, state.n)
    next_id = max(state.next_id, int(new_ids.max(initial=-1)) + 1)
    state = replace(state, n=state.n + len(new_ids), ids=all_ids, tombstones=tombstones, next_id=next_id)
    return _with_delta(state), new_ids


def _check_new_ids(state: State, ids: Ids | None, n: int) -> Ids:
    """The ids of new rows. Raises UsageError where they do not fit."""
    if ids is None:
        if state.next_id + n > _IDS:
            raise UsageError(f"no {n} ids are left after {state.next_id - 1}: give the new rows ids")
        return np.arange(state.next_id, state.next_id + n, dtype=np.int64)
    if len(ids) != n or len(np.unique(ids)) != n:
        raise UsageError(f"{len(np.unique(ids))} different ids were given for {n} vectors, expected {n}")
    if n and ids.min() < 0:
        raise UsageError(f"the id {ids.min()} is negative, expected ids from 0 on")
    taken = ids[state.to_rows(ids) >= 0]
    if len(taken):
        raise UsageError(f"the id {taken[0]} is taken: use update to give it another vector")
    return ids


def _with_delta(state: State) -> State:
    """The state with codes for rows that have none, once they are many.

    Delta lists are replaced: a reader may be scanning the old ones.
    """
    if state.lists is None or not _delta_is_due(state) or _outgrows_lists(state):
        return state
    delta = state.lists.empty_copy()
    rows = np.arange(state.n_coded, state.n)
    if state.delta is not None:
        rows = np.concatenate([np.sort(state.delta.rows()), rows])
    if state.tombstones is not None:
        rows = rows[~state.tombstones[rows]]
    fill_lists(delta, state.store, rows, state.reduction)
    return replace(state, delta=delta, n_coded=state.n)


def _size_changed(state: State) -> bool:
    n, n_trained, factor = len(state), state.n_trained, state.options.retrain_factor
    return n > factor * n_trained or 0 < n < n_trained / factor


def _delta_is_due(state: State) -> bool:
    n_delta = 0 if state.delta is None else len(state.delta)
    return state.n - state.n_coded >= max(state.options.delta_rows, n_delta // 8)


def _outgrows_lists(state: State) -> bool:
    """Whether a row without a code is longer than the reduction of dot has room for: it would be lost."""
    if state.metric != "dot":
        return False
    longest = float(lengths(state.store.take(state.uncoded_rows())).max(initial=0))
    return longest > _LONGER * state.reduction.longest


def delete_rows(state: State, rows: NDArray[np.int64]) -> State:
    """The state without some rows."""
    tombstones = np.zeros(state.n, np.bool_) if state.tombstones is None else state.tombstones.copy()
    tombstones[rows] = True
    return replace(state, tombstones=tombstones)
