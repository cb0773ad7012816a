"""The vectors that an index ranks by: a matrix on disk or in memory, and what was added since."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.index.metric import AnyVectors, lengths
from segue.track import Vectors

_KEPT_VALUES = 1 << 22  # 16 MiB of float32


class Store:
    """Rows by number: first those of a matrix that never changes, then those appended.

    Threads may read while one appends: rows are copied first and counted afterwards.

    Attributes
    ----------
    lengths : float32 (n,), the Euclidean length of each row of the matrix, once cosine has needed it
    """

    def __init__(self, base: AnyVectors) -> None:
        self.base = base
        self._plain = np.asarray(base)  # of a mapped matrix, each slice would carry its mapping along
        self._added: AnyVectors = np.empty((0, base.shape[1]), base.dtype)
        self._n_added = 0
        self._units: Vectors | None = None
        self.lengths: NDArray[np.float32] | None = None

    def units(self) -> Vectors | None:
        """float32 (n, dim): all rows scaled to length 1; ``None`` where that would take much memory."""
        if len(self) * self.base.shape[1] > _KEPT_VALUES:
            return None
        units = self._units
        if units is None or len(units) != len(self):
            wide = self.part(0, len(self)).astype(np.float32)
            units = self._units = wide / np.sqrt(np.einsum("ij,ij->i", wide, wide))[:, None]
        return units

    def known_lengths(self, rows: NDArray[np.int64]) -> NDArray[np.float32] | None:
        """float32 (n,): the lengths of some rows, where all are known."""
        if self.lengths is None or len(self) > len(self.lengths):
            return None
        return self.lengths.take(rows)

    def __len__(self) -> int:
        return len(self.base) + self._n_added

    def append(self, vectors: AnyVectors, at: int) -> None:
        """Add rows from number ``at`` on; leftovers of an addition that failed are overwritten."""
        start = at - len(self.base)
        stop = start + len(vectors)
        if stop > len(self._added):
            grown = np.empty((max(64, 2 * stop), self.base.shape[1]), self.base.dtype)
            grown[:start] = self._added[:start]
            self._added = grown
        self._added[start:stop] = vectors
        self._n_added, self._units = stop, None

    def merged_copy(self, n: int) -> Store:
        """A store of the first n rows in one matrix; this store itself, where its matrix is mapped."""
        if n <= len(self.base) or is_mapped(self.base):
            return self
        added = self._added[: n - len(self.base)]
        out = Store(np.concatenate([self._plain, added]))
        if self.lengths is not None:
            out.lengths = np.concatenate([self.lengths, lengths(added)])
        return out

    def take(self, rows: NDArray[np.int64]) -> AnyVectors:
        """(n, dim), of the store's type."""
        n = len(self.base)
        if not self._n_added or not len(rows) or rows.max() < n:
            return self._plain.take(rows, axis=0)
        out = np.empty((len(rows), self.base.shape[1]), self.base.dtype)
        old = rows < n
        out[old] = self._plain.take(rows[old], axis=0)
        out[~old] = self._added.take(rows[~old] - n, axis=0)
        return out

    def part(self, start: int, stop: int) -> AnyVectors:
        """(stop - start, dim): consecutive rows."""
        n = len(self.base)
        if stop <= n:
            return self._plain[start:stop]
        if start >= n:
            return self._added[start - n : stop - n]
        return np.concatenate([self._plain[start:], self._added[: stop - n]])


def is_mapped(array: AnyVectors) -> bool:
    """Whether the array is mapped from a file; processes share that memory, but not a copy of it."""
    inner: object = array
    while isinstance(inner, np.ndarray):
        if isinstance(inner, np.memmap):
            return True
        inner = inner.base
    return False
