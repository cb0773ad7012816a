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


def best_by_track(
    rows: NDArray[np.int64], scores: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Tracks by how well they answer several windows, best first.

    A track's score is the mean, over the windows asked about, of its best window's; where none of its
    windows was among the answers to one, the score of the last answer stands in, which it does not reach.

    Parameters
    ----------
    rows, scores : (n_windows, k), of the nearest windows of each, nearest first

    Returns
    -------
    rows : int64 (n,), each once
    scores : float32 (n,)
    """
    found, places = np.unique(rows, return_inverse=True)
    best = np.repeat(scores[:, -1:], len(found), axis=1)
    asked = np.repeat(np.arange(len(rows)), rows.shape[1])
    np.maximum.at(best, (asked, places.ravel()), scores.ravel())
    total = best.mean(axis=0)
    order = np.argsort(-total, kind="stable")
    return found[order], total[order]


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
