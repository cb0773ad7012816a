"""Who is whose neighbour, and how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_HALVINGS = 32  # of the interval that a width is looked for in
_BLOCK = 1 << 14  # rows at a time


@dataclass(frozen=True, slots=True)
class Graph:
    """Edges between rows, both ways, in the order of the rows that they leave.

    Attributes
    ----------
    ends : int64 (n + 1,), where each row's edges begin, and the end of the last
    to : int32 (n_edges,), the rows that they lead to
    weights : float32 (n_edges,), from 0 to 1
    """

    ends: NDArray[np.int64]
    to: NDArray[np.int32]
    weights: NDArray[np.float32]


def graph_of(neighbours: NDArray[np.int64], distances: NDArray[np.floating]) -> Graph:
    """The fuzzy graph of nearest neighbours (McInnes, Healy & Melville 2018, sections 3.1 and 3.2).

    From row i to its neighbour j the weight is exp(-(d_ij - d_i1) / s_i), where d_i1 is the distance to the
    nearest, and s_i makes the sum log2(k); of two directions together a + b - a b.

    Parameters
    ----------
    neighbours : (n, k), nearest first; negative where there are fewer
    distances : (n, k)
    """
    n, k = neighbours.shape
    one_way = np.concatenate([
        _weights(neighbours[i : i + _BLOCK], distances[i : i + _BLOCK]) for i in range(0, n, _BLOCK)
    ])  # fmt: skip
    there = (neighbours >= 0) & (neighbours != np.arange(n)[:, None])
    leaves = np.broadcast_to(np.arange(n)[:, None], (n, k))[there]
    leads, weights = neighbours[there], one_way[there].astype(np.float64)
    # Each edge is a number; that of its other direction comes beside it when all are sorted.
    edges = np.concatenate([leaves * n + leads, leads * n + leaves])
    order = np.argsort(edges, kind="stable")
    edges, weights = edges[order], np.concatenate([weights, weights])[order]
    firsts = np.flatnonzero(np.append(True, edges[1:] != edges[:-1]))
    sums, counts = np.add.reduceat(weights, firsts), np.diff(np.append(firsts, len(edges)))
    products = np.multiply.reduceat(weights, firsts)
    joined = np.where(counts > 1, sums - products, sums)
    ends = np.searchsorted(edges[firsts], np.arange(n + 1) * n)
    return Graph(ends, (edges[firsts] % n).astype(np.int32), joined.astype(np.float32))


def _weights(neighbours: NDArray[np.int64], distances: NDArray[np.floating]) -> NDArray[np.float32]:
    """float32 (m, k): of some rows, one way."""
    known = neighbours >= 0
    far = np.where(known, distances.astype(np.float64), np.inf)
    far -= far.min(axis=1, keepdims=True)
    wanted = np.log2(np.maximum(known.sum(axis=1, keepdims=True), 2))
    usual = np.where(known, far, 0).mean(axis=1, keepdims=True)
    low, high = 1e-4 * usual + 1e-9, 64 * usual + 1e-6
    for _ in range(_HALVINGS):
        width = (low + high) / 2
        much = np.exp(-far / width).sum(axis=1, keepdims=True) > wanted
        high, low = np.where(much, width, high), np.where(much, low, width)
    return np.asarray(np.exp(-far / high), np.float32)
