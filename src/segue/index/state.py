"""What an index answers from at one moment; a change makes another, so that readers keep theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from segue.index.calibration import OperatingPoint
from segue.index.exact import Neighbors
from segue.index.ivfpq import InvertedLists
from segue.index.l2_reduction import L2Reduction
from segue.index.metric import AnyVectors
from segue.index.store import Store


@dataclass(frozen=True, slots=True)
class Plan:
    """How far to look; no probes means everywhere.

    Attributes
    ----------
    min_live : candidates that must not be deleted; with fewer, the rows of the nearest lists are compared
    recall, effort : that were asked for
    """

    k: int
    n_probe: int = 0
    n_candidates: int = 0
    min_live: int = 0
    recall: float = 1.0
    effort: float = 1.0


@dataclass(frozen=True)
class State:
    """One moment of an index.

    Attributes
    ----------
    n : rows that there are, dead ones among them
    lists : of the first rows; none where every query is compared with all rows
    delta : of rows that came later; their lists are small and in memory
    n_coded : rows below this are in ``lists`` or ``delta``; the others are compared one by one
    tombstones : bool (n,), rows that were deleted; none where none was
    ids : int64 (n,), what rows are called; none where they are called by their numbers
    operating_points : what reaches which recall
    n_trained : rows that the lists were made for
    next_id : what the next row is called
    always_exact : every query is compared with all rows, however many there will be
    """

    store: Store
    n: int
    reduction: L2Reduction
    lists: InvertedLists | None = None
    delta: InvertedLists | None = None
    n_coded: int = 0
    tombstones: NDArray[np.bool_] | None = None
    ids: NDArray[np.int64] | None = None
    operating_points: tuple[OperatingPoint, ...] = ()
    n_trained: int = 0
    next_id: int = 0
    always_exact: bool = False

    @cached_property
    def n_deleted(self) -> int:
        return 0 if self.tombstones is None else int(self.tombstones.sum())

    @cached_property
    def n_coded_tombstones(self) -> int:
        """Rows in the lists that were deleted since they were put there."""
        if self.tombstones is None:
            return 0
        n_live = self.n_coded - int(self.tombstones[: self.n_coded].sum())
        return sum(len(lists) for lists in self.all_lists()) - n_live

    def __len__(self) -> int:
        return self.n - self.n_deleted

    def live_rows(self) -> NDArray[np.int64]:
        """int64: the rows that were not deleted, ascending."""
        return np.arange(self.n) if self.tombstones is None else np.flatnonzero(~self.tombstones)

    def to_ids(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """What rows are called."""
        return rows if self.ids is None else self.ids[rows]

    def all_lists(self) -> list[InvertedLists]:
        """``lists`` and ``delta``, those that there are."""
        return [lists for lists in (self.lists, self.delta) if lists is not None]

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        return np.argsort(np.arange(self.n) if self.ids is None else self.ids, kind="stable")

    @cached_property
    def _sorted_ids(self) -> NDArray[np.int64]:
        return self.to_ids(self._order)

    def to_rows(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The row of each id that is there, -1 for the others."""
        if self.ids is None:
            rows = np.where((ids >= 0) & (ids < self.n), ids, -1)
        elif not self.n:
            rows = np.full(len(ids), -1)
        else:
            # The last of several rows of one name: the others were replaced by it.
            at = np.searchsorted(self._sorted_ids, ids, side="right") - 1
            found = self._order[at.clip(min=0)]
            rows = np.where(self.ids[found] == ids, found, -1)
        if self.tombstones is not None:
            rows = np.where((rows >= 0) & ~self.tombstones[rows], rows, -1)
        return rows

    @cached_property
    def plans(self) -> dict[tuple[int, float, float], Plan]:
        """Those that were made so far, by k, recall and effort."""
        return {}

    @cached_property
    def searchers(self) -> dict[tuple[int | None, float, float], Callable[[AnyVectors], Neighbors | None]]:
        """What answers single queries quickly, by k, recall and effort; see ``single_query``."""
        return {}

    def operating_point(self, k: int, recall: float) -> OperatingPoint | None:
        """What reaches a recall for k answers; none where only comparing with all rows does."""
        most = max((s.k for s in self.operating_points), default=0)
        fitting = [s for s in self.operating_points if s.k >= min(k, most) and s.recall >= recall - 1e-9]
        return min(fitting, key=lambda s: (s.k, s.recall), default=None)
