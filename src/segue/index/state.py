"""What an index answers from at one moment; a change makes another, so that readers keep theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from segue.index.calibration import Setting
from segue.index.exact import Found
from segue.index.ivfpq import Codes
from segue.index.l2_reduction import CodeSpace
from segue.index.metric import AnyVectors
from segue.index.store import Store


@dataclass(frozen=True, slots=True)
class Plan:
    """How far to look; no probes means everywhere.

    Attributes
    ----------
    alive : how many of the candidates must not have been deleted, lest the rows themselves are looked through
    recall, effort : that were asked for
    """

    k: int
    probes: int = 0
    candidates: int = 0
    alive: int = 0
    recall: float = 1.0
    effort: float = 1.0


@dataclass(frozen=True)
class State:
    """One moment of an index.

    Attributes
    ----------
    n : rows that there are, dead ones among them
    codes : of the first rows; none where every query is compared with all rows
    young : of rows that came later; their lists are small and in memory
    coded : rows below this are in ``codes`` or ``young``; the others are compared one by one
    dead : bool (n,), rows that were deleted; none where none was
    ids : int64 (n,), what rows are called; none where they are called by their numbers
    settings : what reaches which recall
    learned_from : rows that the lists were made for
    next_id : what the next row is called
    always_exact : every query is compared with all rows, however many there will be
    """

    store: Store
    n: int
    space: CodeSpace
    codes: Codes | None = None
    young: Codes | None = None
    coded: int = 0
    dead: NDArray[np.bool_] | None = None
    ids: NDArray[np.int64] | None = None
    settings: tuple[Setting, ...] = ()
    learned_from: int = 0
    next_id: int = 0
    always_exact: bool = False

    @cached_property
    def n_dead(self) -> int:
        return 0 if self.dead is None else int(self.dead.sum())

    @cached_property
    def n_stale(self) -> int:
        """Rows in the lists that were deleted since they were put there."""
        if self.dead is None:
            return 0
        alive = self.coded - int(self.dead[: self.coded].sum())
        return sum(len(codes) for codes in self.all_codes()) - alive

    def __len__(self) -> int:
        return self.n - self.n_dead

    def alive(self) -> NDArray[np.int64]:
        """int64: the rows that were not deleted, ascending."""
        return np.arange(self.n) if self.dead is None else np.flatnonzero(~self.dead)

    def names(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """What rows are called."""
        return rows if self.ids is None else self.ids[rows]

    def all_codes(self) -> list[Codes]:
        """``codes`` and ``young``, those that there are."""
        return [codes for codes in (self.codes, self.young) if codes is not None]

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        return np.argsort(np.arange(self.n) if self.ids is None else self.ids, kind="stable")

    @cached_property
    def _sorted_ids(self) -> NDArray[np.int64]:
        return self.names(self._order)

    def rows(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
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
        if self.dead is not None:
            rows = np.where((rows >= 0) & ~self.dead[rows], rows, -1)
        return rows

    @cached_property
    def plans(self) -> dict[tuple[int, float, float], Plan]:
        """Those that were made so far, by k, recall and effort."""
        return {}

    @cached_property
    def askers(self) -> dict[tuple[int | None, float, float], Callable[[AnyVectors], Found | None]]:
        """What answers single queries quickly, by k, recall and effort; see ``quick``."""
        return {}

    def setting(self, k: int, recall: float) -> Setting | None:
        """What reaches a recall for k answers; none where only comparing with all rows does."""
        most = max((s.k for s in self.settings), default=0)
        fitting = [s for s in self.settings if s.k >= min(k, most) and s.recall >= recall - 1e-9]
        return min(fitting, key=lambda s: (s.k, s.recall), default=None)
