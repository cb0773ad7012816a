"""``Index``: approximate nearest neighbors of vectors of any origin."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.index import evaluation, mutations
from segue.index.arguments import (
    Ids,
    Matrix,
    SearchParams,
    Where,
    as_ids,
    as_matrix,
    as_queries,
    as_rows,
    check_ids,
    drop_beyond,
    filter_of,
    find_rows,
)
from segue.index.batches import search_in_batches
from segue.index.exact import Neighbors
from segue.index.l2_reduction import L2Reduction
from segue.index.mapping import VectorMapping
from segue.index.metric import AnyVectors, check_vectors, prepare_queries
from segue.index.options import IndexOptions
from segue.index.plans import asked_plan
from segue.index.search import search
from segue.index.serialization import load_index, save_index
from segue.index.state import State
from segue.index.store import Store
from segue.progress import Progress
from segue.spec import metric_named

RECALL = 0.95  # by default
_RECALLS = (0.9, 0.95, 0.99)  # that ``evaluate`` measures by default


class Index(VectorMapping):
    """*Approximate* nearest neighbors of vectors: ``build`` makes an index, ``open`` maps a saved one.

    Below 2 000 rows (``IndexOptions.exact_below``) each query is compared with every row and the answers
    are exact. Larger indexes scan some lists of compressed rows and compare the most promising rows
    exactly: their distances are exact, but a few of the nearest rows may be missing. ``recall`` says how
    many may.

    An index maps ids to vectors: ``len(index)``, ``id in index``, ``index[id]``, iteration over its ids.
    Many threads may query it while others change it: each query sees the index at one moment.

    Examples
    --------
    >>> import numpy as np
    >>> from segue import Index
    >>> vectors = np.random.default_rng(0).standard_normal((1000, 64), np.float32)
    >>> index = Index.build(vectors, metric="cosine")
    >>> index
    <Index: 1,000 x 64 float32, cosine, exact>
    >>> ids, distances = index.query(vectors[:5], k=3)
    >>> ids.shape, distances.shape
    ((5, 3), (5, 3))
    >>> ids[:, 0]
    array([0, 1, 2, 3, 4])
    >>> ids, distances = index.neighbors(7, k=3)
    >>> 7 in ids
    False
    """

    def __init__(self, state: State, path: Path | None = None) -> None:
        super().__init__(state)
        self._path = path
        self._writing = threading.RLock()
        self._compacting: threading.Thread | None = None

    @classmethod
    def build(
        cls,
        vectors: Matrix,
        *,
        metric: str = "cosine",
        ids: Sequence[int] | Ids | None = None,
        exact: bool | None = None,
        options: IndexOptions | None = None,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Index:
        """Build an index over the rows of a matrix.

        Parameters
        ----------
        vectors
            (n, dim) uint8, int8, float16 or float32, in memory or memory-mapped, or the path of an
            ``.npy`` file, which is mapped and may be larger than memory. Rows keep their type, and a
            mapped matrix is never copied. For hamming, packed bits (``numpy.packbits``).
        metric
            cosine (or angular), euclidean, manhattan, hamming, or dot (the largest product is nearest).
            It cannot be changed later.
        ids
            int64 (n,), from 0 on, each once. By default, the numbers of the rows.
        exact
            True compares every query with every row: nothing is missed, and a query takes time in
            proportion to the number of rows. False makes lists however few rows there are. By default,
            lists are made from ``options.exact_below`` rows on.
        options
            Trades speed against accuracy and memory; see `IndexOptions`. Can be changed by ``open``.
        seed
            From 0 on. The same vectors and seed give the same index.
        progress
            Follows the rows; a `segue.progress.Progress`.

        Raises
        ------
        UsageError
            There is no such metric, the ids do not fit, or the seed is below 0.
        VectorError
            A row is NaN, infinite, zero (cosine), or of a type that is not kept; the error names it.
        """
        chosen_metric = metric_named(metric)
        if seed < 0:
            raise UsageError(f"seed is {seed}, expected a number from 0 on")
        options = options or IndexOptions()
        matrix = check_vectors(as_matrix(vectors), chosen_metric)
        new_ids = check_ids(ids, len(matrix))
        next_id = len(matrix) if new_ids is None else int(new_ids.max(initial=-1)) + 1
        state = State(
            Store(matrix), len(matrix), L2Reduction(chosen_metric),
            ids=new_ids, next_id=next_id, always_exact=bool(exact), options=options,
        )  # fmt: skip
        if exact or (exact is None and len(matrix) < options.exact_below) or not len(matrix):
            return cls(state)
        return cls(mutations.build_lists(state.store, state, seed=seed, progress=progress))

    @classmethod
    def open(
        cls, path: str | Path, *, vectors: Matrix | None = None, options: IndexOptions | None = None
    ) -> Index:
        """Map a saved index: processes that open the same file share its memory.

        Parameters
        ----------
        vectors
            The matrix that the index was built from, or its path, where it has been moved.
        options
            Replace those kept in the file.

        Raises
        ------
        IndexFormatError
            The file is foreign, damaged or of another format, or the index's matrix has changed.
        FileNotFoundError
        """
        state, _ = load_index(Path(path), None if vectors is None else as_matrix(vectors))
        return cls(state if options is None else replace(state, options=options), Path(path))

    def save(
        self,
        path: str | Path | None = None,
        *,
        own_vectors: bool | None = None,
        note: Mapping[str, Any] | None = None,
        arrays: Mapping[str, NDArray[Any]] | None = None,
    ) -> Path:
        """Write the index to a file. A reader finds the old file or the new one, whole.

        Parameters
        ----------
        path
            By default, where the index was opened from or last saved to.
        own_vectors
            True copies the vectors into the file. By default, vectors mapped from a file of their own
            stay there and the index refers to that file, as long as it holds them.
        note, arrays
            More to keep: JSON in the file's header, and sections beside it.

        Raises
        ------
        UsageError
            There is no path, or nothing can be written there.
        """
        target = Path(path) if path is not None else self._path
        if target is None:
            raise UsageError("the index was never saved: give save a path")
        with self._writing:
            state = self._state
            if state.delta is not None or state.n_coded_tombstones or state.lists is None:
                self.compact()
            save_index(self._state, target, own_vectors, note=note, arrays=arrays)
            self._path = target
        return target

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
        """Find the nearest rows of each vector.

        Parameters
        ----------
        vectors
            (m, dim), or one vector (dim,).
        k
            Answers a query. Fewer come back only where fewer rows qualify. None with ``max_distance``
            gives all that are near enough.
        where
            Rows that may be answers: bool (n,) in the order of ``ids``, or ids. k answers come back
            whenever k rows qualify. The index keeps recent filters: the first query of one takes longer.
        max_distance
            Leave out rows that are farther.
        recall
            Share of the k truly nearest rows to find, on average over queries like the rows, as measured
            when the index was built. Higher is slower; 1 compares with every row. Where nothing less
            reaches a recall, a query does that too, with a RuntimeWarning; ``operating_point`` tells.
        effort
            Look this many times as far as the recall calls for.

        Returns
        -------
        ids : int64 (m, <= k), nearest first; -1 where a query has fewer answers than others
        distances : float32 (m, <= k), small is near; infinity beside -1. cosine 1 - cos, dot -u.v,
            hamming a count of bits.

        Raises
        ------
        UsageError, VectorError
        """
        state = self._state
        if where is None and max_distance is None and isinstance(vectors, np.ndarray) and vectors.ndim == 1:
            key = (k, recall, effort)
            searcher = state.searchers.get(key)
            if searcher is None and key not in state.plans and SearchParams(k, None, None, recall, effort).k:
                asked_plan(state, k or 0, recall, effort)
                searcher = state.searchers.get(key)
            neighbors = searcher(vectors) if searcher else None
            if neighbors:
                return neighbors
        params = SearchParams(k, where, max_distance, recall, effort)
        return self._search(state, as_queries(vectors, state), None, params)

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
        """Find the nearest rows of rows of the index; otherwise as ``query``.

        Parameters
        ----------
        with_self
            Let a row be its own neighbor.

        Raises
        ------
        IdNotFoundError
        """
        state, params = self._state, SearchParams(k, where, max_distance, recall, effort)
        rows = find_rows(state, as_ids(ids))
        queries = prepare_queries(state.store.take(rows), state.metric)
        return self._search(state, queries, None if with_self else rows, params)

    neighbours = neighbors

    def _search(
        self, state: State, queries: AnyVectors, exclude: Ids | None, params: SearchParams
    ) -> Neighbors:
        row_filter = None if params.where is None else filter_of(state, params.where)
        k, limit = params.k or 64, params.max_distance
        while True:
            plan = asked_plan(state, k, params.recall, params.effort)
            rows, distances = search_in_batches(partial(search, state, plan, row_filter), queries, exclude)
            if limit is None or params.k is not None or k >= len(state):
                break
            if not (distances[:, -1:] <= limit).any():
                break
            k = 4 * k  # until the farthest answer is too far
        rows, distances = drop_beyond((rows, distances), limit)
        return (rows if state.ids is None else np.where(rows < 0, -1, state.to_ids(rows))), distances

    def evaluate(
        self,
        queries: AnyVectors,
        k: int = 10,
        *,
        recalls: Sequence[float] = _RECALLS,
        where: Where | None = None,
    ) -> evaluation.IndexEvaluation:
        """Measure recall against exact search, and how long single queries take.

        Parameters
        ----------
        queries
            (m, dim). Vectors that are not in the index say most; a few hundred are enough.
        recalls
            What to ask ``query`` for, one measurement each.
        where
            As for ``query``.

        Raises
        ------
        UsageError, VectorError
        """
        vectors = np.atleast_2d(np.asarray(queries))
        if not len(vectors):
            raise UsageError("there are no queries, expected at least one")
        truth = self.query(vectors, k, where=where, recall=1)
        measurements = [
            evaluation.measure(partial(self.query, k=k, where=where, recall=recall), vectors, truth, recall)
            for recall in recalls
        ]
        return evaluation.IndexEvaluation(k, len(vectors), tuple(measurements))

    def add(self, vectors: AnyVectors, ids: Sequence[int] | Ids | None = None) -> Ids:
        """Append rows. Queries that begin after this see them.

        Parameters
        ----------
        vectors
            (n, dim), of the index's type.
        ids
            By default, the next numbers.

        Returns
        -------
        int64 (n,): the ids of the new rows

        Raises
        ------
        UsageError
            An id is taken.
        VectorError
        """
        with self._writing:
            new = as_rows(vectors, self._state)
            wanted_ids = None if ids is None else as_ids(ids)
            self._state, new_ids = mutations.add_rows(self._state, new, wanted_ids)
        self._compact_if_due()
        return new_ids

    def update(self, ids: Sequence[int] | Ids, vectors: AnyVectors) -> None:
        """Replace the vectors of some ids. Raises IdNotFoundError and VectorError."""
        with self._writing:
            new, changed_ids = as_rows(vectors, self._state), as_ids(ids)
            state = mutations.delete_rows(self._state, find_rows(self._state, changed_ids))
            self._state, _ = mutations.add_rows(state, new, changed_ids)
        self._compact_if_due()

    def delete(self, ids: Sequence[int] | Ids) -> None:
        """Remove rows. Queries that begin after this do not see them. Raises IdNotFoundError."""
        with self._writing:
            rows = find_rows(self._state, as_ids(ids))
            self._state = mutations.delete_rows(self._state, rows)
        self._compact_if_due()

    def compact(self, progress: Progress | None = None) -> None:
        """Merge added rows into the lists and drop deleted ones.

        New centroids are learned where the number of rows has changed much (``options.retrain_factor``). This
        happens by itself, in the background, once ``options.compact_share`` of the rows has changed.
        """
        with self._writing:
            self._state = mutations.compact_lists(self._state, progress)

    def wait_for_compaction(self, timeout_s: float | None = None) -> bool:
        """Wait until no compaction runs in the background; False where the time is up before."""
        thread = self._compacting
        if thread is not None:
            thread.join(timeout_s)
        return not self.is_compacting

    def _compact_if_due(self) -> None:
        """In the background: readers go on with what they have, writers wait."""
        if not mutations.needs_compaction(self._state) or self.is_compacting:
            return
        self._compacting = threading.Thread(target=self.compact, daemon=True, name="segue-index-compact")
        self._compacting.start()

    @property
    def is_compacting(self) -> bool:
        """Whether lists are being filled in the background."""
        return self._compacting is not None and self._compacting.is_alive()
