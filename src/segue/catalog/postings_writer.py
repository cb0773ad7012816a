"""Makes the postings of a large library (``segue.catalog.postings``) out of its full-text index."""

from __future__ import annotations

import contextlib
import itertools
import json
import sqlite3
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from segue.catalog import signed_words
from segue.catalog.integers import parse_integers
from segue.catalog.packed_rows import (
    AT_ONCE,
    Lists,
    Packed,
    PostingsGoneError,
    Row,
    line_rows,
    number_rows,
)
from segue.catalog.postings import (
    INDEX,
    LAYOUT,
    PART_OF_PLACE,
    PLACE,
    PLACE_BITS,
    PLACES,
    Head,
    are_dense,
    current_head,
    stamp,
)
from segue.catalog.postings_patch import copy_texts, note_changes, noted_changes, patched_rows
from segue.catalog.signed_words import read_signed, signed_rows
from segue.catalog.transaction import transaction

FEWEST_TRACKS = 200_000  # of a library with postings; SQLite's index is quick enough with fewer
_READ_AT_ONCE = 1 << 20  # postings, which are written in a transaction; listeners write in between
_INSTANCES = "CREATE VIRTUAL TABLE temp.instances USING fts5vocab('{}', '{}', 'instance')"
_BY_TERM = (
    f"SELECT term, count(*), group_concat(doc << {PLACE_BITS} | {PLACE}) FROM temp.instances "
    "WHERE term > ? GROUP BY term"
)
_PATCHED_SHARE = 50  # of fewer changed tracks than one of so many, the words are put into what there is
_INSERT = "INSERT INTO postings VALUES (?, ?, ?, ?)"


def watch(db: sqlite3.Connection) -> Head | None:
    """What is said of the postings, if there are some into which changes of words can be put from now on."""
    head = current_head(db)
    with contextlib.suppress(sqlite3.OperationalError):  # no room for what is noted
        if head is not None:
            note_changes(db)
            return head
    return None


def keep(db: sqlite3.Connection, before: Head | None = None) -> None:
    """Make them again where words have changed since, or some are lacking; none where tracks are few.

    To be called by who has the right to write, so that no words change meanwhile.

    Parameters
    ----------
    before : what ``watch`` said when this writer began
    """
    n, last = db.execute("SELECT count(*), coalesce(max(id), 0) FROM track_text_docsize").fetchone()
    wanted = n >= FEWEST_TRACKS and are_dense(n, last + 1)
    if wanted and are_whole(db):
        return
    # A full disk, or more than 32 bits can count: SQLite's own index is searched.
    with contextlib.suppress(sqlite3.OperationalError, OverflowError):
        if wanted and before is not None and _patch(db, before, n, last + 1):
            return
        if db.execute("SELECT 1 FROM postings LIMIT 1").fetchone():
            with transaction(db):
                db.execute("DELETE FROM postings")
        if wanted:
            _make(db, n, last + 1)


def _patch(db: sqlite3.Connection, before: Head, n_tracks: int, n_keys: int) -> bool:
    """Put the words of changed tracks into those that there were before, where that is quicker and can be."""
    changed = noted_changes(db, before["n_keys"])
    if len(changed) * _PATCHED_SHARE >= n_tracks:
        return False
    is_changed = np.zeros(max(n_keys, before["n_keys"], int(changed.max(initial=0)) + 1), np.bool_)
    is_changed[changed] = True
    copy_texts(db, changed)
    old, new, now = before["version"], time.time_ns(), stamp(db)
    words = _read_words(db, "temp", "changed_text")
    signed = read_signed(db, "temp.changed_text")
    db.execute("DROP TABLE temp.changed_text")
    rows = itertools.chain(
        patched_rows(db, old, range(INDEX), INDEX, words, is_changed, PLACE_BITS),
        patched_rows(db, old, [signed_words.KEYS], signed_words.INDEX, signed, is_changed, 0),
    )
    try:
        with transaction(db):
            n_rows = db.executemany(_INSERT, ((new, *row) for row in rows)).rowcount
            db.execute("DELETE FROM postings WHERE version != ?", (new,))
            _put_head(db, now, new, n_tracks, n_keys, n_rows)
    except PostingsGoneError:
        return False
    return True


def are_whole(db: sqlite3.Connection) -> bool:
    """Whether all rows of the words that the catalog keeps are there."""
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
    with transaction(db):
        _put_head(db, before, version, n_tracks, n_keys, n_rows)


def _put_head(db: sqlite3.Connection, of: str, version: int, n_tracks: int, n_keys: int, n_rows: int) -> None:
    """Say of which state of the words a version of the postings is."""
    head = {"version": version, "n_tracks": n_tracks, "n_keys": n_keys, "n_rows": n_rows, "layout": LAYOUT}
    db.execute("INSERT OR REPLACE INTO summaries VALUES ('postings', ?, ?)", (of, json.dumps(head)))


def _rows(db: sqlite3.Connection) -> Iterator[list[Row]]:
    """Rows of postings, a few megabytes at a time, then the terms and their ends, then words with signs."""
    _list_instances(db, "main", "track_text")
    terms: list[bytes] = []
    counts: list[NDArray[np.int64]] = [np.zeros((INDEX, 0), np.int64)]
    left = [np.zeros(0, "<u4") for _ in range(INDEX)]
    places = [0] * INDEX
    more = True
    while more:
        read = _read(db, terms[-1].decode() if terms else "")
        more = bool(read)
        terms += [term.encode() for term, *_ in read]
        split = _split(read)
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
    yield list(signed_rows(read_signed(db, "track_text")))


def _read_words(db: sqlite3.Connection, schema: str, table: str) -> Lists:
    """All words of a small full-text table, and their postings."""
    _list_instances(db, schema, table)
    words: list[tuple[str, int, str]] = []
    while read := _read(db, words[-1][0] if words else ""):
        words += read
    numbers, counts = zip(*_split(words), strict=True)
    return Lists([term.encode() for term, *_ in words], np.array(counts), list(numbers))


def _list_instances(db: sqlite3.Connection, schema: str, table: str) -> None:
    db.execute("DROP TABLE IF EXISTS temp.instances")
    db.execute(_INSTANCES.format(schema, table))


def _read(db: sqlite3.Connection, after: str) -> list[tuple[str, int, str]]:
    """The next terms, how many postings each has, and these; what it reads ends with the call."""
    terms, n = [], 0
    with contextlib.closing(db.execute(_BY_TERM, (after,))) as rows:
        for term, count, text in rows:
            terms.append((term, count, text))
            n += count
            if n >= _READ_AT_ONCE:
                break
    return terms


def _split(terms: list[tuple[str, int, str]]) -> list[tuple[Packed, NDArray[np.int64]]]:
    """Of each part, the postings, and how many there are of each term."""
    packed = parse_integers(",".join(text for *_, text in terms)).astype("<u4")
    term = np.repeat(np.arange(len(terms)), np.array([n for _, n, _ in terms], np.int64))
    part = PART_OF_PLACE[packed & PLACES]
    return [(packed[part == p], np.bincount(term[part == p], minlength=len(terms))) for p in range(INDEX)]
