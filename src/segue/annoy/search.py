"""Search as Annoy does: its distances, ties by the item's number, the item itself first."""

from __future__ import annotations

import operator

import numpy as np

from segue.annoy.metric import AnnoyMetric, Stored, distances
from segue.errors import UsageError
from segue.index import Index

_LEAST, _MOST = 0.8, 0.999  # recall that a number of trees stands for


def nearest(
    index: Index, query: Stored, metric: AnnoyMetric, n: int, search_k: int, n_trees: int, item: int = -1
) -> tuple[list[int], list[float]]:
    """The n items nearest to a query and their distances.

    Parameters
    ----------
    n, search_k : as ``AnnoyIndex.get_nns_by_item`` takes them
    n_trees : as given to ``build``
    item : the item that the query is, which must be among the answers; -1 for none
    """
    k = len(index) if n == -1 else min(operator.index(n), len(index))
    if k < 0 or (search_k != -1 and search_k < 1):
        raise UsageError(f"n is {n} and search_k {search_k}, expected -1 or more (search_k not 0)")
    if not k:
        return [], []
    recall, effort = _reach(k, search_k, n_trees, len(index))
    items = index.query(query, k, recall=recall, effort=effort)[0][0]
    items = items[items >= 0]
    if item >= 0 and not (items == item).any():
        items = np.append(items, item)  # it was missed, or only copies of it were found
    gaps = distances(query, index.take(items), metric)
    order = np.lexsort((items, items != item, -gaps if metric == "dot" else gaps))[:k]
    return items[order].tolist(), gaps[order].tolist()


def _reach(n: int, search_k: int, n_trees: int, n_items: int) -> tuple[float, float]:
    """The recall to plan for, and how many times as far to look."""
    recall = min(_MOST, max(_LEAST, 1 - 1 / n_trees))
    if search_k == -1:
        return recall, 1.0
    return (1.0, 1.0) if search_k >= n_items else (recall, search_k / (n * n_trees))
