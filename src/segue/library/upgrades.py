"""Newer versions of the embedders that made a library's vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segue.catalog import Snapshot
from segue.embed.published_network import newer_version
from segue.spec import by_family
from segue.views.versions import tracks_with_vectors


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A newer version of an embedder, whose vectors some tracks lack.

    Attributes
    ----------
    older, newer : the spaces of the two versions
    tracks : how many have a vector of an older version only
    """

    older: str
    newer: str
    tracks: int

    def __str__(self) -> str:
        """For people, such as ``205 tracks have mn04-1 and not yet the newer mn04-2``."""
        have = "1 track has" if self.tracks == 1 else f"{self.tracks} tracks have"
        return f"{have} {self.older} and not yet the newer {self.newer}"


def find_upgrades(snapshot: Snapshot) -> list[Upgrade]:
    """What a library could be upgraded to."""
    upgrades = []
    for versions in by_family(snapshot.spaces):
        older = [version for version in versions if newer_version(version)]
        newest = newer_version(versions[0])
        if newest is None:
            continue
        lacking = np.logical_or.reduce([tracks_with_vectors(snapshot, version) for version in older])
        if newest in snapshot.spaces:
            lacking &= ~tracks_with_vectors(snapshot, newest)
        if lacking.any():
            upgrades.append(Upgrade(older[-1], newest, int(lacking.sum())))
    return upgrades
