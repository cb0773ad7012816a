"""Several tracks at one moment of a library: playlists, journeys, and how much some are alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Where
from segue.errors import UsageError
from segue.recommend import (
    Match,
    Matrix,
    Recommendations,
    between,
    evenly,
    groups_of,
    in_order,
    varied,
    waypoints,
)
from segue.recommend.session import Asking, Seed
from segue.track import Track

MOST_COMPARED = 2_000  # tracks of a matrix
_FEWEST_CANDIDATES = 200
_CANDIDATES_EACH = 8  # a place of a playlist
_NEAR_WAYPOINT = 64  # candidates
_LEAST_BETWEEN = 400
_MOST_BETWEEN = 1_200  # more take seconds and change little


def playlist(
    asking: Asking,
    seeds: Sequence[Seed],
    minus: Sequence[Seed],
    k: int,
    *,
    same_artist: bool,
    where: Where | None,
    variety: float,
) -> Recommendations:
    """k tracks near the seeds, varied, in an order that flows."""
    asking.one_vector_each("a playlist")
    query = asking.queries(seeds, minus)
    allowed = asking.allowed(seeds, minus, same_artist=same_artist, where=where)
    found = asking.matches(query, allowed, max(_FEWEST_CANDIDATES, _CANDIDATES_EACH * k))
    if not found:
        return Recommendations((), asking.shortfall(0, k, where))
    places = asking.places([match.track for match in found])
    groups = groups_of([match.track.artist for match in found])
    to_seeds = np.array([match.score for match in found], np.float32)
    chosen = varied(asking.likeness(places, places), to_seeds, groups, k, variety)
    chosen = chosen[in_order(asking.likeness(places[chosen], places[chosen]), groups[chosen])]
    return Recommendations(tuple(found[i] for i in chosen), asking.shortfall(len(chosen), k, where))


def journey(asking: Asking, start: Seed, end: Seed, k: int, where: Where | None) -> Recommendations:
    """k tracks from one sound to another, both of them included where they are the library's."""
    asking.one_vector_each("a journey")
    ends = [asking.place_of(start), asking.place_of(end)]
    if float(asking.likeness(*ends)[0, 0]) >= float(asking.likeness(ends[0], ends[0])[0, 0]) - 1e-6:
        raise UsageError("a journey needs two sounds that differ, and these two are the same")
    found = _on_the_way(asking, (start, end), ends, k, where)
    tracks = [match.track for match in found]
    places = np.concatenate([ends[0], asking.places(tracks), ends[1]] if tracks else ends)
    far = _steps(asking, places)
    way = between(far[0], far[-1])
    # A file outside the library is no track, so it takes no place among the k.
    outside = sum(not isinstance(seed, Track) for seed in (start, end))
    way = way[evenly(far[np.ix_(way, way)], min(k + outside, len(way)))]
    scores = asking.likeness(ends[0], places)[0]
    stops = [start, *tracks, end]
    matches = tuple(Match(stop, float(scores[i])) for i in way if isinstance(stop := stops[i], Track))
    reason = "lie between the two" + (" and qualify" if where else "")
    return Recommendations(matches, asking.shortfall(len(matches), k, where, reason))


def _on_the_way(
    asking: Asking, seeds: Sequence[Seed], ends: Sequence[NDArray[Any]], k: int, where: Where | None
) -> list[Match]:
    """Candidates near the way from one to the other."""
    allowed = asking.allowed(seeds, same_artist=True, where=where)
    each = max(_NEAR_WAYPOINT, _LEAST_BETWEEN // k)
    if asking.index.reading.metric == "hamming":  # nothing lies between bits
        points, each = np.concatenate(ends), _LEAST_BETWEEN
    else:
        points = waypoints(ends[0][0], ends[1][0], k, straight=asking.straight)
    found: dict[str, Match] = {}
    for point in points:
        for match in asking.matches(point[None], allowed, min(each, _MOST_BETWEEN // len(points))):
            found.setdefault(match.track.content_hash, match)
    return list(found.values())


def _steps(asking: Asking, places: NDArray[Any]) -> NDArray[np.float64]:
    """float64 (n, n): how far each place is from each, the angle where there is one."""
    likeness = asking.likeness(places, places).astype(np.float64)
    if asking.straight:
        return np.asarray(likeness.max() - likeness)
    return np.arccos(np.clip(likeness, -1, 1))


def matrix(asking: Asking, seeds: Sequence[Seed]) -> Matrix:
    """How much some sounds are alike, each with each."""
    if len(seeds) > MOST_COMPARED:
        raise UsageError(f"{len(seeds)} tracks are compared each with each; at most {MOST_COMPARED} can be")
    places = [asking.place_of(seed) for seed in seeds]
    scores = _by_windows(asking, places) if asking.by_windows else _likeness(asking, places)
    names = tuple(seed.display_name if isinstance(seed, Track) else seed.name for seed in seeds)
    return Matrix(names, tuple(seed if isinstance(seed, Track) else None for seed in seeds), scores)


def _likeness(asking: Asking, places: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
    together = np.concatenate(places)
    scores = asking.likeness(together, together)
    return np.asarray((scores + scores.T) / 2, np.float32)  # rounding is not quite the same both ways


def _by_windows(asking: Asking, places: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
    """Of each window the best of the other's, on average; the mean of both ways."""
    n = len(places)
    scores = np.zeros((n, n), np.float32)
    for i in range(n):
        for j in range(n):
            scores[i, j] = asking.likeness(places[i], places[j]).max(axis=1).mean()
    return np.asarray((scores + scores.T) / 2, np.float32)
