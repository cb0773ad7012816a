"""A projection on the directions in which rows differ most, so that codes of wide rows stay short."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segue.track import Float32, Vector, Vectors

if TYPE_CHECKING:
    import faiss

_FROM_DIM = 49  # dimensions; in rows with fewer, each has bits of its own
_KEPT_SHARE = 0.945  # of the variance; the fewest axes that are tried
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


class PrincipalAxes:
    """The directions of a sample, by how much rows differ along them.

    Attributes
    ----------
    choices : how many of the first are worth trying, fewest first; 0 for rows that are not projected.
        What counts is how near neighbors differ, which the variance of all rows does not tell; so each
        is tried (see ``build.choose_lists``).
    """

    def __init__(self, sample: Vectors) -> None:
        """Of float32 (n, dim)."""
        dim = sample.shape[1]
        rows = sample[:: -(-len(sample) // _SAMPLE)]
        self.choices = [0]
        if dim < _FROM_DIM or len(rows) < dim:
            return
        self._mean = rows.mean(axis=0)
        centered = rows - self._mean
        variances, axes = np.linalg.eigh(centered.T @ centered)
        variances, self._axes = variances[::-1].clip(min=0), axes[:, ::-1]
        enough = int(np.searchsorted(np.cumsum(variances), _KEPT_SHARE * variances.sum())) + 1
        fewest = -(-enough // _STEP) * _STEP
        self.choices = [count for count in (fewest, 2 * fewest) if count <= _WORTH_SHARE * dim] + [0]

    def projection(self, count: int) -> faiss.LinearTransform | None:
        """On the first ``count``; None for 0.

        Each part of a code mixes components of large and of small variance, so that all parts carry about
        as much information (Ge et al. 2013, parametric optimized product quantization).
        """
        if not count:
            return None
        return _projection(self._axes[:, _balanced_allocation(count)].T, self._mean)


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


def linear_map(projection: faiss.VectorTransform) -> tuple[Float32, Vector]:
    """The matrix (dim, n_axes) that rows are multiplied by, and what is added then, (n_axes,)."""
    import faiss

    linear = faiss.downcast_VectorTransform(projection)
    matrix = faiss.vector_to_array(linear.A).reshape(linear.d_out, linear.d_in)
    offset = faiss.vector_to_array(linear.b) if linear.have_bias else np.zeros(linear.d_out, np.float32)
    return np.ascontiguousarray(matrix.T), offset
