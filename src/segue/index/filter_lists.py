"""The codes of a filter's rows alone, so that nothing need be asked of a row while lists are scanned.

A code tells r, by which a row x differs from the centroid c of its list. For the distances |q - x| of a
query, each list needs a table of its own, which takes as long as scanning hundreds of rows; and lists of a
filter hold few. Here all share one table, of the products q.r, as

    |q - x|^2 = |q - c|^2 - 2 q.r + (2 c.r + |r|^2),

where the last term does not depend on the query. It is kept as one more byte of a code. As products far from
zero are much larger than distances, q and c are counted from the middle of all centroids.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.index.ivfpq import PACK, InvertedLists
from segue.track import Float32, Vectors

_VALUES = 16  # of each of a byte's two parts
_MIDDLE = 127.5  # of a byte's values
_DEVIATIONS = 6  # from the mean of its list, up to which a row's number is told
_COARSE = 2  # times the mean of |r|^2, by which the last terms differ, and no longer tell which row is nearer
_DECODED = 4096  # rows at a time
_LEAST_BYTES = 256  # that Faiss takes for a list


class FilterLists:
    """Some rows of several ``InvertedLists`` with the same centroids.

    Parameters
    ----------
    allowed : bool (n,), which rows; at least one that is in a list

    Attributes
    ----------
    code_bytes : of a row
    are_coarse : whether rounding hides which rows are near, as there are rows far apart in several places
    """

    def __init__(self, all_lists: Sequence[InvertedLists], allowed: NDArray[np.bool_]) -> None:
        numbers, rows, codes = _allowed_codes(all_lists, allowed)
        model = all_lists[0]
        centroids = model.centroids()
        self._middle = centroids.mean(axis=0)
        self._nearer, deviations, square = _known_halves(model, centroids - self._middle, numbers, codes)
        self.are_coarse = bool(deviations.std() > _COARSE * square)
        most = min(float(np.abs(deviations).max()), _DEVIATIONS * float(deviations.std()))
        step = most / _MIDDLE or 1.0
        last = np.clip(np.rint(deviations / step + _MIDDLE), 0, 2 * _MIDDLE).astype(np.uint8)
        self._nearer -= np.float32(_MIDDLE * step)
        self._lists = InvertedLists(_of_products(model, step))
        self._lists.fill(rows, numbers, np.concatenate([codes, last[:, None]], axis=1))
        self.code_bytes = self._lists.code_bytes
        self._query = np.zeros((1, self._lists.dim), np.float32)
        width = self._lists.dim // (2 * self.code_bytes)
        self._query[0, [-2 * width, -width]] = 1

    def scan(
        self, query: Vectors, numbers: NDArray[np.int64], squares: Float32, count: int
    ) -> NDArray[np.int64]:
        """int64 (<= count,): of one query, as ``InvertedLists.scan``, but without -1."""
        asked = self._query.copy()
        asked[:, : query.shape[1]] = query - self._middle
        nearness = self._nearer.take(numbers)
        nearness -= squares / 2
        rows = self._lists.scan(asked, numbers, nearness, count)[0]
        return rows[rows >= 0]

    @staticmethod
    def fit(all_lists: Sequence[InvertedLists]) -> bool:
        """Whether there can be some: rows of few dimensions have no codes."""
        return all_lists[0].pack == PACK

    @staticmethod
    def nbytes_of(all_lists: Sequence[InvertedLists], sizes: NDArray[np.int64]) -> int:
        """What lists with so many rows take; Faiss rounds up to powers of two."""
        blocks = -(-sizes[sizes > 0] // PACK) * PACK * (all_lists[0].code_bytes + 1)
        taken = np.exp2(np.ceil(np.log2(np.maximum(blocks, _LEAST_BYTES))))
        return int(taken.sum()) + sizes.itemsize * int(sizes.sum())


def _allowed_codes(
    all_lists: Sequence[InvertedLists], allowed: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.uint8]]:
    """The list, the number and the code of each allowed row."""
    numbers, own_rows, codes = [], [], []
    for lists in all_lists:
        for number in range(lists.n_lists):
            rows = lists.rows_in(number)
            chosen = allowed.take(rows)
            if chosen.any():
                own_rows.append(rows[chosen])
                codes.append(lists.codes_in(number)[chosen])
                numbers.append(np.full(len(own_rows[-1]), number, np.int32))
    return np.concatenate(numbers), np.concatenate(own_rows), np.concatenate(codes)


def _known_halves(
    lists: InvertedLists, centroids: Vectors, numbers: NDArray[np.int32], codes: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    """Of -(c.r + |r|^2 / 2), the mean in each list, (n_lists,), and the deviation of each row, (n,).

    Third, the mean of |r|^2.
    """
    halves, square = np.empty(len(codes), np.float32), 0.0
    for start in range(0, len(codes), _DECODED):
        part = slice(start, start + _DECODED)
        differences = lists.ivf.pq.decode(codes[part])
        halves[part] = -np.einsum("ij,ij->i", differences, centroids[numbers[part]] + differences / 2)
        square += float(np.vdot(differences, differences)) / len(codes)
    sizes = np.bincount(numbers, minlength=lists.n_lists)
    means = (np.bincount(numbers, halves, lists.n_lists) / np.maximum(sizes, 1)).astype(np.float32)
    return means, halves - means[numbers], square


def _of_products(lists: InvertedLists, step: float) -> Any:
    """Empty lists as Faiss writes them, for the largest products; the last byte of a code counts steps."""
    import faiss

    old = lists.ivf.pq
    width, n_parts = old.dsub, 2 * (lists.code_bytes + 1)
    values = np.zeros((n_parts, _VALUES, width), np.float32)
    values[: old.M] = faiss.vector_to_array(old.centroids).reshape(old.M, _VALUES, width)
    values[-2, :, 0], values[-1, :, 0] = step * np.arange(_VALUES), step * _VALUES * np.arange(_VALUES)
    dim, metric = n_parts * width, faiss.METRIC_INNER_PRODUCT
    ivf = faiss.IndexIVFPQFastScan(faiss.IndexFlatIP(dim), dim, lists.n_lists, n_parts, 4, metric)
    ivf.by_residual = ivf.is_trained = True
    faiss.copy_array_to_vector(values.ravel(), ivf.pq.centroids)
    return faiss.serialize_index(ivf)
