"""Lines to the rows of a table; a quote that is never closed costs its own line, not the lines after it."""

from __future__ import annotations

import csv
import lzma
import sys
import zipfile
import zlib
from collections import deque
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from itertools import islice

from segue.sources.contract import Problem
from segue.sources.text_lines import MAX_LINE

BATCH = 1024  # rows at a time: what becomes of them stays in a processor's cache, which saves a third
MAX_ROW_LINES = 1000  # lines of one row, whose quoted values may hold line ends
_ENDS = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
_UNCLOSED = "a quote opens a value and is not closed as it should be"


@dataclass(slots=True)
class Rows:
    """Some rows, which all have as many values as the table has columns.

    Attributes
    ----------
    rows : their values
    numbers : of the rows, from 1
    problems : rows that could not be used
    n : how many rows this is about, with those that could not be used and those that are blank
    """

    rows: list[list[str]] = field(default_factory=list)
    numbers: Sequence[int] = ()
    problems: list[Problem] = field(default_factory=list)
    n: int = 0


class CsvRecords:
    """The rows of a CSV file, some at a time; to be gone through once.

    Parameters
    ----------
    lines : after the header
    width : how many values a row must have
    line : the number of the first line
    too_long : numbers of lines of which only the beginning is there; it may grow
    prefix : stands before ``row 7`` in problems
    """

    def __init__(
        self,
        lines: Iterator[str],
        delimiter: str,
        width: int,
        *,
        line: int = 1,
        too_long: Set[int] = frozenset(),
        prefix: str = "",
    ) -> None:
        # The limit is one of the whole process.
        csv.field_size_limit(min(MAX_LINE * 2, sys.maxsize))
        self._lines, self._too_long = lines, too_long
        self._delimiter, self._width = delimiter, width
        self._line, self._number = line, 1
        self._prefix = prefix
        self._pending: deque[str] = deque()
        self._fault: str | None = None

    def __iter__(self) -> Iterator[Rows]:
        while True:
            lines = self._take(BATCH)
            if not lines:
                break
            yield self._quickly(lines) or self._slowly(lines)
        if self._fault is not None:
            where = f"{self._prefix}row {self._number}"
            yield Rows(problems=[Problem(where, f"the file cannot be read further: {self._fault}")])

    def _take(self, n: int) -> list[str]:
        """The next lines; fewer than n at the end, or where the file breaks off."""
        lines = [self._pending.popleft() for _ in range(min(n, len(self._pending)))]
        return lines + self._read(n - len(lines))

    def _read(self, n: int) -> list[str]:
        lines: list[str] = []
        if self._fault is None:
            try:
                lines.extend(islice(self._lines, max(0, n)))
            except _ENDS as error:  # the end of a damaged archive comes too early, or it is too much
                self._fault = str(error)
        return lines

    def _quickly(self, lines: list[str]) -> Rows | None:
        """All rows in these lines, where it is plain where each of them ends."""
        if any(self._line <= number < self._line + len(lines) for number in self._too_long):
            return None
        try:
            rows = list(csv.reader(lines, delimiter=self._delimiter, strict=True))
        except csv.Error:
            return None
        n = len(rows)
        numbers: Sequence[int] = range(self._number, self._number + n)
        problems: list[Problem] = []
        if set(map(len, rows)) - {self._width}:
            if n != len(lines) and any(len(row) not in (self._width, 0) for row in rows):
                return None
            wrong = [(i, len(row)) for i, row in enumerate(rows) if row and len(row) != self._width]
            problems = [self._bad(i, i, self._width_reason(width)) for i, width in wrong]
            fitting = [i for i, row in enumerate(rows) if len(row) == self._width]
            numbers, rows = [self._number + i for i in fitting], [rows[i] for i in fitting]
        self._number += n
        self._line += len(lines)
        return Rows(rows, numbers, problems, n)

    def _slowly(self, lines: list[str]) -> Rows:
        """The rows in these lines, one after the other; of a row that goes on after them, the whole."""
        self._pending.extendleft(reversed(lines))
        out = Rows()
        numbers: list[int] = []
        done = 0
        while done < len(lines) and self._pending:
            row, n, reason = self._next_row()
            for _ in range(n):
                self._pending.popleft()
            if reason:
                out.problems.append(self._bad(0, 0, reason))
            elif row:
                out.rows.append(row)
                numbers.append(self._number)
            done += n
            out.n += 1
            self._number += 1
            self._line += n
        out.numbers = numbers
        return out

    def _next_row(self) -> tuple[list[str], int, str | None]:
        """The row at the first of the lines, how many of them it takes, and what is wrong with it."""
        first = self._pending[0]
        if self._line in self._too_long:
            return [], 1, f"longer than {MAX_LINE} characters"
        row = self._parse([first], strict=True)
        if row is not None:
            return row, 1, None if len(row) in (self._width, 0) else self._width_reason(len(row))
        self._pending.extend(self._read(MAX_ROW_LINES - len(self._pending)))
        lines = list(islice(self._pending, MAX_ROW_LINES))
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        try:
            row = next(reader)
        except (csv.Error, StopIteration):
            row = None
        if row is not None and len(row) == self._width and not self._swallows(lines[1 : reader.line_num - 1]):
            return row, reader.line_num, None
        row = self._parse([first], strict=False)  # as quotes inside of a value are often left as they are
        if row is not None and len(row) == self._width:
            return row, 1, None
        return [], 1, _UNCLOSED

    def _swallows(self, lines: Sequence[str]) -> bool:
        """Whether lines that a quoted value would go on in are rows of their own."""
        rows = (self._parse([line], strict=True) for line in lines)
        return self._width > 2 and any(row is not None and len(row) == self._width for row in rows)

    def _parse(self, lines: list[str], *, strict: bool) -> list[str] | None:
        try:
            return next(csv.reader(lines, delimiter=self._delimiter, strict=strict), [])
        except csv.Error:
            return None

    def _bad(self, row: int, line: int, reason: str) -> Problem:
        return Problem(f"{self._prefix}row {self._number + row}", f"line {self._line + line}: {reason}")

    def _width_reason(self, width: int) -> str:
        return f"{width} values, the header has {self._width}"
