"""A playlist: varied tracks near the seeds, in an order that flows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Where
from segue.errors import UsageError
from segue.recommend.joins import WEIGHT, join_costs
from segue.recommend.length import n_tracks, pick_by_length, require_minutes
from segue.recommend.lookup import all_seeds, interpretations, list_queries, require_queries
from segue.recommend.result import Recommendations
from segue.recommend.seeds import Queries, Query
from segue.recommend.session import Recommender, Session
from segue.recommend.unusual import left_out
from segue.recommend.variety import Most, caps_for, diversify, main_artists, number_names

_FEWEST_CANDIDATES = 200
_CANDIDATES_EACH = 8  # a place of a playlist
_PENALTY = 1e3  # of a step from an artist to the same one: longer than any way around it
VARIETY = 0.1  # unless another is given: little further from the seeds, a quarter less alike each other
_ROUNDS = 2_000  # of improving an order, at the most

Scores = NDArray[np.float32]
Places = NDArray[np.int64]


def order_by_flow(similarities: Scores, groups: Places, joins: NDArray[np.float64] | None = None) -> Places:
    """int64 (n,): an order from the first row on in which neighbors are alike, artists spread out.

    A short open path: always on to the nearest, then better by turning parts round and moving rows, as
    long as that gains (2-opt, Croes 1958; or-opt, Or 1976). No artist twice in a row where that can be.

    Parameters
    ----------
    similarities : (n, n)
    groups : (n,), the artists
    joins : (n, n), 0 to 1, how badly two tracks play into each other: counts a little beside the sound
    """
    n = len(groups)
    costs = (similarities.max(initial=0) - similarities).astype(np.float64)
    costs /= max(float(costs.max(initial=0)), 1e-9)
    if joins is not None:
        costs += WEIGHT * joins
    costs += _PENALTY * (groups[:, None] == groups)
    path = _nearest_next(costs, groups)
    for _ in range(_ROUNDS if n > 3 else 0):
        moves = (_best_reversal(costs, path), _best_move(costs, path))
        gain, better = max(moves, key=lambda move: move[0])
        if gain <= 1e-9:
            break
        path = better
    return path


def _nearest_next(costs: NDArray[np.float64], groups: Places) -> Places:
    """From row 0 always to the nearest that leaves a way to keep artists apart."""
    left = set(range(1, len(groups)))
    counts = Counter(groups[1:].tolist())
    path = [0] if len(groups) else []
    while left:
        order = sorted(left, key=lambda i: (costs[path[-1], i], i))
        chosen = next((i for i in order if _can_go_on(counts, int(groups[i]), len(left))), order[0])
        path.append(chosen)
        left.remove(chosen)
        counts[int(groups[chosen])] -= 1
    return np.array(path, np.int64)


def _can_go_on(counts: Counter[int], group: int, n: int) -> bool:
    """Whether, with one of a group next, the n - 1 others can follow without an artist twice in a row."""
    rest = n - 1
    if counts[group] - 1 > rest // 2:
        return False
    most = max((count for other, count in counts.items() if other != group), default=0)
    return most <= (rest + 1) // 2


def _best_reversal(costs: NDArray[np.float64], path: Places) -> tuple[float, Places]:
    """The best gain by turning a part round that the first row is not in, and the path after it."""
    along = costs[np.ix_(path, path)]
    steps = np.append(np.diagonal(along, 1), 0)  # the last row has no step after it
    beyond = np.zeros_like(along)
    beyond[:, :-1] = along[:, 1:]
    # Rows i to j: the steps i - 1, i and j, j + 1 give way to i - 1, j and i, j + 1.
    gain = steps[:-1, None] + steps[1:] - along[:-1, 1:] - beyond[1:, 1:]
    gain[np.tril_indices(len(gain))] = -np.inf
    at, to = divmod(int(gain.argmax()), gain.shape[1])
    better = path.copy()
    better[at + 1 : to + 2] = better[at + 1 : to + 2][::-1]
    return float(gain[at, to]), better


def _best_move(costs: NDArray[np.float64], path: Places) -> tuple[float, Places]:
    """The best gain by moving one row elsewhere, and the path after it."""
    along = costs[np.ix_(path, path)]
    n = len(path)
    steps = np.diagonal(along, 1)
    saved = steps.copy()
    saved[:-1] += steps[1:] - along[np.arange(n - 2), np.arange(2, n)]
    # Row i goes between j and j + 1, or behind the last.
    paid = along[1:].copy()
    paid[:, :-1] += along[1:, 1:] - steps
    gain = saved[:, None] - paid
    rows = np.arange(n - 1)
    gain[rows, rows] = gain[rows, rows + 1] = -np.inf
    at, to = divmod(int(gain.argmax()), n)
    rest = np.delete(path, at + 1)
    place = to + 1 if to <= at else to
    return float(gain[at, to]), np.insert(rest, place, path[at + 1])


def playlist(  # noqa: PLR0913 - all that one may ask for, by name
    recommender: Recommender,
    queries: Queries,
    *,
    minus: Queries = (),
    k: int = 25,
    minutes: float | None = None,
    where: Where | None = None,
    same_artist: bool = True,
    variety: float = VARIETY,
    per_artist: Most | None = None,
    per_album: Most | None = None,
    feedback: bool = True,
    everything: bool = False,
    view: str | None = None,
) -> Recommendations:
    """k tracks near the queries, varied, in an order that flows; no artist twice in a row if avoidable.

    Parameters
    ----------
    minutes : as many tracks as come nearest to this length, instead of k.
    variety : from 0, the nearest tracks, to 1, such as are unlike each other; in between, the similarity to
        the seeds falls evenly.
    per_artist, per_album : how many tracks of one artist and of one album at the most; 0 for any number,
        "auto" for a fifth and an eighth of the playlist; by default, as the library's settings say. More
        come only where there are no others.
    queries, minus, where, same_artist, feedback, everything, view : as for ``similar``; no view of windows.

    Raises
    ------
    As ``similar``.
    """
    if not 0 <= variety <= 1:
        raise UsageError(f"variety is {variety}, expected 0 to 1")
    require_minutes(minutes)
    query_list, minus_list = require_queries(queries, k), list_queries(minus)
    return recommender.ask(
        lambda session: _playlist(
            session,
            query_list,
            minus_list,
            k,
            minutes=minutes,
            same_artist=same_artist,
            where=where,
            variety=variety,
            caps=(per_artist, per_album),
            feedback=feedback,
            everything=everything,
        ),
        view,
    )


def _playlist(  # noqa: PLR0913 - all that one may ask for
    session: Session,
    queries: Sequence[Query],
    minus: Sequence[Query],
    k: int,
    *,
    minutes: float | None,
    same_artist: bool,
    where: Where | None,
    variety: float,
    caps: tuple[Most | None, Most | None],
    feedback: bool,
    everything: bool,
) -> Recommendations:
    session.require_one_vector_each("a playlist")
    k = n_tracks(session, minutes, k)
    seeds, unwanted = session.groups(queries), session.groups(minus)
    without = all_seeds([*seeds, *unwanted])
    leave_out = session.leave_out(all_seeds(seeds), where, everything=everything)
    candidates = session.matches(
        session.query_vectors(seeds, unwanted),
        max(_FEWEST_CANDIDATES, _CANDIDATES_EACH * k),
        allowed=session.allowed(all_seeds(seeds), same_artist=same_artist, where=where),
        without=without,
        feedback=feedback,
        leave_out=leave_out,
        counted=k,
    )
    if not candidates:
        shortfall = session.shortfall(0, k, where, feedback=feedback)
        return Recommendations((), shortfall, interpretations(queries, seeds), left_out(leave_out))
    places = session.places([match.track for match in candidates])
    vectors = session.index.take(places)
    groups = number_names(main_artists([match.track for match in candidates]))
    to_seeds = np.array([m.score + (m.bias.value if m.bias else 0) for m in candidates], np.float32)
    alike = session.similarities(vectors, vectors)

    def pick(n: int) -> list[int]:
        limits = caps_for(candidates, n, *_caps(session, *caps))
        return list(map(int, diversify(alike, to_seeds, groups, n, variety, limits)))

    chosen = np.array(pick_by_length(candidates, minutes, k, pick), np.int64)
    joins = join_costs(session.snapshot, session.index.rows[np.array(places)[chosen]])
    flow = order_by_flow(session.similarities(vectors[chosen], vectors[chosen]), groups[chosen], joins)
    matches = tuple(candidates[i] for i in chosen[flow])
    enough = minutes is not None and len(matches) < len(candidates)
    shortfall = None if enough else session.shortfall(len(matches), k, where, feedback=feedback)
    return Recommendations(matches, shortfall, interpretations(queries, seeds), left_out(leave_out))


def _caps(session: Session, per_artist: Most | None, per_album: Most | None) -> tuple[Most, Most]:
    settings = session.settings
    return (
        settings.per_artist if per_artist is None else per_artist,
        settings.per_album if per_album is None else per_album,
    )
