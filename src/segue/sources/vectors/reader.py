"""Matrices, some rows at a time: npy and npz, and the columns of a table that hold numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from segue.errors import SourceError, UsageError
from segue.sources.table.columns import map_columns
from segue.sources.table.reader import Rows, open_table
from segue.sources.vectors.arrays import is_array_file, load_npy, open_arrays
from segue.sources.vectors.parts import NAMES, Matrix, Part


def open_matrix(path: Path, column: str | None) -> Matrix:
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
    return TableMatrix(open_table(path), column, str(path))


class TableMatrix:
    """A table with a column of lists, or whose columns of numbers are the dimensions."""

    total: int | None = None
    dtype = "float32"
    has_ids = False

    def __init__(self, rows: Rows, column: str | None, name: str) -> None:
        self._rows = rows
        first = next(rows.chunks(), None)
        if first is None or not first.numbers:
            raise SourceError(f"{name} has no rows")
        sample = {key: _first(values) for key, values in first.columns.items()}
        self._list = column or next((key for key in NAMES if _list_of(sample.get(key))), None)
        if self._list is not None and self._list not in rows.columns:
            raise UsageError(f"{name} has no column {self._list!r}; there are: {', '.join(rows.columns)}")
        mapped = set(map_columns(rows.columns, {}, features=False, needed=False).fields.values())
        numbers = [key for key, value in sample.items() if key not in mapped and _is_number(value)]
        self._numbers = [] if self._list else numbers
        self.dim = len(_list_of(sample[self._list]) or ()) if self._list else len(numbers)
        if self.dim < 2:
            raise SourceError(f"{name} has no lists in a column {' or '.join(NAMES)}, nor columns of numbers")
        used = {self._list, *self._numbers}
        self.columns = tuple(key for key in rows.columns if key not in used)
        if rows.unit == "rows":
            self.total = rows.total

    def parts(self) -> Iterator[Part]:
        for chunk in self._rows.chunks():
            columns = {key: chunk.columns[key] for key in self.columns}
            vectors = np.full((len(chunk.numbers), self.dim), np.nan, np.float32)
            if self._list:
                for i, value in enumerate(chunk.columns[self._list]):
                    numbers = _list_of(value)
                    if numbers is not None and len(numbers) == self.dim:
                        vectors[i] = numbers
            else:
                for j, key in enumerate(self._numbers):
                    vectors[:, j] = [_float(value) for value in chunk.columns[key]]
            yield Part(vectors, chunk.numbers[0] - 1, None, columns)


def read_ids(path: Path) -> list[str]:
    """Ids, a line each, or of an ``.npy`` file.

    Raises
    ------
    SourceError
    """
    try:
        if is_array_file(path):
            return [str(name) for name in load_npy(path).tolist()]
        return _lines_of(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, OverflowError) as error:
        raise SourceError(f"{path} cannot be read as a list of ids: {error}") from error


def _lines_of(text: str) -> list[str]:
    """Lines, which end at line feeds alone; a last one that is blank is nothing."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _first(values: Sequence[Any]) -> Any:
    return next((value for value in values if value not in (None, "")), None)


def _list_of(value: Any) -> list[float] | None:
    if isinstance(value, str) and value[:1] == "[":
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if not isinstance(value, list | tuple | np.ndarray) or not len(value):
        return None
    numbers = [_float(x) for x in value]
    return None if any(np.isnan(numbers)) else numbers


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and not np.isnan(_float(value))


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
