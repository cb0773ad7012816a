"""Artists and albums, which the catalog knows only as tags of tracks."""

from __future__ import annotations

import functools
import hashlib
import os
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter, lt
from pathlib import Path
from typing import Any

from segue.catalog.album_groups import (
    ALBUM,
    ALBUM_ARTIST,
    ARTIST,
    COLUMNS,
    DISC_NUMBER,
    KEY,
    PATH,
    TRACK_NUMBER,
    YEAR,
    Row,
    albums_of,
    editions_of,
    is_one_album,
)
from segue.catalog.names import split_names
from segue.garbage_collection import infrequent_gc
from segue.track import TrackId, clean, folded, natural_key, split_artists

NO_ARTIST, NO_ALBUM = "[Unknown Artist]", "[Unknown Album]"
Columns = Sequence[tuple[Any, ...]]
FRESH_S = 5.0  # after a change that may concern tags of tracks
_SELECTED = f"{COLUMNS}, id, title, genre, duration_s, added_at"
_ID, _TITLE, _GENRE, _DURATION_S, _ADDED_AT = range(8, 13)
_TRACKS = f"""
SELECT {_SELECTED} FROM tracks
WHERE missing_since IS NULL AND codec != '' ORDER BY key
"""


@dataclass(slots=True)
class Album:
    """Tracks of one album, in the order of discs and numbers.

    Attributes
    ----------
    artist : as its tags name it, with ``; `` between several; ``artist_id`` is that of the first
    """

    id: str
    name: str
    artist: str
    artist_id: str
    tracks: list[TrackId] = field(default_factory=list)
    duration_s: float = 0.0
    year: int | None = None
    genres: list[str] = field(default_factory=list)
    created_at: float = 0.0  # s since the epoch

    @property
    def genre(self) -> str | None:
        """The first of its genres."""
        return next(iter(self.genres), None)


@dataclass(slots=True)
class Artist:
    """Whoever albums or tracks are by.

    Attributes
    ----------
    albums : by the artist, then others on which the artist has tracks
    tracks : of the artist's albums, and on others those by the artist
    """

    id: str
    name: str
    albums: list[Album] = field(default_factory=list)
    tracks: list[TrackId] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Discography:
    """All artists and albums of the tracks whose files are there.

    Attributes
    ----------
    artists, albums : by their ids
    album_of : the id of each track's album, by the track's id
    genres : the numbers of tracks and of albums, by name
    orders : the albums in orders that were asked for, by their names
    """

    artists: dict[str, Artist]
    albums: dict[str, Album]
    album_of: dict[TrackId, str]
    genres: dict[str, tuple[int, int]]
    orders: dict[str, list[Album]] = field(default_factory=dict, compare=False, repr=False)


