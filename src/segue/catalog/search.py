"""Tracks by words of their tags, file names and labels."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from segue.catalog.records import track_from_row
from segue.track import Track, folded

_NAMED = ("title", "artist", "album", "genre", "file")  # columns that name a track
_ALL = (*_NAMED, "labels")


def search(db: sqlite3.Connection, text: str, limit: int | None, *, by_label: bool) -> list[Track]:
    """As ``Catalog.search``."""
    words = _words(text)
    if not words:
        return []
    sql = (
        "SELECT tracks.* FROM track_text JOIN tracks ON tracks.key = track_text.rowid "
        "WHERE track_text MATCH ? ORDER BY bm25(track_text, 4, 3, 2, 1, 1, 0.5), tracks.row LIMIT ?"
    )
    most = -1 if limit is None else limit
    rows = db.execute(sql, (_match(words, _ALL if by_label else _NAMED), most)).fetchall()
    return [track_from_row(row) for row in rows or _search_inside(db, words, most)]


def count_matches(db: sqlite3.Connection, text: str) -> int:
    """How many tracks ``search`` finds by the beginnings of words."""
    words = _words(text)
    sql = "SELECT count(*) FROM track_text WHERE track_text MATCH ?"
    return int(db.execute(sql, (_match(words, _ALL),)).fetchone()[0]) if words else 0


def _search_inside(db: sqlite3.Connection, words: list[str], limit: int) -> list[sqlite3.Row]:
    text = "(" + " || ' ' || ".join(f"track_text.{name}" for name in _NAMED) + ")"
    conditions = " AND ".join(f"{text} LIKE ? ESCAPE '\\'" for _ in words)
    patterns = [f"%{_escape_like(word)}%" for word in words]
    sql = (
        "SELECT tracks.* FROM track_text JOIN tracks ON tracks.key = track_text.rowid "
        f"WHERE {conditions} ORDER BY tracks.row LIMIT ?"
    )
    return db.execute(sql, (*patterns, limit)).fetchall()


def _words(text: str) -> list[str]:
    return folded(text.replace("\0", " ").encode("utf-8", "replace").decode()).split()


def _match(words: Iterable[str], names: Iterable[str]) -> str:
    """In FTS5's language: every word, from its beginning, in any of the columns."""
    query = " ".join('"' + word.replace('"', '""') + '"*' for word in words)
    return f"{{{' '.join(names)}}} : ({query})"


def _escape_like(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
