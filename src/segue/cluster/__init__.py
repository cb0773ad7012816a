"""Groups of tracks that sound alike: found among vectors, named by what is measured. Pure functions."""

from __future__ import annotations

from segue.cluster.kmeans import Clustering, clustered

__all__ = ["Clustering", "clustered"]
