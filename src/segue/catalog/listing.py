"""Tracks a page at a time, and how many there are of what."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segue.catalog.conditions import split_names
from segue.catalog.records import track_from_row
from segue.track import Track, TrackId

Sort = Literal["title", "artist", "added", "year"]
_MANY = 500  # values in one IN (...), well below SQLite's limit
_LABELS = 300
_ORDER: dict[Sort, str] = {
    "title": "coalesce(title, (SELECT file FROM track_text WHERE rowid = key), source_id) COLLATE NOCASE, "
    "key",
    "artist": "coalesce(artist, album_artist) IS NULL, coalesce(artist, album_artist) COLLATE NOCASE, "
    "album COLLATE NOCASE, disc_number, track_number, key",
    "added": "key DESC",
    "year": "year IS NULL OR year < 1, year DESC, key",
}


@dataclass(frozen=True, slots=True)
class Facets:
    """What there is to choose from: names with the numbers of their tracks, the most frequent first."""

    genres: tuple[tuple[str, int], ...]
    labels: tuple[tuple[str, int], ...]
    years: tuple[int | None, int | None]


class Listing:
    """Looks at the tracks that are quick in large libraries."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def page(
        self, keys: NDArray[np.int64] | None, sort: Sort, limit: int, offset: int
    ) -> tuple[list[Track], int]:
        """Some tracks in an order, and how many there are in all.

        Parameters
        ----------
        keys : only these; all unless given
        """
        if keys is None:
            condition, total = "1", self._db.execute("SELECT count(*) FROM tracks").fetchone()[0]
            values: list[object] = []
        else:
            condition, total = "key IN (SELECT value FROM json_each(?))", len(keys)
            values = [f"[{','.join(map(str, keys.tolist()))}]"]
        sql = f"SELECT * FROM tracks WHERE {condition} ORDER BY {_ORDER[sort]} LIMIT ? OFFSET ?"
        rows = self._db.execute(sql, (*values, limit, offset))
        return [track_from_row(row) for row in rows], int(total)

    def by_ids(self, ids: Sequence[str]) -> list[Track]:
        """The tracks of these ids, in their order; those that are gone are left out."""
        found: dict[str, Track] = {}
        for start in range(0, len(ids), _MANY):
            part = ids[start : start + _MANY]
            marks = ",".join("?" * len(part))
            for row in self._db.execute(f"SELECT * FROM tracks WHERE id IN ({marks})", part):
                found[row["id"]] = track_from_row(row)
        return [found[name] for name in ids if name in found]

    def clusters_of(self, ids: Iterable[str]) -> dict[TrackId, int]:
        """The number of each track's cluster; those in none are left out."""
        wanted, found = list(ids), {}
        sql = "SELECT id, cluster FROM tracks JOIN cluster_tracks USING (key) WHERE id IN"
        for start in range(0, len(wanted), _MANY):
            part = wanted[start : start + _MANY]
            for row in self._db.execute(f"{sql} ({','.join('?' * len(part))})", part):
                found[TrackId(row[0])] = int(row[1])
        return found

    def marker(self) -> tuple[object, ...]:
        """Another one after each scan, import and search for clusters: they change what is said of tracks."""
        scanned = self._db.execute("SELECT max(scanned_at), count(*) FROM folders").fetchone()
        imported = self._db.execute("SELECT max(finished_at), count(*) FROM imports").fetchone()
        clusters = self._db.execute("SELECT * FROM clusters").fetchall()
        return (*scanned, *imported, hash(tuple(map(tuple, clusters))))

    def facets(self) -> Facets:
        genres: Counter[str] = Counter()
        names: dict[str, str] = {}
        for text, n in self._db.execute("SELECT genre, count(*) FROM tracks GROUP BY genre"):
            for name, as_is in split_names("genre", text or "").items():
                genres[name] += n
                names.setdefault(name, as_is)
        sql = (
            "SELECT label, count(DISTINCT key) AS n FROM labels GROUP BY label ORDER BY n DESC, label LIMIT ?"
        )
        labels = tuple((row[0], row[1]) for row in self._db.execute(sql, (_LABELS,)))
        years = self._db.execute("SELECT min(year), max(year) FROM tracks WHERE year > 0").fetchone()
        ordered = sorted(genres.items(), key=lambda pair: (-pair[1], pair[0]))
        return Facets(tuple((names[name], n) for name, n in ordered), labels, (years[0], years[1]))

    def state(self) -> tuple[int, float]:
        """Another one whenever tracks came or went; the second number also when anything changed."""
        sql = "SELECT count(*), coalesce(max(key), 0) FROM tracks WHERE missing_since IS NULL"
        n, last = self._db.execute(sql).fetchone()
        changes = self._db.execute("PRAGMA data_version").fetchone()[0] + self._db.total_changes
        return hash((n, last)), float(changes)

    def for_shelf(self) -> list[sqlite3.Row]:
        """What says by whom and from which album tracks are, of those whose files are there."""
        sql = (
            "SELECT id, artist, album_artist, album, year, genre, duration_s, added_at FROM tracks "
            "WHERE missing_since IS NULL AND codec != '' "
            "ORDER BY album, coalesce(disc_number, 1), track_number IS NULL, track_number, title, key"
        )
        return self._db.execute(sql).fetchall()
