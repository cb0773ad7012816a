"""Nearest rows of a view. Derived from the catalog: delete it and nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Snapshot
from segue.embed import Typical
from segue.index.view import View
from segue.track import Vectors

__all__ = ["ExactIndex", "View"]

_BLOCK_VALUES = 1 << 24  # products held at a time: 64 MiB


@dataclass(frozen=True, slots=True)
class ExactIndex:
    """Compares a query with every track: always right, and quick enough below 20 000 tracks.

    Attributes
    ----------
    view : fitted on this catalogue
    rows : int64 (n,), the catalog's row of each vector; dead and empty rows are left out
    vectors : float32 (n, n_components), of length 1
    stamp : of the snapshot that it was built from
    """

    view: View
    rows: NDArray[np.int64]
    vectors: Vectors
    stamp: str

    @classmethod
    def build(cls, snapshot: Snapshot, typical: Mapping[str, Typical | None]) -> ExactIndex:
        """Fit the view on the tracks of a snapshot and transform them all.

        Parameters
        ----------
        typical : values of the spaces for which they are known, by the names of the spaces
        """
        rows = usable_rows(snapshot)
        dim = sum(space.spec.dim for space in snapshot.spaces.values())
        if not len(rows):
            empty = View(np.zeros(dim, np.float32), np.zeros((dim, 0), np.float32))
            return cls(empty, rows, np.zeros((0, 0), np.float32), snapshot.stamp)
        vectors = [space.vectors[rows] for space in snapshot.spaces.values()]
        view = View.fit(vectors, [typical.get(name) for name in snapshot.spaces])
        return cls(view, rows, view(vectors), snapshot.stamp)

    def query(
        self, vectors: Vectors, k: int, where: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], Vectors]:
        """The nearest tracks of each vector, nearest first.

        Parameters
        ----------
        vectors : float32 (n_queries, n_components), of the view, of length 1
        k : how many; fewer come back where fewer rows qualify
        where : bool over ``rows``, which of them may be answers

        Returns
        -------
        rows : int64 (n_queries, <= k), of the catalog
        distances : float32 (n_queries, <= k), 1 - cosine, 0 (same direction) to 2
        """
        allowed = np.arange(len(self.rows)) if where is None else np.flatnonzero(where)
        k = min(k, len(allowed))
        candidates = self.vectors if where is None else self.vectors[allowed]
        found = np.empty((len(vectors), k), np.int64)
        distances = np.empty((len(vectors), k), np.float32)
        step = max(1, _BLOCK_VALUES // max(1, len(allowed)))
        for start in range(0, len(vectors), step):
            block = 1 - vectors[start : start + step] @ candidates.T
            best = _smallest(block, k)
            found[start : start + step] = self.rows[allowed[best]]
            distances[start : start + step] = np.take_along_axis(block, best, axis=1)
        return found, np.maximum(distances, 0)


def usable_rows(snapshot: Snapshot) -> NDArray[np.int64]:
    """int64 (n,): rows of tracks that are there and have a vector in some space."""
    filled = np.zeros(len(snapshot.keys), np.bool_)
    for space in snapshot.spaces.values():
        filled |= space.filled()[: len(filled)]
    return np.flatnonzero((snapshot.keys >= 0) & ~snapshot.missing & filled)


def _smallest(distances: Vectors, k: int) -> NDArray[np.int64]:
    """int64 (n, k): columns of the k smallest of each row, in order; the lower column wins a tie."""
    if k < distances.shape[1]:
        part = np.sort(np.argpartition(distances, k, axis=1)[:, :k] if k else distances[:, :0].astype(int))
    else:
        part = np.broadcast_to(np.arange(k), (len(distances), k))
    order = np.argsort(np.take_along_axis(distances, part, axis=1), axis=1, kind="stable")
    smallest: NDArray[np.int64] = np.take_along_axis(part, order, axis=1)
    return smallest
