"""The first lines of a text table: what names its columns, what stands between them, where the rows begin."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from segue.errors import SourceError
from segue.sources.table.numerals import is_number

MAX_COLUMNS = 20_000
_DELIMITERS = ",;\t|"
_SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # the line that Excel reads and writes
_HEAD = 64  # lines that are looked at
_COMMENTS = ("#", "%", "//")


@dataclass(frozen=True, slots=True)
class Header:
    """What the first lines of a table say.

    Attributes
    ----------
    columns : their names; where no line names them, ``column 1`` and so on
    delimiter : between values
    n_lines : how many lines stand before the first row
    n_skipped : of those, which are neither the header nor blank
    named : whether a line names the columns
    """

    columns: tuple[str, ...]
    delimiter: str
    n_lines: int
    n_skipped: int
    named: bool


def read_header(lines: Sequence[str], name: str) -> Header:
    """The header among the first lines of a file.

    Raises
    ------
    SourceError
        Where no line names two columns or more, or too many, or two alike.
    """
    head = lines[:_HEAD]
    forced = _SEPARATOR.fullmatch(head[0]) if head else None
    first = 1 if forced else 0
    at = _first_row(head, first, forced[1] if forced else None)
    if at is None:
        raise SourceError(f"{name} is not a table: its first line names no columns")
    line = head[at]
    delimiter = forced[1] if forced else _delimiter(line)
    cells = _cells(line, delimiter)
    if len(cells) > MAX_COLUMNS:
        raise SourceError(f"{name} has {len(cells)} columns, more than the {MAX_COLUMNS} that are read")
    skipped = sum(bool(before.strip()) for before in head[first:at])
    if _is_values(cells, [_cells(other, delimiter) for other in head[at + 1 :]]):
        return Header(_default_names(cells, head[at:], delimiter), delimiter, at, skipped, named=False)
    columns = _without_mark(cells, head[at + 1 :], delimiter)
    twice = [column for column, n in Counter(columns).items() if column and n > 1]
    if twice:
        raise SourceError(f"{name} has several columns called {', '.join(sorted(twice)[:5])}")
    return Header(columns, delimiter, at + 1, skipped, named=True)


def _first_row(head: Sequence[str], first: int, delimiter: str | None) -> int | None:
    """The first line of two values or more that is no comment; comments that name columns are none."""
    rows = [i for i in range(first, len(head)) if _n_cells(head[i], delimiter) > 1]
    plain = [i for i in rows if not head[i].lstrip().startswith(_COMMENTS)]
    if plain and plain[0] > first and plain[0] - 1 in rows:
        above = plain[0] - 1  # "# id,x,y", as NumPy writes it, is a header and no comment
        if _n_cells(head[above], delimiter) == _n_cells(head[plain[0]], delimiter):
            return above
    return plain[0] if plain else next(iter(rows), None)


def _n_cells(line: str, delimiter: str | None) -> int:
    return len(_cells(line, delimiter or _delimiter(line))) if line.strip() else 0


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=line.count)


def _cells(line: str, delimiter: str) -> tuple[str, ...]:
    try:
        return tuple(next(csv.reader([line], delimiter=delimiter), []))
    except csv.Error:
        return ()


def _without_mark(cells: tuple[str, ...], below: Sequence[str], delimiter: str) -> tuple[str, ...]:
    """The names, without the mark of a comment where the whole line is one."""
    first = cells[0].lstrip()
    rows_have_it = any(line.lstrip().startswith("#") for line in below if _n_cells(line, delimiter) > 1)
    return (first.lstrip("#").strip(), *cells[1:]) if first.startswith("#") and not rows_have_it else cells


def _is_values(cells: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a line holds values rather than names: most are numbers, and not those of the columns."""
    n_numbers = sum(map(is_number, cells))
    if n_numbers < 2 or 2 * n_numbers < len(cells):
        return False
    numbers = [cell.strip() for cell in cells if is_number(cell)]
    return not (_counts(numbers) and any(len(row) == len(cells) for row in below))


def _default_names(cells: Sequence[str], rows: Sequence[str], delimiter: str) -> tuple[str, ...]:
    """Names for columns without: ``id`` for a first one of texts, nothing for one that counts the rows."""
    names = [f"column {i + 1}" for i in range(len(cells))]
    firsts = [values[0].strip() for values in (_cells(row, delimiter) for row in rows) if values]
    if not is_number(cells[0]):
        names[0] = "id"
    elif counts_rows(firsts) and any("." in cell for cell in cells[1:]):
        names[0] = ""
    return tuple(names)


def counts_rows(values: Sequence[str]) -> bool:
    """Whether values are 0, 1, 2 and so on, or begin at 1, as data frames number their rows."""
    return len(values) > 2 and values[0] in ("0", "1") and _counts(values)


def _counts(values: Sequence[str]) -> bool:
    if not all(value.isdecimal() and len(value) <= 15 for value in values):
        return False
    return all(int(b) - int(a) == 1 for a, b in pairwise(values))
