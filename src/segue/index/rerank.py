"""Candidates and their exact distances in one call of Faiss, from rows where they lie mapped."""

from __future__ import annotations

from typing import Any

import numpy as np

from segue.index.ivfpq import InvertedLists, QueryBuffers
from segue.index.metric import AnyVectors


class RerankedSearch:
    """A search that compares its candidates exactly: ``search(*buffers.arguments)``, while this lives.

    Attributes
    ----------
    pool : buffers that no query uses; a thread takes some, or makes new ones, and puts them back
    """

    def __init__(self, both: Any, rows: AnyVectors, params: Any, count: int, k_factor: float) -> None:
        import faiss

        self.search = type(both).search_c
        self.pool: list[QueryBuffers] = []
        self.dim, self.dtype = int(both.d), rows.dtype
        self._both, self._rows, self._count = both, rows, count  # Faiss does not keep the rows alive
        both.ntotal = len(rows)
        self._params = faiss.IndexRefineSearchParameters(k_factor=k_factor, base_index_params=params)

    def new_buffers(self) -> QueryBuffers:
        from faiss import swig_ptr

        query = np.empty(self.dim, np.float32)
        rows, values = np.empty((1, self._count), np.int64), np.empty((1, self._count), np.float32)
        # Passing what is inside SWIG's wrappers saves looking for it: 2 us.
        outputs = swig_ptr(values), swig_ptr(rows)
        arguments = (self._both.this, 1, swig_ptr(query), self._count, *outputs, self._params.this)
        return QueryBuffers(query, rows, values, arguments)


def search_by_l2(
    lists: InvertedLists, rows: AnyVectors, n_probe: int, count: int, k: int
) -> RerankedSearch | None:
    """The nearest k of ``count`` candidates and the squares of their distances, nearest first.

    None where Faiss cannot read the rows where they lie.
    """
    import faiss

    exact = _flat_index(lists, rows)
    if exact is None:
        return None
    return RerankedSearch(
        faiss.IndexRefine(lists.faiss_index, exact), rows, lists.params(n_probe), k, count / k
    )


def search_by_product(
    lists: InvertedLists, rows: AnyVectors, n_probe: int, count: int
) -> RerankedSearch | None:
    """``count`` candidates of a query of any length and their products with it, smallest first.

    The codes are of rows of length 1. None where Faiss cannot read the rows where they lie.
    """
    import faiss

    exact = _flat_index(lists, rows)
    if exact is None:
        return None
    # Normalize for the codes only: where rows are bytes, Faiss makes the query bytes too.
    unit = faiss.IndexPreTransform(faiss.NormalizationTransform(lists.dim), lists.faiss_index)
    both = faiss.IndexRefine(unit, exact)
    exact.metric_type = faiss.METRIC_INNER_PRODUCT  # set last: IndexRefine wants both to have the same
    params = faiss.SearchParametersPreTransform(index_params=lists.params(n_probe))
    return RerankedSearch(both, rows, params, count, 1)


def _flat_index(lists: InvertedLists, rows: AnyVectors) -> Any:
    """A flat index over rows that stay where they are; None where Faiss cannot read them."""
    import faiss

    kinds = {"uint8": faiss.ScalarQuantizer.QT_8bit_direct, "float16": faiss.ScalarQuantizer.QT_fp16}
    name = rows.dtype.name
    if rows.shape[1] != lists.dim or not rows.flags.c_contiguous:
        return None
    if (name != "float32" and name not in kinds) or not hasattr(faiss, "ZeroCopyIOReader"):  # an older Faiss
        return None
    dim = rows.shape[1]
    flat = faiss.IndexFlat(dim) if name == "float32" else faiss.IndexScalarQuantizer(dim, kinds[name])
    # A view must name an owner, and only an index that was read without a copy has one. The owner is a part
    # of that index, which therefore has to live until the view is made.
    empty = faiss.serialize_index(flat)
    read = faiss.read_index(faiss.ZeroCopyIOReader(faiss.swig_ptr(empty), len(empty)))
    data = rows.reshape(-1).view(np.uint8)
    flat.codes = faiss.MaybeOwnedVectorUInt8.create_view(faiss.swig_ptr(data), data.size, read.codes.owner)
    # IndexRefine wants as many rows as have codes; deleted rows lie between those.
    flat.ntotal, flat.is_trained = lists.ivf.ntotal, True
    return flat
