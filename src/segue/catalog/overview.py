"""How much a library holds, counted by the database without reading tracks."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from segue.catalog.files import count_failures


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


def overview(db: sqlite3.Connection, counts: Mapping[str, Any]) -> Overview:
    """As ``Catalog.overview``; ``counts`` are those of tracks, artists and albums."""
    (away,) = db.execute("SELECT count(*) FROM away").fetchone()
    rows = db.execute("SELECT * FROM imports ORDER BY source").fetchall()
    imports = tuple(Imported(**{**dict(row), "report": json.loads(row["report"])}) for row in rows)
    return Overview(**counts, failures=count_failures(db), away=away, imports=imports)


def content_version(db: sqlite3.Connection) -> tuple[object, ...]:
    """As ``Catalog.content_version``."""
    scanned = db.execute("SELECT max(scanned_at), count(*) FROM folders").fetchone()
    imported = db.execute("SELECT max(finished_at), count(*) FROM imports").fetchone()
    clusters = db.execute("SELECT * FROM clusters").fetchall()
    return (*scanned, *imported, hash(tuple(map(tuple, clusters))))
