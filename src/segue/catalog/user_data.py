"""Tables of what listeners keep beside the tracks: playlists, stars, plays, feedback, folders, settings.

They change in transactions of their own, without the writer's lock: a playlist need not wait for a scan. With
them come the other tables that libraries of the current format may lack; those are the writer's. Of
``OWN_TABLES`` each user has some, see ``segue.catalog.own_data``.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from segue.catalog.transaction import transaction
from segue.errors import LibraryNotFoundError, LibraryWriteError

OWN_TABLES = """
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
CREATE TABLE ratings (id TEXT PRIMARY KEY, rating INTEGER NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE plays (id TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX plays_by_track ON plays (id, at);
CREATE TABLE play_queue (
    tracks TEXT NOT NULL, current INTEGER NOT NULL, position_s REAL NOT NULL, player TEXT NOT NULL,
    changed_at REAL NOT NULL
);
CREATE TABLE bookmarks (
    id TEXT PRIMARY KEY, position_ms INTEGER NOT NULL, comment TEXT NOT NULL, created_at REAL NOT NULL,
    changed_at REAL NOT NULL
) WITHOUT ROWID;
"""
TABLES = (
    OWN_TABLES
    + """
CREATE TABLE edges (content TEXT PRIMARY KEY, edges TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE folders (folder PRIMARY KEY NOT NULL, scanned_at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE exclusions (folder NOT NULL, pattern TEXT NOT NULL, PRIMARY KEY (folder, pattern)) WITHOUT ROWID;
CREATE TABLE file_states (
    key INTEGER PRIMARY KEY, audio_hash TEXT NOT NULL, ctime_ns INTEGER NOT NULL,
    device TEXT NOT NULL, inode TEXT NOT NULL  -- up to 64 bits without a sign
);
CREATE TABLE dismissed (path PRIMARY KEY NOT NULL, kind TEXT NOT NULL, size INTEGER, mtime_ns INTEGER);
CREATE TABLE away (key INTEGER PRIMARY KEY, place NOT NULL);
CREATE TABLE tag_edits (n INTEGER NOT NULL);
CREATE TABLE summaries (name TEXT PRIMARY KEY, changes TEXT NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE postings (
    version INTEGER NOT NULL, part INTEGER NOT NULL, place INTEGER NOT NULL, packed BLOB NOT NULL,
    PRIMARY KEY (version, part, place)
);
CREATE TABLE sums (
    part TEXT NOT NULL, keys INTEGER NOT NULL, n INTEGER NOT NULL, total INTEGER NOT NULL,
    PRIMARY KEY (part, keys)
) WITHOUT ROWID;
"""
)


def add_tables(db: sqlite3.Connection, tables: str = TABLES) -> None:
    """Make those of the tables that an older Segue's library lacks."""
    if _missing(db, tables):
        for statement in tables.split(";\n"):
            text = statement.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS")
            db.execute(text.replace("CREATE INDEX", "CREATE INDEX IF NOT EXISTS"))


def add_temporary_tables(db: sqlite3.Connection, tables: str = TABLES) -> None:
    """Show empty tables in the place of those that are missing to this connection alone."""
    missing = _missing(db, tables)
    for statement in tables.split(";\n"):
        table = re.search(r"CREATE TABLE (\w+)| ON (\w+)", statement)
        if table and (table[1] or table[2]) in missing:
            text = statement.replace("CREATE TABLE", "CREATE TEMP TABLE")
            db.execute(text.replace("CREATE INDEX", "CREATE INDEX temp."))


def _missing(db: sqlite3.Connection, tables: str) -> set[str]:
    rows = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return set(re.findall(r"CREATE TABLE (\w+)", tables)).difference(row[0] for row in rows)


@contextlib.contextmanager
def user_transaction(db: sqlite3.Connection) -> Iterator[None]:
    """A transaction of these tables.

    Raises
    ------
    LibraryNotFoundError
        Where the library has been moved away.
    LibraryWriteError
        Where the library's folder is read-only, or the disk is full.
    """
    file = db.execute("PRAGMA database_list").fetchone()[2]
    if not Path(file).is_file():
        place = Path(file).parent
        raise LibraryNotFoundError(f"the library in {place} is gone: it was moved, or its disk is not there")
    try:
        with transaction(db):
            yield
    except sqlite3.OperationalError as error:
        read_only = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_READONLY
        reason = "it is read-only" if read_only else error
        raise LibraryWriteError(f"the library cannot be written to: {reason}") from error
