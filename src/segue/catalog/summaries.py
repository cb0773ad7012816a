"""Counts and words of all tracks, kept in the library by who writes to it: who opens it need not count."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from segue.catalog import listing, text_index
from segue.catalog.derived import generation
from segue.catalog.listing import Facets
from segue.catalog.migration import ARTIST, BY_ALBUM
from segue.catalog.stored_summary import Record, stored_summary
from segue.catalog.transaction import transaction

_TRACKS = """
SELECT count(*) AS tracks, count(missing_since) AS missing, total(duration_s) AS duration_s,
    count(warning) AS warnings FROM tracks
"""
_ARTISTS = f"""
SELECT count(*) FROM (
    SELECT DISTINCT {ARTIST} IS NULL, {ARTIST} COLLATE NOCASE FROM tracks WHERE {ARTIST} IS NULL = 0
)
"""
_ALBUMS = f"""
SELECT count(*) FROM (
    SELECT DISTINCT {BY_ALBUM} FROM tracks WHERE album IS NOT NULL
)
"""


def counts(db: sqlite3.Connection) -> Mapping[str, Any]:
    """Tracks, artists, albums and how long it all is."""
    return stored_summary(db, "counts") or _count(db)


def facets(db: sqlite3.Connection) -> Facets:
    """As ``TrackTables.facets``."""
    record = stored_summary(db, "facets")
    if not record:
        return listing.facets(db)
    pairs = {name: tuple((text, n) for text, n in record[name]) for name in ("genres", "labels")}
    first, last = record["years"]
    return Facets(**pairs, years=(first, last))


def keep(db: sqlite3.Connection) -> None:
    """Count again, where tracks have changed since the last time."""
    summaries: Mapping[str, Callable[[sqlite3.Connection], Record]] = {
        "counts": _count,
        "facets": lambda db: asdict(listing.facets(db)),
        "words": lambda db: {"words": text_index.read_words(db)},
    }
    if all(stored_summary(db, name) for name in summaries):
        return
    with (
        contextlib.suppress(sqlite3.OperationalError),
        transaction(db),
    ):  # a full disk; others count themselves
        changes = json.dumps(generation(db))
        values: dict[str, str | bytes] = {
            name: json.dumps(make(db), ensure_ascii=False) for name, make in summaries.items()
        }
        db.execute("DELETE FROM summaries WHERE name != 'postings'")  # which has its own writer
        rows = [(name, changes, value) for name, value in (values | listing.packed_orders(db)).items()]
        db.executemany("INSERT INTO summaries VALUES (?, ?, ?)", rows)


def _count(db: sqlite3.Connection) -> Record:
    (artists,), (albums,) = db.execute(_ARTISTS).fetchone(), db.execute(_ALBUMS).fetchone()
    return {**dict(db.execute(_TRACKS).fetchone()), "artists": artists, "albums": albums}
