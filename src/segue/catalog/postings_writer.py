"""Makes the postings of a large library (``segue.catalog.postings``) out of its full-text index."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from segue.catalog.integers import parse_integers
from segue.catalog.packed_rows import AT_ONCE, Packed, Row, line_rows, number_rows
from segue.catalog.postings import (
    INDEX,
    LAYOUT,
    PART_OF_PLACE,
    PLACE,
    PLACE_BITS,
    PLACES,
    are_dense,
    current_head,
    stamp,
)
from segue.catalog.signed_words import signed_rows
from segue.catalog.transaction import transaction

FEWEST_TRACKS = 200_000  # of a library with postings; SQLite's index is quick enough with fewer
_READ_AT_ONCE = 1 << 20  # postings, which are written in a transaction; listeners write in between
_INSTANCES = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS temp.instances USING fts5vocab('main', 'track_text', 'instance')"
)
_BY_TERM = (
    f"SELECT term, count(*), group_concat(doc << {PLACE_BITS} | {PLACE}) FROM temp.instances "
    "WHERE term > ? GROUP BY term"
)
_INSERT = "INSERT INTO postings VALUES (?, ?, ?, ?)"


def keep(db: sqlite3.Connection) -> None:
    """Make them again where words have changed since, or some are lacking; none where tracks are few.

    To be called by who has the right to write, so that no words change meanwhile.
    """
    n, last = db.execute("SELECT count(*), coalesce(max(id), 0) FROM track_text_docsize").fetchone()
    wanted = n >= FEWEST_TRACKS and are_dense(n, last + 1)
    if wanted and _are_whole(db):
        return
    # A full disk, or more than 32 bits can count: SQLite's own index is searched.
    with contextlib.suppress(sqlite3.OperationalError, OverflowError):
        if db.execute("SELECT 1 FROM postings LIMIT 1").fetchone():
            with transaction(db):
                db.execute("DELETE FROM postings")
        if wanted:
            _make(db, n, last + 1)


def _are_whole(db: sqlite3.Connection) -> bool:
    head = current_head(db)
    sql = "SELECT count(*) FROM postings WHERE version = ?"
    return head is not None and db.execute(sql, (head["version"],)).fetchone()[0] == head["n_rows"]


def _make(db: sqlite3.Connection, n_tracks: int, n_keys: int) -> None:
    version, before = time.time_ns(), stamp(db)
    n_rows = 0
    for rows in _rows(db):
        with transaction(db):
            db.executemany(_INSERT, ((version, *row) for row in rows))
        n_rows += len(rows)
    head = {"version": version, "n_tracks": n_tracks, "n_keys": n_keys, "n_rows": n_rows, "layout": LAYOUT}
    with transaction(db):
        db.execute("INSERT OR REPLACE INTO summaries VALUES ('postings', ?, ?)", (before, json.dumps(head)))


def _rows(db: sqlite3.Connection) -> Iterator[list[Row]]:
    """Rows of postings, a few megabytes at a time, then the terms and their ends, then words with signs."""
    db.execute(_INSTANCES)
    terms: list[str] = []
    counts: list[NDArray[np.int64]] = [np.zeros((INDEX, 0), np.int64)]
    left = [np.zeros(0, "<u4") for _ in range(INDEX)]
    places = [0] * INDEX
    more = True
    while more:
        some = _read(db, terms[-1] if terms else "")
        more = bool(some)
        terms += [term for term, *_ in some]
        split = _split(some)
        counts.append(np.array([by_term for _, by_term in split]))
        rows: list[Row] = []
        for part, (new, _) in enumerate(split):
            packed = np.concatenate([left[part], new])
            end = len(packed) // AT_ONCE * AT_ONCE if more else len(packed)
            rows += number_rows(part, packed[:end], places[part])
            places[part] += end // AT_ONCE
            left[part] = packed[end:]
        yield rows
    if terms:
        yield line_rows(INDEX, terms, np.concatenate(counts, axis=1).cumsum(axis=1))
    yield list(signed_rows(db))


def _read(db: sqlite3.Connection, after: str) -> list[tuple[str, int, str]]:
    """The next terms, how many postings each has, and these; what it reads ends with the call."""
    some, n = [], 0
    with contextlib.closing(db.execute(_BY_TERM, (after,))) as rows:
        for term, count, text in rows:
            some.append((term, count, text))
            n += count
            if n >= _READ_AT_ONCE:
                break
    return some


def _split(some: list[tuple[str, int, str]]) -> list[tuple[Packed, NDArray[np.int64]]]:
    """Of each part, the postings, and how many there are of each term."""
    packed = parse_integers(",".join(text for *_, text in some)).astype("<u4")
    term = np.repeat(np.arange(len(some)), [n for _, n, _ in some])
    part = PART_OF_PLACE[packed & PLACES]
    return [(packed[part == p], np.bincount(term[part == p], minlength=len(some))) for p in range(INDEX)]
