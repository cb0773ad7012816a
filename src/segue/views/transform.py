"""What a view does to vectors before they are compared: fitted on the library's own vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.spec import Prior
from segue.track import Float32, Vector, Vectors
from segue.views.spec import Rows

ENERGY = {"descriptors": 0.5, "mn04": 1.3}  # how much a space counts, by its embedder; all others 1
SHRINKAGE = 0.1  # of a covariance within tracks, toward the same variance in all directions
WHITENING = 0.25  # of a space without windows: 0 keeps the variances of its components, 1 makes them equal
COMPONENTS = 64  # at the most
FEW_COMPONENTS = 16  # of a small library: more only make all its tracks look equally far apart
TRACKS_PER_COMPONENT = 4
PSEUDO_COUNT = 8.0  # tracks that a prior weighs as much as
_ENOUGH = 8_192  # rows that the transform is fitted on at the most; evenly spaced
_BLOCK = 8_192  # rows transformed at a time
_TURNS = 12  # of the search for the largest components
_LEAST = 1e-9  # of a deviation or a variance that counts


@dataclass(frozen=True, slots=True)
class SpaceToFit:
    """One space's part in a fit.

    Attributes
    ----------
    rows : (n, dim), n >= 1; a row of NaN has no vector there
    within : float64 (dim, dim), the covariance of a track's windows; none where tracks have no windows
    prior : pulls the transform of a small library toward what is known
    weights : how much each dimension counts once standardized, where there is no prior; none for all alike
    energy : how much the space counts beside others
    """

    rows: Rows
    within: NDArray[np.float64] | None = None
    prior: Prior | None = None
    weights: Sequence[float] = ()
    energy: float = 1.0


@dataclass(frozen=True, slots=True)
class ViewTransform:
    """Standardize each dimension over the library, and whiten by what varies within a track.

    What differs between two windows of one track says little about the track, so each space is multiplied
    by C^(-1/2), where C is the mean covariance of a track's windows: within-class covariance normalization
    (Hatch, Kajarekar and Stolcke 2006), where the class is the track. A space without windows is whitened
    by a quarter instead: each of its principal components is divided by the eighth root of its variance.
    The spaces stand side by side, scaled to their energies, and the largest components of the whole are
    kept. A vector x becomes u = (x - mean) @ projection, then u / |u|: the nearest tracks are those with
    the largest cosine. A track without a vector in one space stands at that space's mean, and the other
    spaces decide.

    Attributes
    ----------
    mean : float32 (dim,), over the dimensions of all spaces
    projection : float32 (dim, n_components)
    """

    mean: Vector
    projection: Float32

    @classmethod
    def fit(cls, spaces: Sequence[SpaceToFit]) -> ViewTransform:
        """The transform of a library."""
        n = len(spaces[0].rows)
        step = max(1, -(-n // _ENOUGH))
        fitted = [_fit_space(space, step) for space in spaces]
        u = np.concatenate([part.rows for part in fitted], axis=1)
        covariance = u.T @ u
        edges = np.cumsum([0] + [len(part.mean) for part in fitted])
        for part, i, j in zip(fitted, edges, edges[1:], strict=False):
            covariance[i:j, i:j] += PSEUDO_COUNT * part.expected
        covariance /= len(u) + PSEUDO_COUNT
        limit = min(COMPONENTS, max(FEW_COMPONENTS, len(u) // TRACKS_PER_COMPONENT))
        axes = _largest_components(covariance, limit)
        projection = np.concatenate(
            [part.whitener @ axes[i:j] for part, i, j in zip(fitted, edges, edges[1:], strict=False)]
        )
        mean = np.concatenate([part.mean for part in fitted])
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


@dataclass(frozen=True, slots=True)
class _FittedSpace:
    """One space, standardized and whitened.

    Attributes
    ----------
    mean : (dim,)
    whitener : (dim, dim), by which vectors less their mean are multiplied
    rows : (n, dim), the whitened; zeros for a row without a vector
    expected : (dim, dim), the covariance of whitened rows that one expects before any is seen
    """

    mean: NDArray[np.float64]
    whitener: NDArray[np.float64]
    rows: NDArray[np.float64]
    expected: NDArray[np.float64]


def _fit_space(space: SpaceToFit, step: int) -> _FittedSpace:
    x = np.asarray(space.rows[::step], np.float64)
    has_vector = np.isfinite(x).all(axis=1)
    rows = x[has_vector] if has_vector.any() else np.zeros((1, x.shape[1]))
    mean, scale, weight = _standard(rows, space.prior, space.weights)
    z = (rows - mean) * scale
    if space.within is None:
        whitener = _whiten_a_quarter((z.T @ z + PSEUDO_COUNT * np.diag(weight**2)) / (len(z) + PSEUDO_COUNT))
    else:
        whitener = whitener_within(space.within * scale[:, None] * scale, len(rows))
    u = z @ whitener
    expected = (whitener.T * weight**2) @ whitener
    power = (np.sum(u**2) + PSEUDO_COUNT * np.trace(expected)) / (len(u) + PSEUDO_COUNT)
    size = space.energy / np.sqrt(max(power, _LEAST))
    out = np.zeros_like(x)
    out[has_vector] = u[: int(has_vector.sum())] * size
    return _FittedSpace(mean, scale[:, None] * whitener * size, out, expected * size**2)


def _standard(
    rows: NDArray[np.float64], prior: Prior | None, weights: Sequence[float]
) -> tuple[NDArray[np.float64], ...]:
    """(dim,) each: the mean, what standardizes and weights, and the weight; 0 for a constant dimension."""
    if prior is None:
        dim = rows.shape[1]
        std = rows.std(axis=0) if len(rows) > 1 else np.ones(dim)
        prior = Prior(rows.mean(axis=0), std, np.array(weights or np.ones(dim), np.float64))
    n, m = len(rows), PSEUDO_COUNT
    mean = (n * rows.mean(axis=0) + m * prior.mean) / (n + m)
    variance = (n * ((rows - mean) ** 2).mean(axis=0) + m * prior.std**2) / (n + m)
    std = np.sqrt(variance)
    varies = std > _LEAST
    scale = np.divide(prior.weight, std, out=np.zeros_like(std), where=varies)
    return mean, scale, np.where(varies, prior.weight, 0.0)


def whitener_within(within: NDArray[np.float64], n_tracks: int) -> NDArray[np.float64]:
    """(dim, dim), A with A @ A.T = C^-1, C being the covariance, shrunk; C^(-1/2) but for a rotation.

    A covariance of few tracks is shrunk further, as if other tracks varied alike in all directions.
    """
    dim = len(within)
    level = float(np.trace(within)) / dim
    if level < _LEAST:  # all windows of a track are the same
        return np.eye(dim)
    shrinkage = (SHRINKAGE * n_tracks + PSEUDO_COUNT) / (n_tracks + PSEUDO_COUNT)
    shrunk = (1 - shrinkage) * within + shrinkage * level * np.eye(dim)
    return np.asarray(np.linalg.inv(np.linalg.cholesky(shrunk)).T)


def _whiten_a_quarter(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    variances, axes = np.linalg.eigh(covariance)
    kept = variances > _LEAST
    return np.asarray((axes[:, kept] * variances[kept] ** (-WHITENING / 2)) @ axes[:, kept].T)


def _largest_components(covariance: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """(dim, <= n): the axes of the largest variances, largest first.

    By subspace iteration from a fixed start: of 1600 dimensions it takes a quarter of the time of a whole
    decomposition, and its components hold 99.8 % and more of the variance of the best ones.
    """
    dim = len(covariance)
    width = min(dim, n + n // 2)
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((dim, width)))[0]
    for _ in range(_TURNS if width < dim else 0):
        basis = np.linalg.qr(covariance @ basis)[0]
    variances, axes = np.linalg.eigh(basis.T @ covariance @ basis)
    largest = np.argsort(-variances)[:n]
    largest = largest[: max(1, int((variances[largest] > _LEAST).sum()))]  # one, where all tracks are alike
    return np.asarray(basis @ axes[:, largest])
