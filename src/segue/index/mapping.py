"""An index as a mapping from ids to vectors, and what it says about itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.index.arguments import Ids, as_ids, find_rows
from segue.index.calibration import OperatingPoint
from segue.index.metric import AnyVectors
from segue.index.options import IndexOptions
from segue.index.state import State
from segue.spec import Metric


class VectorMapping:
    """From ids to vectors, in the order in which rows were added; each answer is of one moment."""

    def __init__(self, state: State) -> None:
        self._state = state

    def vector(self, item: int) -> NDArray[Any]:
        """(dim,): the vector of an id, as it was given. Raises IdNotFoundError."""
        return self.take([item])[0]

    __getitem__ = vector

    def take(self, items: Sequence[int] | Ids) -> AnyVectors:
        """(n, dim): the vectors of some ids, as they were given. Raises IdNotFoundError."""
        state, ids = self._state, as_ids(items)
        base = state.store.base
        ids_are_rows = state.ids is None and state.tombstones is None and state.n == len(base)
        if ids_are_rows and len(ids) and ids.min() >= 0 and ids.max() < state.n:
            return np.asarray(base)[ids]
        return state.store.take(find_rows(state, ids))

    def __len__(self) -> int:
        return len(self._state)

    def __contains__(self, item: object) -> bool:
        if not isinstance(item, int | np.integer) or not 0 <= item < 1 << 63:
            return False
        return bool(self._state.to_rows(np.array([item], np.int64))[0] >= 0)

    def __iter__(self) -> Iterator[int]:
        return iter(self.ids.tolist())

    def __repr__(self) -> str:
        kind = "exact" if self.exact else f"{self.n_lists:,} lists, recall up to {self._highest_recall:g}"
        return f"<Index: {len(self):,} x {self.dim:,} {self.dtype}, {self.metric}, {kind}>"

    @property
    def ids(self) -> Ids:
        """int64 (n,): the ids, in the order in which rows were added."""
        state = self._state
        return state.to_ids(state.live_rows())

    @property
    def vectors(self) -> AnyVectors:
        """(n, dim): all vectors as they were given, in the order of ``ids``; mapped where they can be."""
        state = self._state
        if state.tombstones is None and state.n == len(state.store.base):
            return state.store.base
        return state.store.take(state.live_rows())

    @property
    def metric(self) -> Metric:
        """The metric, as ``build`` was given it."""
        return self._state.metric

    @property
    def dim(self) -> int:
        """Numbers of a vector; for hamming, bytes of packed bits."""
        return self._state.dim

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the vectors as they are kept."""
        return self._state.store.base.dtype

    @property
    def options(self) -> IndexOptions:
        """How it was built, and how far it looks."""
        return self._state.options

    @property
    def exact(self) -> bool:
        """Whether every query is compared with every row."""
        return self._state.lists is None

    @property
    def n_lists(self) -> int:
        """Lists of compressed rows; 0 in an exact index."""
        lists = self._state.lists
        return 0 if lists is None else lists.n_lists

    @property
    def code_bytes(self) -> int:
        """Bytes of a compressed row; 0 in an exact index."""
        lists = self._state.lists
        return 0 if lists is None else lists.code_bytes

    @property
    def n_delta(self) -> int:
        """Rows that were added since the lists were filled; 0 in an exact index."""
        return 0 if self.exact else self._state.n_delta

    @property
    def n_trained(self) -> int:
        """Rows that the lists' centroids were learned from; 0 in an exact index."""
        return 0 if self.exact else self._state.n_trained

    @property
    def n_axes(self) -> int:
        """Principal axes that rows are projected on before their codes are made; 0 where they are not."""
        lists = self._state.lists
        return 0 if lists is None else lists.n_axes

    @property
    def operating_points(self) -> tuple[OperatingPoint, ...]:
        """How far queries look for which recall, as measured when the lists were learned.

        A recall that is missing would cost more than comparing with every row.
        """
        return self._state.operating_points

    @property
    def _highest_recall(self) -> float:
        return max((point.recall for point in self.operating_points), default=0.0)

    def operating_point(self, k: int = 10, recall: float = 0.95) -> OperatingPoint:
        """How far a query looks for k answers to reach a recall.

        ``n_probe`` is 0 and ``n_candidates`` the number of rows where it is compared with every row.
        """
        state = self._state
        point = None if state.lists is None or k * 10 > len(state) else state.operating_point(k, recall)
        return point or OperatingPoint(k, recall, 0, len(state), 1.0)