class DiscographyCache:
    """The discography as it is, or was a moment ago; threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cached: tuple[tuple[int, int], float, Discography] | None = None

    def get(self, db: sqlite3.Connection) -> Discography:
        with self._lock:
            tracks, changes = _state(db)
            if self._cached is not None:
                (same_tracks, same_changes), made_at, cached = self._cached
                fresh = changes == same_changes or time.monotonic() - made_at <= FRESH_S
                if tracks == same_tracks and fresh:
                    return cached
            with infrequent_gc():
                made = read_discography(db)
            self._cached = ((tracks, changes), time.monotonic(), made)
            return made


def _state(db: sqlite3.Connection) -> tuple[int, int]:
    """Another first number whenever tracks come or go; another second one when anything changes."""
    sql = "SELECT count(*), coalesce(max(key), 0) FROM tracks WHERE missing_since IS NULL"
    tracks = hash(tuple(db.execute(sql).fetchone()))
    return tracks, db.execute("PRAGMA data_version").fetchone()[0] + db.total_changes


def read_discography(db: sqlite3.Connection) -> Discography:
    """Group all tracks by album, and say who is on it."""
    by_title: dict[str, list[Row]] = {}
    for title, rows in sorted(_by_album(db).items(), key=itemgetter(0)):
        by_title.setdefault(folded(clean(title)), []).extend(rows)
    reader = _Reader()
    for title, rows in by_title.items():
        columns = _columns(rows)
        if title and is_one_album(columns):
            reader.add_album(columns[ALBUM_ARTIST][0] or columns[ARTIST][0], rows, columns)
            continue
        for artist, group in albums_of(rows) if title else _by_artist(rows):
            editions = editions_of(group, artist) if title else [group]
            for i, edition in enumerate(editions):
                reader.add_album(artist, edition, _columns(edition), further=i > 0)
    return reader.discography()


def _by_album(db: sqlite3.Connection) -> dict[str, list[Row]]:
    """All tracks by the text of their album; SQLite would sort them for longer."""
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    cursor = db.cursor()
    cursor.row_factory = None  # plain tuples
    for row in cursor.execute(_TRACKS):
        groups[row[ALBUM] or ""].append(row)
    return groups


def _by_artist(rows: Iterable[Row]) -> list[tuple[str | None, list[Row]]]:
    """Tracks that are on no album, by artist."""
    groups: dict[str, tuple[str | None, list[Row]]] = {}
    for row in rows:
        artist = row[ALBUM_ARTIST] or row[ARTIST]
        groups.setdefault(folded(artist or ""), (artist, []))[1].append(row)
    return list(groups.values())


def _in_order(rows: Sequence[Row], columns: Columns) -> Sequence[Row]:
    """The tracks of an album by their places on it; where numbers tell them all apart, names are not read."""
    numbers = columns[TRACK_NUMBER]
    if None in numbers:
        return sorted(rows, key=_place_in_album)
    if len({*columns[DISC_NUMBER], None, 1}) == 2 and all(map(lt, numbers, numbers[1:])):
        return rows
    places = [(row[DISC_NUMBER] or 1, row[TRACK_NUMBER]) for row in rows]
    by_place = dict(zip(places, rows, strict=True))
    if len(by_place) < len(rows):
        return sorted(rows, key=_place_in_album)
    return [by_place[place] for place in sorted(places)]


def _columns(rows: Sequence[Row]) -> Columns:
    """In the order of their names in ``_SELECTED``."""
    return list(zip(*rows, strict=True))


def _place_in_album(row: Row) -> tuple[int, bool, int, tuple[object, ...], int]:
    """By discs and numbers; what has no number comes last, by its title or the name of its file."""
    number = row[TRACK_NUMBER]
    name = row[_TITLE] or Path(os.fsdecode(row[PATH] or b"")).stem
    return row[DISC_NUMBER] or 1, number is None, number or 0, natural_key(name), row[KEY]


class _Reader:
    """Collects a discography, album by album."""

    def __init__(self) -> None:
        self._artists: dict[str, Artist] = {}
        self._others: list[tuple[str, Album, TrackId]] = []  # artists of tracks on albums by others
        self._albums: dict[str, Album] = {}
        self._album_of: dict[TrackId, str] = {}
        self._genres: dict[str, tuple[str, dict[str, int]]] = {}  # names, and tracks by album
        self._artists_of = functools.cache(self._album_artists)  # few texts are on many albums and tracks
        self._split_artists = functools.cache(self._names_and_ids)
        self._split_genres = functools.cache(self._genres_of)

    def add_album(
        self, artist: str | None, rows: Sequence[Row], columns: Columns, *, further: bool = False
    ) -> None:
        """``further``: another album of that artist and title came before; its year tells them apart."""
        artist = clean(artist) or NO_ARTIST
        name = clean(columns[ALBUM][0]) or NO_ALBUM
        year = next(filter(None, columns[YEAR]), None)
        by = self._artists_of(artist)
        album_id = name_id("al", artist, name, *([str(year)] if further else []))
        shown = by[0].name if len(by) == 1 else artist
        album = Album(album_id, name, shown, by[0].id, year=year, created_at=columns[_ADDED_AT][0])
        self._albums[album.id] = album
        for one in by:
            one.albums.append(album)
        ordered = _in_order(rows, columns)
        self._add_tracks(album, by, columns if ordered is rows else _columns(ordered))
        if not {album.artist, None}.issuperset(columns[ARTIST]):
            self._add_others(album, by, ordered)

    def _album_artists(self, text: str) -> list[Artist]:
        return [self._artist(one) for one in split_artists(text) or (text,)]

    def _artist(self, name: str) -> Artist:
        artist_id = name_id("ar", name)
        return self._artists.setdefault(artist_id, Artist(artist_id, name))

    def _add_tracks(self, album: Album, by: Sequence[Artist], columns: Columns) -> None:
        album.tracks = list(columns[_ID])
        album.duration_s = sum(columns[_DURATION_S])
        self._album_of |= dict.fromkeys(album.tracks, album.id)
        for artist in by:
            artist.tracks += album.tracks
        genres = columns[_GENRE]
        for text in dict.fromkeys(genres):
            for spelling, tracks in self._split_genres(text):
                tracks[album.id] = tracks.get(album.id, 0) + genres.count(text)
                if spelling not in album.genres:
                    album.genres.append(spelling)

    def _add_others(self, album: Album, by: Sequence[Artist], rows: Sequence[Row]) -> None:
        """Note who else its tracks are by."""
        own = {artist.id for artist in by}
        for row in rows:
            if row[ARTIST] and row[ARTIST] != album.artist:
                names = self._split_artists(row[ARTIST])
                self._others += [(name, album, row[_ID]) for name, name_id in names if name_id not in own]

    def _names_and_ids(self, text: str) -> list[tuple[str, str]]:
        return [(name, name_id("ar", name)) for name in split_artists(clean(text))]

    def _genres_of(self, text: str | None) -> list[tuple[str, dict[str, int]]]:
        """Of each genre its usual spelling, and the numbers of its tracks by album."""
        names = split_names("genre", clean(text) or "")
        return [self._genres.setdefault(name, (as_is, {})) for name, as_is in names.items()]

    def discography(self) -> Discography:
        for name, album, track in self._others:
            artist = self._artist(name)
            artist.tracks.append(track)
            if album not in artist.albums[-1:]:
                artist.albums.append(album)
        genres = {name: (sum(tracks.values()), len(tracks)) for name, tracks in self._genres.values()}
        return Discography(self._artists, self._albums, self._album_of, genres)


def name_id(kind: str, *names: str) -> str:
    """The same id for the same names, case and accents aside, in every library."""
    text = "\0".join([folded(name) for name in names])
    return f"{kind}-{hashlib.blake2b(text.encode('utf-8', 'replace'), digest_size=8).hexdigest()}"
