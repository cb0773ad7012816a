"""Matrices, some rows at a time: npy and npz, and the columns of a table that hold numbers."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from segue.errors import SourceError, UsageError
from segue.sources.table.columns import map_columns
from segue.sources.table.reader import Rows, open_table

NAMES = ("vector", "vectors", "embedding", "embeddings")
_TYPES = ("float32", "float64", "float16", "uint8", "int8", "int16", "int32", "int64")
_BYTES = 1 << 24  # of vectors at a time


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows.

    Attributes
    ----------
    vectors : (n, dim); a row of NaN where there is no vector
    ids : of the rows, where the file has them
    columns : what else the file says, by its own names
    first : the number of the first row, from 0
    """

    vectors: NDArray[Any]
    first: int
    ids: Sequence[Any] | None = None
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)


class Matrix(Protocol):
    """Vectors that can be read again and again."""

    dim: int
    total: int | None  # rows, where that is known
    dtype: str
    columns: tuple[str, ...]  # beside the vectors
    has_ids: bool  # apart from those in the columns

    def parts(self) -> Iterator[Part]: ...


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
    if path.suffix in (".npy", ".npz"):
        return _array_file(path, column)
    return TableMatrix(open_table(path), column, str(path))


class ArrayMatrix:
    """A matrix in memory or mapped."""

    columns: tuple[str, ...] = ()

    def __init__(self, array: NDArray[Any], name: str, ids: Sequence[Any] | None = None) -> None:
        if array.ndim != 2 or not array.shape[1]:
            raise SourceError(f"{name} is of the shape {array.shape}, expected rows and columns")
        if array.dtype.name not in _TYPES:
            raise SourceError(f"{name} is of {array.dtype}, expected one of {', '.join(_TYPES)}")
        if ids is not None and len(ids) != len(array):
            raise SourceError(f"{name} has {len(array)} rows and {len(ids)} ids")
        self._array, self._ids = array, ids
        self.has_ids = ids is not None
        self.total, self.dim = array.shape
        self.dtype = "uint8" if array.dtype == np.uint8 else "float32"

    def parts(self) -> Iterator[Part]:
        step = max(256, _BYTES // (4 * self.dim))
        for start in range(0, len(self._array), step):
            ids = None if self._ids is None else self._ids[start : start + step]
            yield Part(np.asarray(self._array[start : start + step]), start, ids)


def _array_file(path: Path, name: str | None) -> ArrayMatrix:
    try:
        if path.suffix == ".npy":
            return ArrayMatrix(np.load(path, mmap_mode="r", allow_pickle=False), str(path))
        with np.load(path, allow_pickle=False) as arrays:
            chosen = name or next((n for n in NAMES if n in arrays), None)
            matrices = [n for n in arrays if arrays[n].ndim == 2] if chosen is None else [chosen]
            if len(matrices) != 1 or matrices[0] not in arrays:
                listed = ", ".join(arrays)
                raise SourceError(f"{path} has several arrays ({listed}); name the one with the vectors")
            ids = arrays["ids"].tolist() if "ids" in arrays else None
            return ArrayMatrix(arrays[matrices[0]], f"{path}: {matrices[0]}", ids)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise SourceError(f"{path} is not a NumPy file: {error}") from error


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
        if path.suffix == ".npy":
            return [str(name) for name in np.load(path, allow_pickle=False).tolist()]
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be read as a list of ids: {error}") from error


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
