"""Indexes and the full-text index, which an import makes after its last track.

All at once, both are several times quicker. A kill in between does no harm: until the next writer makes up
for it, look-ups are slower, and a search does not find the new tracks yet.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from segue.catalog import schema
from segue.catalog.derived import note_change
from segue.catalog.migration import LATE_INDEXES, WORDS
from segue.catalog.transaction import large_cache, transaction

INSERT_WORDS = """
INSERT INTO track_text (rowid, title, artist, album, genre, file, labels)
SELECT
    key, coalesce(title, ''), coalesce(artist, album_artist, ''), coalesce(album, ''), coalesce(genre, ''),
    '', coalesce((SELECT group_concat(label, ', ') FROM labels WHERE labels.key = tracks.key), '')
FROM tracks
"""
_CACHE_KIB = 1 << 16  # of SQLite's pages; also what is sorted in memory
_FEW = 20_000  # tracks; reindexing more of them would take longer than the import saves
_WORDS_AT_ONCE = 200_000  # tracks whose words are indexed in one transaction
_PUT_OFF = ("words", -1)  # the row of ``sums`` that tells since which key words are put off
_FTS_BUFFER = 1 << 26  # bytes of words that FTS5 collects before it writes them; each writing is merged later


def defer(db: sqlite3.Connection) -> None:
    """Drop the indexes, unless there are many tracks already, and note whose words are put off."""
    next_key = (db.execute("SELECT max(key) FROM tracks").fetchone()[0] or 0) + 1
    db.execute("INSERT OR IGNORE INTO sums VALUES (?, ?, 0, ?)", (*_PUT_OFF, next_key))
    if db.execute("SELECT count(*) FROM (SELECT 1 FROM tracks LIMIT ?)", (_FEW,)).fetchone()[0] < _FEW:
        for statement in LATE_INDEXES:
            db.execute(f"DROP INDEX IF EXISTS {_name(statement)}")


def finish(db: sqlite3.Connection) -> None:
    """Make the missing indexes, and index the words of all new tracks; each step is a transaction."""
    with large_cache(db, _CACHE_KIB):
        for statement in _missing(db):
            with transaction(db):
                db.execute(statement)
        _index_beginnings(db)
        more = True
        while more:
            with transaction(db):
                more = index_words(db, _WORDS_AT_ONCE)
                if not more:
                    db.execute("DELETE FROM sums WHERE part = ? AND keys = ?", _PUT_OFF)


def _index_beginnings(db: sqlite3.Connection) -> None:
    """Index the first letters of words, too, which an older Segue's library does not."""
    (statement,) = db.execute("SELECT sql FROM sqlite_master WHERE name = 'track_text'").fetchone()
    if "prefix" in statement:
        return
    with transaction(db):
        db.execute("ALTER TABLE track_text RENAME TO track_text_before")
        db.execute(WORDS)
        db.execute(f"INSERT INTO track_text (track_text, rank) VALUES ('hashsize', {_FTS_BUFFER})")
        columns = "rowid, title, artist, album, genre, file, labels"
        db.execute(f"INSERT INTO track_text ({columns}) SELECT {columns} FROM track_text_before")
        db.execute("DROP TABLE track_text_before")


def first_put_off(db: sqlite3.Connection) -> int | None:
    """The first key whose words may not be indexed yet, as an import was stopped; none where all are."""
    row = db.execute("SELECT total FROM sums WHERE part = ? AND keys = ?", _PUT_OFF).fetchone()
    return int(row[0]) if row else None


def index_words(db: sqlite3.Connection, most: int) -> bool:
    """Index the words of at most so many new tracks; whether there may be more of them.

    Words are indexed in the order of keys, and removed together with their track.
    """
    indexed = db.execute("SELECT rowid FROM track_text ORDER BY rowid DESC LIMIT 1").fetchone()
    first = (indexed[0] if indexed else 0) + 1
    last = db.execute("SELECT max(key) FROM tracks").fetchone()[0] or 0
    if first > last:
        return False
    until = first + most - 1
    db.execute(f"INSERT INTO track_text (track_text, rank) VALUES ('hashsize', {_FTS_BUFFER})")
    # In one statement, without Python's lock: a batch is read meanwhile.
    db.execute(f"{INSERT_WORDS} WHERE key BETWEEN ? AND ? ORDER BY key", (first, until))
    note_change(db)  # what was searched before may find more now
    return until < last


class BackgroundFinish:
    """``finish`` in a thread, on a connection of its own, while others read."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._error: Exception | None = None
        self._db: sqlite3.Connection | None = None
        self._opened = threading.Event()
        self._thread = threading.Thread(target=self._run, name="segue-indexes", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._db = schema.connect(self._root)
            self._opened.set()
            try:
                finish(self._db)
            finally:
                self._db.close()
        except Exception as error:  # raised by join
            self._error = error
        finally:
            self._opened.set()

    def stop(self) -> None:
        """End early; the next writer does the rest."""
        self._opened.wait()
        if self._db is not None and self._thread.is_alive():
            self._db.interrupt()
        self._thread.join()

    def join(self) -> None:
        """Wait for the end. Raises sqlite3.OperationalError, LibraryError."""
        self._thread.join()
        if self._error is not None:
            raise self._error


def _missing(db: sqlite3.Connection) -> list[str]:
    """The statements that make the indexes which do not exist."""
    sql = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'tracks'"
    existing = {row[0] for row in db.execute(sql)}
    return [statement for statement in LATE_INDEXES if _name(statement) not in existing]


def _name(statement: str) -> str:
    return statement.partition(" INDEX ")[2].split()[0]
