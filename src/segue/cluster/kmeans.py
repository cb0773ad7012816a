"""Spherical k-means over many rows, and how many clusters there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from segue.errors import LibraryError, UsageError
from segue.track import Vectors

FEWEST_ROWS = 4
MOST_CHOSEN = 40  # clusters that are chosen unless told; more nobody keeps apart
_GROWTH = 1.2  # of the numbers that are tried first
_TRAINED_ON = 100_000  # rows at the most
_COMPARED_ON = 8_192  # rows that numbers of clusters are compared on
_ROUNDS = 25
_GAIN = 1e-5  # of the mean cosine, for which another round is worth while
_NEARLY = 0.005  # of separation, which is chance: then fewer clusters are better
_STARTS = 3
_CLOUDS = 10  # without clusters, that few rows are compared with
_CANDIDATES = 4  # for each new centroid of a start
_BLOCK = 1 << 14  # rows at a time


@dataclass(frozen=True, slots=True)
class Clustering:
    """Rows in clusters, the largest first.

    Attributes
    ----------
    centroids : float32 (k, dim), of length 1
    numbers : int64 (n,), from 0, each row's cluster
    likeness : float32 (n,), the cosine between each row and its centroid
    separation : how far the clusters are apart, less what the same number of clusters shows in rows
        without any; about 0 where there are none, 0.1 for music as it usually is; 0.15 for two clear
        ones, 0.5 for five
    """

    centroids: Vectors
    numbers: NDArray[np.int64]
    likeness: NDArray[np.float32]
    separation: float


def clustered(vectors: NDArray[Any], k: int | None = None, *, seed: int = 0) -> Clustering:
    """The clusters of the rows' directions, with k-means on the sphere (Dhillon & Modha 2001).

    Trained on a sample, from the best of three starts by k-means++ (Arthur & Vassilvitskii 2007). The same
    rows and seed give the same clusters.

    Parameters
    ----------
    vectors : (n, dim)
    k : how many; unless told, the number up to sqrt(n) and 40 whose clusters stand out most. Fewer come
        where there are not as many different rows.

    Raises
    ------
    LibraryError
        Where there are fewer than four rows.
    UsageError
        Where k is below 2 or above the number of rows.
    """
    n = len(vectors)
    if n < FEWEST_ROWS:
        raise LibraryError(f"{n} tracks have vectors to compare; clusters need at least {FEWEST_ROWS}")
    if k is not None and not 2 <= k <= n:
        raise UsageError(f"k is {k}; of {n} tracks, 2 to {n} clusters can be made")
    # One thread: several wait for each other where other programs run, and their sums depend on their number.
    with threadpool_limits(1, "blas"):
        return _clustered(vectors, k, np.random.default_rng(seed))


def _clustered(vectors: NDArray[Any], k: int | None, rng: np.random.Generator) -> Clustering:
    n = len(vectors)
    compared = directions(vectors, _some(n, _COMPARED_ON, rng))
    found = Numbers(compared, rng)
    count = found.best(_most(n)) if k is None else k
    separation = found.separation(min(count, len(compared)))
    centroids = trained(directions(vectors, _some(n, _TRAINED_ON, rng)), min(count, n), rng)
    numbers, likeness = nearest(vectors, centroids)
    sizes = np.bincount(numbers, minlength=len(centroids))
    order = np.argsort(-sizes, kind="stable")
    place = np.argsort(order)
    return Clustering(centroids[order[: (sizes > 0).sum()]], place[numbers], likeness, separation)


def _some(n: int, limit: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return np.arange(n) if n <= limit else np.sort(rng.choice(n, limit, replace=False))


def _most(n: int) -> int:
    return min(MOST_CHOSEN, int(n**0.5))


def directions(vectors: NDArray[Any], rows: NDArray[np.int64] | slice) -> Vectors:
    """float32 (m, dim): some rows, of length 1 or, where all is 0, 0."""
    x = np.array(vectors[rows], np.float32)
    length = np.linalg.norm(x, axis=1, keepdims=True)
    x /= np.where(length > 0, length, 1)
    return x


def nearest(vectors: NDArray[Any], centroids: Vectors) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """int64 and float32 (n,): the centroid of the largest cosine for each row, and that cosine."""
    numbers, likeness = np.empty(len(vectors), np.int64), np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), _BLOCK):
        part = slice(start, start + _BLOCK)
        cosines = directions(vectors, part) @ centroids.T
        numbers[part] = cosines.argmax(axis=1)
        likeness[part] = cosines.max(axis=1)
    return numbers, likeness


def trained(x: Vectors, k: int, rng: np.random.Generator, *, starts: int = _STARTS) -> Vectors:
    """float32 (k, dim): the best centroids of several starts."""
    found = [refined(x, spread_out(x, k, rng)) for _ in range(starts)]
    return max(found, key=lambda pair: pair[1])[0]


def refined(x: Vectors, centroids: Vectors) -> tuple[Vectors, float]:
    """Lloyd's rounds until they gain no more: the centroids, and the rows' mean cosine to theirs."""
    before = -np.inf
    for _ in range(_ROUNDS):
        numbers, likeness = nearest(x, centroids)
        mean = float(likeness.mean(dtype=np.float64))
        if mean - before <= _GAIN:
            break
        before = mean
        sums = _sums(x, numbers, len(centroids))
        empty = np.flatnonzero(~sums.any(axis=1))
        sums[empty] = x[np.argsort(likeness, kind="stable")[: len(empty)]]
        centroids = directions(sums, slice(None))
    return centroids, before


def _sums(x: Vectors, numbers: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """float64 (k, dim): of the rows of each number."""
    sums = np.zeros((k, x.shape[1]))
    for start in range(0, len(x), _BLOCK):
        part = slice(start, start + _BLOCK)
        sums += (np.arange(k)[:, None] == numbers[part]).astype(np.float32) @ x[part]
    return sums


def spread_out(x: Vectors, k: int, rng: np.random.Generator) -> Vectors:
    """float32 (k, dim): rows far from each other, by k-means++ with the best of four at each step."""
    chosen = [x[rng.integers(len(x))]]
    distance = np.maximum(1 - x @ chosen[0], 0)
    while len(chosen) < k:
        reach = np.cumsum(distance, dtype=np.float64)
        at = np.searchsorted(reach, rng.random(_CANDIDATES) * reach[-1], side="right").clip(max=len(x) - 1)
        nearer = np.minimum(distance[:, None], np.maximum(1 - x @ x[at].T, 0))
        best = int(nearer.sum(axis=0, dtype=np.float64).argmin())
        chosen.append(x[at[best]])
        distance = nearer[:, best]
    return np.stack(chosen)


class Numbers:
    """How well some rows fall into this or that number of clusters.

    Parameters
    ----------
    x : float32 (n, dim), of length 1
    """

    def __init__(self, x: Vectors, rng: np.random.Generator) -> None:
        self._x, self._rng = x, rng
        # Of few rows, chance makes each cloud another.
        clouds = min(_CLOUDS, max(1, _COMPARED_ON // len(x)))
        self._clouds = [featureless(x, rng) for _ in range(clouds)]
        self._known: dict[int, float] = {}

    def best(self, most: int) -> int:
        """The number from 2 to ``most`` of the largest separation: on a coarse grid, then beside its best."""
        grid = [2]
        while grid[-1] < most:
            grid.append(min(most, max(grid[-1] + 1, round(grid[-1] * _GROWTH))))
        at = grid.index(max(grid, key=self.separation))
        beside = range(grid[max(0, at - 1)], grid[min(len(grid) - 1, at + 1)] + 1)
        best = max(map(self.separation, beside))
        return min(k for k in self._known if self.separation(k) >= best - _NEARLY)

    def separation(self, k: int) -> float:
        """The silhouette of k clusters, less that in rows without any."""
        if k not in self._known:
            own, *others = (self._silhouette(x, k) for x in (self._x, *self._clouds))
            self._known[k] = own - float(np.mean(others))
        return self._known[k]

    def _silhouette(self, x: Vectors, k: int) -> float:
        return silhouette(x, trained(x, k, self._rng, starts=2))


def featureless(x: Vectors, rng: np.random.Generator) -> Vectors:
    """float32 (n, dim), of length 1: rows that spread as ``x`` in all directions, but in one cloud."""
    mean = x.mean(axis=0)
    _, spread, axes = np.linalg.svd(x - mean, full_matrices=False)
    steps = rng.standard_normal((len(x), len(spread)), np.float32) * (spread / np.sqrt(len(x)))
    return directions(steps @ axes + mean, slice(None))


def silhouette(x: Vectors, centroids: Vectors) -> float:
    """From -1 to 1: mean of (b - a) / max(a, b), distances 1 - cosine to the second and first centroid.

    The simplified silhouette of Hruschka et al. 2004.
    """
    distances = np.maximum(1 - x @ centroids.T, 0)
    distances.partition(1, axis=1)
    a, b = distances[:, 0].astype(np.float64), distances[:, 1].astype(np.float64)
    return float(np.mean(np.divide(b - a, b, out=np.zeros_like(b), where=b > 1e-9)))
