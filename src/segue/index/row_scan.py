"""Scanning lists for some of their rows, which a filter allows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.index.ivfpq import TABLE_ROWS, InvertedLists
from segue.track import Float32, Vectors

_SELECTING = 1.5  # times as long as scanning for all rows takes scanning for some, as each is asked for
_COPYING = 40  # times as long as scanning all codes takes copying those of some rows, measured
_OWN_BYTES = 1 << 24  # at the most, of codes that are copied

Amount = float | NDArray[np.int64]


class RowScan:
    """Candidates among the rows that are allowed, from lists that hold others too.

    Faiss asks of each row in the lists whether it is allowed. For rows that are asked for again and again,
    the codes of these alone are copied into lists of their own, which are scanned in a fraction of the time.

    Parameters
    ----------
    allowed : bool (n,), for each row
    count : rows that are allowed
    all_lists : with the same centroids
    """

    def __init__(self, allowed: NDArray[np.bool_], count: int, all_lists: Sequence[InvertedLists]) -> None:
        self._allowed, self._count, self._all_lists = allowed, count, all_lists
        self._n_code_bytes = sum(len(lists) * lists.code_bytes for lists in all_lists)
        self._own: InvertedLists | None = None
        self._wasted = 0.0  # bytes gone through since this was made that lists of its own would have saved

    def candidates(
        self,
        query: Vectors,
        numbers: NDArray[np.int64],
        squares: Float32,
        count: int,
        n_rows: int,
        n_allowed: int,
    ) -> NDArray[np.int64]:
        """int64 (n_scans, count): rows that are allowed, of each scan the most likely first; -1 behind them.

        Parameters
        ----------
        query, numbers, squares : as for ``InvertedLists.scan``, of one query
        n_rows, n_allowed : as for ``bytes_of``
        """
        n_lists = numbers.shape[1]
        if self._own is None and self._is_worth_copying():
            self._own = self._copied()
        if self._own is not None:
            return self._own.scan(query, numbers, squares, count)
        by_all, by_own = (self.bytes_of(n_lists, n_rows, n_allowed, own=own) for own in (False, True))
        self._wasted += by_all - by_own
        import faiss

        selector = faiss.IDSelectorBitmap(len(self._bits), faiss.swig_ptr(self._bits))
        params = faiss.SearchParametersIVF(nprobe=n_lists, sel=selector)
        scans = [lists.scan(query, numbers, squares, count, params) for lists in self._all_lists]
        return np.concatenate(scans)

    def bytes_of(self, n_lists: Amount, n_rows: Amount, n_allowed: Amount, *, own: bool | None = None) -> Any:
        """That are gone through where lists are scanned; a table for each takes as long as some rows.

        Parameters
        ----------
        n_rows : in the lists, of which ``n_allowed`` are allowed
        own : whether by lists of these rows alone; by default, where there are such
        """
        code_bytes = self._all_lists[0].code_bytes
        if self._own is not None if own is None else own:
            return (n_allowed + TABLE_ROWS * n_lists) * code_bytes
        return _SELECTING * (n_rows + TABLE_ROWS * n_lists) * code_bytes

    @property
    def nbytes(self) -> int:
        """Of what has been made by now."""
        bits = self._bits.nbytes if "_bits" in self.__dict__ else 0
        return bits + (self._own_bytes if self._own is not None else 0)

    @cached_property
    def _bits(self) -> NDArray[Any]:
        return np.packbits(self._allowed, bitorder="little")

    @property
    def _own_bytes(self) -> int:
        """Of lists for these rows alone, each padded by half a pack on average."""
        first = self._all_lists[0]
        per_row = first.code_bytes + np.dtype(np.int64).itemsize
        return (self._count + first.n_lists * first.pack // 2) * per_row

    def _is_worth_copying(self) -> bool:
        return self._wasted > _COPYING * self._n_code_bytes and self._own_bytes <= _OWN_BYTES

    def _copied(self) -> InvertedLists:
        parts = zip(*(lists.coded_rows(self._allowed) for lists in self._all_lists), strict=True)
        own = self._all_lists[0].empty_copy()
        own.fill(*(np.concatenate(part) for part in parts))
        return own
