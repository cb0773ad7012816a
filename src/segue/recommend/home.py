"""What to hear next, for somebody who has just come in."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from segue.catalog import (
    Album,
    Discography,
    album_ids,
    list_albums,
    sort_albums,
)
from segue.errors import LibraryError
from segue.recommend.result import Recommendations
from segue.recommend.session import Recommender
from segue.recommend.similar import similar
from segue.track import Track, TrackId

_FORGOTTEN_S = 30 * 86_400.0  # since an album was played last
_DAY_S = 86_400
_LATEST = 300  # plays that are looked at


@dataclass(frozen=True, slots=True)
class Home:
    """Where to begin.

    Attributes
    ----------
    go_on : albums that were played last, the latest first
    added : albums that were added last
    played : tracks that were played last, each once
    because : the track that was played last, and what sounds like it by other artists
    rediscover : albums that were played before, but not for a month; others in another order each day where
        nothing is played that long
    """

    go_on: tuple[Album, ...] = ()
    added: tuple[Album, ...] = ()
    played: tuple[Track, ...] = ()
    because: tuple[Track, Recommendations] | None = None
    rediscover: tuple[Album, ...] = ()


def home(recommender: Recommender, *, k: int = 12, at: float | None = None) -> Home:
    """What was played and added last, what sounds like it, and what was not played for long.

    Parameters
    ----------
    k : how many of each
    at : the time, in s since the epoch; by default, now
    """
    catalog, now = recommender.catalog, time.time() if at is None else at
    discography, plays = catalog.discography(), catalog.feedback.plays()
    history, _ = catalog.feedback.history(_LATEST)
    ids = list(dict.fromkeys(TrackId(track) for track, _ in history))
    on = dict.fromkeys(discography.album_of[track] for track in ids if track in discography.album_of)
    named = {album.id: album for album in list_albums(discography, "added", plays)}
    played = catalog.tracks.by_ids(ids[:k])
    return Home(
        go_on=tuple([named[album] for album in on if album in named][:k]),
        added=tuple(list(named.values())[:k]),
        played=tuple(played),
        because=_because(recommender, played, k),
        rediscover=tuple(_rediscover(discography, plays, now)[:k]),
    )


def _because(recommender: Recommender, played: list[Track], k: int) -> tuple[Track, Recommendations] | None:
    """What sounds like the track that was played last; none where it cannot be compared."""
    if not played:
        return None
    try:
        return played[0], similar(recommender, played[0], k=k, same_artist=False)
    except LibraryError:
        return None


def _rediscover(discography: Discography, plays: Mapping[str, tuple[int, float]], now: float) -> list[Album]:
    before = sort_albums(list_albums(discography, "played", plays), "often", plays)
    tracks = [track for track, (_, last) in plays.items() if last > now - _FORGOTTEN_S]
    recent = album_ids(discography, tracks)
    forgotten = [album for album in before if album.id not in recent]
    if forgotten:
        return forgotten
    today = list_albums(discography, "random", plays, random_state=int(now // _DAY_S))
    played = album_ids(discography, plays)
    return [album for album in today if album.id not in played]
