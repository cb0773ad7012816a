"""Spherical k-means over many rows, and how many clusters there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from segue.cluster.ward import WardTree
from segue.errors import LibraryError, UsageError
from segue.progress import Progress, Silent
from segue.texts import count
from segue.track import Vectors

MIN_ROWS = 4
MAX_CHOSEN_K = 40  # clusters, unless k is given; nobody keeps more apart
_GROWTH = 1.2  # from one number of clusters that is tried to the next
_MAX_TRAINING_ROWS = 100_000
_MAX_COMPARED_ROWS = 8_192  # that numbers of clusters are compared on
_MAX_ROUNDS = 25
_MIN_GAIN = 1e-5  # of the mean cosine, for which another round is worth while
_CHANCE_SEPARATION = 0.005  # less than this is chance, and fewer clusters are better
_MAX_WARD_ROWS = 2_048  # that a start is found on, unless k is large
_WARD_ROWS_PER_CLUSTER = 4
_MAX_CLOUDS = 10  # rows without clusters, made to compare few rows with
_BLOCK = 1 << 14  # rows at a time


@dataclass(frozen=True, slots=True)
class Clustering:
    """Rows in clusters, the largest first.

    Attributes
    ----------
    centroids : float32 (k, dim), of length 1
    assignments : int64 (n,), from 0, each row's cluster
    cosines : float32 (n,), the cosine between each row and its centroid
    separation : how far the clusters are apart, less what the same number of clusters shows in rows
        without any; about 0 where there are none, 0.1 for music as it usually is; 0.15 for two clear
        ones, 0.5 for five
    """

    centroids: Vectors
    assignments: NDArray[np.int64]
    cosines: NDArray[np.float32]
    separation: float


def cluster_rows(
    vectors: NDArray[Any], k: int | None = None, *, seed: int = 0, progress: Progress | None = None
) -> Clustering:
    """Clusters of the rows' directions, by k-means on the sphere (Dhillon & Modha 2001).

    Trained on a sample, from the clusters of Ward's method. The same rows and seed give the same clusters.

    Parameters
    ----------
    vectors : (n, dim)
    k : how many; unless given, the number up to sqrt(n) and 40 whose clusters stand out most. There are
        fewer if there are not as many different rows.
    progress : follows the clusters that are tried, then the rounds of the final ones

    Raises
    ------
    LibraryError
        Where there are fewer than four rows.
    UsageError
        Where k is below 2 or above the number of rows.
    """
    n = len(vectors)
    if n < MIN_ROWS:
        raise LibraryError(f"{count(n, 'track')} with vectors to compare; clusters need at least {MIN_ROWS}")
    if k is not None and not 2 <= k <= n:
        raise UsageError(f"k is {k}; of {n} tracks, 2 to {n} clusters are possible")
    # One thread: several wait for each other where other programs run, and their sums depend on their number.
    with threadpool_limits(1, "blas"):
        return _cluster_rows(vectors, k, np.random.default_rng(seed), progress or Silent())


def _cluster_rows(
    vectors: NDArray[Any], k: int | None, rng: np.random.Generator, progress: Progress
) -> Clustering:
    n = len(vectors)
    compared = unit_rows(vectors, _sample_rows(n, _MAX_COMPARED_ROWS, rng))
    by_k = SeparationByK(compared, rng)
    progress.note("comparing numbers of clusters")
    count = by_k.best_k(_max_k(n), progress) if k is None else k
    separation = by_k.separation(min(count, len(compared)))
    training = unit_rows(vectors, _sample_rows(n, _MAX_TRAINING_ROWS, rng))
    progress.note(f"finding {count} clusters")
    start = training[_sample_rows(len(training), max(_MAX_WARD_ROWS, _WARD_ROWS_PER_CLUSTER * count), rng)]
    centroids = refine_centroids(training, ward_centroids(WardTree(start), start, count), progress)
    assignments, cosines = nearest_centroids(vectors, centroids)
    sizes = np.bincount(assignments, minlength=len(centroids))
    order = np.argsort(-sizes, kind="stable")
    rank = np.argsort(order)
    return Clustering(centroids[order[: (sizes > 0).sum()]], rank[assignments], cosines, separation)


def _sample_rows(n: int, limit: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return np.arange(n) if n <= limit else np.sort(rng.choice(n, limit, replace=False))


def _max_k(n: int) -> int:
    return min(MAX_CHOSEN_K, int(n**0.5))


def unit_rows(vectors: NDArray[Any], rows: NDArray[np.int64] | slice) -> Vectors:
    """float32 (m, dim): some rows, of length 1 or, where all is 0, 0."""
    x = np.array(vectors[rows], np.float32)
    length = np.linalg.norm(x, axis=1, keepdims=True)
    x /= np.where(length > 0, length, 1)
    return x


def nearest_centroids(
    vectors: NDArray[Any], centroids: Vectors
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """int64 and float32 (n,): the centroid of the largest cosine for each row, and that cosine."""
    assignments, best = np.empty(len(vectors), np.int64), np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), _BLOCK):
        part = slice(start, start + _BLOCK)
        cosines = unit_rows(vectors, part) @ centroids.T
        assignments[part] = cosines.argmax(axis=1)
        best[part] = cosines.max(axis=1)
    return assignments, best


def ward_centroids(tree: WardTree, x: Vectors, k: int) -> Vectors:
    """float32 (k, dim): the means' directions of a tree's k clusters.

    Parameters
    ----------
    x : float32 (n, dim), the tree's rows
    """
    return unit_rows(_sums(x, tree.assignments(k), min(k, len(x))), slice(None))


def refine_centroids(x: Vectors, centroids: Vectors, progress: Progress) -> Vectors:
    """float32 (k, dim): centroids after Lloyd's rounds, until those gain no more."""
    before = -np.inf
    progress.begin(_MAX_ROUNDS, "rounds")
    for done in range(_MAX_ROUNDS):
        progress.advance(done)
        assignments, cosines = nearest_centroids(x, centroids)
        mean = float(cosines.mean(dtype=np.float64))
        if mean - before <= _MIN_GAIN:
            break
        before = mean
        sums = _sums(x, assignments, len(centroids))
        empty = np.flatnonzero(~sums.any(axis=1))
        sums[empty] = x[np.argsort(cosines, kind="stable")[: len(empty)]]
        centroids = unit_rows(sums, slice(None))
    progress.advance(_MAX_ROUNDS)
    return centroids


