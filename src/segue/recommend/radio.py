"""Endless music near some seeds: what was played lately rests, and the listener steers."""

from __future__ import annotations

import copy
import time
from collections.abc import Collection, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Where
from segue.errors import UsageError
from segue.recommend.joins import join_costs
from segue.recommend.length import n_tracks, pick_by_length, require_minutes
from segue.recommend.lookup import all_seeds, interpretations, list_queries, require_queries
from segue.recommend.moods import Mood, measurements, mood_evidence
from segue.recommend.playlist import order_by_flow
from segue.recommend.result import Match, Recommendations
from segue.recommend.seeds import Queries
from segue.recommend.session import Recommender, Session
from segue.recommend.unusual import left_out
from segue.recommend.variety import Cap, caps_for, main_artists, number_names, open_candidates
from segue.texts import each_of

Steer = Literal[
    "faster",
    "slower",
    "brighter",
    "darker",
    "more energetic",
    "calmer",
    "louder",
    "quieter",
    "newer",
    "older",
]
STEERS: tuple[Steer, ...] = get_args(Steer)
REACH = 0.5
_WORDS: dict[str, tuple[str, ...]] = {
    "faster": ("fast",), "slower": ("slow",), "brighter": ("bright",), "darker": ("dark",),
    "more energetic": ("energetic", "loud", "sharp attacks"), "calmer": ("calm", "quiet", "soft attacks"),
    "louder": ("loud",), "quieter": ("quiet",),
}  # fmt: skip
_FEWEST, _MOST = 80, 2_000  # candidates
_SHARES = (0.02, 0.2)  # of the library, candidates at the reach 0 and 1
_REST = 1.0  # of a score, that a track loses which was played just now
_RESTED_DAYS = 7.0  # until half of it is left
_CHANCE = 0.02  # of a score: how far chance moves a track, on average
_STEERED = 0.3  # of a score, between the library's ends of what is steered by

Scores = NDArray[np.float64]


def n_candidates(n_tracks: int, reach: float) -> int:
    """How many of a library's nearest tracks a radio plays from: at the reach 0 a fiftieth, at 1 a fifth."""
    near, far = _SHARES
    return int(np.clip(n_tracks * near * (far / near) ** reach, _FEWEST, _MOST))


def rest(days: Scores) -> Scores:
    """What tracks lose of their scores by the days since they were played; infinity where they never were."""
    return np.asarray(_REST * 0.5 ** (days / _RESTED_DAYS))


def choose(utilities: Scores, caps: Sequence[Cap], k: int, rng: np.random.Generator) -> list[int]:
    """The k candidates of the largest utilities, each moved by chance, within the caps where that can be.

    Chance is Gumbel's, so a candidate is drawn in proportion to exp(utility / 0.02) (Gumbel-top-k sampling).
    """
    moved = utilities + _CHANCE * rng.gumbel(size=len(utilities))
    taken = np.zeros(len(moved), np.bool_)
    chosen: list[int] = []
    while len(chosen) < min(k, len(moved)):
        best = int(np.where(open_candidates(caps, taken), moved, -np.inf).argmax())
        taken[best] = True
        chosen.append(best)
        for cap in caps:
            cap.take(best)
    return chosen


def radio(  # noqa: PLR0913 - all that one may ask for, by name
    recommender: Recommender,
    queries: Queries,
    *,
    minus: Queries = (),
    k: int = 15,
    minutes: float | None = None,
    steer: Steer | Collection[Steer] = (),
    reach: float = REACH,
    previous: str | Collection[str] = (),
    where: Where | None = None,
    same_artist: bool = True,
    feedback: bool = True,
    everything: bool = False,
    view: str | None = None,
    random_state: int | None = None,
) -> Recommendations:
    """The next k tracks of a radio near the queries; asked again, it goes on with others.

    What was played lately, by the library's record of plays, comes later the more recently it was played:
    after a week it has lost half as much of its score. Raises as ``similar``.

    Parameters
    ----------
    minutes : as many tracks as come nearest to this length, instead of k.
    steer : what to go toward, such as "faster", "darker", "newer": ``STEERS``.
    reach : from 0, the nearest fiftieth of the library, to 1, its nearest fifth.
    previous : ids of tracks that this radio gave already, and gives again only when nothing else is left, or
        else an artist would have too many; the first track of what follows is near to the last of them.
    queries, minus, where, same_artist, feedback, everything, view : as for ``similar``; no view of windows.
    random_state : makes the same choice each time.
    """
    require_minutes(minutes)
    query_list, minus_list = require_queries(queries, k), list_queries(minus)
    toward, given = each_of(steer), each_of(previous)
    _require_valid(toward, reach)
    rng = np.random.default_rng(random_state)

    def answer(session: Session) -> Recommendations:
        session.require_one_vector_each("a radio")
        n = n_tracks(session, minutes, k)
        seeds, away = session.groups(query_list), session.groups(minus_list)
        leave_out = session.leave_out(all_seeds(seeds), where, everything=everything)
        candidates = session.matches(
            session.query_vectors(seeds, away),
            max(4 * n, n_candidates(len(session.index.rows), reach)),
            allowed=session.allowed(all_seeds(seeds), same_artist=same_artist, where=where),
            without=all_seeds([*seeds, *away]),
            feedback=feedback,
            leave_out=leave_out,
            counted=n,
        )
        pool = _not_given_before(candidates, set(given), n)
        matches = tuple(_in_order(session, _choice(session, pool, n, minutes, toward, given, rng), given))
        enough = minutes is not None and len(matches) < len(pool)
        shortfall = None if enough else session.shortfall(len(matches), n, where, feedback=feedback)
        return Recommendations(matches, shortfall, interpretations(query_list, seeds), left_out(leave_out))

    return recommender.ask(answer, view)


