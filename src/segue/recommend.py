"""Nearest rows to recommendations for people: seeds combined, duplicates and seeds left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.track import Track, Vectors


@dataclass(frozen=True, slots=True)
class Match:
    """A recommended track.

    ``score`` is the cosine between its vector and the seeds' in the library's view: 1 the same
    sound, 0 no more alike than two tracks of this library usually are, below 0 unlike.
    """

    track: Track
    score: float


@dataclass(frozen=True, slots=True)
class Recommendations:
    """Matches, nearest first, and why there are fewer than asked for, if so."""

    matches: tuple[Match, ...]
    shortfall: str | None = None


def centre_of(seeds: Vectors) -> Vectors:
    """float32 (1, dim) of length 1: the direction between several seeds, (n, dim) of length 1.

    Seeds that cancel each other out have no direction; then the first one counts.
    """
    centre = seeds.mean(axis=0, keepdims=True)
    length = float(np.linalg.norm(centre))
    return np.asarray(centre / length if length > 1e-6 else seeds[:1], np.float32)


def distinct(tracks: list[Track], scores: NDArray[np.float32], k: int) -> list[Match]:
    """The first k of tracks in order, each content once: a copy of a file is no recommendation."""
    matches: list[Match] = []
    seen: set[str] = set()
    for track, score in zip(tracks, scores, strict=True):
        if track.content_hash not in seen:
            seen.add(track.content_hash)
            matches.append(Match(track, float(score)))
        if len(matches) == k:
            break
    return matches
