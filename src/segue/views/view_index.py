"""The indexes of a library: its tracks as its views compare them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Catalog, Snapshot, SpaceVectors
from segue.comparable import comparable_rows
from segue.errors import IndexFormatError, UsageError
from segue.files import sweep
from segue.index.options import IndexOptions
from segue.progress import Progress
from segue.spec import EmbedderSpec, Prior
from segue.track import Vector, Vectors
from segue.views.index_facts import TagFit, index_path, view_note
from segue.views.local_scaling import CANDIDATES, LEAST_CANDIDATES, NEIGHBOR, LocalScales, scaled_scores
from segue.views.spec import Rows, ViewSpec, default_view, item_vectors, parse_view
from segue.views.transform import ViewTransform
from segue.views.versions import compared_spaces

if TYPE_CHECKING:
    from segue.index.exact import Neighbors
    from segue.index.index import Index

EXACT_BELOW = 20_000  # tracks; in a library that small, a better answer is worth a tenth of a millisecond
_KEPT = 4  # indexes that stay open
_KEPT_SHARE = 0.8  # of tracks that are as they were: the view still fits, and only the others are changed


@dataclass(frozen=True)
class ViewIndex:
    """Nearest tracks of a library.

    Attributes
    ----------
    spec : which vectors these are
    transform : fitted on this catalog; none where vectors are compared as they are
    rows : int64 (n,), the catalog's row of each item; tracks that are gone or have no vector are left out,
        and one that is compared by windows has as many items
    keys : int64 (n,), the track's key of each item
    index : of the view's vectors; item i is called i
    stamp : of the snapshot that it was built from
    spaces : names of those that are compared
    scales : how crowded each item's place is, by which scores are scaled; none where they are not
    tag_fit : what the library's tags do to the view; none where they were not looked at
    """

    spec: ViewSpec
    transform: ViewTransform | None
    rows: NDArray[np.int64]
    keys: NDArray[np.int64]
    index: Index
    stamp: str
    spaces: tuple[str, ...]
    scales: LocalScales | None = None
    tag_fit: TagFit | None = None

    @classmethod
    def build(
        cls,
        snapshot: Snapshot,
        prior: Mapping[str, Prior | None],
        spec: ViewSpec | None = None,
        options: IndexOptions | None = None,
        progress: Progress | None = None,
        catalog: Catalog | None = None,
    ) -> ViewIndex:
        """Fit the view on the tracks of a snapshot and transform them all.

        Parameters
        ----------
        prior : values of the spaces for which they are known, by the names of the spaces
        spec : the default view if none is given
        options : of the index
        catalog : of the tracks, for their tags, from which the view learns where that helps
        """
        # Late, as are others below: a search by names opens no index.
        from segue.index.index import Index
        from segue.views.fitting import fit_view

        spec = spec or default_view(compared_spaces(snapshot))
        options = options or IndexOptions(exact_below=EXACT_BELOW)
        spaces = tuple(spec.spaces_of(snapshot))
        rows, items = item_vectors(snapshot, spec)
        if not len(rows):
            dim = sum(x.shape[1] for x in items)
            transform = ViewTransform(np.zeros(dim, np.float32), np.zeros((dim, 1), np.float32))
            nothing = Index.build(np.zeros((0, 1), np.float32), options=options)
            return cls(spec, transform, rows, rows, nothing, snapshot.stamp, spaces)
        if spec.transform == "raw":
            return cls._raw(snapshot, spec, rows, items, options, progress)
        transform, vectors, tag_fit = fit_view(snapshot, prior, spec, rows, items, catalog, progress)
        # Of length 1, so the product is the cosine; or 0, at the very mean, which cosine would refuse.
        index = Index.build(vectors, metric="dot", options=options, progress=progress)
        scaled = spec.transform in ("fitted", "sound") and not spec.is_by_window
        scales = LocalScales.measure(index, progress) if scaled else None
        keys = snapshot.keys[rows]
        return cls(spec, transform, rows, keys, index, snapshot.stamp, spaces, scales, tag_fit)

    @classmethod
    def _raw(
        cls,
        snapshot: Snapshot,
        spec: ViewSpec,
        rows: NDArray[np.int64],
        items: Sequence[Rows],
        options: IndexOptions | None,
        progress: Progress | None,
    ) -> ViewIndex:
        """Over the vectors as they are, in their type; without those that the metric cannot compare."""
        from segue.index.index import Index

        vectors = items[0][np.arange(len(rows))]
        usable = comparable_rows(vectors, spec.metric)
        if not usable.all():
            rows, vectors = rows[usable], vectors[usable]
        index = Index.build(vectors, metric=spec.metric, options=options, progress=progress)
        return cls(spec, None, rows, snapshot.keys[rows], index, snapshot.stamp, spec.spaces)

    def update(
        self,
        snapshot: Snapshot,
        prior: Mapping[str, Prior | None],
        progress: Progress | None = None,
        catalog: Catalog | None = None,
    ) -> ViewIndex:
        """The index of a later snapshot of the same spaces.

        A large library that has hardly changed keeps its view: only what is new is transformed and
        added, what is gone is deleted. Otherwise everything is rebuilt.
        """
        rows, items = item_vectors(snapshot, self.spec)
        options = self.index.options
        if self.transform is None or self.spec.is_by_window or len(rows) < options.exact_below:
            return ViewIndex.build(snapshot, prior, self.spec, options, progress, catalog)
        keys = snapshot.keys[rows]
        at = np.searchsorted(rows, self.rows).clip(max=max(0, len(rows) - 1))
        unchanged = (rows[at] == self.rows) & (keys[at] == self.keys)
        if unchanged.sum() < _KEPT_SHARE * max(len(rows), len(self.rows)):
            return ViewIndex.build(snapshot, prior, self.spec, options, progress, catalog)
        new = np.setdiff1d(rows, self.rows[unchanged])
        if not unchanged.all():
            self.index.delete(self.index.ids[~unchanged])
        added = np.zeros(0, np.int64)
        if len(new):
            places = np.searchsorted(rows, new)
            added = self.index.add(self.transform([x[places] for x in items]))
        scales = self.scales and self.scales.update(self.index, unchanged, added)
        all_rows = np.concatenate([self.rows[unchanged], new])
        return replace(self, rows=all_rows, keys=snapshot.keys[all_rows], stamp=snapshot.stamp, scales=scales)

    def spaces_of(self, snapshot: Snapshot) -> dict[str, SpaceVectors]:
        """The spaces that are compared, as they are in a snapshot."""
        return {name: snapshot.spaces[name] for name in self.spaces}

    @cached_property
    def _ids(self) -> NDArray[np.int64]:
        """What the index calls its items, in their order."""
        return self.index.ids

    @cached_property
    def _ids_are_places(self) -> bool:
        return not len(self._ids) or int(self._ids[-1]) == len(self._ids) - 1

    @cached_property
    def _by_key(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The keys, rising, and the place of each among the items."""
        order = np.argsort(self.keys, kind="stable")
        return np.asarray(self.keys)[order], order

    def place(self, key: int) -> int | None:
        """Where a track stands among the items; none where it is not among them."""
        keys, order = self._by_key
        at = int(keys.searchsorted(key))
        return int(order[at]) if at < len(keys) and keys[at] == key else None

    def places(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64 (n,): where tracks stand among the items; -1 for those that are not among them."""
        own, order = self._by_key
        if not len(own):
            return np.full(len(keys), -1, np.int64)
        at = np.minimum(own.searchsorted(keys), len(own) - 1)
        return np.where(own[at] == keys, order[at], -1)

    def take(self, places: Sequence[int] | NDArray[np.int64]) -> Vectors:
        """float32 (n, n_components): the vectors of some items."""
        if self._small_matrix is not None:
            return self._small_matrix[places]
        return self.index.take(self._ids[places])

    @cached_property
    def _small_matrix(self) -> Vectors | None:
        """All vectors, of an index so small that it compares every row."""
        return np.asarray(self.index.vectors) if self.index.exact else None

    @property
    def vectors(self) -> Vectors:
        """float32 (n, n_components), of length 1; raw ones as they are."""
        return self.index.vectors

    def project(self, spaces: Sequence[NDArray[np.float32]]) -> Vectors:
        """float32 (n, n_components): vectors of the view's spaces, as ``query`` takes them."""
        if self.transform is not None:
            return self.transform(spaces)
        bits = self.spec.metric == "hamming"
        return np.asarray(spaces[0], np.uint8 if bits else np.float32)

    def query(self, vectors: Vectors, k: int, where: NDArray[np.bool_] | None = None) -> Neighbors:
        """The nearest items of each vector, nearest first.

        Parameters
        ----------
        vectors : float32 (n_queries, n_components), as ``project`` gives them
        k : how many; fewer come back where fewer items qualify
        where : bool (n,), over the items: which of them may be answers

        Returns
        -------
        places : int64 (n_queries, <= k), of the items in ``rows`` and ``keys``
        distances : float32 (n_queries, <= k), by the metric; minus the score, the cosine or, with scales,
            the scaled one, where there is a transform
        """
        if k < 1 or not len(self.rows):
            nothing = (len(vectors), 0)
            return np.zeros(nothing, np.int64), np.zeros(nothing, np.float32)
        if self.scales is None:
            return self._nearest(vectors, k, where)
        places, distances = self._nearest(vectors, max(CANDIDATES * k, LEAST_CANDIDATES), where)
        own = self.scales.of_queries(distances) if where is None else self._scales_of(vectors)
        return self.scales.rerank(places, distances, own, k)

    def neighbors(
        self, places: NDArray[np.int64], k: int, where: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int64]:
        """int64 (n, k): the places of the other items nearest to some, all among ``where``, bool (n,)."""
        nearest, _ = self.query(self.take(places), k + 1, where)
        others = nearest != places[:, None]
        others[others.all(axis=1), -1] = False  # copies came before the item itself
        return nearest[others].reshape(len(places), -1)

    def scores(self, u: Vectors, v: Vectors) -> NDArray[np.float32]:
        """float32 (m, n): of all pairs, (m, n_components) and (n, n_components), as ``query`` has them."""
        cosines = np.asarray(u @ v.T, np.float32)
        if self.scales is None:
            return cosines
        return scaled_scores(cosines, self._scales_of(u)[:, None], self._scales_of(v))

    def _scales_of(self, vectors: Vectors) -> Vector:
        assert self.scales is not None
        return self.scales.of_queries(self._nearest(vectors, NEIGHBOR + 1)[1])

    def _nearest(self, vectors: Vectors, k: int, where: NDArray[np.bool_] | None = None) -> Neighbors:
        ids, distances = self.index.query(vectors[0] if len(vectors) == 1 else vectors, k, where=where)
        # Beside answers that are missing, ids are -1.
        return np.maximum(ids, 0) if self._ids_are_places else self._ids.searchsorted(ids), distances

    def save(self, path: Path, specs: Sequence[EmbedderSpec]) -> None:
        """Write the index; readers see the old file or the new one, whole. Raises UsageError."""
        arrays: dict[str, NDArray[Any]] = {"rows": self.rows, "keys": self.keys}
        if self.transform is not None:
            arrays |= {"mean": self.transform.mean, "projection": self.transform.projection}
        note = view_note(specs, self.spec) | {"stamp": self.stamp}
        if self.scales is not None:
            arrays["scales"] = self.scales.items
            note["usual_distance"] = self.scales.usual
        if self.tag_fit is not None:
            note["tags"] = asdict(self.tag_fit)
        self.index.save(path, own_vectors=True, note=note, arrays=arrays)

    @classmethod
    def load(cls, path: Path, specs: Sequence[EmbedderSpec], spec: ViewSpec | None = None) -> ViewIndex:
        """The index in a file, mapped.

        Parameters
        ----------
        specs : of the spaces that are compared
        spec : that it must be of

        Raises
        ------
        IndexFormatError
            Where the file is foreign, of another format or other specs, or damaged.
        FileNotFoundError
        """
        from segue.index.index import Index
        from segue.index.serialization import load_index

        state, file = load_index(path)
        note, spec = file.header["note"], spec or ViewSpec()
        expected = view_note(specs, spec)
        actual = {name: note.get(name) for name in expected}
        if actual != expected:
            raise IndexFormatError(f"{path} is of {actual}, expected {expected}")
        names = ("rows", "keys") if spec.transform == "raw" else ("rows", "keys", "mean", "projection")
        stamp = note.get("stamp")
        if not isinstance(stamp, str) or any(f"note.{name}" not in file for name in names):
            raise IndexFormatError(f"{path} is no index of a library")
        # Plain views of the mapped numbers: picking from a memmap itself costs ten times as much.
        rows, keys, *fitted = (np.asarray(file.array(f"note.{name}")) for name in names)
        transform = ViewTransform(*fitted) if fitted else None
        fits = transform is None or transform.projection.shape == (transform.mean.size, state.dim)
        if not rows.shape == keys.shape == (len(state),) or not fits:
            raise IndexFormatError(
                f"{path} is of {len(state)} tracks, but names {rows.shape} of {keys.shape}"
            )
        scales = None
        if "note.scales" in file:
            scales = LocalScales(np.asarray(file.array("note.scales")), float(note["usual_distance"]))
            if scales.items.shape != rows.shape:
                raise IndexFormatError(f"{path} has {scales.items.shape} scales of {rows.shape} tracks")
        tag_fit = TagFit(**note["tags"]) if "tags" in note else None
        spaces, index = tuple(own.space for own in specs), Index(state, path)
        return cls(spec, transform, rows, keys, index, stamp, spaces, scales, tag_fit)


class ViewIndexes:
    """Those below ``folder``.

    Parameters
    ----------
    prior : asked for values of the spaces when an index is built
    catalog : asked for tags when an index is built

    Attributes
    ----------
    options : of indexes that are built from now on
    """

    def __init__(
        self, folder: Path, prior: Callable[[], Mapping[str, Prior | None]], catalog: Catalog | None = None
    ) -> None:
        self._folder = folder
        self._prior, self._catalog = prior, catalog
        self.options = IndexOptions(exact_below=EXACT_BELOW)
        self._open: dict[str | None, ViewIndex] = {}  # by the text that asked for a view
        self._lock = threading.Lock()

    def get(self, snapshot: Snapshot, view: str | None = None, progress: Progress | None = None) -> ViewIndex:
        """The index of a snapshot in a view, such as ``audioset/windows``; the default view if none is given.

        Raises
        ------
        UsageError
            Where there is no such view.
        """
        with self._lock:
            index = self._open.get(view)
            if index is None or index.stamp != snapshot.stamp:
                spec = parse_view(view, snapshot) if view else default_view(compared_spaces(snapshot))
                index = self._load_or_build(snapshot, spec, progress)
                self._open.pop(view, None)
                while len(self._open) >= _KEPT:
                    self._open.pop(next(iter(self._open)))
                self._open[view] = index
            return index

    def _load_or_build(self, snapshot: Snapshot, spec: ViewSpec, progress: Progress | None) -> ViewIndex:
        path = index_path(self._folder, spec)
        specs = [space.spec for space in spec.spaces_of(snapshot).values()]
        saved = None
        with contextlib.suppress(FileNotFoundError, IndexFormatError, PermissionError):
            saved = ViewIndex.load(path, specs, spec)
        if saved and saved.stamp == snapshot.stamp:
            return saved
        prior = self._prior()
        if saved:
            index = saved.update(snapshot, prior, progress, self._catalog)
        else:
            index = ViewIndex.build(snapshot, prior, spec, self.options, progress, self._catalog)
        with contextlib.suppress(OSError, UsageError):  # a read-only library is as usable without the file
            if self._folder.parent.is_dir():  # of a library that was moved away nothing is made anew
                index.save(path, specs)
        return index

    def map_path(self, spec: ViewSpec) -> Path:
        """Of the map, beside the index."""
        return index_path(self._folder, spec).with_suffix(".map")

    def sweep(self) -> None:
        """Delete what killed processes left."""
        sweep(self._folder)