def _sums(x: Vectors, assignments: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """float64 (k, dim): of the rows of each number."""
    sums = np.zeros((k, x.shape[1]))
    for start in range(0, len(x), _BLOCK):
        part = slice(start, start + _BLOCK)
        sums += (np.arange(k)[:, None] == assignments[part]).astype(np.float32) @ x[part]
    return sums


class SeparationByK:
    """How well some rows fall into each number of clusters.

    Parameters
    ----------
    x : float32 (n, dim), of length 1
    """

    def __init__(self, x: Vectors, rng: np.random.Generator) -> None:
        # Of few rows, chance makes each cloud another.
        n_clouds = min(_MAX_CLOUDS, max(1, _MAX_COMPARED_ROWS // len(x)))
        self._all = [x, *(unclustered_rows(x, rng) for _ in range(n_clouds))]
        starts = [rows[_sample_rows(len(x), _MAX_WARD_ROWS, rng)] for rows in self._all]
        self._trees = [(WardTree(rows), rows) for rows in starts]
        self._separations: dict[int, float] = {}

    def best_k(self, max_k: int, progress: Progress) -> int:
        """The number up to ``max_k`` of the largest separation: on a coarse grid, then beside its best."""
        grid = [2]
        while grid[-1] < max_k:
            grid.append(min(max_k, max(grid[-1] + 1, round(grid[-1] * _GROWTH))))
        self._compare(grid, progress)
        at = grid.index(max(grid, key=self.separation))
        beside = range(grid[max(0, at - 1)], grid[min(len(grid) - 1, at + 1)] + 1)
        self._compare(beside, progress)
        best = max(map(self.separation, beside))
        return min(k for k in self._separations if self.separation(k) >= best - _CHANCE_SEPARATION)

    def _compare(self, ks: Sequence[int], progress: Progress) -> None:
        """Measure the separation of some numbers; k clusters take a time in proportion to k."""
        unknown = [k for k in ks if k not in self._separations]
        progress.begin(sum(unknown), "clusters")
        for i, k in enumerate(unknown):
            self.separation(k)
            progress.advance(sum(unknown[: i + 1]))

    def separation(self, k: int) -> float:
        """The silhouette of k clusters, less that in rows without any."""
        if k not in self._separations:
            own, *others = (self._silhouette(i, k) for i in range(len(self._all)))
            self._separations[k] = own - float(np.mean(others))
        return self._separations[k]

    def _silhouette(self, i: int, k: int) -> float:
        x, (tree, rows) = self._all[i], self._trees[i]
        return silhouette(x, refine_centroids(x, ward_centroids(tree, rows, k), Silent()))


def unclustered_rows(x: Vectors, rng: np.random.Generator) -> Vectors:
    """float32 (n, dim), of length 1: rows that spread as ``x`` in all directions, but in one cloud."""
    mean = x.mean(axis=0)
    _, spread, axes = np.linalg.svd(x - mean, full_matrices=False)
    steps = rng.standard_normal((len(x), len(spread)), np.float32) * (spread / np.sqrt(len(x)))
    return unit_rows(steps @ axes + mean, slice(None))


def silhouette(x: Vectors, centroids: Vectors) -> float:
    """From -1 to 1: mean of (b - a) / max(a, b), distances 1 - cosine to the second and first centroid.

    The simplified silhouette of Hruschka et al. 2004.
    """
    distances = np.maximum(1 - x @ centroids.T, 0)
    distances.partition(1, axis=1)
    a, b = distances[:, 0].astype(np.float64), distances[:, 1].astype(np.float64)
    return float(np.mean(np.divide(b - a, b, out=np.zeros_like(b), where=b > 1e-9)))
