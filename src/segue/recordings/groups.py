"""The versions of each recording, the best first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from segue.catalog import Catalog
from segue.recordings.pairs import Pairs
from segue.recordings.quality import quality
from segue.track import Track


def group_versions(catalog: Catalog, pairs: Pairs) -> tuple[tuple[int, ...], ...]:
    """Keys of the versions of each recording, the best first: by pairs of versions, and by equal contents.

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
    return tuple(tuple(_best_first(group, tracks)) for group in groups)


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
