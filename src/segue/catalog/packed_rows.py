"""Lines of text with long lists of numbers, in rows of the table ``postings``: a reader takes pieces of them.

A list holds the numbers of the first line, then those of the second, and so on. It is cut into rows.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

AT_ONCE = 1 << 12  # numbers in a row
_CRC = 4  # bytes at the end of a row
_ROWS = "SELECT packed FROM postings WHERE version = ? AND part = ?"
_FEED = ord("\n")

Packed = NDArray[np.uint32]
Ranges = NDArray[np.int64]
"""int64 (n, 2), rising: places in a list, from one to before another."""

Row = tuple[int, int, bytes]
"""Its part, its place in that, and what it holds."""


class PostingsGoneError(Exception):
    """Postings were replaced after they had been looked for, or are damaged."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Texts, and of each the place of its numbers in some lists.

    Attributes
    ----------
    text : in UTF-8, a line each, rising
    starts : int64 (n,), of each line in the text
    ends : uint32 (lists, n), of each line's numbers, in each list
    """

    text: bytes
    starts: NDArray[np.int64]
    ends: NDArray[np.uint32]

    @property
    def n_bytes(self) -> int:
        return len(self.text) + self.starts.nbytes + self.ends.nbytes

    def line(self, i: int) -> bytes:
        start = int(self.starts[i])
        stop = self.text.find(b"\n", start)
        return self.text[start : stop if stop >= 0 else None]

    def holding(self, part: bytes) -> NDArray[np.int64]:
        """int64 (n,), rising: the lines that hold a part, which is not empty."""
        letters = np.frombuffer(self.text, np.uint8)
        rarest = next((i for i, letter in enumerate(part) if not chr(letter).isalnum()), 0)
        last = len(letters) - len(part)
        at = np.flatnonzero(letters[rarest : rarest + last + 1] == part[rarest]) if last >= 0 else letters[:0]
        for i, letter in enumerate(part):
            at = at[letters[at + i] == letter]
        lines = np.searchsorted(self.starts, at, "right") - 1
        return lines[np.diff(lines, prepend=-1) > 0]

    def ranges(self, lines: NDArray[np.int64], part: int) -> Ranges:
        """Where the numbers of some rising lines are; those that follow each other are one range."""
        if not len(lines):
            return np.zeros((0, 2), np.int64)
        begins = np.diff(lines, prepend=-2) > 1
        first, last = lines[begins], lines[np.append(begins[1:], True)]
        ends = self.ends[part]
        return np.stack([np.where(first > 0, ends[first - 1], 0), ends[last]], axis=1).astype(np.int64)

    def range(self, first: int, stop: int, part: int) -> Ranges:
        """Where the numbers of the lines from one to before another are."""
        ends = self.ends[part]
        return np.array([[ends[first - 1] if first else 0, ends[stop - 1] if stop else 0]], np.int64)


@dataclass(frozen=True, slots=True)
class Lists:
    """Texts, rising, and the numbers of each in some lists.

    Attributes
    ----------
    texts : in UTF-8
    counts : int64 (lists, n), how many numbers each text has
    numbers : of each list, those of the first text in front, each text's rising
    """

    texts: list[bytes]
    counts: NDArray[np.int64]
    numbers: list[Packed]


def load_lines(db: sqlite3.Connection, version: int, part: int, n_lists: int) -> Lines:
    """Those that ``line_rows`` made. Raises PostingsGoneError."""
    rows = [unsealed(row[0]) for row in db.execute(f"{_ROWS} ORDER BY place", (version, part))]
    if len(rows) != 2 or len(rows[1]) % (4 * n_lists):
        raise PostingsGoneError
    text, packed = rows
    starts = np.flatnonzero(np.frombuffer(b"\n" + text, np.uint8) == _FEED)
    ends = np.frombuffer(packed, "<u4").reshape(n_lists, -1)
    if ends.shape[1] != len(starts) or (ends[:, 1:] < ends[:, :-1]).any():
        raise PostingsGoneError
    return Lines(text, starts, ends)


def line_rows(part: int, lines: Iterable[bytes], ends: NDArray[np.int64]) -> list[Row]:
    """The rows that hold some lines, and the ends of their numbers, int (lists, n).

    Raises
    ------
    OverflowError
    """
    if ends.max(initial=0) > np.iinfo(np.uint32).max:
        raise OverflowError("there are too many words to number them by 32 bits")
    return [(part, 0, sealed(b"\n".join(lines))), (part, 1, sealed(ends.astype("<u4").tobytes()))]


def number_rows(part: int, numbers: Packed, first: int = 0) -> Iterator[Row]:
    """The rows that hold some numbers of a list, of which those before fill as many."""
    for place, at in enumerate(range(0, len(numbers), AT_ONCE), first):
        yield part, place, sealed(numbers[at : at + AT_ONCE].astype("<u4").tobytes())


def read_numbers(db: sqlite3.Connection, version: int, part: int, ranges: Ranges) -> Packed:
    """The numbers of a list in some ranges. Raises PostingsGoneError."""
    ranges = ranges[ranges[:, 0] < ranges[:, 1]]
    if not len(ranges):
        return np.zeros(0, np.uint32)
    first, last = ranges[:, 0] // AT_ONCE, (ranges[:, 1] - 1) // AT_ONCE
    begun = np.bincount(first, minlength=last[-1] + 2) - np.bincount(last + 1, minlength=last[-1] + 2)
    is_needed = begun.cumsum() > 0
    needed = np.flatnonzero(is_needed)
    sql = f"{_ROWS} AND place IN (SELECT value FROM json_each(?)) ORDER BY place"
    read = db.execute(sql, (version, part, json.dumps(needed.tolist()))).fetchall()
    if len(read) != len(needed):
        raise PostingsGoneError
    numbers = np.frombuffer(b"".join(unsealed(row[0]) for row in read), "<u4")
    moved = ranges + ((is_needed.cumsum() - 1)[first] - first)[:, None] * AT_ONCE
    return np.concatenate([numbers[start:stop] for start, stop in moved.tolist()])


def sealed(data: bytes) -> bytes:
    """A row of the table."""
    return data + zlib.crc32(data).to_bytes(_CRC, "little")


def unsealed(row: object) -> bytes:
    """What was put into a row. Raises PostingsGoneError where it is damaged."""
    if not isinstance(row, bytes) or not is_whole(row):
        raise PostingsGoneError
    return row[:-_CRC]


def is_whole(row: object) -> bool:
    if not isinstance(row, bytes):
        return False
    return zlib.crc32(memoryview(row)[:-_CRC]).to_bytes(_CRC, "little") == row[-_CRC:]
