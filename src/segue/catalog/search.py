"""Tracks by words of their tags, file names and labels."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from segue.catalog.records import parse_integers, track_from_row
from segue.track import Track, folded

_NAMED = ("title", "artist", "album", "genre", "file")  # columns that name a track
_ALL = (*_NAMED, "labels")
_RANK = "bm25(track_text, 4, 3, 2, 1, 1, 0.5)"
_MATCHING = "FROM track_text WHERE track_text MATCH ?"


def search(db: sqlite3.Connection, text: str, limit: int | None, *, by_label: bool) -> list[Track]:
    """As ``Catalog.search``."""
    words = _words(text)
    if not words:
        return []
    sql = (
        "SELECT tracks.* FROM track_text JOIN tracks ON tracks.key = track_text.rowid "
        f"WHERE track_text MATCH ? ORDER BY {_RANK}, tracks.row LIMIT ?"
    )
    most = -1 if limit is None else limit
    rows = db.execute(sql, (_match(words, _ALL if by_label else _NAMED), most)).fetchall()
    return [track_from_row(row) for row in rows or _search_inside(db, words, most)]


def keys_with_words(db: sqlite3.Connection, text: str, *, by_label: bool) -> NDArray[np.int64]:
    """As ``TrackTables.keys_with_words``."""
    words = _words(text)
    sql = f"SELECT group_concat(key) FROM (SELECT rowid AS key {_MATCHING} ORDER BY {_RANK}, rowid)"
    names = _ALL if by_label else _NAMED
    return parse_integers(db.execute(sql, (_match(words, names),)).fetchone()[0] if words else None)


def keys_with_letters(db: sqlite3.Connection, text: str) -> NDArray[np.int64]:
    """As ``TrackTables.keys_with_letters``."""
    words = _words(text)
    condition, patterns = _inside(words)
    inside = f"SELECT rowid AS key FROM track_text WHERE {condition} ORDER BY rowid"
    sql = f"SELECT group_concat(key) FROM ({inside})"
    return parse_integers(db.execute(sql, patterns).fetchone()[0] if words else None)


def label_scores(
    db: sqlite3.Connection, labels: Iterable[str], without: Iterable[str]
) -> list[tuple[int, str, float]]:
    """As ``TrackTables.label_scores``."""
    sql = (
        "SELECT key, label, score FROM labels WHERE label IN (SELECT value FROM json_each(?)) "
        "AND space NOT IN (SELECT value FROM json_each(?))"
    )
    rows = db.execute(sql, (json.dumps(list(labels)), json.dumps(list(without))))
    return [(row[0], row[1], row[2]) for row in rows]


def count_matches(db: sqlite3.Connection, text: str) -> int:
    """How many tracks ``search`` finds by the beginnings of words."""
    words = _words(text)
    sql = "SELECT count(*) FROM track_text WHERE track_text MATCH ?"
    return int(db.execute(sql, (_match(words, _ALL),)).fetchone()[0]) if words else 0


def _search_inside(db: sqlite3.Connection, words: list[str], limit: int) -> list[sqlite3.Row]:
    condition, patterns = _inside(words)
    sql = (
        "SELECT tracks.* FROM track_text JOIN tracks ON tracks.key = track_text.rowid "
        f"WHERE {condition} ORDER BY tracks.row LIMIT ?"
    )
    return db.execute(sql, (*patterns, limit)).fetchall()


def _inside(words: list[str]) -> tuple[str, list[str]]:
    """A condition that all words stand anywhere in the tags, and the values of its question marks."""
    text = "(" + " || ' ' || ".join(f"track_text.{name}" for name in _NAMED) + ")"
    condition = " AND ".join(f"{text} LIKE ? ESCAPE '\\'" for _ in words)
    return condition, [f"%{_escape_like(word)}%" for word in words]


def _words(text: str) -> list[str]:
    return folded(text.replace("\0", " ").encode("utf-8", "replace").decode()).split()


def _match(words: Iterable[str], names: Iterable[str]) -> str:
    """In FTS5's language: every word, from its beginning, in any of the columns."""
    query = " ".join('"' + word.replace('"', '""') + '"*' for word in words)
    return f"{{{' '.join(names)}}} : ({query})"


def _escape_like(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
