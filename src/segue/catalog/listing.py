"""Tracks a page at a time, and how many there are of what."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segue.catalog.conditions import split_names

Sort = Literal["title", "artist", "added", "year"]
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
    """What a listener can choose from: names with the numbers of their tracks, the most frequent first.

    Attributes
    ----------
    years : the first and the last
    """

    genres: tuple[tuple[str, int], ...]
    labels: tuple[tuple[str, int], ...]
    years: tuple[int | None, int | None]


def page(
    db: sqlite3.Connection, keys: NDArray[np.int64] | None, sort: Sort, limit: int, offset: int
) -> tuple[list[sqlite3.Row], int]:
    """The rows of ``TrackTables.page``, and how many there are in all."""
    if keys is None:
        condition, total = "1", db.execute("SELECT count(*) FROM tracks").fetchone()[0]
        values: list[object] = []
    else:
        condition, total = "key IN (SELECT value FROM json_each(?))", len(keys)
        values = [f"[{','.join(map(str, keys.tolist()))}]"]
    sql = f"SELECT * FROM tracks WHERE {condition} ORDER BY {_ORDER[sort]} LIMIT ? OFFSET ?"
    return db.execute(sql, (*values, limit, offset)).fetchall(), int(total)


def facets(db: sqlite3.Connection) -> Facets:
    """As ``TrackTables.facets``."""
    sql = "SELECT label, count(DISTINCT key) AS n FROM labels GROUP BY label ORDER BY n DESC, label LIMIT ?"
    labels = tuple((row[0], row[1]) for row in db.execute(sql, (_LABELS,)))
    first, last = db.execute("SELECT min(year), max(year) FROM tracks WHERE year > 0").fetchone()
    return Facets(_genres(db), labels, (first, last))


def _genres(db: sqlite3.Connection) -> tuple[tuple[str, int], ...]:
    counts: Counter[str] = Counter()
    spellings: dict[str, str] = {}
    for text, n in db.execute("SELECT genre, count(*) FROM tracks GROUP BY genre"):
        for name, spelling in split_names("genre", text or "").items():
            counts[name] += n
            spellings.setdefault(name, spelling)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple((spellings[name], n) for name, n in ordered)
