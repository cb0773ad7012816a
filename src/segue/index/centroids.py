"""The lists' centroids: learning them, and which are nearest to many vectors.

Both are products of matrices, which NumPy's BLAS does quickest: Faiss's own may not know the processor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.track import Float32, Vectors

_BLOCK_VALUES = 1 << 18  # distances that are held at a time: 1 MiB, near the processor
_ROUNDS = 8  # of k-means
_APART = 1 / 1024  # of a centroid that is parted, the share by which its halves differ
_FEW = 8  # nearest centroids, found one after the other; more by one partial sort


class Centroids:
    """The centroids of all lists, in the space where codes are made.

    Parameters
    ----------
    rows : float32 (n_lists, dim)
    """

    def __init__(self, rows: Vectors) -> None:
        # Distances are differences of products, which far from zero would lose digits.
        self._middle = rows.mean(axis=0)
        centered = rows - self._middle
        self._doubled = -2 * centered.T
        self._squares = np.einsum("ij,ij->i", centered, centered)

    def nearest(self, vectors: Vectors, count: int) -> tuple[NDArray[np.int64], Float32]:
        """The centroids that are nearest to each vector, nearest first.

        Parameters
        ----------
        vectors : float32 (n, dim)

        Returns
        -------
        numbers : int64 (n, count)
        squares : float32 (n, count), of the distances
        """
        numbers = np.empty((len(vectors), count), np.int64)
        squares = np.empty((len(vectors), count), np.float32)
        step = max(16, _BLOCK_VALUES // len(self._squares))
        for start in range(0, len(vectors), step):
            part = slice(start, start + step)
            centered = vectors[part] - self._middle
            distances = centered @ self._doubled
            distances += self._squares
            numbers[part] = _smallest(distances, count)
            squares[part] = np.take_along_axis(distances, numbers[part], axis=1)
            squares[part] += np.einsum("ij,ij->i", centered, centered)[:, None]
        return numbers, np.maximum(squares, 0, out=squares)

    def order(self, query: Vectors) -> tuple[NDArray[np.int64], Float32]:
        """``nearest`` of all to one vector, (1, dim), in fewer steps: here each counts."""
        centered = query - self._middle
        squares = centered @ self._doubled
        squares += self._squares
        squares += np.vdot(centered, centered)
        numbers = squares[0].argsort()
        return numbers[None], np.maximum(squares.take(numbers), 0)[None]


def learn_centroids(sample: Vectors, count: int, *, seed: int = 0) -> Vectors:
    """float32 (count, dim): the centers of as many clusters of a sample, by k-means (Lloyd 1982).

    A center that no row is near to takes half of the largest cluster.

    Parameters
    ----------
    sample : float32 (n, dim), n at least ``count``
    """
    rng = np.random.default_rng(seed)
    centers = sample[rng.choice(len(sample), count, replace=False)]
    for _ in range(_ROUNDS):
        numbers = Centroids(centers).nearest(sample, 1)[0][:, 0]
        order = np.argsort(numbers, kind="stable")
        sizes = np.bincount(numbers, minlength=count)
        filled = np.flatnonzero(sizes)
        sums = np.add.reduceat(sample[order], (np.cumsum(sizes) - sizes)[filled], axis=0)
        centers[filled] = sums / sizes[filled, None].astype(np.float32)
        for empty in np.flatnonzero(sizes == 0):
            largest = int(sizes.argmax())
            apart = np.where(np.arange(sample.shape[1]) % 2, 1 - _APART, 1 + _APART).astype(np.float32)
            centers[empty], centers[largest] = centers[largest] * apart, centers[largest] * (2 - apart)
            sizes[empty] = sizes[largest] // 2
            sizes[largest] -= sizes[empty]
    return centers


def _smallest(values: Float32, count: int) -> NDArray[np.int64]:
    """int64 (n, count): the columns of the smallest values of each row, smallest first."""
    if count > _FEW:
        columns = np.argpartition(values, count - 1, axis=1)[:, :count] if count < values.shape[1] else None
        candidates = values if columns is None else np.take_along_axis(values, columns, axis=1)
        order = np.argsort(candidates, axis=1)
        return order if columns is None else np.take_along_axis(columns, order, axis=1)
    values, rows = values.copy(), np.arange(len(values))
    smallest = np.empty((len(values), count), np.int64)
    for i in range(count):
        smallest[:, i] = values.argmin(axis=1)
        values[rows, smallest[:, i]] = np.inf
    return smallest
