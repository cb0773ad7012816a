"""Vectors whose nearest neighbors NumPy finds in float64, for the tests of indexes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import faiss
import numpy as np

from segue.index import Index

faiss.omp_set_num_threads(1)  # at these sizes, threads wait for each other longer than they work

N_LARGE = 12_000  # rows
N_QUERIES = 400
N_CLUSTERS = 80


def clustered(n, dim, *, seed=0, local=8):
    """float32 (n, dim) in clusters, each stretched along a few directions of its own, and their labels."""
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((N_CLUSTERS, dim))
    axes = rng.standard_normal((N_CLUSTERS, local, dim)) * 0.6 / np.sqrt(local)
    labels = rng.integers(N_CLUSTERS, size=n)
    out = np.empty((n, dim), np.float32)
    for label in range(N_CLUSTERS):
        here = labels == label
        out[here] = centers[label] + rng.standard_normal((here.sum(), local)) @ axes[label]
    return out, labels


def as_type(x, dtype):
    """float32 values near 0 as numbers of a type."""
    if dtype == "uint8":
        return np.clip(x * 35 + 128, 0, 255).astype(np.uint8)
    if dtype == "int8":
        return np.clip(x * 35, -127, 127).astype(np.int8)
    return x.astype(dtype)


def bits(x, n_bits=256, *, seed=0):
    """uint8 (n, n_bits / 8): on which side of random planes each row lies, packed."""
    planes = np.random.default_rng(seed).standard_normal((x.shape[1], n_bits)).astype(np.float32)
    return np.packbits(x @ planes > 0, axis=1)


def brute_force(queries, rows, metric):
    """float64 (m, n): all distances by their definitions."""
    if metric == "hamming":
        q, r = (np.unpackbits(x, axis=1).astype(np.float32) for x in (queries, rows))
        return (q.sum(axis=1)[:, None] + r.sum(axis=1) - 2 * q @ r.T).astype(np.float64)
    q, r = np.asarray(queries, np.float64), np.asarray(rows, np.float64)
    if metric == "dot":
        return -(q @ r.T)
    if metric == "cosine":
        return 1 - (q / np.linalg.norm(q, axis=1)[:, None]) @ (r / np.linalg.norm(r, axis=1)[:, None]).T
    out = np.empty((len(q), len(r)))
    for i, query in enumerate(q):
        gaps = np.abs(r - query)
        out[i] = gaps.sum(axis=1) if metric == "manhattan" else np.sqrt(np.einsum("ij,ij->i", gaps, gaps))
    return out


def order(distances, k):
    """int64 (m, k): columns of the k smallest, the lower column first where they are equal."""
    return np.argsort(distances, axis=1, kind="stable")[:, :k]


@dataclass(frozen=True)
class Case:
    """An index that compresses its rows, queries that are not among them, and their true neighbors."""

    metric: str
    rows: np.ndarray
    labels: np.ndarray
    queries: np.ndarray
    distances: np.ndarray  # float64 (N_QUERIES, N_LARGE)
    index: Index

    def shares(self, found, where=None):
        """Of each query, the share of its answers that are no farther than the last of the true ones.

        Products of float32 near 1 tell apart no less than EPS: which of two such rows comes first depends on
        how many queries are multiplied at once, and so on the number of cores.
        """
        k = found.shape[1]
        gaps = self.distances if where is None else np.where(where, self.distances, np.inf)
        last = np.partition(gaps, k - 1, axis=1)[:, k - 1 : k]
        near = np.take_along_axis(gaps, np.maximum(found, 0), axis=1) <= last + EPS
        return (near & (found >= 0)).mean(axis=1)

    def assert_recall(self, found, wanted, where=None):
        """The mean share is what was wanted, but for what chance explains with so many queries."""
        shares = self.shares(found, where)
        assert shares.mean() + 2.5 * shares.std() / np.sqrt(len(shares)) >= wanted
        assert shares.mean() >= wanted - 0.02


EPS = float(np.finfo(np.float32).eps)
KINDS = ("cosine uint8", "euclidean float32", "euclidean few", "dot float32", "manhattan int8", "hamming")


@cache
def case(kind):
    """Tests share it and leave it as it is."""
    metric, *rest = kind.split()
    x, labels = clustered(N_LARGE + N_QUERIES, {"few": 4}.get(rest[0], 48) if rest else 32, seed=len(kind))
    if metric == "dot":
        lengths = np.random.default_rng(1).lognormal(0, 0.7, len(x)).astype(np.float32)
        x *= lengths[:, None]
    x = bits(x) if metric == "hamming" else as_type(x, rest[0] if rest[0] in ("uint8", "int8") else "float32")
    rows, queries = x[:N_LARGE], x[N_LARGE:]
    gaps = brute_force(queries, rows, metric)
    return Case(metric, rows, labels[:N_LARGE], queries, gaps, Index.build(rows, metric=metric, exact=False))
