"""Changes of an index, each a new state; the old one stays what it was for those who read it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.index.build import EXACT_BELOW, OnProgress, fill, settings_for, space_of, train
from segue.index.metric import AnyVectors, lengths
from segue.index.state import State
from segue.index.store import Store

FRESH = 2048  # added rows that are compared one by one before they get codes
RELEARNED = 2.0  # times as many rows as the centroids were learned for, or as few: they are learned again
_LONGER = 1.01  # times the longest row that the lists of a dot index have a place for

Ids = NDArray[np.int64]


def built(
    store: Store,
    state: State,
    *,
    seed: int = 0,
    progress: OnProgress | None = None,
) -> State:
    """The state with lists, learned from its live rows."""
    rows = state.alive()
    space = space_of(store, rows, state.space.metric)
    codes = train(store, rows, space, seed=seed)
    fill(codes, store, rows, space, progress)
    settings = settings_for(codes, store, rows, space, seed=seed)
    if space.metric == "cosine" and store.lengths is None:
        store.lengths = lengths(store.base)
    return replace(
        state, space=space, codes=codes, young=None, coded=state.n, learned_from=len(rows),
        settings=tuple(settings),
    )  # fmt: skip


def refilled(state: State, progress: OnProgress | None = None) -> State:
    """The lists filled anew with the rows that there are."""
    if state.codes is None and (state.always_exact or len(state) < EXACT_BELOW):
        return state
    state = replace(state, store=state.store.joined(state.n))
    if state.codes is None or _has_another_size(state) or _has_longer(state):
        return built(state.store, state, progress=progress)
    codes = state.codes.empty()
    fill(codes, state.store, state.alive(), state.space, progress)
    return replace(state, codes=codes, young=None, coded=state.n)


def is_due(state: State, share: float) -> bool:
    """Whether lists are to be filled: a share of their rows has changed, or new rows have no place there."""
    if state.codes is None:
        return False
    n_young = 0 if state.young is None else len(state.young)
    return state.n_stale + n_young >= share * len(state) or _are_many(state)


def added(state: State, vectors: AnyVectors, ids: Ids | None) -> tuple[State, Ids]:
    """The state with more rows, and what they are called."""
    names = _names_of(state, ids, len(vectors))
    known = state.ids
    if known is None and not np.array_equal(names, np.arange(state.n, state.n + len(names))):
        known = np.arange(state.n)
    if known is not None:
        known = np.concatenate([known[: state.n], names])
    dead = state.dead
    if dead is not None:
        dead = np.concatenate([dead, np.zeros(len(names), np.bool_)])
    state.store.append(vectors, state.n)
    next_id = max(state.next_id, int(names.max(initial=-1)) + 1)
    return _folded(replace(state, n=state.n + len(names), ids=known, dead=dead, next_id=next_id)), names


def _names_of(state: State, ids: Ids | None, n: int) -> Ids:
    if ids is None:
        return np.arange(state.next_id, state.next_id + n)
    if len(ids) != n or len(np.unique(ids)) != n:
        raise UsageError(f"{len(np.unique(ids))} different ids were given for {n} vectors, expected as many")
    if n and ids.min() < 0:
        raise UsageError(f"the id {ids.min()} is negative")
    taken = ids[state.rows(ids) >= 0]
    if len(taken):
        raise UsageError(f"the id {taken[0]} is taken: update gives it another vector")
    return ids


def _folded(state: State) -> State:
    """Codes for rows that have none, once they are many; lists that somebody may scan stay as they are."""
    if state.codes is None or not _are_many(state) or _has_longer(state):
        return state
    young = state.codes.empty()
    rows = np.arange(state.coded, state.n)
    if state.young is not None:
        rows = np.concatenate([np.sort(state.young.rows()), rows])
    if state.dead is not None:
        rows = rows[~state.dead[rows]]
    fill(young, state.store, rows, state.space)
    return replace(state, young=young, coded=state.n)


def _has_another_size(state: State) -> bool:
    n, learned_from = len(state), state.learned_from
    return n > RELEARNED * learned_from or 0 < n < learned_from / RELEARNED


def _are_many(state: State) -> bool:
    return state.n - state.coded >= max(FRESH, 0 if state.young is None else len(state.young) // 8)


def _has_longer(state: State) -> bool:
    """Whether a row without a code is too long for the space of the codes, where it would be lost."""
    if state.space.metric != "dot":
        return False
    fresh = np.arange(state.coded, state.n)
    if state.dead is not None:
        fresh = fresh[~state.dead[fresh]]
    return float(lengths(state.store.take(fresh)).max(initial=0)) > _LONGER * state.space.longest


def deleted(state: State, rows: NDArray[np.int64]) -> State:
    """The state without some rows."""
    dead = np.zeros(state.n, np.bool_) if state.dead is None else state.dead.copy()
    dead[rows] = True
    return replace(state, dead=dead)
