"""Albums and artists in an order, and those of a genre or with some words in their names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np

from segue.catalog.albums import NO_ALBUM, NO_ARTIST, Album, Artist, Discography
from segue.errors import UsageError
from segue.tags import VARIOUS_ARTISTS
from segue.track import TrackId, folded, natural_key

AlbumSort = Literal["name", "artist", "year", "added", "played", "often", "random"]
ArtistSort = Literal["name", "tracks", "played", "often"]
Plays = Mapping[str, tuple[int, float]]
"""How often tracks were played, and when last, in s since the epoch, by their ids."""

ARTICLES = "The An A Der Die Das Le La Les Los El"
_FIXED = frozenset(("name", "artist", "year", "added"))  # whatever was played
_NOBODY = frozenset((NO_ARTIST, VARIOUS_ARTISTS))
_ARTICLES = frozenset(ARTICLES.lower().split())


def sort_name(name: str) -> str:
    """A name as it is sorted, without a leading article, case and accents."""
    first, _, rest = folded(name).partition(" ")
    return rest if rest and first in _ARTICLES else folded(name)


def n_plays(tracks: Iterable[TrackId], plays: Plays) -> int:
    """How often any of some tracks was played."""
    return sum(plays[track][0] for track in tracks if track in plays)


def last_played(tracks: Iterable[TrackId], plays: Plays) -> float:
    """When one of some tracks was played last, in s since the epoch; 0 where none was."""
    return max((plays[track][1] for track in tracks if track in plays), default=0.0)


def album_ids(discography: Discography, tracks: Iterable[str]) -> set[str]:
    """The albums that some tracks are on."""
    album_of = discography.album_of
    return {album_of[TrackId(track)] for track in tracks if track in album_of}


def list_albums(
    discography: Discography,
    sort: AlbumSort,
    plays: Plays,
    *,
    text: str = "",
    genre: str | None = None,
    random_state: int = 0,
) -> list[Album]:
    """The albums with a name, in an order; ``played`` and ``often`` leave out what was never played.

    Parameters
    ----------
    text : only those whose title or artist holds each of its words
    genre : only those with a track of this genre
    """
    words, wanted = folded(text).split(), folded(genre or "")
    fixed = sort in _FIXED
    albums = _in_fixed_order(discography, sort) if fixed else discography.albums.values()
    if sort in {"played", "often"}:
        played = album_ids(discography, plays)
        albums = [album for album in albums if album.id in played]
    albums = [
        album
        for album in albums
        if album.name != NO_ALBUM
        and (not words or _holds(f"{album.name} {album.artist}", words))
        and (not wanted or wanted in map(folded, album.genres))
    ]
    return albums if fixed else sort_albums(albums, sort, plays, random_state=random_state)


def _in_fixed_order(discography: Discography, sort: AlbumSort) -> list[Album]:
    """All albums in an order that only the tracks decide; each is worked out once."""
    if sort not in discography.orders:
        discography.orders[sort] = sort_albums(list(discography.albums.values()), sort, {})
    return discography.orders[sort]


def sort_albums(albums: list[Album], sort: AlbumSort, plays: Plays, *, random_state: int = 0) -> list[Album]:
    """Albums in an order."""
    _require_one_of(sort, get_args(AlbumSort))
    if sort == "random":
        return [albums[i] for i in np.random.default_rng(random_state).permutation(len(albums))]
    if sort in {"played", "often"}:
        albums = [album for album in albums if not plays.keys().isdisjoint(album.tracks)]
    by_artist = _artist_keys(albums) if sort == "artist" else {}
    keys: dict[str, Callable[[Album], Any]] = {
        "name": lambda a: (natural_key(sort_name(a.name)), sort_name(a.artist)),
        "artist": lambda a: (by_artist[a.artist], a.year or 9999, natural_key(a.name)),
        "year": lambda a: (-(a.year or 0), natural_key(sort_name(a.name))),
        "added": lambda a: -a.created_at,
        "played": lambda a: -last_played(a.tracks, plays),
        "often": lambda a: -n_plays(a.tracks, plays),
    }
    return sorted(albums, key=keys[sort])


def _artist_keys(albums: Iterable[Album]) -> dict[str, Any]:
    """What sorts the names of artists; each has several albums."""
    return {name: natural_key(sort_name(name)) for name in {album.artist for album in albums}}


def list_artists(discography: Discography, sort: ArtistSort, plays: Plays, *, text: str = "") -> list[Artist]:
    """The artists with a name, in an order; ``played`` and ``often`` leave out who was never played.

    Parameters
    ----------
    text : only those whose name holds each of its words
    """
    _require_one_of(sort, get_args(ArtistSort))
    words = folded(text).split()
    artists = [
        a
        for a in discography.artists.values()
        if a.name not in _NOBODY and (not words or _holds(a.name, words))
    ]
    if sort in {"played", "often"}:
        artists = [artist for artist in artists if not plays.keys().isdisjoint(artist.tracks)]
    keys: dict[str, Callable[[Artist], Any]] = {
        "name": lambda a: natural_key(sort_name(a.name)),
        "tracks": lambda a: -len(a.tracks),
        "played": lambda a: -last_played(a.tracks, plays),
        "often": lambda a: -n_plays(a.tracks, plays),
    }
    return sorted(artists, key=keys[sort])


def _require_one_of(sort: str, orders: Sequence[str]) -> None:
    if sort not in orders:
        raise UsageError(f"sort is {sort!r}, expected one of: {', '.join(orders)}")


def _holds(name: str, words: list[str]) -> bool:
    text = folded(name)
    return all(word in text for word in words)
