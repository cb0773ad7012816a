"""What an index answers from at one moment; a change makes another, so that readers keep theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from segue.index.calibration import OperatingPoint
from segue.index.exact import Neighbors
from segue.index.ivfpq import TABLE_ROWS, InvertedLists
from segue.index.l2_reduction import L2Reduction
from segue.index.metric import AnyVectors
from segue.index.options import IndexOptions
from segue.index.row_filter import KeptFilters, ListedRows, RowFilter
from segue.index.store import Store
from segue.spec import Metric

STEP_BYTES = 350_000
"""About as many bytes are gone through in the time of a query's steps that do not depend on how far it looks.

Times are compared by bytes, as any machine takes about as long for those of codes as for those of rows."""

Searcher = Callable[[AnyVectors], Neighbors | None]
"""From one query, (dim,), to its nearest rows; None where the query needs a closer look."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How far a query looks; without ``n_probe`` it is compared with every row.

    Attributes
    ----------
    n_probe : lists to scan
    n_candidates : rows to compare exactly, those with the most promising codes
    min_live : candidates that must be live; where fewer are, whole lists are compared
    recall, effort : what the plan was made for
    n_far, n_far_candidates : the same at first for rows that are far from the query
    """

    k: int
    n_probe: int = 0
    n_candidates: int = 0
    min_live: int = 0
    recall: float = 1.0
    effort: float = 1.0
    n_far: int = 0
    n_far_candidates: int = 0


@dataclass(frozen=True)
class State:
    """One moment of an index.

    Attributes
    ----------
    n : rows, deleted ones among them
    lists : of the first rows; None where every query is compared with every row
    delta : lists of rows that came later, small and in memory
    n_coded : rows below this are in ``lists`` or ``delta``; the others are compared one by one
    tombstones : bool (n,), rows that were deleted; None where none was
    ids : int64 (n,), the id of each row; None where it is the row's number
    operating_points : how far to look for which recall
    n_trained : rows that the centroids were learned from
    next_id : the id of the next row that is added without one
    always_exact : compare with every row however many there will be
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
    options: IndexOptions = field(default_factory=IndexOptions)

    @property
    def metric(self) -> Metric:
        return self.reduction.metric

    @property
    def dim(self) -> int:
        """Numbers of a vector; for hamming, bytes of packed bits."""
        return int(self.store.base.shape[1])

    @property
    def n_delta(self) -> int:
        """Rows, deleted ones among them, that were added since the lists were filled."""
        return self.n - self.n_coded + (0 if self.delta is None else len(self.delta))

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

    def uncoded_rows(self) -> NDArray[np.int64]:
        """int64: live rows without a code, ascending."""
        rows = np.arange(self.n_coded, self.n)
        return rows if self.tombstones is None else rows[~self.tombstones[rows]]

    def all_lists(self) -> list[InvertedLists]:
        """``lists`` and ``delta``, where they exist."""
        return [lists for lists in (self.lists, self.delta) if lists is not None]

    def to_ids(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The id of each row."""
        return rows if self.ids is None else self.ids[rows]

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        return np.argsort(np.arange(self.n) if self.ids is None else self.ids, kind="stable")

    @cached_property
    def _sorted_ids(self) -> NDArray[np.int64]:
        return self.to_ids(self._order)

    def to_rows(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The live row of each id; -1 where the index has no such id."""
        if not self.n:
            return np.full(ids.shape, -1)
        if self.ids is None:
            rows = np.where((ids >= 0) & (ids < self.n), ids, -1)
        else:
            # The last of several rows with one id: the others were replaced by it.
            positions = np.searchsorted(self._sorted_ids, ids, side="right") - 1
            candidates = self._order[positions.clip(min=0)]
            rows = np.where(self.ids[candidates] == ids, candidates, -1)
        if self.tombstones is not None:
            rows = np.where((rows >= 0) & ~self.tombstones[rows], rows, -1)
        return rows

    @cached_property
    def plans(self) -> dict[tuple[int | None, float, float], Plan]:
        """The plans made so far, by k, recall and effort."""
        return {}

    @cached_property
    def searchers(self) -> dict[tuple[int | None, float, float], Searcher]:
        """Quick ways for single queries, by k, recall and effort; see ``single_query``."""
        return {}

    @cached_property
    def filters(self) -> KeptFilters:
        """Of recent queries."""
        return KeptFilters()

    @cached_property
    def live_filter(self) -> RowFilter:
        """All rows that were not deleted."""
        live = np.ones(self.n, np.bool_) if self.tombstones is None else ~self.tombstones
        return RowFilter(live, self.listed_rows)

    @cached_property
    def listed_rows(self) -> ListedRows:
        """Which rows are in the lists."""
        return ListedRows(self.all_lists(), self.n)

    @property
    def bytes_of_row(self) -> int:
        """That comparing a row exactly goes through: its numbers, as they are kept and as float32."""
        return self.dim * (self.store.base.dtype.itemsize + 4)

    @property
    def bytes_of_list(self) -> float:
        """That scanning a list goes through, on average; its table takes as long as some rows."""
        assert self.lists is not None
        return (self.n / self.lists.n_lists + TABLE_ROWS) * self.lists.code_bytes

    @cached_property
    def measured_ks(self) -> list[int]:
        """Numbers of answers that operating points were measured for, rising."""
        return sorted({point.k for point in self.operating_points})

    def operating_point(self, k: int, recall: float) -> OperatingPoint | None:
        """What reaches a recall for k answers; None where only comparing with every row does."""
        most = max((point.k for point in self.operating_points), default=0)
        reaching = [p for p in self.operating_points if p.k >= min(k, most) and p.recall >= recall - 1e-9]
        return min(reaching, key=lambda point: (point.k, point.recall), default=None)
