"""A nearest-neighbour index over vectors of any source, usable without a library."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.index import mutations
from segue.index.arguments import (
    Ids,
    SearchParams,
    Where,
    allowed_mask,
    as_matrix,
    as_queries,
    as_rows,
    check_ids,
    drop_beyond,
    find_rows,
)
from segue.index.batches import search_in_batches
from segue.index.build import EXACT_BELOW, OnProgress
from segue.index.exact import Neighbors
from segue.index.l2_reduction import L2Reduction
from segue.index.metric import AnyVectors, check_vectors, prepare_queries
from segue.index.search import plan_for, search
from segue.index.serialization import load_index, save_index
from segue.index.state import State
from segue.index.store import Store
from segue.spec import Metric, metric_named

RECALL = 0.95  # unless told
_REFILLED_SHARE = 0.25  # of rows added or deleted since the lists were filled; then they are filled again


class Index:
    """Nearest neighbours of vectors; ``Index.build`` makes one, ``Index.open`` maps a saved one.

    Small catalogues are compared row by row, always right. Large ones are kept in lists of compressed
    rows, whose candidates are ranked by exact distances to the vectors themselves. Reading is safe from
    many threads while one thread changes the index: each query sees one moment.
    """

    def __init__(self, state: State, path: Path | None = None) -> None:
        self._state = state
        self._path = path
        self._writing = threading.RLock()
        self._refill: threading.Thread | None = None

    # Making

    @classmethod
    def build(
        cls,
        vectors: AnyVectors | str | Path,
        *,
        metric: str = "cosine",
        ids: Sequence[int] | Ids | None = None,
        exact: bool | None = None,
        seed: int = 0,
        progress: OnProgress | None = None,
    ) -> Index:
        """An index over the rows of a matrix.

        Parameters
        ----------
        vectors
            (n, dim) uint8, int8, float16 or float32, in memory or memory-mapped, or the path of an
            ``.npy`` file, which is mapped: it may be larger than memory. The rows stay in their type,
            and a mapped matrix is never copied. For hamming, packed bits (``numpy.packbits``).
        metric
            cosine (or angular), euclidean, manhattan, hamming, or dot (the largest product is nearest).
        ids
            What the rows are called, each once; their numbers unless given.
        exact
            Compare with every row, or never; unless told, below 20 000 rows. It can change by building.
        seed
            Of all that is random: the same vectors and seed give the same index.
        progress
            Called with the rows done and the rows there are.

        Raises
        ------
        UsageError
            Where there is no such metric, the ids do not fit, or the seed is below 0.
        VectorError
            Where a row is NaN, infinite, zero (cosine), or of a type that is not kept; it names the row.
        """
        measure = metric_named(metric)
        if seed < 0:
            raise UsageError(f"seed is {seed}, expected at least 0")
        matrix = check_vectors(as_matrix(vectors), measure)
        new_ids = check_ids(ids, len(matrix))
        next_id = len(matrix) if new_ids is None else int(new_ids.max(initial=-1)) + 1
        state = State(
            Store(matrix), len(matrix), L2Reduction(measure),
            ids=new_ids, next_id=next_id, always_exact=bool(exact),
        )  # fmt: skip
        if exact or (exact is None and len(matrix) < EXACT_BELOW) or not len(matrix):
            return cls(state)
        return cls(mutations.build_lists(state.store, state, seed=seed, progress=progress))

    @classmethod
    def open(cls, path: str | Path, *, vectors: AnyVectors | None = None) -> Index:
        """A saved index, mapped: processes that open it share its memory.

        Parameters
        ----------
        vectors
            The matrix that it was built from, where it has been moved.

        Raises
        ------
        IndexFormatError
            Where the file is foreign, damaged or of another format, or its matrix is not what it was.
        FileNotFoundError
        """
        place = Path(path)
        return cls(load_index(place, vectors)[0], place)

    def save(
        self,
        path: str | Path | None = None,
        *,
        own_vectors: bool | None = None,
        note: Mapping[str, Any] | None = None,
        arrays: Mapping[str, NDArray[Any]] | None = None,
    ) -> Path:
        """Write the index; a reader finds the old file or the new one, whole, and keeps what it opened.

        Parameters
        ----------
        path
            Where it was opened from or saved to, unless told.
        own_vectors
            Copy the vectors into the file. Unless told, those that lie in a file of their own stay there.
        note, arrays
            More to keep in the file's header, as JSON, and beside it.

        Raises
        ------
        UsageError
            Where there is no path, or nothing can be written there.
        """
        place = Path(path) if path is not None else self._path
        if place is None:
            raise UsageError("the index was never saved: say where to")
        with self._writing:
            if self._state.delta is not None or self._state.n_coded_tombstones or self._state.lists is None:
                self.compact()
            save_index(self._state, place, own_vectors, note=note, arrays=arrays)
            self._path = place
        return place

    # Asking

    def query(
        self,
        vectors: AnyVectors | Sequence[float],
        k: int | None = 10,
        *,
        where: Where | None = None,
        max_distance: float | None = None,
        recall: float = RECALL,
        effort: float = 1.0,
    ) -> Neighbors:
        """The nearest rows of each vector.

        Parameters
        ----------
        vectors
            (m, dim), or one of (dim,).
        k
            How many; fewer come back only where fewer rows qualify. None, with ``max_distance``: all.
        where
            Only these rows: bool in the order of ``ids``, or ids. k come back whenever k qualify.
        max_distance
            Only rows at most this far.
        recall
            The share of the k truly nearest rows to find, on average, as measured when the index was
            built. 1 compares with every row.
        effort
            Looks this many times as far as the recall calls for, for this query.

        Returns
        -------
        ids : int64 (m, <= k), nearest first; -1 where a query has fewer answers than others
        distances : float32 (m, <= k), small is near; infinity beside -1. Cosine 1 - cos, dot -u.v,
            hamming a count of bits.

        Raises
        ------
        UsageError, VectorError
        """
        state = self._state
        if where is None and max_distance is None and isinstance(vectors, np.ndarray) and vectors.ndim == 1:
            ask = state.searchers.get((k, recall, effort))
            found = ask(vectors) if ask else None
            if found:
                return found
        params = SearchParams(k, where, max_distance, recall, effort)
        return self._answer(state, as_queries(vectors, state), None, params)

    def neighbors(
        self,
        ids: Sequence[int] | Ids | int,
        k: int | None = 10,
        *,
        where: Where | None = None,
        max_distance: float | None = None,
        recall: float = RECALL,
        effort: float = 1.0,
        with_self: bool = False,
    ) -> Neighbors:
        """The nearest rows of rows, themselves left out unless told; otherwise as ``query``."""
        state, params = self._state, SearchParams(k, where, max_distance, recall, effort)
        rows = find_rows(state, np.atleast_1d(np.asarray(ids, np.int64)))
        queries = prepare_queries(state.store.take(rows), state.reduction.metric)
        return self._answer(state, queries, None if with_self else rows, params)

    neighbours = neighbors

    def _answer(
        self, state: State, queries: AnyVectors, exclude: Ids | None, params: SearchParams
    ) -> Neighbors:
        allowed = None if params.where is None else allowed_mask(state, params.where)
        k = params.k or 64
        while True:
            plan = plan_for(state, k, params.recall, params.effort)
            found = search_in_batches(partial(search, state, plan, allowed), queries, exclude)
            if (
                params.max_distance is None
                or params.k is not None
                or k >= len(state)
                or not (found[1][:, -1:] <= params.max_distance).any()
            ):
                break
            k = 4 * k  # until the farthest answer is too far
        rows, distances = drop_beyond(found, params.max_distance)
        return (rows if state.ids is None else np.where(rows < 0, -1, state.to_ids(rows))), distances

    def vector(self, item: int) -> NDArray[Any]:
        """(dim,): the vector that is called ``item``, as it was given."""
        return self.take([item])[0]

    def take(self, items: Sequence[int] | Ids) -> AnyVectors:
        """(n, dim): the vectors of some ids, as they were given. Raises UsageError where one is unknown."""
        state, ids = self._state, np.asarray(items, np.int64)
        base = state.store.base
        by_number = state.ids is None and state.tombstones is None and state.n == len(base)
        if by_number and len(ids) and ids.min() >= 0 and ids.max() < state.n:
            return np.asarray(base)[ids]
        return state.store.take(find_rows(state, ids))

    def __len__(self) -> int:
        return len(self._state)

    def __contains__(self, item: int) -> bool:
        return bool(self._state.to_rows(np.array([item], np.int64))[0] >= 0)

    @property
    def ids(self) -> Ids:
        """int64 (n,): what the rows are called, in the order in which they came."""
        state = self._state
        return state.to_ids(state.live_rows())

    @property
    def vectors(self) -> AnyVectors:
        """(n, dim): all vectors as they were given, in the order of ``ids``; mapped where they are."""
        state = self._state
        if state.tombstones is None and state.n == len(state.store.base):
            return state.store.base
        return state.store.take(state.live_rows())

    @property
    def metric(self) -> Metric:
        return self._state.reduction.metric

    @property
    def dim(self) -> int:
        """Numbers of a vector; for hamming, bytes of packed bits."""
        return int(self._state.store.base.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._state.store.base.dtype

    @property
    def exact(self) -> bool:
        """Whether every query is compared with every row."""
        return self._state.lists is None

    # Changing

    def add(self, vectors: AnyVectors, ids: Sequence[int] | Ids | None = None) -> Ids:
        """Append rows; queries that begin now see them.

        Parameters
        ----------
        vectors : (n, dim), of the index's type
        ids : what they are called; the next numbers unless given

        Returns
        -------
        int64 (n,): what they are called

        Raises
        ------
        UsageError
            Where an id is taken.
        VectorError
        """
        wanted = None if ids is None else np.asarray(ids, np.int64)
        with self._writing:
            new = as_rows(vectors, self._state)
            self._state, new_ids = mutations.add_rows(self._state, new, wanted)
        self._refill_if_due()
        return new_ids

    def update(self, ids: Sequence[int] | Ids, vectors: AnyVectors) -> None:
        """Give rows other vectors. Raises UsageError where an id is unknown, and VectorError."""
        new_ids = np.asarray(ids, np.int64)
        with self._writing:
            state = self._state
            new = as_rows(vectors, state)
            state = mutations.delete_rows(state, find_rows(state, new_ids))
            self._state, _ = mutations.add_rows(state, new, new_ids)
        self._refill_if_due()

    def delete(self, ids: Sequence[int] | Ids) -> None:
        """Remove rows; queries that begin now do not see them. Raises UsageError where an id is unknown."""
        with self._writing:
            rows = find_rows(self._state, np.atleast_1d(np.asarray(ids, np.int64)))
            self._state = mutations.delete_rows(self._state, rows)
        self._refill_if_due()

    def compact(self, progress: OnProgress | None = None) -> None:
        """Fill the lists anew with the rows there are; learned anew where these have doubled or halved."""
        with self._writing:
            self._state = mutations.compact_lists(self._state, progress)

    def _refill_if_due(self) -> None:
        """In the background: readers go on with what they have, writers wait."""
        if not mutations.needs_compaction(self._state, _REFILLED_SHARE) or self._refilling():
            return
        self._refill = threading.Thread(target=self.compact, daemon=True, name="segue-index-compact")
        self._refill.start()

    def _refilling(self) -> bool:
        return self._refill is not None and self._refill.is_alive()
