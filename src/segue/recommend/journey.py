"""From one sound to another in small steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Where
from segue.errors import UsageError
from segue.recommend.lookup import interpretations, list_queries
from segue.recommend.result import Match, Recommendations
from segue.recommend.seeds import Queries, Query, Seed
from segue.recommend.session import Recommender, Session
from segue.recommend.unusual import left_out
from segue.track import Track, TrackId, Vector, Vectors

_NEAR_WAYPOINT = 64  # candidates
_LEAST_BETWEEN = 400
_MOST_BETWEEN = 1_200  # more take seconds and change little
POWER = 8  # of a step's length; the higher, the more the longest step counts

Places = NDArray[np.int64]
Near = Callable[..., list[Match]]  # ``Session.matches``, with what may be an answer


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
    """int64: the candidates that lie between two tracks, each at least as near to the end as the one before.

    Between is what is nearer to the end than the start is, and on this side of it: not further beyond the end
    than the end itself, as seen from the start.

    Parameters
    ----------
    to_start, to_end : (n,), distances; the first of all is the start itself, the last the end
    """
    progress = to_start - to_end
    inside = (progress > progress[0]) & (progress < progress[-1]) & (to_end <= to_end[0])
    inside[[0, -1]] = False
    order = np.lexsort((progress, -to_end))
    return np.concatenate([[0], order[inside[order]], [len(to_end) - 1]]).astype(np.int64)


def share_out(lengths: Sequence[float], n: int) -> list[int]:
    """How many of n tracks come between each stop and the next: in proportion to how far it is.

    By the largest remainders (Hamilton's method), so that they are n together.
    """
    total = sum(lengths)
    exact = [n * length / total if total > 0 else n / len(lengths) for length in lengths]
    shares = [int(x) for x in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (shares[i] - exact[i], i))
    for i in by_remainder[: n - sum(shares)]:
        shares[i] += 1
    return shares


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


def journey(  # noqa: PLR0913 - all that one may ask for, by name
    recommender: Recommender,
    start: Query,
    end: Query,
    *,
    via: Queries = (),
    k: int = 12,
    where: Where | None = None,
    feedback: bool = True,
    everything: bool = False,
    view: str | None = None,
) -> Recommendations:
    """k tracks that lead from one sound to another in small steps, each nearer to the end than the last.

    The score is the similarity to the start, ``step`` that to the track before.

    Parameters
    ----------
    start, end : the first and the last of them; a file outside the library is not among the k. Of several
        tracks of one name, the one in their middle is taken.
    via : stops on the way, in their order, one or several; each leg leads to the next stop.
    k : how many tracks, with the start, the stops and the end; the longer a leg, the more are on it.
    where : what the tracks between must meet.
    feedback : leave out what is disliked, except as a stop.
    everything : as for ``similar``.
    view : as for ``similar``; not a view of windows.

    Raises
    ------
    UsageError
        Where two stops in a row are the same sound, or k is below the number of stops.
    TrackNotFoundError, AmbiguousQueryError, EmptyLibraryError, AudioError
    """
    stops = [start, *list_queries(via), end]
    if k < len(stops):
        has = "a start and an end" if len(stops) == 2 else f"a start, an end and {len(stops) - 2} between"
        raise UsageError(f"k is {k}; a journey has {has}, so it must be at least {len(stops)}")
    return recommender.ask(
        lambda session: _journey(session, stops, k, where, feedback=feedback, everything=everything), view
    )


def _journey(
    session: Session,
    queries: Sequence[Query],
    k: int,
    where: Where | None,
    *,
    feedback: bool,
    everything: bool,
) -> Recommendations:
    session.require_one_vector_each("a journey")
    groups = session.groups(queries)
    stops = [session.seed(group) for group in groups]
    vectors = np.concatenate([session.vectors(seed) for seed in stops])
    lengths = np.diagonal(_step_lengths(session, vectors), 1).tolist()
    for a, b in pairwise(vectors):
        _require_different(session, a[None], b[None])
    # A file outside the library is no track, so it takes no place among the k.
    between = share_out(lengths, k - sum(isinstance(seed, Track) for seed in stops))
    allowed = session.allowed(where=where)
    preferences = session.preferences(stops, moves=False) if feedback else None
    if preferences is not None:
        allowed = preferences.allowed(allowed)
    leave_out = session.leave_out(stops, where, everything=everything)
    near = partial(session.matches, allowed=allowed, leave_out=leave_out, counted=1)
    way = [stops[0]]
    for i, n in enumerate(between):
        ends = (stops[i], stops[i + 1])
        way += [*_leg(session, ends, vectors[i : i + 2], n, [*stops, *way], near), stops[i + 1]]
    matches = _matches(session, way)
    reason = "lie between the two" if len(stops) == 2 else "lie between these"
    reason += " and qualify" if where else ""
    shortfall = session.shortfall(len(matches), k, where, reason, feedback=feedback)
    return Recommendations(matches, shortfall, interpretations(queries, groups), left_out(leave_out))


def _require_different(session: Session, a: NDArray[Any], b: NDArray[Any]) -> None:
    same = float(session.similarities(a, a)[0, 0])
    if float(session.similarities(a, b)[0, 0]) >= same - 1e-6:
        raise UsageError("a journey needs two different sounds, and these two are the same")


def _leg(
    session: Session,
    ends: tuple[Seed, Seed],
    vectors: NDArray[Any],
    n: int,
    taken: Sequence[Seed],
    near: Near,
) -> list[Track]:
    """At most n tracks between two stops, in their order.

    Parameters
    ----------
    vectors : (2, dim), the two stops'
    taken : what is on the way already
    near : gives the tracks near a place that may be on the way
    """
    tracks = _candidates(session, taken, vectors, n + 2, near) if n else []
    if not tracks:
        return []
    places = np.concatenate([vectors[:1], session.track_vectors(tracks), vectors[1:]])
    steps = _step_lengths(session, places)
    between = order_between(steps[0], steps[-1])
    chosen = between[even_steps(steps[np.ix_(between, between)], min(n + 2, len(between)))]
    return [tracks[i - 1] for i in chosen[1:-1]]


def _matches(session: Session, way: Sequence[Seed]) -> tuple[Match, ...]:
    """The library's tracks on the way, with their similarities to the start and to what comes before them."""
    vectors = np.concatenate([session.vectors(seed) for seed in way])
    scores = session.pair_scores(vectors, vectors)
    to_start, steps = scores[0], np.diagonal(scores, 1)
    tracks = [seed for seed in way if isinstance(seed, Track)]
    versions = session.versions.others(session.catalog, tracks)
    return tuple(
        Match(
            seed, float(to_start[i]), float(steps[i - 1]) if i else None, versions=versions.get(seed.id, ())
        )
        for i, seed in enumerate(way)
        if isinstance(seed, Track)
    )


def _candidates(
    session: Session,
    without: Sequence[Seed],
    ends: NDArray[Any],
    k: int,
    near: Near,
) -> list[Track]:
    """Tracks near the way from one to the other."""
    each = max(_NEAR_WAYPOINT, _LEAST_BETWEEN // k)
    if session.index.spec.metric == "hamming":  # nothing lies between bits
        points, each = ends, _LEAST_BETWEEN
    else:
        points = waypoints(ends[0], ends[1], k, affine=session.is_affine)
    tracks: dict[TrackId, Track] = {}
    for point in points:
        n = min(each, _MOST_BETWEEN // len(points))
        for match in near(point[None], n, without=without):
            tracks.setdefault(match.track.id, match.track)
    return list(tracks.values())


def _step_lengths(session: Session, vectors: NDArray[Any]) -> NDArray[np.float64]:
    """float64 (n, n): how far each is from each, the angle where there is one."""
    similarities = session.similarities(vectors, vectors).astype(np.float64)
    if session.is_affine:
        return np.asarray(similarities.max() - similarities)
    return np.arccos(np.clip(similarities, -1, 1))
