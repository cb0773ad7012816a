"""The index of a library: its tracks as its view sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Snapshot
from segue.errors import IndexFormatError
from segue.index.build import EXACT_BELOW
from segue.index.exact import Neighbors
from segue.index.index import Index
from segue.index.serialization import load_index
from segue.spec import COSINE, EmbedderSpec, Prior
from segue.track import Vectors
from segue.views.spec import Reading, Rows, items_of, usual
from segue.views.transform import ViewTransform

_KEPT_SHARE = 0.8  # of tracks that are as they were: the view still fits, and only the others are changed


@dataclass(frozen=True, slots=True)
class ViewIndex:
    """Nearest tracks of a library.

    Attributes
    ----------
    reading : of which vectors this is
    view : fitted on this catalogue; none where vectors are read raw
    rows : int64 (n,), the catalog's row of each item; tracks that are gone or have no vector are left out,
        and one that is read as frames has as many items
    keys : int64 (n,), the track's key of each item
    index : of the view's vectors; item i is called i
    stamp : of the snapshot that it was built from
    """

    reading: Reading
    view: ViewTransform | None
    rows: NDArray[np.int64]
    keys: NDArray[np.int64]
    index: Index
    stamp: str

    @classmethod
    def build(
        cls, snapshot: Snapshot, prior: Mapping[str, Prior | None], reading: Reading | None = None
    ) -> ViewIndex:
        """Fit the view on the tracks of a snapshot and transform them all.

        Parameters
        ----------
        prior : values of the spaces for which they are known, by the names of the spaces
        reading : the usual one unless told
        """
        reading = reading or usual(snapshot.spaces)
        rows, items = items_of(snapshot, reading)
        if not len(rows):
            dim = sum(x.shape[1] for x in items)
            view = ViewTransform(np.zeros(dim, np.float32), np.zeros((dim, 1), np.float32))
            nothing = Index.build(np.zeros((0, 1), np.float32))
            return cls(reading, view, rows, rows, nothing, snapshot.stamp)
        if reading.transform == "raw":
            return cls._raw(snapshot, reading, rows, items)
        if reading.transform == "centred":
            view = ViewTransform.centred(items)
        else:
            spaces = reading.chosen(snapshot)
            # What is known beforehand of a whole track is not so of its windows.
            known = [None if reading.form == "flattened" else prior.get(name) for name in spaces]
            weights = [
                space.settings.weights * (x.shape[1] // space.spec.dim)
                for space, x in zip(spaces.values(), items, strict=True)
            ]
            view = ViewTransform.fit(items, known, weights)
        # Of length 1, so the product is the cosine; or 0, at the very mean, which cosine would refuse.
        index = Index.build(view(items), metric="dot")
        return cls(reading, view, rows, snapshot.keys[rows], index, snapshot.stamp)

    @classmethod
    def _raw(
        cls, snapshot: Snapshot, reading: Reading, rows: NDArray[np.int64], items: Sequence[Rows]
    ) -> ViewIndex:
        """Over the vectors as they are, in their type; without those with holes or no direction."""
        vectors = items[0][np.arange(len(rows))]
        usable = np.isfinite(vectors).all(axis=1)
        if reading.metric == COSINE:
            usable &= vectors.any(axis=1)
        if not usable.all():
            rows, vectors = rows[usable], vectors[usable]
        index = Index.build(vectors, metric=reading.metric)
        return cls(reading, None, rows, snapshot.keys[rows], index, snapshot.stamp)

    def updated(self, snapshot: Snapshot, prior: Mapping[str, Prior | None]) -> ViewIndex:
        """The index of a later snapshot of the same spaces.

        A large catalogue that has hardly changed keeps its view: only what is new is transformed and
        added, what is gone is deleted. Otherwise everything is made anew.
        """
        rows, items = items_of(snapshot, self.reading)
        if self.view is None or self.reading.form == "frames" or len(rows) < EXACT_BELOW:
            return ViewIndex.build(snapshot, prior, self.reading)
        keys = snapshot.keys[rows]
        at = np.searchsorted(rows, self.rows).clip(max=max(0, len(rows) - 1))
        kept = (rows[at] == self.rows) & (keys[at] == self.keys)
        if kept.sum() < _KEPT_SHARE * max(len(rows), len(self.rows)):
            return ViewIndex.build(snapshot, prior, self.reading)
        new = np.setdiff1d(rows, self.rows[kept])
        if not kept.all():
            self.index.delete(self.index.ids[~kept])
        if len(new):
            places = np.searchsorted(rows, new)
            self.index.add(self.view([x[places] for x in items]))
        all_rows = np.concatenate([self.rows[kept], new])
        stamp = snapshot.stamp
        return ViewIndex(self.reading, self.view, all_rows, snapshot.keys[all_rows], self.index, stamp)

    @property
    def vectors(self) -> Vectors:
        """float32 (n, n_components), of length 1; raw ones as they are."""
        return self.index.vectors

    def seen(self, spaces: Sequence[NDArray[np.float32]]) -> Vectors:
        """float32 (n, n_components): vectors of the spaces that are read, as ``query`` wants them."""
        if self.view is not None:
            return self.view(spaces)
        bits = self.reading.metric == "hamming"
        return np.asarray(spaces[0], np.uint8 if bits else np.float32)

    def query(self, vectors: Vectors, k: int, where: NDArray[np.bool_] | None = None) -> Neighbors:
        """The nearest tracks of each vector, nearest first.

        Parameters
        ----------
        vectors : float32 (n_queries, n_components), as ``seen``
        k : how many; fewer come back where fewer rows qualify
        where : bool over ``rows``, which of them may be answers

        Returns
        -------
        rows : int64 (n_queries, <= k), of the catalog
        distances : float32 (n_queries, <= k); 1 - cosine, 0 (same direction) to 2, or by the metric
        """
        if k < 1 or not len(self.rows):
            nothing = (len(vectors), 0)
            return np.zeros(nothing, np.int64), np.zeros(nothing, np.float32)
        items, distances = self.index.query(vectors, k, where=where)
        rows = self.rows[np.searchsorted(self.index.ids, items)]
        return rows, distances if self.view is None else np.maximum(1 + distances, 0)

    def scores(self, distances: NDArray[np.float32]) -> NDArray[np.float32]:
        """Likeness: the cosine; the product itself; for other metrics 1 / (1 + distance), 1 the same."""
        metric = self.reading.metric
        if self.view is not None or metric == COSINE:
            return np.asarray(1 - distances, np.float32)
        return np.asarray(-distances if metric == "dot" else 1 / (1 + distances), np.float32)

    def save(self, path: Path, specs: Sequence[EmbedderSpec]) -> None:
        """Write the index; readers see the old file or the new one, whole. Raises UsageError."""
        arrays: dict[str, NDArray[Any]] = {"rows": self.rows, "keys": self.keys}
        if self.view is not None:
            arrays |= {"mean": self.view.mean, "projection": self.view.projection}
        note = _note(specs, self.reading) | {"stamp": self.stamp}
        self.index.save(path, own_vectors=True, note=note, arrays=arrays)

    @classmethod
    def load(cls, path: Path, specs: Sequence[EmbedderSpec], reading: Reading | None = None) -> ViewIndex:
        """The index in a file, mapped.

        Parameters
        ----------
        specs : of all the library's spaces
        reading : that it must be of

        Raises
        ------
        IndexFormatError
            Where the file is foreign, of another format or other specs, or damaged.
        FileNotFoundError
        """
        state, file = load_index(path)
        note, reading = file.header["note"], reading or Reading()
        wanted = _note(specs, reading)
        found = {name: note.get(name) for name in wanted}
        if found != wanted:
            raise IndexFormatError(f"{path} is of {found}, expected {wanted}")
        names = ("rows", "keys") if reading.transform == "raw" else ("rows", "keys", "mean", "projection")
        stamp = note.get("stamp")
        if not isinstance(stamp, str) or any(f"note.{name}" not in file for name in names):
            raise IndexFormatError(f"{path} is no index of a library")
        rows, keys, *fitted = (file.array(f"note.{name}") for name in names)
        dim = state.store.base.shape[1]
        view = ViewTransform(*fitted) if fitted else None
        fits = view is None or view.projection.shape == (view.mean.size, dim)
        if not rows.shape == keys.shape == (len(state),) or not fits:
            raise IndexFormatError(
                f"{path} is of {len(state)} tracks, but names {rows.shape} of {keys.shape}"
            )
        return cls(reading, view, rows, keys, Index(state, path), stamp)


def _note(specs: Sequence[EmbedderSpec], reading: Reading) -> dict[str, Any]:
    return {"specs": [[spec.space, spec.digest()] for spec in specs], "reading": str(reading)}
