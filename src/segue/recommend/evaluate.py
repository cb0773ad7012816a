"""How good are neighbours? Pure functions over arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def precision_at(
    labels: Sequence[str], neighbours: NDArray[np.int64], ks: Sequence[int] = (1, 5, 10)
) -> dict[int, float]:
    """Share of the first k neighbours that carry the query's label, mean over queries.

    P@k = mean over i of |{j in N_k(i): label_j = label_i}| / k. Queries whose label no other item
    carries are left out, as they cannot be right.

    Parameters
    ----------
    labels : one an item
    neighbours : int64 (n, >= max(ks)), row i the items nearest to item i, without i itself
    """
    names = np.asarray(labels)
    hits = names[neighbours] == names[:, None]
    _, inverse, counts = np.unique(names, return_inverse=True, return_counts=True)
    askable = counts[inverse] > 1
    return {k: float(hits[askable, :k].mean()) for k in ks}


def hubness(neighbours: NDArray[np.int64]) -> float:
    """Skewness of how often each item is a neighbour (Radovanovic et al. 2010, S_Nk).

    0 where all items are equally often neighbours; above 2 a few hubs are near everything.
    """
    counts = np.bincount(neighbours.ravel(), minlength=len(neighbours)).astype(np.float64)
    spread = counts.std()
    return float(((counts - counts.mean()) ** 3).mean() / spread**3) if spread else 0.0


def precision_of_labels(labels: Sequence[set[str]], neighbours: NDArray[np.int64], k: int) -> float:
    """Share of the first k neighbours that share any label with the query, mean over queries with labels.

    Parameters
    ----------
    labels : of each item, none or several
    neighbours : int64 (n, >= k), row i the items nearest to item i, without i itself
    """
    hits = [
        [not own.isdisjoint(labels[j]) for j in row[:k]]
        for own, row in zip(labels, neighbours, strict=True)
        if own
    ]
    return float(np.mean(hits)) if hits else 0.0
