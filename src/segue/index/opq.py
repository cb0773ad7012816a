"""The directions in which rows differ most: codes of high dimensions are made of these alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segue.track import Float32, Vector, Vectors

if TYPE_CHECKING:
    import faiss

_FROM_DIM = 49  # numbers of a row; of fewer, each has bits of its own
_KEPT_SHARE = 0.945  # of the variance; what is lost is made up for by more candidates
_STEP = 32  # numbers kept are a multiple of it
_WORTH_SHARE = 0.75  # of the numbers, to be kept at the most; otherwise all are
_SAMPLE = 20_000  # rows


def part_width(dim: int) -> int:
    """How many numbers one 4-bit part of a code stands for."""
    if dim <= 48:
        return 1
    if dim <= 256:
        return 2
    return 4 if dim <= 2048 else 8


def pca_rotation(sample: Vectors) -> faiss.LinearTransform | None:
    """The projection on the principal components that tell most rows apart; none where it takes nearly all.

    Those of large and of small variance are mixed in each part of a code, so that all parts say as much
    (Ge et al. 2013, parametric optimized product quantization).

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
    """int64 (count,): the axes, by falling variance, as the parts of a code take them."""
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
