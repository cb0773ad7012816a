"""``AnnoyIndex``: the methods and answers of Annoy's class, over Segue's index."""

from __future__ import annotations

import operator
import warnings
from pathlib import Path
from typing import Literal, overload

from numpy.typing import ArrayLike

from segue.annoy import ann_file
from segue.annoy.building import build_index, limit_threads, save_index
from segue.annoy.errors import FileError, ItemError, SavingError
from segue.annoy.metric import Stored, check_size, distances, empty, metric_named, to_floats, to_stored
from segue.annoy.rows import Disk, Memory, Rows
from segue.annoy.search import nearest
from segue.errors import IndexFormatError, UsageError
from segue.index import Index
from segue.index.file import MAGIC
from segue.index.serialization import load_index

_TREES = 20  # that a build for -1 trees counts as
_ITEMS = 2**63
_SEEDS = 2**64  # that there are in Annoy, where one below 0 counts from the other end

Answer = list[int] | tuple[list[int], list[float]]


class AnnoyIndex:
    """Approximate nearest neighbors of vectors, with the methods of ``annoy.AnnoyIndex``.

    Parameters
    ----------
    f
        Numbers of a vector.
    metric
        angular (sqrt(2 - 2 cos)), euclidean, manhattan, hamming (bits that differ, of vectors of 0 and 1),
        or dot (the product itself, the largest first).

    Raises
    ------
    UsageError
        Where there is no such metric, or f is below 1.
    """

    def __init__(self, f: int, metric: str = "angular") -> None:
        self._f, self._metric = check_size(f), metric_named(metric)
        self._verbose = False
        self._reset()

    @classmethod
    def from_ann(cls, fn: str | Path, f: int, metric: str) -> AnnoyIndex:
        """The index over the items of a file that Annoy wrote; ``load`` reads such files as well.

        Raises FileError where the file makes no sense as one of this f and metric.
        """
        index = cls(f, metric)
        index._read_ann(Path(fn))
        return index

    def _reset(self) -> None:
        self._rows: Rows | None = Rows(Memory(self._empty()))
        self._index: Index | None = None
        self._n_trees = self._seed = 0
        self._on_disk: Path | None = None

    @property
    def f(self) -> int:
        """Numbers of a vector."""
        return self._f

    @property
    def index(self) -> Index:
        """What answers: filters, radius queries, adding and deleting without building again.

        Its ids are the items. Its vectors are float32, or packed bits for hamming; its distances are
        those of ``segue.index``. ``save`` and ``load`` put another in its place.

        Raises
        ------
        UsageError
            Where nothing was built or loaded.
        """
        if self._index is None:
            raise UsageError("the index is not built: call build first")
        return self._index

    def add_item(self, i: int, vector: ArrayLike) -> None:
        """Give item i, from 0 on, a vector; an earlier one of the same item is replaced.

        Raises
        ------
        UsageError
            Where the index is built, saved or loaded: ``unbuild`` comes first.
        ItemError
            Where i is negative.
        NoVectorError, SizeError
        VectorError
            Where the vector is not finite, or is zero where a direction is needed (angular).
        """
        rows = self._collecting("add to")
        item = operator.index(i)
        if not 0 <= item < _ITEMS:
            raise ItemError(f"the item {item} is negative, or takes more than 63 bits")
        rows.put(item, to_stored(vector, self._f, self._metric, f"the vector of item {item}", item))

    def on_disk_build(self, fn: str | Path) -> Literal[True]:
        """Keep what is added in a file beside ``fn``, then what is built in ``fn``: memory stays bounded.

        Comes before the first item; ``fn`` is written by ``build``. Raises UsageError and OSError.
        """
        if len(self._collecting("move")):
            raise UsageError("call on_disk_build before the first add_item")
        path = Path(fn).absolute()
        self._rows, self._on_disk = Rows(Disk(self._empty(), path.parent)), path
        return True

    def build(self, n_trees: int, n_jobs: int = -1) -> Literal[True]:
        """Build the index over the items, so that it can be queried.

        Parameters
        ----------
        n_trees
            Sets the recall, 1 - 1 / n_trees, between 0.8 and 0.999; -1 gives 0.95. No trees are grown.
            Below 20 000 items all are compared and nothing is missed.
        n_jobs
            Threads; -1 for all cores.

        Raises
        ------
        UsageError
            Where it is built already, or a number makes no sense.
        SavingError
            Where ``on_disk_build`` named a place that cannot be written to.
        """
        rows, trees, jobs = self._collecting("build"), operator.index(n_trees), operator.index(n_jobs)
        if min(trees, jobs) < -1 or not trees or not jobs:
            raise UsageError(f"n_trees is {trees} and n_jobs {jobs}, expected at least 1, or -1")
        with limit_threads(jobs):
            index = build_index(rows.items(), rows.matrix(), self._metric, self._seed, verbose=self._verbose)
        trees = _TREES if trees == -1 else trees
        if self._on_disk is not None:
            index = save_index(index, self._on_disk, self._f, trees)
        self._index, self._rows, self._n_trees = index, None, trees
        return True

    def unbuild(self) -> Literal[True]:
        """Let items be added again, also to what was saved or loaded; ``build`` comes afterwards."""
        if self._index is not None:
            empty_rows = self._empty()
            rows = Rows(Disk(empty_rows, self._on_disk.parent) if self._on_disk else Memory(empty_rows))
            rows.extend(self._index.ids, self._index.vectors)
            self._rows, self._index, self._n_trees = rows, None, 0
        return True

    def set_seed(self, seed: int) -> None:
        """Of all that ``build`` draws: the same items and seed give the same index."""
        self._seed = operator.index(seed) % _SEEDS

    def verbose(self, v: bool) -> Literal[True]:
        """Say on stderr how far ``build`` is."""
        self._verbose = bool(v)
        return True

    def save(self, fn: str | Path, prefault: bool = False) -> Literal[True]:
        """Write the index, whole or not at all, and go on from the file, mapped.

        Parameters
        ----------
        prefault
            Makes no difference: what is written is read once anyway, to check it.

        Raises
        ------
        SavingError
            Where nothing was built, or nothing can be written there.
        """
        if self._index is None:
            raise SavingError("an index that is not built cannot be saved: call build first")
        path = Path(fn).absolute()
        self._index = save_index(self._index, path, self._f, self._n_trees)
        return True

    def load(self, fn: str | Path, prefault: bool = False) -> Literal[True]:
        """Map an index that was saved, or take the items out of a file that Annoy itself wrote.

        From 20 000 items on the latter takes as long as ``build``: save it once.

        Parameters
        ----------
        prefault
            Makes no difference: the file's checksums are compared, so it is read once anyway.

        Raises
        ------
        FileError
            Where the file is of another f or metric, foreign, or damaged.
        FileNotFoundError
        """
        path = Path(fn)
        with path.open("rb") as file:
            ours = file.read(len(MAGIC)) == MAGIC
        if ours:
            self._open(path)
        else:
            self._read_ann(path)
        return True

    def unload(self) -> Literal[True]:
        """Forget all items, and let go of the file."""
        self._reset()
        return True

    @overload
    def get_nns_by_item(
        self, i: int, n: int, search_k: int = -1, include_distances: Literal[False] = False
    ) -> list[int]: ...

    @overload
    def get_nns_by_item(
        self, i: int, n: int, search_k: int = -1, *, include_distances: Literal[True]
    ) -> tuple[list[int], list[float]]: ...

    @overload
    def get_nns_by_item(
        self, i: int, n: int, search_k: int, include_distances: Literal[True]
    ) -> tuple[list[int], list[float]]: ...

    def get_nns_by_item(self, i: int, n: int, search_k: int = -1, include_distances: bool = False) -> Answer:
        """The n items nearest to item i, itself among them, in the first place (for dot, in its own).

        Parameters
        ----------
        n
            All items where there are no more, or for -1.
        search_k
            How far to look: -1 for what the build's trees call for, which is as n * n_trees; twice that
            looks twice as far. From the number of items on, all are compared.
        include_distances
            Give a second list, of the distances.

        Raises
        ------
        ItemError
            Where nothing was added as item i.
        UsageError
            Where nothing is built, or a number makes no sense.
        """
        index, item = self.index, operator.index(i)
        answer = nearest(index, self._vector(item), self._metric, n, search_k, self._n_trees, item)
        return answer if include_distances else answer[0]

    @overload
    def get_nns_by_vector(
        self, vector: ArrayLike, n: int, search_k: int = -1, include_distances: Literal[False] = False
    ) -> list[int]: ...

    @overload
    def get_nns_by_vector(
        self, vector: ArrayLike, n: int, search_k: int = -1, *, include_distances: Literal[True]
    ) -> tuple[list[int], list[float]]: ...

    @overload
    def get_nns_by_vector(
        self, vector: ArrayLike, n: int, search_k: int, include_distances: Literal[True]
    ) -> tuple[list[int], list[float]]: ...

    def get_nns_by_vector(
        self, vector: ArrayLike, n: int, search_k: int = -1, include_distances: bool = False
    ) -> Answer:
        """The n items nearest to a vector; otherwise as ``get_nns_by_item``.

        Raises
        ------
        NoVectorError, SizeError, VectorError, UsageError
        """
        query = to_stored(vector, self._f, self._metric, "the vector asked for")
        answer = nearest(self.index, query, self._metric, n, search_k, self._n_trees)
        return answer if include_distances else answer[0]

    def get_item_vector(self, i: int) -> list[float]:
        """The vector of an item, as 32-bit numbers hold it. Raises ItemError."""
        return to_floats(self._vector(operator.index(i)), self._f, self._metric)

    def get_distance(self, i: int, j: int) -> float:
        """The distance of two items; for dot, their product. Raises ItemError."""
        one, other = self._vector(operator.index(i)), self._vector(operator.index(j))
        return float(distances(one, other[None], self._metric)[0])

    def get_n_items(self) -> int:
        """The largest item plus one; ``len(index.index)`` is how many were added, where there are gaps."""
        if self._rows is not None:
            return self._rows.largest() + 1
        return int(self.index.ids.max(initial=-1)) + 1

    def get_n_trees(self) -> int:
        """The number given to ``build``; 20 for -1, 0 before ``build``."""
        return self._n_trees

    def _empty(self) -> Stored:
        return empty(0, self._f, self._metric)

    def _collecting(self, what: str) -> Rows:
        if self._rows is None:
            raise UsageError(
                f"you cannot {what} an index that is built, saved or loaded: call unbuild first, "
                "or use index.add and index.delete"
            )
        return self._rows

    def _open(self, path: Path) -> None:
        try:
            state, file = load_index(path)
        except IndexFormatError as error:
            raise FileError(str(error)) from error
        index, note = Index(state, path), file.header["note"].get("annoy", {})
        metric = "angular" if index.metric == "cosine" else index.metric
        f = note.get("f", index.dim * (8 if metric == "hamming" else 1))
        if (f, metric) != (self._f, self._metric):
            raise FileError(f"{path} has f={f} and {metric!r}, this index f={self._f} and {self._metric!r}")
        self._reset()
        self._rows, self._index, self._n_trees = None, index, max(1, note.get("n_trees", _TREES))

    def _read_ann(self, path: Path) -> None:
        items_file = ann_file.read(path, self._f, self._metric)
        refused = items_file.refused
        if len(refused):
            warnings.warn(
                f"{len(refused)} items of {path} are left out, as they are not finite or have no "
                f"direction: {', '.join(map(str, refused[:5]))}{', ...' * (len(refused) > 5)}",
                stacklevel=3,
            )
        index = build_index(
            items_file.items, items_file.vectors, self._metric, self._seed, verbose=self._verbose
        )
        self._reset()
        self._rows, self._index, self._n_trees = None, index, max(1, items_file.n_trees)

    def _vector(self, item: int) -> Stored:
        if self._rows is not None:
            row = self._rows.get(item)
        else:
            row = self.index.vector(item) if 0 <= item < _ITEMS and item in self.index else None
        if row is None:
            raise ItemError(f"there is no item {item}: nothing was added under that number")
        return row
