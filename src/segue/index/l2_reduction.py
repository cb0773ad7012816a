"""Vectors of any type and metric as float32 rows whose Euclidean distances order them alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segue.index.metric import AnyVectors
from segue.spec import Metric
from segue.track import Vectors


@dataclass(frozen=True, slots=True)
class L2Reduction:
    """Where codes are made and scanned.

    Cosine: rows of length 1. Dot: one more number makes all rows equally long, so that the nearest
    are those of the largest product (Bachrach et al. 2014). Hamming: a number a bit. Manhattan has no
    such space; its nearest rows are near by Euclid too, and more candidates make up for the rest.

    Attributes
    ----------
    longest : of the rows, for dot
    """

    metric: Metric
    longest: float = 0.0

    def width(self, dim: int) -> int:
        """dim' of vectors of dim numbers."""
        return dim * 8 if self.metric == "hamming" else dim + (self.metric == "dot")

    def rows(self, vectors: AnyVectors) -> Vectors:
        """float32 (n, dim')."""
        if self.metric == "hamming":
            return np.unpackbits(vectors, axis=1).astype(np.float32)
        wide = np.ascontiguousarray(vectors, np.float32)
        if self.metric == "cosine":
            return wide / np.sqrt(np.einsum("ij,ij->i", wide, wide))[:, None]
        if self.metric == "dot":
            rest = self.longest**2 - np.einsum("ij,ij->i", wide, wide)
            return np.concatenate([wide, np.sqrt(np.maximum(rest, 0))[:, None]], axis=1)
        return wide

    def queries(self, queries: AnyVectors) -> Vectors:
        """float32 (m, dim') of queries as ``metric.prepare_queries`` gives them."""
        if self.metric == "hamming":
            return np.unpackbits(queries, axis=1).astype(np.float32)
        if self.metric == "dot":
            # Of the rows' length: a short query would see little but the added number.
            norms = np.sqrt(np.einsum("ij,ij->i", queries, queries))[:, None]
            scaled = queries * (self.longest / np.where(norms > 0, norms, 1))
            return np.concatenate([scaled, np.zeros((len(queries), 1), np.float32)], axis=1)
        return np.asarray(queries)
