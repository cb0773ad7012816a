"""Exact distances between queries and rows, for vectors of every type that an index keeps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.comparable import comparable_rows, fault_of
from segue.errors import VectorError
from segue.spec import Metric
from segue.track import Float32, Vectors

DTYPES = ("uint8", "int8", "float16", "float32")
BLOCK_VALUES = 1 << 18  # numbers of rows held as float32 at a time: 1 MiB, which stays near the processor
_WHOLE_DIM = 128  # up to here, float32 holds sums of squares of 8-bit numbers exactly
_LOSSY = (
    2e-3  # squared distances below this share of the squared lengths are computed again, from differences
)

AnyVectors = NDArray[Any]
"""(n, dim), of one of ``DTYPES``; for hamming, uint8 with 8 bits in each number."""


def check_vectors(vectors: AnyVectors, metric: Metric, dim: int | None = None) -> AnyVectors:
    """The vectors, if the metric can compare every one of them.

    Parameters
    ----------
    dim : how many numbers each must have

    Raises
    ------
    VectorError
        Names the first row that is NaN, infinite, of the wrong size, or zero where the metric is cosine.
    """
    if vectors.ndim != 2 or not vectors.shape[1]:
        raise VectorError(f"vectors have the shape {vectors.shape}, expected (n, dim)", 0)
    if dim is not None and vectors.shape[1] != dim:
        raise VectorError(f"row 0 has {vectors.shape[1]} numbers, expected {dim}", 0)
    if vectors.dtype.name not in DTYPES or not vectors.dtype.isnative:
        raise VectorError(f"vectors are of {vectors.dtype}, expected one of {', '.join(DTYPES)}", 0)
    if metric == "hamming" and vectors.dtype != np.uint8:
        raise VectorError(
            f"vectors are of {vectors.dtype}; hamming compares packed bits (numpy.packbits makes them)",
            0,
        )
    for start, block in iter_blocks(vectors):
        bad = ~comparable_rows(block, metric)
        if bad.any():
            at = int(bad.argmax())
            raise VectorError(f"row {start + at} {fault_of(block[at])}", start + at)
    return vectors


def to_float32(vectors: AnyVectors) -> Vectors:
    """Numbers of any type as float32; too large ones become infinite. Raises VectorError."""
    if vectors.dtype == np.float32:
        return vectors
    if vectors.dtype.kind not in "biuf":
        raise VectorError(f"vectors are of {vectors.dtype}, expected numbers", 0)
    with np.errstate(over="ignore"):
        return vectors.astype(np.float32)


def iter_blocks(vectors: AnyVectors) -> Any:
    """(start, block) of consecutive rows, few enough to be held as float32."""
    step = max(1, BLOCK_VALUES // max(1, vectors.shape[1]))
    for start in range(0, len(vectors), step):
        yield start, np.asarray(vectors[start : start + step])


def lengths(vectors: AnyVectors) -> NDArray[np.float32]:
    """float32 (n,): the Euclidean length of each row."""
    out = np.empty(len(vectors), np.float32)
    for start, block in iter_blocks(vectors):
        wide = block.astype(np.float32)
        out[start : start + len(block)] = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    return out


def prepare_queries(queries: AnyVectors, metric: Metric) -> AnyVectors:
    """Queries as ``distances`` takes them: float32, of length 1 for cosine; packed bits as they are."""
    if metric == "hamming":
        return queries
    wide = np.ascontiguousarray(queries, np.float32)
    if metric == "cosine":
        wide = wide / np.sqrt(np.einsum("ij,ij->i", wide, wide))[:, None]
    return wide


def distances(
    queries: AnyVectors, rows: AnyVectors, metric: Metric, lengths: NDArray[np.float32] | None = None
) -> Float32:
    """Distances of all pairs.

    cosine 1 - u.v / (|u| |v|); euclidean |u - v|; manhattan the sum of |u_i - v_i|; hamming the
    number of bits that differ; dot -u.v.

    Parameters
    ----------
    queries : (m, dim), as ``prepare_queries`` gives them
    rows : (n, dim), of any type
    lengths : float32 (n,), of the rows, where cosine need not compute them

    Returns
    -------
    float32 (m, n), small is near
    """
    if metric == "hamming":
        return _hamming(queries, rows)
    wide = rows.astype(np.float32, copy=False)
    if metric == "manhattan":
        import faiss

        return np.asarray(faiss.pairwise_distances(queries, np.ascontiguousarray(wide), faiss.METRIC_L1))
    if metric == "euclidean":
        return _euclidean(queries, wide, shifted=rows.dtype.kind == "f" or rows.shape[1] > _WHOLE_DIM)
    products = queries @ wide.T
    if metric != "dot":
        products /= np.sqrt(np.einsum("ij,ij->i", wide, wide)) if lengths is None else lengths
    np.negative(products, out=products)
    return products if metric == "dot" else np.maximum(products + 1, 0, out=products)


def _hamming(queries: AnyVectors, rows: AnyVectors) -> Float32:
    word: Any = np.uint64 if rows.shape[1] % 8 == 0 else np.uint8
    u, v = np.ascontiguousarray(queries).view(word), np.ascontiguousarray(rows).view(word)
    out = np.empty((len(u), len(v)), np.float32)
    step = max(1, BLOCK_VALUES // v.size)
    for start in range(0, len(u), step):
        differing = np.bitwise_count(u[start : start + step, None] ^ v)
        out[start : start + step] = differing.sum(axis=2, dtype=np.int32)
    return out


def _euclidean(queries: Vectors, rows: Vectors, *, shifted: bool) -> Float32:
    # |u|^2 - 2 u.v + |v|^2 loses digits where u is near v; fewer, if the origin is moved to the rows' mean.
    origin = rows.mean(axis=0) if shifted else np.float32(0)
    u, v = queries - origin, rows - origin
    both = np.einsum("ij,ij->i", u, u)[:, None] + np.einsum("ij,ij->i", v, v)
    squares = u @ v.T
    squares *= -2
    squares += both
    both *= _LOSSY
    of_query, of_row = np.nonzero(squares <= both)
    step = max(1, BLOCK_VALUES // rows.shape[1])
    for start in range(0, len(of_query), step):
        i, j = of_query[start : start + step], of_row[start : start + step]
        differences = queries[i] - rows[j]
        squares[i, j] = np.einsum("ij,ij->i", differences, differences)
    return np.sqrt(squares)


def row_distances(
    query: AnyVectors, rows: AnyVectors, metric: Metric, lengths: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """float32 (n,): distances of one query, (dim,), to rows; ``lengths`` as for ``distances``."""
    if metric == "hamming":
        return np.bitwise_count(query ^ rows).sum(axis=1, dtype=np.int32).astype(np.float32)
    wide = rows.astype(np.float32, copy=False)
    if metric == "cosine":
        row_lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide)) if lengths is None else lengths
        return np.maximum(1 - (wide @ query) / row_lengths, 0)
    if metric == "dot":
        return -(wide @ query)
    wide = wide - query
    if metric == "manhattan":
        return np.abs(wide).sum(axis=1)
    return np.sqrt(np.einsum("ij,ij->i", wide, wide))


def pair_distances(queries: AnyVectors, rows: AnyVectors, metric: Metric) -> Float32:
    """float32 (m, c): distances of each query to the c rows of its own, (m, c, dim)."""
    if metric == "hamming":
        return np.bitwise_count(queries[:, None, :] ^ rows).sum(axis=2, dtype=np.int32).astype(np.float32)
    wide = rows.astype(np.float32, copy=False)
    if metric in ("cosine", "dot"):
        products = np.matmul(wide, queries[:, :, None])[:, :, 0]
        if metric == "dot":
            return np.asarray(-products)
        return np.maximum(1 - products / np.sqrt(np.einsum("ijk,ijk->ij", wide, wide)), 0)
    differences = wide - queries[:, None, :]
    if metric == "manhattan":
        return np.asarray(np.abs(differences).sum(axis=2))
    return np.sqrt(np.einsum("ijk,ijk->ij", differences, differences))
