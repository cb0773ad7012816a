"""Puts the words of a few changed tracks into the postings of a large library, instead of reading all again.

The result is what ``postings_writer`` would make of all tracks.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from segue.catalog.migration import WORDS
from segue.catalog.packed_rows import Lists, Packed, Row, line_rows, load_lines, number_rows, read_numbers

_TRIGGER = (
    "CREATE TEMP TRIGGER IF NOT EXISTS words_{0} AFTER {0} ON main.track_text_docsize "
    "BEGIN INSERT OR IGNORE INTO changed_words VALUES ({1}.id); END"
)
_NOTED = (
    "CREATE TEMP TABLE IF NOT EXISTS changed_words (key INTEGER PRIMARY KEY)",
    "DELETE FROM temp.changed_words",
    _TRIGGER.format("INSERT", "new"),
    _TRIGGER.format("DELETE", "old"),
)
_COPIED = "title, artist, album, genre, file, labels"


def note_changes(db: sqlite3.Connection) -> None:
    """Note from now on which tracks' words this connection changes, and forget those that were noted."""
    for statement in _NOTED:
        db.execute(statement)


def noted_changes(db: sqlite3.Connection, n_keys: int) -> NDArray[np.int64]:
    """int64 (n,): tracks whose words have changed since, and all with keys from a number on."""
    sql = (
        "SELECT key FROM temp.changed_words UNION SELECT id FROM track_text_docsize WHERE id >= ? ORDER BY 1"
    )
    return np.fromiter((row[0] for row in db.execute(sql, (n_keys,))), np.int64)


def copy_texts(db: sqlite3.Connection, keys: NDArray[np.int64]) -> None:
    """Make ``temp.changed_text``, which has the words of these tracks as ``track_text`` has those of all."""
    db.execute("DROP TABLE IF EXISTS temp.changed_text")  # of who failed
    db.execute(WORDS.replace("track_text", "temp.changed_text"))
    db.executemany(
        f"INSERT INTO temp.changed_text (rowid, {_COPIED}) SELECT rowid, {_COPIED} FROM track_text "
        "WHERE rowid = ?",
        ((key,) for key in keys.tolist()),
    )


def patched_rows(
    db: sqlite3.Connection,
    version: int,
    parts: Sequence[int],
    index: int,
    new: Lists,
    is_changed: NDArray[np.bool_],
    shift: int,
) -> Iterator[Row]:
    """The rows of lists without the numbers of changed tracks, and with new ones; a list is read at once.

    Parameters
    ----------
    version, parts, index : of the lists as they are
    is_changed : bool (keys,)
    shift : the bits of a number below its track's key

    Raises
    ------
    PostingsGoneError
    """
    lines = load_lines(db, version, index, len(parts))
    old_texts = lines.text.split(b"\n")
    texts = sorted({*old_texts, *new.texts})
    place = {text: i for i, text in enumerate(texts)}
    old_at, new_at = (np.array([place[text] for text in own], np.uint64) for own in (old_texts, new.texts))
    counts = np.zeros((len(parts), len(texts)), np.int64)
    for i, part in enumerate(parts):
        ends = lines.ends[i].astype(np.int64)
        old = read_numbers(db, version, part, np.array([[0, ends[-1]]]))
        marked = _marked(old_at, np.diff(ends, prepend=0), old)[~is_changed[old >> shift]]
        more = _marked(new_at, new.counts[i], new.numbers[i])
        marked = np.insert(marked, np.searchsorted(marked, more), more)
        counts[i] = np.bincount((marked >> np.uint64(32)).astype(np.int64), minlength=len(texts))
        yield from number_rows(part, marked.astype(np.uint32))  # the lower half
    used = counts.any(axis=0) | np.array([not text for text in texts])  # the empty one stands for others
    yield from line_rows(index, itertools.compress(texts, used), counts[:, used].cumsum(axis=1))


def _marked(at: NDArray[np.uint64], counts: NDArray[np.int64], numbers: Packed) -> NDArray[np.uint64]:
    """Numbers with the place of their text in front, so that they rise."""
    marked = np.repeat(at << np.uint64(32), counts)
    marked |= numbers
    return marked
