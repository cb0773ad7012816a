"""Clusters of vectors, and names for them from what is measured: pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segue.late import load_late

if TYPE_CHECKING:
    from segue.cluster.kmeans import Clustering, cluster_rows

__all__ = ["Clustering", "cluster_rows"]

__getattr__ = load_late(__name__, dict.fromkeys(__all__, "segue.cluster.kmeans"))  # a search wants its words
