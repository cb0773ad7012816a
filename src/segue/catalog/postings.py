"""Which tracks have each word and where, packed, so that a beginning of words is read as one piece.

SQLite's full-text index merges the tracks of all words that begin so, which takes longer than all else in a
large library. A writer leaves them side by side (``postings_writer``); they hold until indexed words change.
"""

from __future__ import annotations

import bisect
import functools
import json
import math
import operator
import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.catalog import signed_words
from segue.catalog.connections import Connections
from segue.catalog.derived import MOST_BYTES, Derived
from segue.catalog.packed_rows import (
    Lines,
    Packed,
    PostingsGoneError,
    Ranges,
    is_whole,
    load_lines,
    read_numbers,
)
from segue.catalog.signed_words import SignedWords
from segue.catalog.text_index import NAMES, NAMES_AND_LABELS

TITLES, OTHER_NAMES, LABELS, INDEX = PARTS = range(4)  # of the table; in the last, the words, then their ends
PLACE_BITS = 3  # of a posting, the lowest: where in a track the word stands; the others are the track's key
PLACE = (  # of a word, in SQL: 0 where a title begins with it
    "CASE col WHEN 'title' THEN offset > 0 WHEN 'artist' THEN 2 WHEN 'album' THEN 3 WHEN 'genre' THEN 4 "
    "WHEN 'file' THEN 5 ELSE 6 END"
)
PART_OF_PLACE = np.array([TITLES, TITLES, OTHER_NAMES, OTHER_NAMES, OTHER_NAMES, OTHER_NAMES, LABELS])
_WEIGHTS = np.array([4, 4, 3, 2, 1, 1, 0.5])  # of places, as ``full_text`` ranks them
PLACES = (1 << PLACE_BITS) - 1
_PARTS_OF = {NAMES: (TITLES, OTHER_NAMES), NAMES_AND_LABELS: (TITLES, OTHER_NAMES, LABELS)}
_FRONT_OF_TITLES = 0
_PLACE_OF = {"artist": 2, "album": 3}  # columns of other names that are searched alone
_K1, _B, _LEAST_IDF = 1.2, 0.75, 1e-6  # of SQLite's bm25
LAYOUT = 2  # of the rows; with another, they are made again
_HEAD = ("layout", "version", "n_tracks", "n_keys", "n_rows")
_KEYS_A_TRACK = 8  # a key is never used again; where most have no track, tables over all keys would be large

Head = dict[str, int]
"""What is said of postings: their version, and how many tracks, keys and rows."""

