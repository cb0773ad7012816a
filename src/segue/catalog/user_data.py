"""Tables of what listeners keep beside the tracks: playlists, stars, plays, feedback, folders.

They change in transactions of their own, without the writer's lock: a playlist need not wait for a scan.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

from segue.catalog.transaction import transaction
from segue.errors import LibraryWriteError

TABLES = """
CREATE TABLE playlists (
    playlist TEXT PRIMARY KEY, name TEXT NOT NULL, comment TEXT NOT NULL DEFAULT '',
    created_at REAL NOT NULL, changed_at REAL NOT NULL
);
CREATE TABLE playlist_tracks (
    playlist TEXT NOT NULL, place INTEGER NOT NULL, id TEXT NOT NULL, PRIMARY KEY (playlist, place)
) WITHOUT ROWID;
CREATE TABLE feedback (
    seed TEXT NOT NULL, id TEXT NOT NULL, verdict TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (seed, id)
) WITHOUT ROWID;
CREATE TABLE stars (
    kind TEXT NOT NULL, id TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE TABLE plays (id TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX plays_by_track ON plays (id, at);
CREATE TABLE folders (folder PRIMARY KEY NOT NULL, scanned_at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_LAST = "settings"  # of the tables: once it is there, all are


def add_tables(db: sqlite3.Connection) -> None:
    """Make the tables in a library that an older Segue made without them."""
    if not _exist(db):
        for statement in TABLES.split(";\n"):
            text = statement.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS")
            db.execute(text.replace("CREATE INDEX", "CREATE INDEX IF NOT EXISTS"))


def add_temporary_tables(db: sqlite3.Connection) -> None:
    """Show empty tables to this connection alone, where the library is read-only."""
    if not _exist(db):
        for statement in TABLES.replace("CREATE TABLE", "CREATE TEMP TABLE").split(";\n"):
            db.execute(statement.replace("CREATE INDEX", "CREATE INDEX temp."))


def _exist(db: sqlite3.Connection) -> bool:
    sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    return db.execute(sql, (_LAST,)).fetchone() is not None


@contextlib.contextmanager
def user_transaction(db: sqlite3.Connection) -> Iterator[None]:
    """A transaction of these tables.

    Raises
    ------
    LibraryWriteError
        Where the library's folder is read-only, or the disk is full.
    """
    try:
        with transaction(db):
            yield
    except sqlite3.OperationalError as error:
        raise LibraryWriteError(f"the library cannot be written to: {error}") from error
