"""The index of a library: its tracks as its view sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Snapshot
from segue.embed import EmbedderSpec, Typical
from segue.errors import IndexFormatError
from segue.index.build import EXACT_BELOW
from segue.index.exact import Found
from segue.index.index import Index
from segue.index.saved import opened
from segue.index.view import View
from segue.track import Vectors

_KEPT_SHARE = 0.8  # of tracks that are as they were: the view still fits, and only the others are changed


@dataclass(frozen=True, slots=True)
class ViewIndex:
    """Nearest tracks of a library.

    Attributes
    ----------
    view : fitted on this catalogue
    rows : int64 (n,), the catalog's row of each item; tracks that are gone or have no vector are left out
    keys : int64 (n,), the track's key of each item
    index : of the view's vectors; item i is called i
    stamp : of the snapshot that it was built from
    """

    view: View
    rows: NDArray[np.int64]
    keys: NDArray[np.int64]
    index: Index
    stamp: str

    @classmethod
    def build(cls, snapshot: Snapshot, typical: Mapping[str, Typical | None]) -> ViewIndex:
        """Fit the view on the tracks of a snapshot and transform them all.

        Parameters
        ----------
        typical : values of the spaces for which they are known, by the names of the spaces
        """
        rows = usable_rows(snapshot)
        spaces = list(snapshot.spaces.values())
        if not len(rows):
            dim = sum(space.spec.dim for space in spaces)
            view = View(np.zeros(dim, np.float32), np.zeros((dim, 1), np.float32))
            return cls(view, rows, rows, Index.build(np.zeros((0, 1), np.float32)), snapshot.stamp)
        vectors = [space.vectors[rows] for space in spaces]
        view = View.fit(vectors, [typical.get(name) for name in snapshot.spaces])
        # Of length 1, so the product is the cosine; or 0, at the very mean, which cosine would refuse.
        return cls(view, rows, snapshot.keys[rows], Index.build(view(vectors), metric="dot"), snapshot.stamp)

    def updated(self, snapshot: Snapshot, typical: Mapping[str, Typical | None]) -> ViewIndex:
        """The index of a later snapshot of the same spaces.

        A large catalogue that has hardly changed keeps its view: only what is new is transformed and
        added, what is gone is deleted. Otherwise everything is made anew.
        """
        rows = usable_rows(snapshot)
        keys = snapshot.keys[rows]
        at = np.searchsorted(rows, self.rows).clip(max=max(0, len(rows) - 1))
        kept = (rows[at] == self.rows) & (keys[at] == self.keys) if len(rows) else np.zeros(0, np.bool_)
        if len(rows) < EXACT_BELOW or kept.sum() < _KEPT_SHARE * max(len(rows), len(self.rows)):
            return ViewIndex.build(snapshot, typical)
        new = np.setdiff1d(rows, self.rows[kept])
        if not kept.all():
            self.index.delete(self.index.ids[~kept])
        if len(new):
            self.index.add(self.view([space.vectors[new] for space in snapshot.spaces.values()]))
        all_rows = np.concatenate([self.rows[kept], new])
        return ViewIndex(self.view, all_rows, snapshot.keys[all_rows], self.index, snapshot.stamp)

    @property
    def vectors(self) -> Vectors:
        """float32 (n, n_components), of length 1."""
        return self.index.vectors

    def query(self, vectors: Vectors, k: int, where: NDArray[np.bool_] | None = None) -> Found:
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
        if k < 1 or not len(self.rows):
            nothing = (len(vectors), 0)
            return np.zeros(nothing, np.int64), np.zeros(nothing, np.float32)
        items, distances = self.index.query(vectors, k, where=where)
        return self.rows[np.searchsorted(self.index.ids, items)], np.maximum(1 + distances, 0)

    def save(self, path: Path, specs: Sequence[EmbedderSpec]) -> None:
        """Write the index; readers see the old file or the new one, whole. Raises UsageError."""
        arrays: dict[str, NDArray[Any]] = {
            "mean": self.view.mean,
            "projection": self.view.projection,
            "rows": self.rows,
            "keys": self.keys,
        }
        self.index.save(path, own_vectors=True, note=_note(specs) | {"stamp": self.stamp}, arrays=arrays)

    @classmethod
    def load(cls, path: Path, specs: Sequence[EmbedderSpec]) -> ViewIndex:
        """The index in a file, mapped.

        Raises
        ------
        IndexFormatError
            Where the file is foreign, of another format or other specs, or damaged.
        FileNotFoundError
        """
        state, file = opened(path)
        found = {"specs": file.header["note"].get("specs")}
        if found != _note(specs):
            raise IndexFormatError(f"{path} is of {found}, expected {_note(specs)}")
        names, stamp = ("mean", "projection", "rows", "keys"), file.header["note"].get("stamp")
        if not isinstance(stamp, str) or any(f"note.{name}" not in file for name in names):
            raise IndexFormatError(f"{path} is no index of a library")
        mean, projection, rows, keys = (file.array(f"note.{name}") for name in names)
        dim = state.store.base.shape[1]
        if not rows.shape == keys.shape == (len(state),) or projection.shape != (mean.size, dim):
            raise IndexFormatError(
                f"{path} is of {len(state)} tracks, but names {rows.shape} of {keys.shape}"
            )
        return cls(View(mean, projection), rows, keys, Index(state, path), stamp)


def usable_rows(snapshot: Snapshot) -> NDArray[np.int64]:
    """int64 (n,): rows of tracks that are there and have a vector in some space."""
    filled = np.zeros(len(snapshot.keys), np.bool_)
    for space in snapshot.spaces.values():
        filled |= space.filled()[: len(filled)]
    return np.flatnonzero((snapshot.keys >= 0) & ~snapshot.missing & filled)


def _note(specs: Sequence[EmbedderSpec]) -> dict[str, Any]:
    return {"specs": [[spec.space, spec.digest()] for spec in specs]}
