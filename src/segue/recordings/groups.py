"""The versions of each recording, the best first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Catalog
from segue.recordings.pairs import Pairs
from segue.recordings.quality import quality
from segue.track import Track


@dataclass(frozen=True)
class Versions:
    """Recordings of which a library has several versions.

    Attributes
    ----------
    groups : keys of the versions of each, the best first
    """

    groups: tuple[tuple[int, ...], ...] = ()

    @cached_property
    def _by_key(self) -> dict[int, tuple[int, ...]]:
        return {key: group for group in self.groups for key in group}

    def versions_of(self, key: int) -> tuple[int, ...]:
        """All versions of a track's recording, itself among them, the best first."""
        return self._by_key.get(key) or (key,)

    def recording_of(self, key: int) -> int:
        """The key of the best version, by which a recording is called here."""
        return self.versions_of(key)[0]

    @cached_property
    def _recordings(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All keys of the groups, rising, and for each the key of its best version."""
        pairs = np.array([(key, group[0]) for group in self.groups for key in group], np.int64).reshape(-1, 2)
        keys, best = pairs[np.argsort(pairs[:, 0])].T
        return keys, best

    def one_each(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64 (n,), rising: the places of the first version of each recording among some keys."""
        grouped, best = self._recordings
        if not len(grouped):
            return np.arange(len(keys))
        at = np.searchsorted(grouped, keys).clip(max=len(grouped) - 1)
        recordings = np.where(grouped[at] == keys, best[at], keys)
        return np.sort(np.unique(recordings, return_index=True)[1])


def group_versions(catalog: Catalog, pairs: Pairs) -> Versions:
    """The recordings that pairs of their versions tell, together with the tracks of one content.

    A group is what goes with one of its versions, that with most pairs. What only goes with another of them
    is apart, so that no chain of pairs leads from one recording to the next.
    """
    contents = {group[0]: group for group in catalog.tracks.keys_of_one_content()}
    first = {key: group[0] for group in contents.values() for key in group}
    beside: dict[int, set[int]] = {}
    for a, b in pairs.tolist():
        one, other = first.get(a, a), first.get(b, b)
        if one != other:
            beside.setdefault(one, set()).add(other)
            beside.setdefault(other, set()).add(one)
    tracks = _tracks(catalog, contents, beside)
    groups = [group for key, group in contents.items() if key not in beside]
    groups += _around_the_middle(beside, contents, tracks)
    return Versions(tuple(tuple(_best_first(group, tracks)) for group in groups))


def _tracks(
    catalog: Catalog, contents: Mapping[int, Sequence[int]], beside: Iterable[int]
) -> Mapping[int, Track]:
    """All that have files; the songs of a table are as good as each other."""
    with_files = set(catalog.tracks.durations_of_files()[0].tolist()) if contents or beside else set()
    keys = {key for group in contents.values() for key in group} | set(beside)
    return catalog.tracks.by_keys(keys & with_files)


def _around_the_middle(
    beside: Mapping[int, set[int]], contents: Mapping[int, Sequence[int]], tracks: Mapping[int, Track]
) -> list[list[int]]:
    taken: set[int] = set()
    groups = []
    for key in sorted(_best_first(beside, tracks), key=lambda key: -len(beside[key])):
        if key not in taken:
            group = [key, *(beside[key] - taken)]
            taken.update(group)
            groups.append([version for one in group for version in contents.get(one, (one,))])
    return [group for group in groups if len(group) > 1]


def _best_first(keys: Iterable[int], tracks: Mapping[int, Track]) -> list[int]:
    """The songs of a table, which have no files, in the order of their keys, after those that have."""
    with_files = sorted((key for key in keys if key in tracks), key=lambda key: (quality(tracks[key]), -key))
    return [*reversed(with_files), *sorted(key for key in keys if key not in tracks)]
