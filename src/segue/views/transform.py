"""What a view does to vectors before they are compared: fitted on the library's own vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.spec import Prior
from segue.track import Float32, Vector, Vectors
from segue.views.spec import Rows

WHITENING = 0.25  # 0 keeps the variances of the principal components, 1 makes them equal
COMPONENTS = 64  # at the most
FEW_COMPONENTS = 16  # of a small library: more only make all its tracks look equally far apart
TRACKS_PER_COMPONENT = 4
PSEUDO_COUNT = 8.0  # tracks that a prior weighs as much as
_ENOUGH = 20_000  # rows that the transform is fitted on at the most; evenly spaced
_BLOCK = 8_192  # rows transformed at a time


@dataclass(frozen=True, slots=True)
class ViewTransform:
    """Standardize each dimension over the library, weight it, and whiten by a quarter.

    The spaces stand side by side, each scaled to the same total variance. A vector x becomes
    u = (x - mean) @ projection, then u / |u|: the nearest tracks are those with the largest cosine.
    Whitening by a quarter divides each principal component by the eighth root of its variance, so that
    a few loud directions do not decide alone. A track without a vector in one space stands at that
    space's mean, and the other spaces decide.

    Attributes
    ----------
    mean : float32 (dim,), over the dimensions of all spaces
    projection : float32 (dim, n_components)
    """

    mean: Vector
    projection: Float32

    @classmethod
    def fit(
        cls,
        spaces: Sequence[Rows],
        prior: Sequence[Prior | None],
        weights: Sequence[Sequence[float]] = (),
    ) -> ViewTransform:
        """The transform of a library.

        Parameters
        ----------
        spaces : (n, dim) each, n >= 1; a row of NaN has no vector there
        prior : of each space; pulls the transform of a small library towards what is known
        weights : of each space, how much each dimension counts once standardized, where there is no prior
        """
        space_weights = list(weights) or [()] * len(spaces)
        step = max(1, -(-len(spaces[0]) // _ENOUGH))
        fitted = [
            _standardize(np.asarray(x[::step], np.float64), p, w)
            for x, p, w in zip(spaces, prior, space_weights, strict=True)
        ]
        mean, scale, spread, z = (np.concatenate(arrays, axis=-1) for arrays in zip(*fitted, strict=True))
        n, m = len(z), PSEUDO_COUNT
        # A prior speaks of each dimension alone, so their covariance is diagonal.
        covariance = (z.T @ z + m * np.diag(spread**2)) / (n + m)
        eigenvalues, axes = np.linalg.eigh(covariance)
        limit = min(COMPONENTS, max(FEW_COMPONENTS, n // TRACKS_PER_COMPONENT))
        kept = np.argsort(-eigenvalues)[:limit]
        kept = kept[eigenvalues[kept] > 1e-9]
        projection = scale[:, None] * axes[:, kept] * eigenvalues[kept] ** (-WHITENING / 2)
        return cls(mean.astype(np.float32), projection.astype(np.float32))

    @property
    def _projects(self) -> bool:
        """Whether the projection does anything; to find out costs less than a projection."""
        n, m = self.projection.shape
        return n != m or not np.array_equal(self.projection, np.eye(n, dtype=np.float32))

    @classmethod
    def center(cls, spaces: Sequence[Rows]) -> ViewTransform:
        """Nothing but each dimension's mean taken away."""
        sums = [sum(np.nansum(block, axis=0, dtype=np.float64) for block in _blocks(x)) for x in spaces]
        counts = [sum(np.isfinite(block[:, 0]).sum() for block in _blocks(x)) for x in spaces]
        mean = np.concatenate([s / max(1, n) for s, n in zip(sums, counts, strict=True)])
        return cls(mean.astype(np.float32), np.eye(len(mean), dtype=np.float32))

    def __call__(self, spaces: Sequence[Rows]) -> Vectors:
        """float32 (n, n_components), each row of length 1, or zero for a vector at the very mean."""
        n = len(spaces[0])
        out = np.empty((n, self.projection.shape[1]), np.float32)
        projects = self._projects
        for start in range(0, n, _BLOCK):
            block = [np.asarray(x[start : start + _BLOCK], np.float32) for x in spaces]
            centered = np.concatenate(block, axis=1) - self.mean
            centered[np.isnan(centered)] = 0
            projected = centered @ self.projection if projects else centered
            length = np.linalg.norm(projected, axis=1, keepdims=True)
            out[start : start + _BLOCK] = projected / np.where(length < 1e-12, 1, length)
        return out


def _blocks(x: Rows) -> Iterator[NDArray[np.float32]]:
    for start in range(0, len(x), _BLOCK):
        yield np.asarray(x[start : start + _BLOCK], np.float32)


def _standardize(
    x: NDArray[np.float64], prior: Prior | None, weights: Sequence[float]
) -> tuple[NDArray[np.float64], ...]:
    """Of one space: mean, scale and spread, (dim,) each, and the standardized rows (n, dim)."""
    has_vector = np.isfinite(x).all(axis=1)
    rows = x[has_vector] if has_vector.any() else np.zeros((1, x.shape[1]))
    if prior is None:
        dim = x.shape[1]
        std = rows.std(axis=0) if len(rows) > 1 else np.ones(dim)
        prior = Prior(rows.mean(axis=0), std, np.array(weights or np.ones(dim), np.float64))
    n, m = len(rows), PSEUDO_COUNT
    mean = (n * rows.mean(axis=0) + m * prior.mean) / (n + m)
    variance = (n * ((rows - mean) ** 2).mean(axis=0) + m * prior.std**2) / (n + m)
    std = np.sqrt(variance)
    # The same total variance for each space, however many dimensions it has.
    spread = prior.weight / np.sqrt(np.sum(prior.weight**2))
    scale = np.divide(spread, std, out=np.zeros_like(std), where=std > 1e-9)
    z = np.zeros_like(x)
    z[has_vector] = (rows - mean)[: int(has_vector.sum())] * scale
    return mean, scale, np.where(std > 1e-9, spread, 0.0), z
