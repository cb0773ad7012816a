"""Tracks a page at a time, and how many there are of what."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segue.catalog.integers import parse_integers
from segue.catalog.migration import BY_ARTIST, TITLE
from segue.catalog.names import split_names

Sort = Literal["title", "artist", "added", "year"]
_LABELS = 300
_ORDER: dict[Sort, str] = {
    "title": f"{TITLE} COLLATE NOCASE, key",
    "artist": f"{BY_ARTIST}, key",
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


def keys_at(db: sqlite3.Connection, sort: Sort, limit: int, offset: int) -> list[int]:
    """Keys of some tracks of all in an order; an index holds it, and what comes before is not read."""
    sql = f"SELECT key FROM tracks ORDER BY {_ORDER[sort]} LIMIT ? OFFSET ?"
    return [row[0] for row in db.execute(sql, (limit, offset))]


def all_keys(db: sqlite3.Connection, sort: Sort) -> NDArray[np.int64]:
    """int64 (n,): the keys of all tracks in an order."""
    sql = f"SELECT group_concat(key) FROM (SELECT key FROM tracks ORDER BY {_ORDER[sort]})"
    return parse_integers(db.execute(sql).fetchone()[0])


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
