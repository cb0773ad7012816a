"""How crowded the neighborhood of each track is, so that no track is near to everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segue.progress import Progress, Silent
from segue.track import Vector

if TYPE_CHECKING:
    from segue.index.exact import Neighbors
    from segue.index.index import Index

NEIGHBOR = 10  # the neighbor whose distance tells how crowded it is
CANDIDATES = 2  # times as many as asked for are looked at: a crowded track's neighbors give way to others
LEAST_CANDIDATES = 40
LEAST_ITEMS = 40  # of fewer, the tenth neighbor is no neighbor
_MOST = 3.0  # times the usual distance, or a third of it
_POWER = 0.6  # of 1 - cosine; 0.5 is local scaling's own, and leaves large libraries some hubs
_SAME = 1e-4  # 1 - cosine of a track with itself, but for rounding
_BLOCK = 2_048
_RECALL = 0.99  # of the ten neighbors: where some are missed, a track seems to have more room than it has


@dataclass(frozen=True, slots=True)
class LocalScales:
    """How far each item's tenth neighbor is, beside what is usual in the library.

    In spaces of many dimensions some items lie near the middle and are among the nearest of very many
    others: hubs (Radovanović, Nanopoulos and Ivanović 2010). So the squared distance between two items,
    d^2 = 2 (1 - cosine), is divided by the distances of both to their tenth neighbors: local scaling
    (Zelnik-Manor and Perona 2004; Schnitzer, Flexer, Schedl and Widmer 2012), here to the power 1.2. The
    score of a pair is 1 - (1 - cosine) / (scale_a * scale_b).

    Attributes
    ----------
    items : float32 (n,), 1 where it is as crowded as usual, less where it is more crowded
    usual : the median of 1 - cosine of items and their tenth neighbors
    """

    items: Vector
    usual: float

    @classmethod
    def measure(cls, index: Index, progress: Progress | None = None) -> LocalScales | None:
        """Those of an index of vectors of length 1, compared by their product; none where it is too small."""
        if len(index) < LEAST_ITEMS:
            return None
        far = _tenth_distances(index, index.ids, progress or Silent())
        usual = float(np.median(far))
        return cls(_relative(far, usual), usual) if usual > _SAME else None

    def update(self, index: Index, kept: NDArray[np.bool_], new_ids: NDArray[np.int64]) -> LocalScales:
        """Those of the index after items were deleted and others added; what stays keeps its scale."""
        far = _tenth_distances(index, new_ids, Silent())
        return LocalScales(np.concatenate([self.items[kept], _relative(far, self.usual)]), self.usual)

    def of_queries(self, distances: NDArray[np.float32]) -> Vector:
        """float32 (m,): the scales of queries, by the distances to their nearest items, (m, > 10)."""
        near = 1 + distances
        is_itself = near[:, 0] < _SAME
        last = near.shape[1] - 1
        tenth = np.where(is_itself, near[:, min(NEIGHBOR, last)], near[:, min(NEIGHBOR - 1, last)])
        return _relative(tenth, self.usual)

    def rerank(
        self, places: NDArray[np.int64], distances: NDArray[np.float32], own: Vector, k: int
    ) -> Neighbors:
        """The k nearest of each query's candidates by scaled distances, which are minus the scores.

        Parameters
        ----------
        places : (m, n), of items
        distances : (m, n), minus the cosines; infinite beside what is no item
        own : (m,), the queries' scales
        """
        scaled = -scaled_scores(-distances, own[:, None], self.items[places])
        scaled[np.isinf(distances)] = np.inf
        order = np.argsort(scaled, axis=1, kind="stable")[:, :k]
        queries = np.arange(len(order))[:, None]
        return places[queries, order], scaled[queries, order]


def scaled_scores(
    cosines: NDArray[np.float32], a: NDArray[np.float32], b: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The scores of pairs, -1 to 1, by their cosines and the scales of both."""
    return np.asarray(np.maximum(1 - (1 - np.minimum(cosines, 1)) / (a * b), -1), np.float32)


def _tenth_distances(index: Index, ids: NDArray[np.int64], progress: Progress) -> Vector:
    """float32 (n,): 1 - cosine of some items and their tenth neighbors."""
    progress.begin(len(ids), "tracks")
    far = np.empty(len(ids), np.float32)
    for start in range(0, len(ids), _BLOCK):
        progress.advance(start)
        _, distances = index.neighbors(ids[start : start + _BLOCK], NEIGHBOR, recall=_RECALL)
        far[start : start + _BLOCK] = _last_finite(1 + distances)
    return far


def _last_finite(distances: NDArray[np.float32]) -> Vector:
    return np.asarray(np.where(np.isfinite(distances), distances, -np.inf).max(axis=1), np.float32)


def _relative(far: NDArray[np.float32], usual: float) -> Vector:
    # Of copies, 1 - cosine may be rounded to less than 0.
    scales = (np.maximum(far, 0) / usual) ** _POWER
    return np.asarray(np.minimum(np.maximum(scales, 1 / _MOST), _MOST), np.float32)
