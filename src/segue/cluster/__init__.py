"""Clusters of vectors, and names for them from what is measured: pure functions."""

from __future__ import annotations

from segue.cluster.kmeans import Clustering, cluster_rows

__all__ = ["Clustering", "cluster_rows"]
