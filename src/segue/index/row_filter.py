"""Which rows may be answers, made ready for the lists; and recent filters, to be used again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.index.ivfpq import InvertedLists
from segue.index.row_scan import RowScan

_KEPT = 16  # filters
_KEPT_BYTES = 1 << 25  # of all that are kept


class ListedRows:
    """Which rows the lists hold: those of several ``InvertedLists`` with the same centroids.

    Parameters
    ----------
    n : all rows are below; some may be in no list
    """

    def __init__(self, all_lists: Sequence[InvertedLists], n: int) -> None:
        self.all_lists, self._n = all_lists, n

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """int64 (n_lists,): rows of each list."""
        return np.sum([lists.sizes() for lists in self.all_lists], axis=0, dtype=np.int64)

    @cached_property
    def rows(self) -> NDArray[Any]:
        """All rows in the lists, list by list; of the shortest type that has room."""
        rows = np.concatenate([lists.rows() for lists in self.all_lists])
        numbers = [np.repeat(np.arange(x.n_lists), x.sizes()) for x in self.all_lists]
        if len(numbers) > 1:
            rows = rows[np.argsort(np.concatenate(numbers), kind="stable")]
        return rows.astype(np.min_scalar_type(-self._n))

    def rows_in(self, number: int) -> NDArray[Any]:
        """The rows of one list, for which those of the others need not be read."""
        if "rows" in self.__dict__:
            return self.rows[self.ends[number] - self.sizes[number] : self.ends[number]]
        return np.concatenate([lists.rows_in(number) for lists in self.all_lists])

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """int64 (n_lists,): where each list ends in ``rows``."""
        return self.sizes.cumsum()

    @cached_property
    def number(self) -> NDArray[Any]:
        """(n,): the list of each row; 0 for those that are in none."""
        n_lists = len(self.sizes)
        number = np.zeros(self._n, np.min_scalar_type(n_lists))
        number[self.rows] = np.repeat(np.arange(n_lists), self.sizes)
        return number


@dataclass(frozen=True)
class Reach:
    """How far to look among rows that are far from the query: lists, and candidates of a scan of them."""

    n_lists: int
    n_candidates: int


class RowFilter:
    """Some rows of one state of an index.

    Parameters
    ----------
    allowed : bool (n,), which rows may be answers; deleted ones are not. Must not change any more
    listed : what lists hold which rows, of an index that has some

    Attributes
    ----------
    count : rows that are allowed
    reach : how far queries looked, by their plans
    """

    def __init__(self, allowed: NDArray[np.bool_], listed: ListedRows) -> None:
        self.allowed = allowed
        self.count = int(np.count_nonzero(allowed))
        self.reach: dict[Hashable, Reach] = {}
        self._listed = listed
        self._rows: NDArray[np.int64] | None = None

    @property
    def rows(self) -> NDArray[np.int64]:
        """int64 (count,): the allowed rows, ascending; of few, they are kept."""
        if self._rows is not None:
            return self._rows
        rows = np.flatnonzero(self.allowed)
        if rows.nbytes <= self.allowed.nbytes:
            self._rows = rows
        return rows

    @property
    def in_lists(self) -> NDArray[np.int64]:
        """int64 (n_lists,): allowed rows of each list."""
        return self._by_list[1]

    def share_of(self, numbers: NDArray[np.int64]) -> float:
        """Of the rows in some lists, how many are allowed; of few lists, counted before all others are."""
        n_rows = max(1, int(self._listed.sizes.take(numbers).sum()))
        if "_by_list" in self.__dict__:
            return int(self.in_lists.take(numbers).sum()) / n_rows
        rows = map(self._listed.rows_in, numbers.tolist())
        return sum(np.count_nonzero(self.allowed.take(of_list)) for of_list in rows) / n_rows

    def rows_in(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64: the allowed rows of some lists, list by list."""
        rows, counts, ends = self._by_list
        sizes = counts[numbers]
        shift = ends[numbers] - sizes.cumsum()
        return rows.take(np.repeat(shift, sizes) + np.arange(sizes.sum())).astype(np.int64)

    @cached_property
    def _by_list(self) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
        """The allowed rows, list by list; how many each list has; where each ends."""
        listed = self._listed
        is_allowed = self.allowed.take(listed.rows)
        up_to = np.zeros(len(is_allowed) + 1, np.int64)
        np.cumsum(is_allowed, out=up_to[1:])
        ends = up_to[listed.ends]
        return listed.rows[is_allowed], ends - up_to[listed.ends - listed.sizes], ends

    @cached_property
    def scan(self) -> RowScan:
        """For scanning lists for these rows."""
        return RowScan(self.allowed, self.count, self._listed.all_lists)

    @property
    def nbytes(self) -> int:
        """With all that has been made by now."""
        made = self.__dict__
        rows = 0 if self._rows is None else self._rows.nbytes
        by_list = sum(array.nbytes for array in made.get("_by_list", ()))
        return self.allowed.nbytes + rows + by_list + (self.scan.nbytes if "scan" in made else 0)


_Kept = tuple[int, NDArray[Any], RowFilter]
"""How many numbers of an array are not zero, the array, and the filter that was made of it."""


class KeptFilters:
    """Filters of recent queries, found again by what they were made from; many threads may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[_Kept] = []  # the last that was asked for at the end

    def get(self, where: NDArray[Any], make: Callable[[NDArray[Any]], RowFilter]) -> RowFilter:
        """The filter that ``make`` gives of an array, or gave of an equal one."""
        count = int(np.count_nonzero(where))
        with self._lock:
            recent = self._kept[::-1]
        for kept in recent:
            if kept[0] == count and kept[1].dtype == where.dtype and np.array_equal(kept[1], where):
                self._keep(kept)
                return kept[2]
        own = where.copy()  # whose owner may write to it later
        row_filter = make(own)
        if own.nbytes + row_filter.nbytes <= _KEPT_BYTES:
            self._keep((count, own, row_filter))
        return row_filter

    def _keep(self, new: _Kept) -> None:
        """Put it at the end; old ones go, until all have room."""
        with self._lock:
            self._kept = [kept for kept in self._kept if kept[2] is not new[2]] + [new]
            used = sum(array.nbytes + kept.nbytes for _, array, kept in self._kept)
            while used > _KEPT_BYTES or len(self._kept) > _KEPT:
                _, array, oldest = self._kept.pop(0)
                used -= array.nbytes + oldest.nbytes
