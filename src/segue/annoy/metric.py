"""Vectors as Annoy takes them, as the index keeps them, and distances as Annoy tells them."""

from __future__ import annotations

import operator
from typing import Any, Literal, SupportsFloat

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segue.annoy.errors import NoVectorError, SizeError
from segue.errors import UsageError, VectorError
from segue.index.metric import check_vectors

AnnoyMetric = Literal["angular", "euclidean", "manhattan", "hamming", "dot"]
METRICS: tuple[AnnoyMetric, ...] = ("angular", "euclidean", "manhattan", "hamming", "dot")

Stored = NDArray[Any]
"""(..., width): float32; for hamming uint8, 8 bits in each number."""

PLAIN_SQUARES = (1e-30, 1e30)  # of lengths; any vector between has a place in every metric's space


def metric_named(name: str) -> AnnoyMetric:
    """One of Annoy's five. Raises UsageError."""
    for metric in METRICS:
        if metric == name:
            return metric
    raise UsageError(f"unknown metric {name!r}; there are {', '.join(METRICS)}")


def check_size(f: int) -> int:
    """A vector's number of values. Raises UsageError."""
    size = operator.index(f)
    if size < 1:
        raise UsageError(f"f is {size}, expected at least 1")
    return size


def empty(n: int, f: int, metric: AnnoyMetric) -> Stored:
    """(n, width): room for vectors as they are kept."""
    return np.empty((n, -(-f // 8)), np.uint8) if metric == "hamming" else np.empty((n, f), np.float32)


def to_stored(vector: ArrayLike, f: int, metric: AnnoyMetric, what: str, row: int | None = None) -> Stored:
    """(width,): a vector as it is kept.

    Parameters
    ----------
    what : what it is called in messages
    row : its item, where it is one

    Raises
    ------
    NoVectorError, SizeError
    VectorError
        Where an index has no place for it.
    """
    array = _as_numbers(vector, what, row)
    if array.shape != (f,):
        size = len(array) if array.ndim == 1 else array.shape
        raise SizeError(f"{what} has wrong length (expected {f}, got {size})", row)
    wide = array if array.dtype == np.float32 else _as_float32(array)
    square = float(np.dot(wide, wide))
    reason = None if PLAIN_SQUARES[0] < square < PLAIN_SQUARES[1] else refusal(wide, metric)
    if reason:
        raise VectorError(f"{what} {reason}", row)
    return np.packbits(wide > 0.5) if metric == "hamming" else wide


def _as_numbers(vector: ArrayLike, what: str, row: int | None) -> NDArray[Any]:
    try:
        array = np.asarray(vector)
    except ValueError:  # lists of several lengths
        raise NoVectorError(f"{what} is no list of numbers", row) from None
    if array.dtype.kind == "O" and array.ndim and all(isinstance(x, SupportsFloat) for x in array.flat):
        array = array.astype(np.float64)  # such as fractions
    if array.dtype.kind not in "fiub" and array.size:
        held = "" if array.ndim else f" is {type(vector).__name__}, expected a list of numbers"
        raise NoVectorError(f"{what}{held or f' holds {array.dtype}, expected numbers'}", row)
    if not array.ndim:
        raise NoVectorError(f"{what} is one number, expected a list of numbers", row)
    return array


def refusal(vector: NDArray[np.float32], metric: AnnoyMetric) -> str | None:
    """Why an index has no place for a vector, if it has none."""
    try:
        check_vectors(vector[None], "cosine" if metric == "angular" else "euclidean")
    except VectorError as error:
        return str(error).removeprefix("row 0 ").replace("cosine", metric)
    return None


def _as_float32(vector: NDArray[Any]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        return vector.astype(np.float32)


def to_floats(row: Stored, f: int, metric: AnnoyMetric) -> list[float]:
    """A vector as Annoy gives it back."""
    values = np.unpackbits(row, count=f) if metric == "hamming" else row
    floats: list[float] = values.astype(np.float64).tolist()
    return floats


def distances(one: Stored, others: Stored, metric: AnnoyMetric) -> NDArray[np.float64]:
    """float64 (n,): of a vector to others, in double precision.

    angular sqrt(2 - 2 cos), computed as | u/|u| - v/|v| |; euclidean |u - v|; manhattan the sum of
    |u_i - v_i|; hamming the number of bits that differ; dot u.v itself, large is near.
    """
    if metric == "hamming":
        return np.asarray(np.bitwise_count(one ^ others).sum(axis=1, dtype=np.float64))
    u, v = one.astype(np.float64), others.astype(np.float64)
    if metric == "dot":
        return np.asarray(v @ u)
    if metric == "angular":
        u /= np.sqrt(u @ u)
        v /= np.sqrt(np.einsum("ij,ij->i", v, v))[:, None]
    v -= u
    return np.asarray(
        np.abs(v).sum(axis=1) if metric == "manhattan" else np.sqrt(np.einsum("ij,ij->i", v, v))
    )
