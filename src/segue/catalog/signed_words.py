"""Words with signs, such as "don't", "AC/DC" and "01.flac", as the texts of tracks have them.

SQLite's index has what is between the signs. Which texts hold a sign between two letters is told by these
alone, without a look at each text.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.catalog.packed_rows import (
    Lines,
    Lists,
    PostingsGoneError,
    Row,
    line_rows,
    load_lines,
    number_rows,
    read_numbers,
)
from segue.catalog.text_index import NAMES

KEYS, INDEX = 4, 5  # parts of the table of postings: keys of tracks by word, and the words
_NOT_ASCII = ""  # stands for all words with other letters than ASCII's
_TEXT = " || ' ' || ".join(NAMES)

Keys = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SignedWords:
    """Which tracks have which words with signs, and which have letters other than ASCII's.

    Attributes
    ----------
    n_keys : the highest key plus 1
    """

    version: int
    n_keys: int
    lines: Lines

    def holding(self, db: sqlite3.Connection, part: str) -> Keys:
        """int64 (n,), rising: keys of tracks with a word that holds a part, which has a sign.

        As SQLite's LIKE, it tells all letters apart but those of ASCII by their case. Raises
        PostingsGoneError.
        """
        return self._keys(db, self.lines.holding(part.lower().encode()))

    def not_ascii(self, db: sqlite3.Connection) -> Keys:
        """int64 (n,), rising: keys of tracks with other letters. Raises PostingsGoneError."""
        return self._keys(db, np.zeros(1, np.int64))  # the first line

    def _keys(self, db: sqlite3.Connection, lines: NDArray[np.int64]) -> Keys:
        keys = read_numbers(db, self.version, KEYS, self.lines.ranges(lines, 0))
        if keys.max(initial=0) >= self.n_keys:
            raise PostingsGoneError
        has = np.zeros(self.n_keys, np.bool_)
        has[keys] = True
        return np.flatnonzero(has)


def load(db: sqlite3.Connection, version: int, n_keys: int) -> SignedWords:
    """Raises PostingsGoneError."""
    return SignedWords(version, n_keys, load_lines(db, version, INDEX, 1))


def signed_rows(words: Lists) -> Iterator[Row]:
    """The rows of the table that hold them."""
    yield from number_rows(KEYS, words.numbers[0])
    yield from line_rows(INDEX, words.texts, words.counts.cumsum(axis=1))


def read_signed(db: sqlite3.Connection, table: str) -> Lists:
    """Those of all tracks in a full-text table, and their keys."""
    numbers: dict[str, int] = {_NOT_ASCII: 0}
    word_numbers, keys = array("I"), array("I")
    for key, text in db.execute(f"SELECT rowid, CAST({_TEXT} AS BLOB) FROM {table}"):
        if text is None or text.replace(b" ", b"").isalnum():  # the most, in a tenth of the time
            continue
        words = {word for word in _plainly(text).split() if not word.isalnum()}
        if not text.isascii():
            words.add(_NOT_ASCII)
        word_numbers.extend([numbers.setdefault(word, len(numbers)) for word in words])
        keys.extend([key] * len(words))
    rising = sorted(numbers, key=str.encode)
    places = np.argsort([numbers[word] for word in rising])
    place = places[np.array(word_numbers, np.uint32)]
    counts = np.bincount(place, minlength=len(rising))[None]
    in_order = np.array(keys, np.uint32)[np.argsort(place, kind="stable")]
    return Lists([word.encode() for word in rising], counts, [in_order])


def _plainly(text: bytes) -> str:
    """A text as LIKE compares it."""
    return text.partition(b"\0")[0].lower().decode(errors="replace")
