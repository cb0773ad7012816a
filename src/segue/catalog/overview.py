"""How much a library holds, counted by the database without reading tracks."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from segue.catalog.files import count_failures

_COUNTS = """
SELECT count(*) AS tracks, count(missing_since) AS missing, total(duration_s) AS duration_s,
    count(warning) AS warnings, count(DISTINCT coalesce(artist, album_artist)) AS artists FROM tracks
"""
_ALBUMS = """
SELECT count(*) FROM (
    SELECT DISTINCT coalesce(album_artist, artist), album FROM tracks WHERE album IS NOT NULL
)
"""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import left: where from, and the report of its last run."""

    source: str
    kind: str
    location: str
    finished_at: float | None  # s since the epoch
    report: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Overview:
    """Numbers of a library."""

    tracks: int
    missing: int
    away: int  # of the missing: gone with all of a folder or disk, which may not be mounted
    failures: int
    warnings: int
    artists: int
    albums: int
    duration_s: float
    imports: tuple[Imported, ...]


def overview(db: sqlite3.Connection) -> Overview:
    """As ``Catalog.overview``."""
    counts = dict(db.execute(_COUNTS).fetchone())
    (albums,) = db.execute(_ALBUMS).fetchone()
    (away,) = db.execute("SELECT count(*) FROM away").fetchone()
    rows = db.execute("SELECT * FROM imports ORDER BY source").fetchall()
    imports = tuple(Imported(**{**dict(row), "report": json.loads(row["report"])}) for row in rows)
    return Overview(**counts, failures=count_failures(db), away=away, albums=albums, imports=imports)


def content_version(db: sqlite3.Connection) -> tuple[object, ...]:
    """As ``Catalog.content_version``."""
    scanned = db.execute("SELECT max(scanned_at), count(*) FROM folders").fetchone()
    imported = db.execute("SELECT max(finished_at), count(*) FROM imports").fetchone()
    clusters = db.execute("SELECT * FROM clusters").fetchall()
    return (*scanned, *imported, hash(tuple(map(tuple, clusters))))
