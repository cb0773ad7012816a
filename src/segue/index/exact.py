"""Nearest rows by comparing a query with every one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from segue.index.metric import BLOCK_VALUES, AnyVectors, distances, to_float32
from segue.index.store import Store
from segue.spec import Metric
from segue.track import Float32

_FEW = 256  # columns; sorting them all is quicker than anything cleverer
_BLOCK_PAIRS = 1 << 22  # distances held at a time, by each thread
_ONE_PRODUCT = 1 << 22  # numbers of all rows, up to which a single query is one product with them

Neighbors = tuple[NDArray[np.int64], Float32]
"""Rows int64 (m, <= k) and distances float32 of the same shape, nearest first."""


def nearest(
    store: Store,
    queries: AnyVectors,
    k: int,
    metric: Metric,
    rows: NDArray[np.int64] | int,
) -> Neighbors:
    """The k nearest of the first rows, or of some.

    Parameters
    ----------
    queries : (m, dim), as ``prepare_queries`` gives them
    rows : int64 (n,), ascending, the only ones that may be answers; or how many of the first
    """
    n = rows if isinstance(rows, int) else len(rows)
    units = store.units() if metric == "cosine" and len(queries) * n <= _BLOCK_PAIRS else None
    if units is not None:
        chosen = units[:rows] if isinstance(rows, int) else units[rows]
        columns, smallest = k_smallest(np.maximum(1 - _products(queries, chosen), 0), k)
        return columns if isinstance(rows, int) else rows[columns], smallest
    best = (np.zeros((len(queries), 0), np.int64), np.zeros((len(queries), 0), np.float32))
    step = max(1, min(BLOCK_VALUES // store.base.shape[1], _BLOCK_PAIRS // max(1, len(queries))))
    for start in range(0, n, step):
        stop = min(n, start + step)
        block = store.part(start, stop) if isinstance(rows, int) else store.take(rows[start:stop])
        names = np.arange(start, stop) if isinstance(rows, int) else rows[start:stop]
        lengths = store.known_lengths(names) if metric == "cosine" else None
        best = _merge_block(best, distances(queries, block, metric, lengths), names, k)
    return best


def exact_searcher(
    store: Store, n: int, metric: Metric, ids: NDArray[np.int64] | None, k: int
) -> Callable[[AnyVectors], Neighbors | None] | None:
    """For single queries, (dim,): every row is compared by one product.

    None where there are too many rows for that, or they were added later, or are not float32 (but for cosine,
    where they are scaled anyway); and it answers None where the query needs a closer look.
    """
    base, is_cosine = store.base, metric == "cosine"
    if n > len(base) or not n or metric not in ("cosine", "dot"):
        return None
    if base.size > _ONE_PRODUCT or (base.dtype != np.float32 and not is_cosine):
        return None
    rows, shape = store.units() if is_cosine else np.asarray(base), (base.shape[1],)
    if rows is None:
        return None

    def search(vector: AnyVectors) -> Neighbors | None:
        if vector.shape != shape:
            return None
        query = (vector if vector.dtype == np.float32 else to_float32(vector))[None]
        square = float(np.vdot(query, query))
        # False for NaN, infinity and zero.
        if not 0 < square < np.inf:
            return None
        if is_cosine:
            distances = np.maximum(1 - _products(query / np.float32(square**0.5), rows), 0)
        else:
            distances = -_products(query, rows)
        columns, distances = k_smallest(distances, k)
        return (columns if ids is None else ids[columns]), distances

    return search


def _products(queries: AnyVectors, rows: AnyVectors) -> Float32:
    """float32 (m, n), of all pairs: of parts of the rows that stay near the processor.

    For one query these are too small for BLAS to split them over cores, where each would wait for a core
    that another program has.
    """
    out = np.empty((len(queries), len(rows)), np.float32)
    step = max(1, BLOCK_VALUES // rows.shape[1])
    for start in range(0, len(rows), step):
        out[:, start : start + step] = queries @ rows[start : start + step].T
    return out


def _merge_block(best: Neighbors, block: Float32, names: NDArray[np.int64], k: int) -> Neighbors:
    if best[0].shape[1] < k:
        columns, near_distances = k_smallest(block, k)
        return merge_nearest(best, (names[columns], near_distances), k)
    # Hardly any row of a later block comes near: only those that do are sorted.
    for query in np.flatnonzero((block < best[1][:, -1:]).any(axis=1)):
        near = np.flatnonzero(block[query] < best[1][query, -1])
        near_distances = np.concatenate([best[1][query], block[query, near]])
        order = np.argsort(near_distances, kind="stable")[:k]
        best[0][query] = np.concatenate([best[0][query], names[near]])[order]
        best[1][query] = near_distances[order]
    return best


def merge_nearest(one: Neighbors, other: Neighbors, k: int) -> Neighbors:
    """The k nearest of two answers to the same queries; ``one`` wins ties."""
    if not one[0].shape[1]:
        return other
    if not other[0].shape[1]:
        return one
    rows = np.concatenate([one[0], other[0]], axis=1)
    columns, smallest = k_smallest(np.concatenate([one[1], other[1]], axis=1), k)
    return np.take_along_axis(rows, columns, axis=1), smallest


def k_smallest(values: Float32, k: int) -> Neighbors:
    """Columns and values of the k smallest of each row, in order; the lower column wins a tie."""
    if k < values.shape[1] > _FEW:
        # Ties at the edge: partition alone would pick any of the equal ones.
        edge = np.partition(values, k - 1, axis=1)[:, k - 1 : k]
        order = [
            _smallest_of_row(row, float(limit), k) for row, limit in zip(values, edge[:, 0], strict=True)
        ]
        columns = np.array(order, np.int64).reshape(len(values), k)
    else:
        columns = np.argsort(values, axis=1, kind="stable")[:, :k]
    return columns, np.take_along_axis(values, columns, axis=1)


def _smallest_of_row(values: NDArray[np.float32], limit: float, k: int) -> NDArray[np.int64]:
    near = np.flatnonzero(values <= limit)
    return near[np.argsort(values[near], kind="stable")[:k]]