Keys = NDArray[np.int64]
Bits = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Postings:
    """The words of all tracks, and of each, in the order of keys, where it stands.

    Attributes
    ----------
    version : of the rows that hold the postings
    n_tracks, n_keys : tracks that have words, and the highest key plus 1
    terms : all words
    """

    local: Connections
    derived: Derived
    version: int
    n_tracks: int
    n_keys: int
    terms: Lines

    def matching(self, words: Sequence[str], columns: Sequence[str], most: int | None = None) -> Keys:
        """int64 (n,), rising: keys of tracks with words that begin with each of these, in some columns."""
        parts = _PARTS_OF[tuple(columns)]
        return self._keys(self._bits(self._beginning(word), parts) for word in words)[:most]

    def matching_alone(self, words: Sequence[str], column: str, most: int) -> Keys:
        """int64 (n,), rising: keys of the first tracks with such words in one column."""
        place = _PLACE_OF[column]
        bits = [self._bits_of_part(self._beginning(word), OTHER_NAMES, place) for word in words]
        return self._keys(bits)[:most]

    def titled(self, words: Sequence[str], most: int) -> Keys:
        """int64 (n,), rising: keys of the first tracks with all words in their titles, the first in front."""
        first, *others = map(self._beginning, words)
        bits = [self._bits_of_part(first, TITLES, _FRONT_OF_TITLES)]
        return self._keys([*bits, *(self._bits_of_part(word, TITLES) for word in others)])[:most]

    def ranked(self, words: Sequence[str], columns: Sequence[str], keys: Keys) -> Keys:
        """The keys that ``matching`` has found, those of the best tracks first, by SQLite's bm25."""
        parts, n = _PARTS_OF[tuple(columns)], self.n_tracks
        mean_length = float(self.terms.ends[:, -1].sum(dtype=np.int64)) / n
        scale = _K1 * (1 - _B + _B * self._lengths(keys) / mean_length)
        is_found = np.zeros(self.n_keys, np.bool_)
        is_found[keys] = True
        scores = np.zeros(len(keys))
        for word in map(self._beginning, words):
            n_with = int(np.count_nonzero(np.unpackbits(self._bits(word, parts))))
            idf = max(math.log((n - n_with + 0.5) / (n_with + 0.5)), 0.0) or _LEAST_IDF
            placed = np.concatenate([self._placed(word, part) for part in parts])
            placed = placed[is_found[placed >> PLACE_BITS]]
            at = np.searchsorted(keys, placed >> PLACE_BITS)
            weights = np.bincount(at, _WEIGHTS[placed & PLACES], len(keys))
            scores += idf * (weights * (_K1 + 1) / (weights + scale))
        return keys[np.lexsort((keys, -scores))]

    def with_parts(
        self, parts_of_words: Iterable[str], columns: Sequence[str], most: int | None = None
    ) -> Keys:
        """int64 (n,), rising: keys of tracks with a word that holds each of some texts.

        Parameters
        ----------
        most : of the words that hold a text; the first count
        """
        lines = [self.terms.holding(text.encode())[:most] for text in parts_of_words]
        keys: Keys | None = None
        for terms in sorted(lines, key=len):  # where one finds nothing, the others need not be read
            placed = [self._read(self.terms.ranges(terms, part), part) for part in _PARTS_OF[tuple(columns)]]
            has = self._has(np.concatenate(placed))
            keys = np.flatnonzero(has) if keys is None else keys[has[keys]]
            if not len(keys):
                break
        return np.zeros(0, np.int64) if keys is None else keys

    def signed_words(self) -> SignedWords:
        """The words with signs. Raises PostingsGoneError."""
        return self.derived.get(
            ("signed", self.version),
            lambda db: signed_words.load(db, self.version, self.n_keys),
            lambda words: min(words.lines.n_bytes, MOST_BYTES // 4),  # as of the postings themselves
        )

    def _beginning(self, word: str) -> tuple[int, int]:
        """The first of the terms that begin so, and the one after the last."""
        text = word.encode()
        return self._index(text), self._index(text + b"\xff")  # which is no byte of UTF-8

    def _index(self, text: bytes) -> int:
        """Of the first term that is not before a text."""
        return bisect.bisect_left(range(len(self.terms.starts)), text, key=self.terms.line)

    def _bits(self, word: tuple[int, int], parts: Sequence[int]) -> Bits:
        """A bit for each key: whether its track has one of some terms, in some parts."""
        return functools.reduce(operator.or_, [self._bits_of_part(word, part) for part in parts])

    def _bits_of_part(self, word: tuple[int, int], part: int, place: int | None = None) -> Bits:
        """Likewise in one, or at one place of it."""

        def read(_: sqlite3.Connection) -> Bits:
            placed = self._placed(word, part)
            return np.packbits(self._has(placed if place is None else placed[placed & PLACES == place]))

        name = "posted", self.version, word, part, place
        return self.derived.get(name, read, lambda bits: bits.nbytes)

    def _keys(self, bits: Iterable[Bits]) -> Keys:
        """int64 (n,), rising: keys with all bits."""
        every = functools.reduce(operator.and_, bits)
        return np.flatnonzero(np.unpackbits(every, count=self.n_keys).view(np.bool_))

    def _has(self, placed: Packed) -> NDArray[np.bool_]:
        """Of each key, whether it has one of some postings."""
        has = np.zeros(self.n_keys, np.bool_)
        has[placed >> PLACE_BITS] = True
        return has

    def _placed(self, word: tuple[int, int], part: int) -> Packed:
        """The postings of some terms, from the first to before the last, in a part."""
        return self._read(self.terms.range(*word, part), part)

    def _read(self, ranges: Ranges, part: int) -> Packed:
        """The postings of a part in some ranges. Raises PostingsGoneError."""
        placed = read_numbers(self.local.db, self.version, part, ranges)
        if int(placed.max(initial=0)) >> PLACE_BITS >= self.n_keys:
            raise PostingsGoneError
        return placed

    def _lengths(self, keys: Keys) -> NDArray[np.float64]:
        """How many words tracks have."""
        sql = "SELECT sz FROM track_text_docsize WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"
        rows = self.local.db.execute(sql, (json.dumps(keys.tolist()),)).fetchall()
        if len(rows) != len(keys):
            raise PostingsGoneError
        return np.array([_sum_of_varints(row[0]) for row in rows], np.float64)


def surely_terms(words: Sequence[str]) -> list[str]:
    """What the index has of the words of a folded text, if each is surely one word; or nothing."""
    parts = [re.findall("[a-z0-9]+", word) if word.isascii() else [] for word in words]
    return [terms[0] for terms in parts] if all(len(terms) == 1 for terms in parts) else []


def current_postings(local: Connections, derived: Derived) -> Postings | None:
    """Those of a library, where they hold."""
    if local.db.in_transaction:  # which may have changed words
        return None

    def size(postings: Postings | None) -> int:
        # Every search uses them: of very many words, too, they are kept, and others are as well.
        return min(postings.terms.n_bytes, MOST_BYTES // 2) if postings else 0

    return derived.get(("postings", stamp(local.db)), lambda _: _load(local, derived), size)


def stamp(db: sqlite3.Connection) -> str:
    """Another text whenever an indexed word has changed: what FTS5 counts, and of which parts it consists."""
    rows = db.execute("SELECT hex(block) FROM track_text_data WHERE id IN (1, 10) ORDER BY id")
    return " ".join(row[0] for row in rows)


def current_head(db: sqlite3.Connection) -> Head | None:
    """What the summary says of postings that hold: their version, and how many tracks, keys and rows."""
    row = db.execute("SELECT changes, value FROM summaries WHERE name = 'postings'").fetchone()
    if row is None or row[0] != stamp(db):
        return None
    try:
        head = {name: int(json.loads(row[1])[name]) for name in _HEAD}
    except (ValueError, TypeError, KeyError):
        return None
    return head if head["layout"] == LAYOUT and are_dense(head["n_tracks"], head["n_keys"]) else None


def are_dense(n_tracks: int, n_keys: int) -> bool:
    """Whether a table over all keys is hardly larger than one over all tracks, and keys can be packed."""
    return 0 < n_tracks < n_keys <= min(_KEYS_A_TRACK * n_tracks + 1, 1 << (32 - PLACE_BITS))


def n_damaged(db: sqlite3.Connection) -> int:
    """How many rows of postings that hold are not as they were written."""
    head = current_head(db)
    if head is None:
        return 0
    rows = db.execute("SELECT packed FROM postings WHERE version = ?", (head["version"],))
    return sum(not is_whole(row[0]) for row in rows)


def _load(local: Connections, derived: Derived) -> Postings | None:
    head = current_head(local.db)
    if head is None:  # not kept: a writer makes them after its last change
        return None
    sizes = head["version"], head["n_tracks"], head["n_keys"]
    try:
        return Postings(local, derived, *sizes, load_lines(local.db, head["version"], INDEX, INDEX))
    except PostingsGoneError:
        return None


def _sum_of_varints(data: bytes) -> int:
    """Of SQLite's numbers of one to five bytes, seven bits each, the highest first."""
    total = number = 0
    for byte in data:
        number = number << 7 | byte & 127
        if byte < 128:
            total, number = total + number, 0
    return total
