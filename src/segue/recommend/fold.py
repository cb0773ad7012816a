"""Each recording once: by its best version that may be an answer, with the others beside it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Catalog
from segue.recordings import Versions
from segue.track import Track, TrackId
from segue.views.view_index import ViewIndex


def fold(
    nearest: Iterable[tuple[int, float]],
    versions: Versions,
    index: ViewIndex,
    *,
    allowed: NDArray[np.bool_] | None = None,
    without: Container[int] = (),
) -> list[tuple[tuple[int, ...], float]]:
    """The recordings of some tracks: keys of the versions of each, and the score of the nearest of them.

    In front is the best version that may be an answer, then come the others, the best first.

    Parameters
    ----------
    nearest : keys of tracks and their scores, best first
    index : whose items may be answers
    allowed : bool over the index's items, which of them may be answers; all unless told
    without : recordings that are no answers
    """

    def may_answer(key: int) -> bool:
        place = index.place(key)
        return place is not None and (allowed is None or bool(allowed[place]))

    seen: set[int] = set()
    recordings = []
    for key, score in nearest:
        group = versions.versions_of(key)
        if group[0] in seen or group[0] in without:
            continue
        seen.add(group[0])
        if len(group) > 1:
            best = next((version for version in group if may_answer(version)), key)
            group = (best, *(version for version in group if version != best))
        recordings.append((group, score))
    return recordings


def other_versions(
    catalog: Catalog, versions: Versions, tracks: Sequence[Track]
) -> dict[TrackId, tuple[Track, ...]]:
    """By the ids of some tracks, the other versions of each recording, the best first."""
    keys = catalog.tracks.keys_of([track.id for track in tracks])
    groups = {name: [k for k in versions.versions_of(key) if k != key] for name, key in keys.items()}
    others = catalog.tracks.by_keys({key for group in groups.values() for key in group})
    return {name: tuple(others[key] for key in group if key in others) for name, group in groups.items()}
