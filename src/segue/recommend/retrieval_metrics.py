"""How good lists of neighbors are: precision, average precision, hubness, and how sure of it one can be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set

import numpy as np
from numpy.typing import NDArray

KS = (1, 5, 10)
LEVEL = 0.95  # of intervals
_DRAWS = 1_000
_TOGETHER = 50  # draws
_PAIRS = 20_000  # for what chance gives

Labels = Sequence[Set[str]]
Items = NDArray[np.int64]


def answerable(labels: Labels, asked: Items) -> Items:
    """int64: those of the asked items with which another item has a label in common."""
    counts = Counter(label for own in labels for label in own)
    return np.array([i for i in asked.tolist() if any(counts[label] > 1 for label in labels[i])], np.int64)


def hits(labels: Labels, queries: Items, neighbors: Items) -> NDArray[np.bool_]:
    """bool (n_queries, n): which neighbors have a label in common with the query.

    Parameters
    ----------
    neighbors : int64 (n_queries, n), the items nearest to each query, without the query itself
    """
    pairs = zip(queries.tolist(), neighbors.tolist(), strict=True)
    rows = [[not labels[i].isdisjoint(labels[j]) for j in row] for i, row in pairs]
    return np.array(rows, np.bool_).reshape(neighbors.shape)


def precision_at(
    labels: Labels, neighbors: Items, ks: Sequence[int] = KS, asked: Items | None = None
) -> dict[int, float]:
    """Share of the first k neighbors that have a label in common with the query, mean over queries.

    P@k = mean over i of |{j in N_k(i): L_j and L_i meet}| / k. Queries whose labels no other item has are
    left out, as they cannot be right; 0 where none is left.

    Parameters
    ----------
    labels : of each item, none, one or several
    neighbors : int64 (n_asked, >= max(ks)), the items nearest to each query, without the query itself
    asked : int64 (n_asked,), the item of each row of ``neighbors``; all items unless given
    """
    every = np.arange(len(labels)) if asked is None else asked
    rows = np.isin(every, answerable(labels, every))
    right = hits(labels, every[rows], neighbors[rows])
    return {k: float(right[:, :k].mean()) if len(right) else 0.0 for k in ks}


def n_relevant(labels: Labels, queries: Items) -> Items:
    """int64 (n_queries,): how many other items have a label in common with each query."""
    items: dict[str, set[int]] = {}
    for item, own in enumerate(labels):
        for label in own:
            items.setdefault(label, set()).add(item)
    counts: dict[frozenset[str], int] = {}
    for i in queries.tolist():
        own = frozenset(labels[i])
        if own not in counts:
            counts[own] = len(set().union(*(items[label] for label in own))) - 1
    return np.array([counts[frozenset(labels[i])] for i in queries.tolist()], np.int64)


def average_precision(right: NDArray[np.bool_], relevant: Items) -> NDArray[np.float64]:
    """float64 (n_queries,): the mean of the precision at each right neighbor; a right one not found counts 0.

    Parameters
    ----------
    right : bool (n_queries, n), as ``hits``; nothing beyond the n neighbors counts
    relevant : int64 (n_queries,), how many right ones there are at all
    """
    ranks = np.arange(1, right.shape[1] + 1)
    precision = right.cumsum(axis=1) / ranks
    return np.asarray((precision * right).sum(axis=1) / np.minimum(relevant, right.shape[1]).clip(min=1))


def hubness(neighbors: Items) -> float:
    """Skewness of how often each item is a neighbor (Radovanovic et al. 2010, S_Nk).

    0 where all items are equally often neighbors; above 2 a few hubs are near everything.
    """
    counts = np.bincount(neighbors.ravel(), minlength=len(neighbors)).astype(np.float64)
    spread = counts.std()
    return float(((counts - counts.mean()) ** 3).mean() / spread**3) if spread else 0.0


def chance(labels: Labels, asked: Items) -> float:
    """The share of random pairs of an asked item and another that have a label in common."""
    rng = np.random.default_rng(0)
    pairs = zip(
        rng.choice(asked, _PAIRS).tolist(), rng.integers(0, len(labels), _PAIRS).tolist(), strict=True
    )
    return float(np.mean([not labels[a].isdisjoint(labels[b]) for a, b in pairs if a != b]))


def bootstrap(values: NDArray[np.float64], groups: Items) -> NDArray[np.float64]:
    """float64 (n_draws, n_figures): means over queries, with groups of queries drawn again and again.

    Tracks of one album are no independent witnesses, so whole albums are drawn (Efron 1979, by clusters).

    Parameters
    ----------
    values : (n_queries, n_figures)
    groups : int64 (n_queries,), 0 to n_groups - 1
    """
    n = int(groups.max()) + 1
    sums = np.stack([np.bincount(groups, column, minlength=n) for column in values.T], axis=1)
    sizes = np.bincount(groups, minlength=n)
    rng, means = np.random.default_rng(0), []
    for _ in range(0, _DRAWS, _TOGETHER):
        times = rng.multinomial(n, np.full(n, 1 / n), size=_TOGETHER)
        means.append((times @ sums) / (times @ sizes)[:, None])
    return np.concatenate(means)


def interval(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64 (2, n_figures): where 95 % of the drawn means lie."""
    return np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
