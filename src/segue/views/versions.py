"""Which of several versions of a space is compared: a view never holds two."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Snapshot, SpaceVectors
from segue.spec import by_family

_NEARLY_ALL = 0.95  # of the tracks that have a vector of any version


def compared_spaces(snapshot: Snapshot) -> dict[str, SpaceVectors]:
    """The spaces by which a library's tracks are compared by default, by name.

    Of the versions of one space, that is the newest that nearly all tracks have; where there is none, the
    one that most have.
    """
    chosen = {_choose_version(snapshot, versions) for versions in by_family(snapshot.spaces)}
    return {name: space for name, space in snapshot.spaces.items() if name in chosen}


def _choose_version(snapshot: Snapshot, versions: list[str]) -> str:
    """One of the versions of a space, which are given oldest first."""
    if len(versions) == 1:
        return versions[0]
    has = {name: tracks_with_vectors(snapshot, name) for name in reversed(versions)}
    needed = _NEARLY_ALL * int(np.logical_or.reduce(list(has.values())).sum())
    nearly_all = [name for name, rows in has.items() if rows.sum() >= needed]
    return nearly_all[0] if nearly_all else max(has, key=lambda name: int(has[name].sum()))


def tracks_with_vectors(snapshot: Snapshot, space: str) -> NDArray[np.bool_]:
    """bool (n,), over the snapshot's rows: tracks whose files are there and that have a vector in a space."""
    n = len(snapshot.keys)
    return (snapshot.keys >= 0) & ~snapshot.missing & snapshot.spaces[space].has_vector()[:n]
