"""From one sound to another in small steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Where
from segue.errors import UsageError
from segue.recommend.result import Match, Recommendations
from segue.recommend.seeds import Query, Seed
from segue.recommend.session import Recommender, Session
from segue.track import Track, Vector, Vectors

_NEAR_WAYPOINT = 64  # candidates
_LEAST_BETWEEN = 400
_MOST_BETWEEN = 1_200  # more take seconds and change little
POWER = 8  # of a step's length; the higher, the more the longest step counts

Places = NDArray[np.int64]


def waypoints(start: Vector, end: Vector, n: int, *, affine: bool) -> Vectors:
    """float32 (n, dim): places between two vectors, (dim,), which are not among them.

    Along the great circle for directions, evenly (Shoemake 1985, slerp); in an ``affine`` view on the line.
    """
    t = (np.arange(1, n + 1) / (n + 1))[:, None]
    angle = float(np.arccos(np.clip(start @ end, -1, 1)))
    if affine or angle < 1e-3:
        return np.asarray((1 - t) * start + t * end, np.float32)
    if angle > np.pi - 1e-3:  # opposite: any great circle is as short; the middle is where all music is near
        return np.asarray(
            np.concatenate([np.repeat(start[None], n // 2, 0), np.repeat(end[None], n - n // 2, 0)])
        )
    return np.asarray((np.sin((1 - t) * angle) * start + np.sin(t * angle) * end) / np.sin(angle), np.float32)


def order_between(to_start: NDArray[np.floating], to_end: NDArray[np.floating]) -> Places:
    """int64: the candidates that lie between two tracks, in their order on the way.

    The order is of how much nearer each is to the end than to the start.

    Parameters
    ----------
    to_start, to_end : (n,), distances; the first of all is the start itself, the last the end
    """
    progress = to_start - to_end
    inside = (progress > progress[0]) & (progress < progress[-1])
    inside[[0, -1]] = True
    order = np.argsort(progress, kind="stable")
    return np.asarray(order[inside[order]], np.int64)


def even_steps(steps: NDArray[np.floating], k: int, power: float = POWER) -> Places:
    """int64 (k,): the k of n places, the first and the last among them, whose steps are smallest.

    Of all choices that go forwards the one of the smallest sum of the steps' eighth powers, found exactly,
    stage by stage (Bellman 1957): so no step is much longer than the others.

    Parameters
    ----------
    steps : (n, n), the distance from each place to each; k <= n
    """
    n = len(steps)
    costs = np.where(np.tri(n, dtype=np.bool_), np.inf, np.asarray(steps, np.float64) ** power)
    best = np.where(np.arange(n) == 0, 0.0, np.inf)
    came: list[Places] = []
    for _ in range(k - 1):
        total = best[:, None] + costs
        came.append(total.argmin(axis=0))
        best = total.min(axis=0)
    path = [n - 1]
    for before in reversed(came):
        path.append(int(before[path[-1]]))
    return np.array(path[::-1], np.int64)


def journey(
    recommender: Recommender,
    start: Query,
    end: Query,
    *,
    k: int = 12,
    where: Where | None = None,
    view: str | None = None,
) -> Recommendations:
    """k tracks that lead from one sound to another in small steps; the score is similarity to the start.

    Parameters
    ----------
    start, end : the first and the last of them; a file outside the library is not among the k.
    where : what the tracks between must meet.
    view : as for ``similar``; not a view of windows.

    Raises
    ------
    UsageError
        Where both are the same sound, or k is below 2.
    TrackNotFoundError, AmbiguousQueryError, EmptyLibraryError, AudioError
    """
    if k < 2:
        raise UsageError(f"k is {k}; a journey has a start and an end, so it must be at least 2")
    return recommender.ask(lambda session: _journey(session, start, end, k, where), view)


def _journey(session: Session, start: Query, end: Query, k: int, where: Where | None) -> Recommendations:
    session.require_one_vector_each("a journey")
    ends = [session.seed(start), session.seed(end)]
    first, last = (session.vectors(seed) for seed in ends)
    if (
        float(session.similarities(first, last)[0, 0])
        >= float(session.similarities(first, first)[0, 0]) - 1e-6
    ):
        raise UsageError("a journey needs two different sounds, and these two are the same")
    tracks = _candidates(session, ends, (first, last), k, where)
    vectors = np.concatenate([first, session.track_vectors(tracks), last] if tracks else [first, last])
    steps = _step_lengths(session, vectors)
    way = order_between(steps[0], steps[-1])
    # A file outside the library is no track, so it takes no place among the k.
    outside = sum(not isinstance(seed, Track) for seed in ends)
    way = way[even_steps(steps[np.ix_(way, way)], min(k + outside, len(way)))]
    scores = session.similarities(first, vectors)[0]
    stops = [ends[0], *tracks, ends[1]]
    matches = tuple(Match(stop, float(scores[i])) for i in way if isinstance(stop := stops[i], Track))
    reason = "lie between the two" + (" and qualify" if where else "")
    return Recommendations(matches, session.shortfall(len(matches), k, where, reason))


def _candidates(
    session: Session, seeds: Sequence[Seed], ends: tuple[Any, Any], k: int, where: Where | None
) -> list[Track]:
    """Tracks near the way from one to the other."""
    allowed = session.allowed(where=where)
    each = max(_NEAR_WAYPOINT, _LEAST_BETWEEN // k)
    if session.index.spec.metric == "hamming":  # nothing lies between bits
        points, each = np.concatenate(ends), _LEAST_BETWEEN
    else:
        points = waypoints(ends[0][0], ends[1][0], k, affine=session.is_affine)
    tracks: dict[str, Track] = {}
    for point in points:
        n = min(each, _MOST_BETWEEN // len(points))
        for match in session.matches(point[None], n, allowed=allowed, without=seeds):
            tracks.setdefault(match.track.content_hash, match.track)
    return list(tracks.values())


def _step_lengths(session: Session, vectors: NDArray[Any]) -> NDArray[np.float64]:
    """float64 (n, n): how far each is from each, the angle where there is one."""
    similarities = session.similarities(vectors, vectors).astype(np.float64)
    if session.is_affine:
        return np.asarray(similarities.max() - similarities)
    return np.arccos(np.clip(similarities, -1, 1))
