"""Inverted lists of compressed rows: which rows are worth an exact comparison.

Each row belongs to the nearest of many centroids. Its difference from the centroid is kept as a
product-quantized code of 4 bits a part (Jégou et al. 2011; scanned in registers, André et al. 2015).
Rows with many dimensions are first projected on their principal axes; see `opq`. Faiss holds and scans
the lists. `rerank` computes the exact distances from the rows themselves.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from segue.index.centroids import Centroids, learn_centroids
from segue.index.opq import linear_map, part_width
from segue.index.packing import PACK, pack_codes, unpack_codes
from segue.track import Float32, Vector, Vectors

if TYPE_CHECKING:
    import faiss

FLAT_DIM = 4  # rows with at most so many dimensions are kept whole: their codes would be too coarse
_SCAN = 11  # Faiss's implementation that scans list by list and sorts candidates now and then
TABLE_ROWS = 700  # are scanned in the time in which a query makes the table for a list
_SAMPLE_PER_LIST = 40  # training rows
_ROUNDS = 8  # of k-means, for the values of each part of a code
_SEEDS = 2**31 - 3  # Faiss's seeds are 32-bit; two more are counted on from ours
_TABLE_VALUES = 1 << 24  # 64 MB of tables at a time
_MIN_QUERIES = 32  # searched together, so that all cores have work
_PART_VALUES = 16  # values of 4 bits, and the fewest rows that can train them


def list_count(n: int) -> int:
    """A power of two near 1.25 sqrt(n), in small indexes near n / 700.

    Twice or half as many is slower, measured at 6 000, 100 000 and a million rows: for each list that it
    scans, a query first makes a table, which takes as long as scanning ``TABLE_ROWS``.
    """
    return int(2 ** max(2, round(np.log2(min(1.25 * np.sqrt(n), n / TABLE_ROWS)))))


class QueryBuffers(NamedTuple):
    """Arrays that a query is written to and its answer read from; made once and reused, to save time.

    Attributes
    ----------
    query : float32 (dim,), the input; a shorter one has zeros after it
    rows : int64 (1, count), the answer; the last is -1 where there are too few
    values : float32 (1, count), of each row, smallest first
    arguments : of Faiss's search, which does not keep the arrays alive
    """

    query: Vector
    rows: NDArray[np.int64]
    values: Float32
    arguments: tuple[Any, ...]


class InvertedLists:
    """Compressed rows in lists; `search` returns the candidates for a query.

    Vectors are float32 (n, dim), in a space where the Euclidean distance orders rows as the metric
    does; see `l2_reduction`. Several threads may search at once.
    """

    def __init__(self, trained: NDArray[np.uint8]) -> None:
        import faiss

        self.trained = trained  # as Faiss writes an index, its lists empty
        self.faiss_index = faiss.deserialize_index(trained)  # the lists, perhaps behind a projection
        self.has_projection = isinstance(self.faiss_index, faiss.IndexPreTransform)
        self.ivf = self._ivf_behind_projection() if self.has_projection else self.faiss_index
        self._compare_all_centroids()
        self.faiss_lists = faiss.downcast_InvertedLists(self.ivf.invlists)
        self._centroids: Centroids | None = None
        self._axes: tuple[Vectors, Vector] | None = None
        self.dim = int(self.faiss_index.d)
        self.n_lists = int(self.ivf.nlist)
        self.code_bytes = int(self.ivf.code_size)
        self._blocked = hasattr(self.ivf, "pq")
        if self._blocked:
            self.ivf.implem = _SCAN
        self.pack = PACK if self._blocked else 2

    def _ivf_behind_projection(self) -> Any:
        """The lists behind a projection. Their sizes are compared here, as Faiss does not check a file."""
        import faiss

        ivf, chain = faiss.downcast_index(self.faiss_index.index), self.faiss_index.chain
        axes = chain.at(0) if chain.size() == 1 else None
        if axes is None or (axes.d_in, axes.d_out) != (self.faiss_index.d, ivf.d):
            raise ValueError("the projection does not fit the lists")
        return ivf

    def _compare_all_centroids(self) -> None:
        """Older files have a graph of centroids, which does not lead to clusters that lie far apart."""
        import faiss

        quantizer = faiss.downcast_index(self.ivf.quantizer)
        if isinstance(quantizer, faiss.IndexHNSW):
            self.ivf.quantizer = faiss.downcast_index(quantizer.storage)

    @classmethod
    def train(
        cls, sample: Vectors, n: int, axes: faiss.LinearTransform | None = None, *, seed: int = 0
    ) -> InvertedLists:
        """Empty lists for about n rows, learned from some of them.

        Parameters
        ----------
        axes : a projection of the rows, of which the codes are made
        """
        import faiss

        seed %= _SEEDS
        dim = axes.d_out if axes else sample.shape[1]
        n_lists = min(list_count(n), max(1, len(sample) // 8))
        width = part_width(dim)
        fine = "Flat" if dim <= FLAT_DIM else f"PQ{-(-dim // width)}x4fsr"
        padded = dim if dim <= FLAT_DIM else -(-dim // width) * width
        ivf = faiss.index_factory(padded, f"IVF{n_lists},{fine}", faiss.METRIC_L2)
        sample = axes.apply(sample) if axes else _zero_padded(sample, padded)
        ivf.quantizer.add(learn_centroids(sample, n_lists, seed=seed + 1))
        if hasattr(ivf, "pq"):
            if len(sample) < _PART_VALUES:
                sample = np.resize(sample, (_PART_VALUES, padded))
            ivf.pq.cp.seed, ivf.pq.cp.min_points_per_centroid = seed + 2, 1
            ivf.pq.cp.niter = _ROUNDS
        ivf.train(sample)
        return cls(faiss.serialize_index(faiss.IndexPreTransform(axes, ivf) if axes else ivf))

    @property
    def n_axes(self) -> int:
        """Principal axes that rows are projected on; 0 where they are not projected."""
        return int(self.ivf.d) if self.has_projection else 0

    @staticmethod
    def sample_size(n: int) -> int:
        """How many of n rows ``train`` needs."""
        return min(n, max(20_000, list_count(n) * _SAMPLE_PER_LIST))

    def encode(self, vectors: Vectors) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        """Which list each vector belongs to, (n,), and its code, (n, code_bytes)."""
        from faiss import swig_ptr

        projected = self.projected(vectors)
        numbers = self._nearest_centroids(projected, 1)[0][:, 0].copy()
        codes = np.empty((len(vectors), self.code_bytes), np.uint8)
        self.ivf.encode_vectors(len(vectors), swig_ptr(projected), swig_ptr(numbers), swig_ptr(codes))
        return numbers.astype(np.int32), codes

    def fill(self, rows: NDArray[np.int64], numbers: NDArray[np.int32], codes: NDArray[np.uint8]) -> None:
        """Put rows, by their numbers, into lists that hold none yet: the lists and codes are of ``encode``.

        Faiss adds codes that are ready by whole blocks alone, so a list gets all its rows at once.
        """
        from faiss import swig_ptr

        if len(self):
            raise ValueError("the lists hold rows already")
        order = np.argsort(numbers, kind="stable")
        starts = np.searchsorted(numbers[order], np.arange(self.n_lists + 1))
        for i, (start, stop) in enumerate(itertools.pairwise(starts.tolist())):
            if start < stop:
                of_list, ids = codes[order[start:stop]], rows[order[start:stop]]
                packed = pack_codes(of_list) if self._blocked else of_list
                self.faiss_lists.add_entries(i, len(ids), swig_ptr(ids), swig_ptr(packed))
        self.ivf.ntotal = self.faiss_index.ntotal = len(rows)

    def __len__(self) -> int:
        return int(self.faiss_lists.compute_ntotal())

    def search(self, queries: Vectors, n_probe: int, count: int) -> NDArray[np.int64]:
        """int64 (m, count): rows that may be near, most likely first; -1 where there are fewer.

        Parameters
        ----------
        n_probe : how many lists are scanned for each query
        """
        n_probe = min(n_probe, self.n_lists)
        if len(queries) == 1:
            return self.scanner(n_probe, count)(np.ascontiguousarray(queries[0], np.float32))[None]
        queries = self.projected(queries)
        numbers, squares = self._nearest_centroids(queries, n_probe)
        # Those that scan the same list follow one another, so that it is still near the processor.
        order = np.argsort(numbers[:, 0], kind="stable")
        rows = np.empty((len(queries), count), np.int64)
        # For each query and list, Faiss makes a table of the distance that each part of a code adds.
        tables = n_probe * self.code_bytes * 2 * _PART_VALUES
        step = max(_MIN_QUERIES, _TABLE_VALUES // tables)
        for start in range(0, len(queries), step):
            part = order[start : start + step]
            rows[part] = self.scan(queries[part], numbers[part], squares[part], count)
        return rows

    def scan(
        self,
        queries: Vectors,
        numbers: NDArray[np.int64],
        squares: Float32,
        count: int,
        params: faiss.SearchParametersIVF | None = None,
    ) -> NDArray[np.int64]:
        """``search`` in the lists of these numbers, whose centroids' squared distances are known.

        Parameters
        ----------
        queries : float32 (m, dim'), as ``projected`` gives them
        numbers, squares : (m, n_probe), each in one block of memory
        params : which rows may be answers; all by default
        """
        from faiss import swig_ptr

        rows = np.empty((len(queries), count), np.int64)
        estimates = np.empty((len(queries), count), np.float32)
        params = params or _list_params(numbers.shape[1])
        asked = swig_ptr(queries), count, swig_ptr(numbers), swig_ptr(squares)
        answer = swig_ptr(estimates), swig_ptr(rows)
        self.ivf.search_preassigned_c(len(queries), *asked, *answer, False, params)
        return rows

    def scanner(self, n_probe: int, count: int) -> Callable[[NDArray[np.float32]], NDArray[np.int64]]:
        """``search`` for one query, (<= dim,), with everything prepared that does not depend on the query."""
        from faiss import swig_ptr

        index, params, dim = self.faiss_index, self.params(n_probe), self.dim
        search_c = type(index).search_c
        pool: list[QueryBuffers] = []

        def new_buffers() -> QueryBuffers:
            padded = np.zeros(dim, np.float32)
            rows, estimates = np.empty((1, count), np.int64), np.empty((1, count), np.float32)
            outputs = swig_ptr(estimates), swig_ptr(rows)
            arguments = (index.this, 1, swig_ptr(padded), count, *outputs, params.this)
            return QueryBuffers(padded, rows, estimates, arguments)

        def scan(query: NDArray[np.float32]) -> NDArray[np.int64]:
            try:
                buffers = pool.pop()
            except IndexError:
                buffers = new_buffers()
            padded, rows, _, arguments = buffers
            padded[: len(query)] = query
            search_c(*arguments)
            answer = rows[0].copy()
            pool.append(buffers)
            return answer

        return scan

    def params(self, n_probe: int) -> Any:
        """What tells Faiss to scan so many lists."""
        n_probe = min(n_probe, self.n_lists)
        return (_projected_params if self.has_projection else _list_params)(n_probe)

    def order(self, query: Vectors) -> tuple[NDArray[np.int64], Float32]:
        """The numbers of all lists and the squared distances of their centroids, the nearest first.

        Parameters
        ----------
        query : float32 (1, dim'), as ``projected`` gives it
        """
        return self._known_centroids().order(query)

    def _nearest_centroids(self, projected: Vectors, count: int) -> tuple[NDArray[np.int64], Float32]:
        return self._known_centroids().nearest(projected, count)

    def _known_centroids(self) -> Centroids:
        if self._centroids is None:
            self._centroids = Centroids(self.ivf.quantizer.reconstruct_n(0, self.n_lists))
        return self._centroids

    def projected(self, vectors: Vectors) -> Vectors:
        """float32 (n, dim'), as codes are made of them."""
        vectors = _zero_padded(vectors, self.dim)
        if not self.has_projection:
            return vectors
        if self._axes is None:
            self._axes = linear_map(self.faiss_index.chain.at(0))
        matrix, offset = self._axes
        projected = vectors @ matrix
        projected += offset
        return projected

    def rows_in(self, number: int) -> NDArray[np.int64]:
        """int64 (n,): the rows in a list."""
        import faiss

        n = int(self.faiss_lists.list_size(int(number)))
        return faiss.rev_swig_ptr(self.faiss_lists.get_ids(int(number)), n) if n else np.empty(0, np.int64)

    def rows(self) -> NDArray[np.int64]:
        """int64 (n,): all rows in the lists, list by list."""
        return np.concatenate([self.rows_in(i) for i in range(self.n_lists)])

    def empty_copy(self) -> InvertedLists:
        """Lists with the same centroids and codes, but without rows."""
        return InvertedLists(self.trained)

    def sizes(self) -> NDArray[np.int64]:
        """int64 (n_lists,): rows in each list."""
        return np.array([self.faiss_lists.list_size(i) for i in range(self.n_lists)], np.int64)

    def packed_lists(self) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
        """The codes of each list as bytes, padded to a multiple of ``pack``, and its rows."""
        import faiss

        for i, n in enumerate(self.sizes().tolist()):
            padded = -(-n // self.pack) * self.pack
            n_bytes = self.n_code_bytes(n)
            codes = faiss.rev_swig_ptr(self.faiss_lists.get_codes(i), n_bytes) if n else np.empty(0, np.uint8)
            yield (
                np.resize(codes, padded * self.code_bytes) if padded > n and not self._blocked else codes,
                self.rows_in(i),
            )

    def coded_rows(
        self, allowed: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint8]]:
        """The rows that are allowed, their lists and their codes, as ``fill`` takes them.

        Parameters
        ----------
        allowed : bool, for each row
        """
        kept, codes, sizes = [], [], []
        for packed, rows in self.packed_lists():
            is_allowed = allowed.take(rows)
            of_list = packed.reshape(-1, self.code_bytes)[: len(rows)]
            if self._blocked:
                of_list = unpack_codes(packed.reshape(-1, self.code_bytes, PACK))[: len(rows)]
            kept.append(rows[is_allowed])
            codes.append(of_list[is_allowed])
            sizes.append(len(kept[-1]))
        numbers = np.repeat(np.arange(self.n_lists, dtype=np.int32), sizes)
        return np.concatenate(kept), numbers, np.concatenate(codes)

    def n_code_bytes(self, n: int) -> int:
        """How many bytes Faiss keeps for the codes of a list of n rows."""
        return (-(-n // self.pack) * self.pack if self._blocked else n) * self.code_bytes

    def use_faiss_lists(self, faiss_lists: faiss.InvertedLists, n: int) -> None:
        """Replace the lists by these, which hold n rows."""
        if faiss_lists is not self.faiss_lists:
            faiss_lists.this.disown()
            self.ivf.replace_invlists(faiss_lists, True)
            self.faiss_lists = faiss_lists
        self.ivf.ntotal = self.faiss_index.ntotal = n


@lru_cache(maxsize=256)
def _list_params(n_probe: int) -> Any:
    import faiss

    return faiss.SearchParametersIVF(nprobe=n_probe)


@lru_cache(maxsize=256)
def _projected_params(n_probe: int) -> Any:
    import faiss

    return faiss.SearchParametersPreTransform(index_params=_list_params(n_probe))


def _zero_padded(vectors: Vectors, dim: int) -> Vectors:
    """Rows with zeros appended, so that they divide evenly into the parts of a code."""
    if vectors.shape[1] == dim:
        return np.ascontiguousarray(vectors, np.float32)
    out = np.zeros((len(vectors), dim), np.float32)
    out[:, : vectors.shape[1]] = vectors
    return out
