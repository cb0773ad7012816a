"""Matrices, some rows at a time: npy and npz, and the columns of a table that hold numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import SourceError, UsageError
from segue.sources.packed import READ_ERRORS, PlainFile
from segue.sources.table.chunks import Chunk, Rows
from segue.sources.table.columns import map_columns
from segue.sources.table.header import counts_rows
from segue.sources.table.numerals import number
from segue.sources.table.reader import open_table
from segue.sources.text_lines import TextLines
from segue.sources.vectors.arrays import is_array_file, load_npy, open_arrays
from segue.sources.vectors.lists import NoListError, list_in
from segue.sources.vectors.parts import NAMES, Matrix, Part


def open_matrix(path: Path, column: str | None, encoding: str | None = None) -> Matrix:
    """The vectors in a file, by its ending: ``.npy``, ``.npz``, or else a table.

    Parameters
    ----------
    column : of a table, the one that holds lists; of an npz file, the array

    Raises
    ------
    SourceError
        Where the file cannot be read, or has no such vectors.
    """
    if is_array_file(path):
        return open_arrays(path, column)
    return TableMatrix(open_table(path, encoding), column, str(path))


class TableMatrix:
    """A table with a column of lists, or whose columns of numbers are the dimensions.

    Which they are, the first rows tell: most of their values, so that a bad one costs its row alone.
    """

    total: int | None = None
    dtype = "float32"
    has_ids = False

    def __init__(self, rows: Rows, column: str | None, name: str) -> None:
        if column is not None and column not in rows.columns:
            raise UsageError(f"{name} has no column {column!r}; there are: {', '.join(rows.columns[:50])}")
        self._rows = rows
        first = next((chunk for chunk in rows.chunks() if chunk.numbers), None)
        if first is None:
            raise SourceError(f"{name} has no rows")
        self._list, self.dim = _list_column(first, column)
        self._numbers = [] if self._list else _number_columns(first)
        self.dim = self.dim or len(self._numbers)
        if self.dim < 2:
            raise SourceError(_why_no_vectors(first, column, name))
        used = {self._list, *self._numbers}
        self.columns = tuple(key for key in rows.columns if key not in used)
        if rows.unit == "rows":
            self.total = rows.total

    def parts(self) -> Iterator[Part]:
        for chunk in self._rows.chunks():
            columns = {key: chunk.columns[key] for key in self.columns}
            vectors = np.full((len(chunk.numbers), self.dim), np.nan, np.float64)
            faults: dict[int, str] = {}
            if self._list:
                self._fill_lists(vectors, chunk.columns[self._list], faults)
            else:
                for j, key in enumerate(self._numbers):
                    self._fill_column(vectors[:, j], key, chunk, faults)
            yield Part(
                vectors, [number - 1 for number in chunk.numbers], None, columns, faults,
                chunk.problems, chunk.steps, chunk.done, first=1,
            )  # fmt: skip

    def _fill_lists(self, out: NDArray[np.float64], values: Sequence[Any], faults: dict[int, str]) -> None:
        for i, value in enumerate(values):
            try:
                numbers = list_in(value)
            except NoListError as error:
                faults[i] = f"its vector {error}"
                continue
            if len(numbers) == self.dim:
                out[i] = numbers
            else:
                faults[i] = f"its vector has {len(numbers)} numbers, expected {self.dim}"

    def _fill_column(self, out: NDArray[np.float64], key: str, chunk: Chunk, faults: dict[int, str]) -> None:
        values = chunk.columns[key]
        out[:] = [_float(value, chunk.decimal) for value in values]
        for i in np.flatnonzero(np.isnan(out)).tolist():
            faults.setdefault(i, f"its value in column {key!r} is {str(values[i])[:40]!r}, expected a number")


def _list_column(chunk: Chunk, column: str | None) -> tuple[str | None, int]:
    """The column that holds lists, and how long most of them are."""
    for name in [column] if column else NAMES:
        by_name = next((key for key in chunk.columns if key.strip().lower() == name.lower()), None)
        lengths = Counter(map(_length, chunk.columns[by_name])) if by_name else Counter[int]()
        lengths.pop(0, None)
        if by_name and lengths:
            return by_name, lengths.most_common(1)[0][0]
    return None, 0


def _number_columns(chunk: Chunk) -> list[str]:
    """The columns most of whose values are numbers, without those that have another meaning."""
    mapped = set(map_columns(list(chunk.columns), {}, features=False, needed=False).fields.values())
    numeric = []
    for key, values in chunk.columns.items():
        filled = [value for value in values if value not in (None, "")]
        n = sum(not np.isnan(_float(value, chunk.decimal)) for value in filled)
        if key not in mapped and n and 2 * n >= len(filled) and not _counts_rows(key, values):
            numeric.append(key)
    return numeric


def _counts_rows(key: str, values: Sequence[Any]) -> bool:
    """Whether a column without a name holds the numbers of the rows, as data frames write them."""
    return key.strip().lower() in ("", "unnamed: 0", "index") and counts_rows([str(v) for v in values])


def _why_no_vectors(chunk: Chunk, column: str | None, name: str) -> str:
    lists = [key for key in ([column] if column else NAMES) if key in chunk.columns]
    for key in lists:
        for value in chunk.columns[key]:
            try:
                list_in(value)
            except NoListError as error:
                return f"{name} has no vectors in the column {key!r}: the first one {error}"
    return f"{name} has no lists in a column {' or '.join(NAMES)}, nor columns of numbers"


def read_ids(path: Path, encoding: str | None = None) -> list[str]:
    """Ids, a line each, or of an ``.npy`` file.

    Raises
    ------
    SourceError
    """
    try:
        if is_array_file(path):
            return _ids_in(load_npy(path))
        with PlainFile(path) as file:
            return _lines_of("".join(TextLines(file.read, str(path), encoding).pieces()))
    except (*READ_ERRORS, ValueError, OverflowError) as error:
        raise SourceError(f"{path} cannot be read as a list of ids: {error}") from error


def _ids_in(array: NDArray[Any]) -> list[str]:
    """Raises ValueError where it is no column, or no row, of ids."""
    if array.size != max(array.shape, default=0):
        raise ValueError(f"it is of the shape {array.shape}, expected one id a row")
    names = np.atleast_1d(array.squeeze()).tolist()
    return [name.decode("utf-8", "replace") if isinstance(name, bytes) else _whole_id(name) for name in names]


def _whole_id(name: Any) -> str:
    return str(int(name)) if isinstance(name, float) and name.is_integer() else str(name)


def _lines_of(text: str) -> list[str]:
    """Lines, which end at line feeds, or at carriage returns; a last one that is blank is nothing."""
    if "\n" not in text:
        text = text.replace("\r", "\n")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _length(value: Any) -> int:
    """Of the list in a cell; 0 where there is none."""
    try:
        return len(list_in(value))
    except NoListError:
        return 0


def _float(value: Any, decimal: str) -> float:
    if isinstance(value, str):
        return number(value, decimal)
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return float("nan")
