"""Artists and albums, which the catalog knows only as tags of tracks."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from segue.track import TrackId, clean, folded

NO_ARTIST, NO_ALBUM = "[Unknown Artist]", "[Unknown Album]"
_FRESH_S = 5.0  # after a change that may concern tags of tracks
_TRACKS = """
SELECT id, coalesce(nullif(album_artist, ''), artist) AS artist, album, year, genre, duration_s, added_at
FROM tracks WHERE missing_since IS NULL AND codec != ''
ORDER BY album, coalesce(disc_number, 1), track_number IS NULL, track_number, title, key
"""


@dataclass(slots=True)
class Album:
    """Tracks with one album and album artist, in the order of discs and numbers."""

    id: str
    name: str
    artist: str
    artist_id: str
    tracks: list[TrackId] = field(default_factory=list)
    duration_s: float = 0.0
    year: int | None = None
    genre: str | None = None
    created_at: float = 0.0  # s since the epoch


@dataclass(slots=True)
class Artist:
    """Whoever albums are by."""

    id: str
    name: str
    albums: list[Album] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Discography:
    """All artists and albums of the tracks whose files are there.

    Attributes
    ----------
    artists, albums : by their ids
    album_of : the id of each track's album, by the track's id
    genres : the numbers of tracks and of albums, by name
    """

    artists: dict[str, Artist]
    albums: dict[str, Album]
    album_of: dict[TrackId, str]
    genres: dict[str, tuple[int, int]]


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
                fresh = changes == same_changes or time.monotonic() - made_at <= _FRESH_S
                if tracks == same_tracks and fresh:
                    return cached
            made = read_discography(db)
            self._cached = ((tracks, changes), time.monotonic(), made)
            return made


def _state(db: sqlite3.Connection) -> tuple[int, int]:
    """Another first number whenever tracks come or go; another second one when anything changes."""
    sql = "SELECT count(*), coalesce(max(key), 0) FROM tracks WHERE missing_since IS NULL"
    tracks = hash(tuple(db.execute(sql).fetchone()))
    return tracks, db.execute("PRAGMA data_version").fetchone()[0] + db.total_changes


def read_discography(db: sqlite3.Connection) -> Discography:
    """Group all tracks by album and album artist."""
    artists: dict[str, Artist] = {}
    albums: dict[str, Album] = {}
    by_names: dict[tuple[str, str], Album] = {}
    album_of: dict[TrackId, str] = {}
    tracks_of: Counter[str] = Counter()
    albums_of: dict[str, set[str]] = {}
    for row in db.execute(_TRACKS):
        names, genre = (
            (clean(row["artist"]) or NO_ARTIST, clean(row["album"]) or NO_ALBUM),
            clean(row["genre"]),
        )
        album = by_names.get(names)
        if album is None:
            album = by_names[names] = _album(artists, albums, *names)
            album.created_at = row["added_at"]
        album.tracks.append(TrackId(row["id"]))
        album.duration_s += row["duration_s"]
        album.year = album.year or row["year"] or None
        album.genre = album.genre or genre
        album_of[TrackId(row["id"])] = album.id
        if genre:
            tracks_of[genre] += 1
            albums_of.setdefault(genre, set()).add(album.id)
    genres = {name: (n, len(albums_of[name])) for name, n in tracks_of.items()}
    return Discography(artists, albums, album_of, genres)


def _album(artists: dict[str, Artist], albums: dict[str, Album], by: str, title: str) -> Album:
    """The album of these names, case and accents aside; a new one where there is none."""
    artist_id, album_id = name_id("ar", by), name_id("al", by, title)
    if album_id not in albums:
        artist = artists.setdefault(artist_id, Artist(artist_id, by))
        album = albums[album_id] = Album(album_id, title, artist.name, artist_id)
        artist.albums.append(album)
    return albums[album_id]


def name_id(kind: str, *names: str) -> str:
    """The same id for the same names, case and accents aside, in every library."""
    text = "\0".join(folded(name) for name in names)
    return f"{kind}-{hashlib.blake2b(text.encode('utf-8', 'replace'), digest_size=8).hexdigest()}"
