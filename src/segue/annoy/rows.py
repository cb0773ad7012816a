"""Vectors while they come in, by item: in memory, or in a file that is gone when they are."""

from __future__ import annotations

import tempfile
import weakref
from array import array
from bisect import bisect_left
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

_GROWTH = 1.25
_BUFFER = 1 << 20  # bytes


class Place(Protocol):
    """Where rows are written; each is (width,)."""

    def write(self, row: int, vector: NDArray[Any]) -> None: ...

    def read(self, row: int) -> NDArray[Any]: ...

    def matrix(self, n: int) -> NDArray[Any]:
        """(n, width): the first n rows."""


class Memory:
    """Rows in an array that grows in place."""

    def __init__(self, like: NDArray[Any]) -> None:
        self._rows = np.empty((0, like.shape[1]), like.dtype)
        self._lent = False

    def write(self, row: int, vector: NDArray[Any]) -> None:
        if row >= len(self._rows):
            self._resize(int(_GROWTH * row) + 64)
        self._rows[row] = vector

    def read(self, row: int) -> NDArray[Any]:
        return np.array(self._rows[row])

    def matrix(self, n: int) -> NDArray[Any]:
        self._resize(n)
        self._lent = True
        return self._rows

    def _resize(self, n: int) -> None:
        if n == len(self._rows):
            return
        shape = (n, self._rows.shape[1])
        if not self._lent:
            self._rows.resize(shape, refcheck=False)
            return
        # Somebody may still look at it: a build that was interrupted, for one.
        copied = np.empty(shape, self._rows.dtype)
        copied[: len(self._rows)] = self._rows[:n]
        self._rows, self._lent = copied, False


class Disk:
    """Rows in a file without a name, which the system deletes whenever the process ends."""

    def __init__(self, like: NDArray[Any], folder: Path) -> None:
        self._dtype, self._width = like.dtype, like.shape[1]
        self._bytes = self._width * self._dtype.itemsize
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder, buffering=_BUFFER)  # noqa: SIM115
        self._at = 0
        weakref.finalize(self, self._file.close)

    def write(self, row: int, vector: NDArray[Any]) -> None:
        if self._at != row:
            self._file.seek(row * self._bytes)
        self._file.write(vector.astype(self._dtype).tobytes())
        self._at = row + 1

    def read(self, row: int) -> NDArray[Any]:
        self._file.seek(row * self._bytes)
        self._at = row + 1
        return np.frombuffer(self._file.read(self._bytes), self._dtype)

    def matrix(self, n: int) -> NDArray[Any]:
        self._file.flush()
        self._at = -1
        if not n:
            return np.empty((0, self._width), self._dtype)
        return np.memmap(self._file, self._dtype, "r", shape=(n, self._width))


class Rows:
    """Vectors by item, each item once, in the order in which they came.

    Items in ascending order cost 8 bytes each; from the first that comes out of order on, a
    dictionary finds them.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._items = array("q")
        self._positions: dict[int, int] | None = None

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: int, vector: NDArray[Any]) -> None:
        """Add a row, or replace that of the same item."""
        row = self._row(item)
        if row is not None:
            self._place.write(row, vector)
            return
        n = len(self._items)
        self._place.write(n, vector)
        if self._positions is None and n and item < self._items[-1]:
            self._positions = {earlier: at for at, earlier in enumerate(self._items)}
        if self._positions is not None:
            self._positions[item] = n
        self._items.append(item)

    def extend(self, items: NDArray[np.int64], matrix: NDArray[Any]) -> None:
        """Add rows."""
        for item, vector in zip(items.tolist(), matrix, strict=True):
            self.put(item, vector)

    def get(self, item: int) -> NDArray[Any] | None:
        """(width,): the row of an item, none where there is none."""
        row = self._row(item)
        return None if row is None else self._place.read(row)

    def largest(self) -> int:
        """The largest item; -1 where there is none."""
        return max(self._items, default=-1) if self._positions else (self._items or [-1])[-1]

    def items(self) -> NDArray[np.int64]:
        """int64 (n,): in the order of ``matrix``."""
        return np.array(self._items, np.int64)

    def matrix(self) -> NDArray[Any]:
        """(n, width): all rows."""
        return self._place.matrix(len(self._items))

    def _row(self, item: int) -> int | None:
        if self._positions is not None:
            return self._positions.get(item)
        row = len(self._items)
        if row and item <= self._items[-1]:
            row = bisect_left(self._items, item)
        return row if row < len(self._items) and self._items[row] == item else None
