"""Indexes for the tests of ``segue.annoy``, and distances by their definition."""

from __future__ import annotations

from typing import Any

import numpy as np

from segue.annoy import AnnoyIndex
from tests.golden.annoy.make_annoy import ITEMS, N_TREES, SIZES, vectors

METRICS = sorted(SIZES)


def filled(metric: str, make: Any = AnnoyIndex, n_trees: int = N_TREES) -> Any:
    """The golden items, built."""
    index = make(SIZES[metric], metric)
    for i in ITEMS:
        index.add_item(i, vectors(metric)[i])
    index.build(n_trees)
    return index


def small(*rows: list[float], metric: str = "euclidean") -> AnnoyIndex:
    index = AnnoyIndex(len(rows[0]), metric)
    for i, row in enumerate(rows):
        index.add_item(i, row)
    return index


def brute(rows: np.ndarray, query: np.ndarray, metric: str) -> np.ndarray:
    """float64 (n,): distances by the metric's definition."""
    rows, query = rows.astype(np.float64), query.astype(np.float64)
    if metric == "angular":
        cos = rows @ query / np.linalg.norm(rows, axis=1) / np.linalg.norm(query)
        return np.sqrt(np.maximum(2 - 2 * cos, 0))
    if metric == "dot":
        return rows @ query
    gaps = np.abs(rows - query)
    return np.sqrt((gaps**2).sum(axis=1)) if metric == "euclidean" else gaps.sum(axis=1)
