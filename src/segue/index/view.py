"""What an index is built over: a space with a transform fitted on its catalogue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.embed import Typical
from segue.track import Vectors

WHITENING = 0.5  # 0 keeps the variances of the principal components, 1 makes them equal
COMPONENTS = 64
PSEUDO_COUNT = 8.0  # tracks that the typical values weigh as much as
_ENOUGH = 20_000  # rows that the transform is fitted on at the most; evenly spaced


@dataclass(frozen=True, slots=True)
class View:
    """Standardise each dimension over the catalogue, weight it, and half-whiten by PCA.

    A vector x becomes u = (x - mean) @ projection, then u / |u|: the nearest tracks are those with
    the largest cosine. Half-whitening divides each principal component by the fourth root of its
    variance, so that a few loud directions do not decide alone.

    Attributes
    ----------
    mean : float32 (dim,)
    projection : float32 (dim, n_components)
    """

    mean: Vectors
    projection: Vectors

    @classmethod
    def fit(cls, vectors: NDArray[np.generic], typical: Typical | None = None) -> View:
        """The view of a catalogue.

        Parameters
        ----------
        vectors : (n, dim), finite, n >= 1
        typical : pulls the transform of a small catalogue towards what is known of the space
        """
        step = max(1, -(-len(vectors) // _ENOUGH))
        x = np.asarray(vectors[::step], np.float64)
        if typical is None:
            dim = x.shape[1]
            std = x.std(axis=0) if len(x) > 1 else np.ones(dim)
            typical = Typical(x.mean(axis=0), std, np.ones(dim))
        n, m = len(x), PSEUDO_COUNT
        mean = (n * x.mean(axis=0) + m * typical.mean) / (n + m)
        variance = (n * ((x - mean) ** 2).mean(axis=0) + m * typical.std**2) / (n + m)
        std = np.sqrt(variance)
        scale = np.divide(typical.weight, std, out=np.zeros_like(std), where=std > 1e-9)
        z = (x - mean) * scale
        # Typical values speak of each dimension alone, so their covariance is diagonal.
        covariance = (z.T @ z + m * np.diag(typical.weight**2)) / (n + m)
        eigenvalues, axes = np.linalg.eigh(covariance)
        kept = np.argsort(-eigenvalues)[:COMPONENTS]
        kept = kept[eigenvalues[kept] > 1e-9]
        projection = scale[:, None] * axes[:, kept] * eigenvalues[kept] ** (-WHITENING / 2)
        return cls(mean.astype(np.float32), projection.astype(np.float32))

    def __call__(self, vectors: NDArray[np.generic]) -> Vectors:
        """float32 (n, n_components), each row of length 1, or zero for a vector at the very mean."""
        projected = (np.asarray(vectors, np.float32) - self.mean) @ self.projection
        length = np.linalg.norm(projected, axis=1, keepdims=True)
        return np.asarray(projected / np.where(length < 1e-12, 1, length), np.float32)
