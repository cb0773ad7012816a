"""What an import puts off until its last track has come: indexes, and the words by which tracks are found.

All at once, both are several times quicker. A kill in between does no harm: tracks are found as before, only
slower and not yet by their words, and the next writer makes up for it.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from segue.catalog import schema
from segue.catalog.migration import LATE_INDEXES
from segue.catalog.transaction import many_pages, transaction

INSERT_WORDS = """
INSERT INTO track_text (rowid, title, artist, album, genre, file, labels)
SELECT
    key, coalesce(title, ''), coalesce(artist, album_artist, ''), coalesce(album, ''), coalesce(genre, ''),
    '', coalesce((SELECT group_concat(label, ', ') FROM labels WHERE labels.key = tracks.key), '')
FROM tracks
"""
_CACHE_KIB = 1 << 16  # of SQLite's pages; also what is sorted in memory
_FEW = 20_000  # tracks; more would take longer to be ordered again than what comes saves
_WORDS_AT_ONCE = 200_000  # tracks whose words are put in one transaction
_WORDS_KEPT = 1 << 26  # bytes of words that FTS5 collects before it writes them; each writing is merged later


def defer(db: sqlite3.Connection) -> None:
    """Do without the indexes, if there are few tracks yet."""
    if db.execute("SELECT count(*) FROM (SELECT 1 FROM tracks LIMIT ?)", (_FEW,)).fetchone()[0] < _FEW:
        for statement in LATE_INDEXES:
            db.execute(f"DROP INDEX IF EXISTS {_name(statement)}")


def finish(db: sqlite3.Connection) -> None:
    """Make all that is owed; each step is a transaction."""
    with many_pages(db, _CACHE_KIB):
        for statement in _missing(db):
            with transaction(db):
                db.execute(statement)
        left = True
        while left:
            with transaction(db):
                left = index_words(db, _WORDS_AT_ONCE)


def index_words(db: sqlite3.Connection, most: int) -> bool:
    """Let some of the tracks be found that cannot be by their words; whether there may be more of them.

    Words are put in the order of keys, and none goes without its track.
    """
    found = db.execute("SELECT rowid FROM track_text ORDER BY rowid DESC LIMIT 1").fetchone()
    first = (found[0] if found else 0) + 1
    last = db.execute("SELECT max(key) FROM tracks").fetchone()[0] or 0
    if first > last:
        return False
    until = first + most - 1
    db.execute(f"INSERT INTO track_text (track_text, rank) VALUES ('hashsize', {_WORDS_KEPT})")
    # In one statement, in which Python has no part: a batch is read meanwhile.
    db.execute(f"{INSERT_WORDS} WHERE key BETWEEN ? AND ? ORDER BY key", (first, until))
    return until < last


class BackgroundFinish:
    """Settles in a thread, on a connection of its own, while others read."""

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
        except Exception as error:  # told to the one who waits
            self._error = error
        finally:
            self._opened.set()

    def stop(self) -> None:
        """Leave it at what is done; the next writer does the rest."""
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
    """The statements that make the indexes which are not there."""
    sql = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'tracks'"
    there = {row[0] for row in db.execute(sql)}
    return [statement for statement in LATE_INDEXES if _name(statement) not in there]


def _name(statement: str) -> str:
    return statement.partition(" INDEX ")[2].split()[0]