def _require_valid(steer: Collection[str], reach: float) -> None:
    if not 0 <= reach <= 1:
        raise UsageError(f"reach is {reach}, expected 0 to 1")
    for name in steer:
        if name not in STEERS:
            raise UsageError(f"a radio cannot be steered {name!r}, only: {', '.join(STEERS)}")


def _not_given_before(candidates: Sequence[Match], previous: set[str], k: int) -> Sequence[Match]:
    """Without what the radio gave already; all of them where fewer than k are left."""
    new = [match for match in candidates if match.track.id not in previous]
    return new if len(new) >= k else candidates


def _choice(
    session: Session,
    pool: Sequence[Match],
    k: int,
    minutes: float | None,
    steer: Collection[Steer],
    previous: Collection[str],
    rng: np.random.Generator,
) -> list[Match]:
    if not pool:
        return []
    scores = np.array([match.score + (match.bias.value if match.bias else 0) for match in pool])
    utilities = scores - rest(_days_since_played(session, pool)) + _STEERED * _toward(session, pool, steer)
    again = np.isin([match.track.id for match in pool], list(previous))
    utilities -= np.where(again, np.ptp(utilities) + 1, 0)
    settings = session.settings

    def pick(n: int) -> list[int]:
        caps = caps_for(pool, n, settings.per_artist, settings.per_album)
        return choose(utilities, caps, n, copy.deepcopy(rng))  # the same chance for each length

    return [pool[i] for i in pick_by_length(pool, minutes, k, pick)]


def _days_since_played(session: Session, pool: Sequence[Match]) -> Scores:
    plays, now = session.catalog.feedback.plays(), time.time()
    last = [plays[match.track.id][1] if match.track.id in plays else -np.inf for match in pool]
    return np.asarray(np.maximum(now - np.array(last), 0) / 86_400)


def _toward(session: Session, pool: Sequence[Match], steer: Collection[Steer]) -> Scores:
    """Of each track, the sum of its percentiles, 0 to 1, in what is steered toward; 0.5 where unknown."""
    total = np.zeros(len(pool))
    rows = session.index.rows[session.places([match.track for match in pool])]
    for name in steer:
        if name in _WORDS:
            measured = measurements(Mood((name,), _WORDS[name]), session.snapshot)
            if not measured:
                raise UsageError(f"nothing in this library measures what is {name}")
            each = [np.nan_to_num(x.percentiles(session.snapshot, rows), nan=0.5) for x in measured]
            total += mood_evidence(each)
        else:
            total += _by_year([match.track.tags.year for match in pool], newest=name == "newer")
    return total


def _by_year(years: Sequence[int | None], *, newest: bool) -> Scores:
    """Ranks among the candidates, 0 to 1; the middle where no year is known."""
    values = np.array([np.nan if year is None else year for year in years], np.float64)
    sorted_years = np.sort(values[np.isfinite(values)])
    ranks = np.searchsorted(sorted_years, values) / max(1, len(sorted_years) - 1)
    ranks = np.where(np.isfinite(values), np.minimum(ranks, 1), 0.5)
    return np.asarray(ranks if newest else 1 - ranks)


def _in_order(session: Session, matches: Sequence[Match], previous: Collection[str]) -> list[Match]:
    """In an order that flows on from the last of the previous tracks, or from the nearest."""
    if len(matches) < 2:
        return list(matches)
    places = session.places([match.track for match in matches])
    vectors = session.index.take(places)
    before = session.track_vectors(session.catalog.tracks.by_ids(list(previous)[-1:]))
    to_last = session.similarities(before, vectors)[0] if len(before) else [match.score for match in matches]
    first = int(np.argmax(to_last))
    order = [first, *(i for i in range(len(matches)) if i != first)]
    artists = number_names(main_artists([matches[i].track for i in order]))
    joins = join_costs(session.snapshot, session.index.rows[np.array(places)[order]])
    flow = order_by_flow(session.similarities(vectors[order], vectors[order]), artists, joins)
    return [matches[order[i]] for i in flow]
