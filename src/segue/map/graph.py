"""The weighted graph of nearest neighbors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_HALVINGS = 32  # of the interval in which a width is searched
_BLOCK = 1 << 14  # rows at a time


@dataclass(frozen=True, slots=True)
class Graph:
    """Edges between rows, in both directions, by the row that they leave (compressed sparse rows).

    Attributes
    ----------
    starts : int64 (n + 1,), where each row's edges begin, and the end of the last
    targets : int32 (n_edges,), the rows that they lead to
    weights : float32 (n_edges,), from 0 to 1
    """

    starts: NDArray[np.int64]
    targets: NDArray[np.int32]
    weights: NDArray[np.float32]


def neighbor_graph(neighbors: NDArray[np.int64], distances: NDArray[np.floating]) -> Graph:
    """The fuzzy graph of nearest neighbors (McInnes, Healy & Melville 2018, sections 3.1 and 3.2).

    From row i to its neighbor j the weight is exp(-(d_ij - d_i1) / s_i), where d_i1 is the distance to the
    nearest, and s_i makes the sum log2(k); of two directions together a + b - a b.

    Parameters
    ----------
    neighbors : (n, k), nearest first; negative where there are fewer
    distances : (n, k)
    """
    n, k = neighbors.shape
    one_way = np.concatenate([
        _weights(neighbors[i : i + _BLOCK], distances[i : i + _BLOCK]) for i in range(0, n, _BLOCK)
    ])  # fmt: skip
    real = (neighbors >= 0) & (neighbors != np.arange(n)[:, None])
    sources = np.broadcast_to(np.arange(n)[:, None], (n, k))[real]
    targets, weights = neighbors[real], one_way[real].astype(np.float64)
    # An edge is one number, so that both directions of a pair are summed by sorting.
    edges = np.concatenate([sources * n + targets, targets * n + sources])
    order = np.argsort(edges, kind="stable")
    edges, weights = edges[order], np.concatenate([weights, weights])[order]
    firsts = np.flatnonzero(np.append(True, edges[1:] != edges[:-1]))
    sums, counts = np.add.reduceat(weights, firsts), np.diff(np.append(firsts, len(edges)))
    products = np.multiply.reduceat(weights, firsts)
    joined = np.where(counts > 1, sums - products, sums)
    starts = np.searchsorted(edges[firsts], np.arange(n + 1) * n)
    return Graph(starts, (edges[firsts] % n).astype(np.int32), joined.astype(np.float32))


def _weights(neighbors: NDArray[np.int64], distances: NDArray[np.floating]) -> NDArray[np.float32]:
    """float32 (m, k): the weights of some rows, one way."""
    real = neighbors >= 0
    excess = np.where(real, distances.astype(np.float64), np.inf)
    excess -= excess.min(axis=1, keepdims=True)
    target = np.log2(np.maximum(real.sum(axis=1, keepdims=True), 2))
    mean = np.where(real, excess, 0).mean(axis=1, keepdims=True)
    low, high = 1e-4 * mean + 1e-9, 64 * mean + 1e-6
    for _ in range(_HALVINGS):
        width = (low + high) / 2
        too_wide = np.exp(-excess / width).sum(axis=1, keepdims=True) > target
        high, low = np.where(too_wide, width, high), np.where(too_wide, low, width)
    return np.asarray(np.exp(-excess / high), np.float32)
