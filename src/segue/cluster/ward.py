"""Ward's hierarchical clustering: where k-means starts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.track import Vectors

_ROUNDING = 1e-9  # of costs between rows of length 1


class WardTree:
    """Which clusters of some rows join first, from each row by itself to all in one.

    Two clusters join where that adds the least to the squared distances from rows to their cluster's mean
    (Ward 1963). They are found by chains of nearest neighbors (Murtagh 1983), in n^2 steps.

    Parameters
    ----------
    x : float32 (n, dim), of length 1 or 0
    """

    def __init__(self, x: Vectors) -> None:
        self._x = x
        self._pairs = _merges(x)

    def assignments(self, k: int) -> NDArray[np.int64]:
        """int64 (n,): each row's cluster, from 0, where k are left."""
        n = len(self._x)
        joined = np.arange(n)
        for kept, gone in self._pairs[: max(0, n - k)].tolist():
            joined[gone] = kept
        for i in range(n):  # what a row joined stands before it
            joined[i] = joined[joined[i]]
        return np.unique(joined, return_inverse=True)[1]


def _merges(x: Vectors) -> NDArray[np.int64]:
    """int64 (n - 1, 2): clusters by their first rows, the first of which the second joins, cheapest first."""
    means, sizes, alive = x.astype(np.float64), np.ones(len(x)), np.ones(len(x), np.bool_)
    pairs: list[tuple[int, int]] = []
    costs: list[float] = []
    chain: list[int] = []
    while len(pairs) < len(x) - 1:
        if not chain:
            chain.append(int(alive.argmax()))
        top = chain[-1]
        cost = _costs(top, means, sizes, alive)
        nearest = int(cost.argmin())
        if len(chain) < 2 or cost[chain[-2]] > cost[nearest] + _ROUNDING:
            chain.append(nearest)
            continue
        other = chain[-2]
        costs.append(float(cost[other]))
        kept, gone = sorted((top, other))
        pairs.append((kept, gone))
        del chain[-2:]
        means[kept] = np.average(means[[kept, gone]], axis=0, weights=sizes[[kept, gone]])
        sizes[kept] += sizes[gone]
        alive[gone] = False
    order = np.argsort(costs, kind="stable")
    return np.array(pairs, np.int64).reshape(-1, 2)[order]


def _costs(
    i: int, means: NDArray[np.float64], sizes: NDArray[np.float64], alive: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """float64 (n,): what joining cluster i with each other would add; infinite for itself and those gone."""
    squares = np.einsum("ij,ij->i", means, means)
    distances = squares + squares[i] - 2 * (means @ means[i])
    costs: NDArray[np.float64] = np.maximum(distances, 0) * (sizes * sizes[i] / (sizes + sizes[i]))
    costs[~alive] = np.inf
    costs[i] = np.inf
    return costs
