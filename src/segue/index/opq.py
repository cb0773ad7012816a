"""A projection on the directions in which rows differ most, so that codes of wide rows stay short."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segue.track import Float32, Vector, Vectors

if TYPE_CHECKING:
    import faiss

_FROM_DIM = 49  # dimensions; in rows with fewer, each has bits of its own
_KEPT_SHARE = 0.945  # of the variance; more candidates make up for the rest
_STEP = 32  # the number of axes is a multiple of it
_WORTH_SHARE = 0.75  # a projection that keeps more of the dimensions is not worth its time
_SAMPLE = 20_000  # rows


def part_width(dim: int) -> int:
    """How many dimensions one 4-bit part of a code stands for."""
    if dim <= 48:
        return 1
    if dim <= 256:
        return 2
    return 4 if dim <= 2048 else 8


def pca_rotation(sample: Vectors) -> faiss.LinearTransform | None:
    """A projection on the first principal components, or ``None`` where nearly all would be kept.

    Each part of a code mixes components of large and of small variance, so that all parts carry about
    as much information (Ge et al. 2013, parametric optimized product quantization).

    Parameters
    ----------
    sample : float32 (n, dim)
    """
    dim = sample.shape[1]
    rows = sample[:: -(-len(sample) // _SAMPLE)]
    if dim < _FROM_DIM or len(rows) < dim:
        return None
    mean = rows.mean(axis=0)
    centered = rows - mean
    variances, axes = np.linalg.eigh(centered.T @ centered)
    variances, axes = variances[::-1].clip(min=0), axes[:, ::-1]
    enough = int(np.searchsorted(np.cumsum(variances), _KEPT_SHARE * variances.sum())) + 1
    kept = -(-enough // _STEP) * _STEP
    if kept > _WORTH_SHARE * dim:
        return None
    return _projection(axes[:, _balanced_allocation(kept)].T, mean)


def _balanced_allocation(count: int) -> NDArray[np.int64]:
    """int64 (count,): the order of the axes, given by falling variance, that mixes them in each part."""
    turns = np.arange(count).reshape(part_width(count), -1)
    turns[1::2] = turns[1::2, ::-1]
    return turns.T.ravel()


def _projection(matrix: Float32, mean: Vector) -> faiss.LinearTransform:
    import faiss

    out = faiss.LinearTransform(matrix.shape[1], matrix.shape[0], True)
    faiss.copy_array_to_vector(np.ascontiguousarray(matrix, np.float32).ravel(), out.A)
    faiss.copy_array_to_vector((-matrix @ mean).astype(np.float32), out.b)
    out.is_trained = True
    return out
