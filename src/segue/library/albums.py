"""Artists and albums, which the catalog knows only as tags of tracks."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from segue.library import Library
from segue.track import clean, folded

NO_ARTIST, NO_ALBUM = "[Unknown Artist]", "[Unknown Album]"
_FRESH_S = 5.0  # after a change of the catalog that may concern tracks


@dataclass(slots=True)
class Album:
    """Tracks with one album and album artist, in their order."""

    id: str
    name: str
    artist: str
    artist_id: str
    tracks: list[str] = field(default_factory=list)
    duration_s: float = 0.0
    year: int | None = None
    genre: str | None = None
    created_at: float = 0.0


@dataclass(slots=True)
class Artist:
    """Whoever albums are by."""

    id: str
    name: str
    albums: list[Album] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shelf:
    """All artists and albums of the tracks whose files are there."""

    artists: dict[str, Artist]
    albums: dict[str, Album]
    album_of: dict[str, str]  # by the track's id
    genres: dict[str, tuple[int, int]]  # songs, albums


class Shelves:
    """The shelf of the library as it is, or was a moment ago."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._known: tuple[tuple[int, float], float, Shelf] | None = None

    def now(self) -> Shelf:
        with self._lock:
            catalog = self._library.catalog
            state = catalog.listing.state()
            known = self._known
            if (
                known is None
                or (known[0] != state and time.monotonic() - known[1] > _FRESH_S)
                or known[0][0] != state[0]
            ):
                known = self._known = (state, time.monotonic(), shelf_of(catalog.listing.for_shelf()))
            return known[2]


def shelf_of(rows: Iterable[sqlite3.Row]) -> Shelf:
    """Sort tracks onto the shelf; they come in the order of discs and numbers."""
    artists: dict[str, Artist] = {}
    albums: dict[str, Album] = {}
    by_names: dict[tuple[str, str], Album] = {}
    album_of: dict[str, str] = {}
    songs: Counter[str] = Counter()
    of_genre: dict[str, set[str]] = {}
    for row in rows:
        names = clean(row["album_artist"] or row["artist"]) or NO_ARTIST, clean(row["album"]) or NO_ALBUM
        album = by_names.get(names)
        if album is None:
            album = by_names[names] = _album(artists, albums, *names)
            album.created_at = row["added_at"]
        album.tracks.append(row["id"])
        album.duration_s += row["duration_s"]
        album.year = album.year or row["year"] or None
        album.genre = album.genre or clean(row["genre"])
        album_of[row["id"]] = album.id
        if row["genre"]:
            genre = clean(row["genre"]) or ""
            songs[genre] += 1
            of_genre.setdefault(genre, set()).add(album.id)
    return Shelf(artists, albums, album_of, {name: (n, len(of_genre[name])) for name, n in songs.items()})


def _album(artists: dict[str, Artist], albums: dict[str, Album], by: str, title: str) -> Album:
    """The album of these names, case and accents aside; put onto the shelf where it is new."""
    artist_id, album_id = id_of("ar", by), id_of("al", by, title)
    if album_id not in albums:
        artist = artists.setdefault(artist_id, Artist(artist_id, by))
        album = albums[album_id] = Album(album_id, title, artist.name, artist_id)
        artist.albums.append(album)
    return albums[album_id]


def id_of(kind: str, *names: str) -> str:
    """The same for the same names, case and accents aside."""
    text = "\0".join(folded(name) for name in names)
    return f"{kind}-{hashlib.blake2b(text.encode('utf-8', 'replace'), digest_size=8).hexdigest()}"
