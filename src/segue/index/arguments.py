"""The arguments of an index, checked once and converted to its own types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import IdNotFoundError, UsageError, VectorError
from segue.index.exact import Neighbors
from segue.index.metric import AnyVectors, check_vectors, prepare_queries, to_float32
from segue.index.row_filter import RowFilter
from segue.index.state import State
from segue.texts import reason

Ids = NDArray[np.int64]
Matrix = AnyVectors | str | Path
"""(n, dim), or the path of an ``.npy`` file."""
Where = NDArray[np.bool_] | NDArray[np.int64] | Sequence[int]
"""Which rows may be answers: bool in the order of ``Index.ids``, or ids."""


def as_matrix(vectors: Matrix) -> AnyVectors:
    """An array as it is; the path of an ``.npy`` file as the matrix mapped from it."""
    if not isinstance(vectors, str | Path):
        return np.asanyarray(vectors)
    try:
        return np.asanyarray(np.lib.format.open_memmap(vectors, mode="r"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{vectors} cannot be read as an .npy matrix: {reason(error)}") from error


def as_ids(ids: Sequence[int] | Ids | int) -> Ids:
    """int64, one id as an array of one. Raises UsageError for what are no whole numbers."""
    try:
        array = np.atleast_1d(np.asarray(ids))
    except ValueError as error:  # rows of several lengths
        raise UsageError(f"ids are whole numbers, not lists of them: {error}") from error
    if array.dtype.kind not in "iu" and array.size:
        raise UsageError(f"ids are whole numbers of 64 bits, not {array.dtype}, such as {array.flat[0]!r}")
    if array.dtype == np.uint64 and array.max(initial=0) > np.iinfo(np.int64).max:
        raise UsageError(f"ids are whole numbers below 2**63, not {array.max()}")
    return array.astype(np.int64, copy=False)


def check_ids(ids: Sequence[int] | Ids | None, n: int) -> Ids | None:
    """int64 (n,). Raises UsageError where they do not name n rows."""
    if ids is None:
        return None
    new_ids = as_ids(ids)
    if new_ids.shape != (n,) or len(np.unique(new_ids)) != n or (n and new_ids.min() < 0):
        raise UsageError(
            f"ids of shape {new_ids.shape} were given, expected {n} ids, all different and from 0 on"
        )
    return new_ids


def as_rows(vectors: AnyVectors, state: State) -> AnyVectors:
    """New vectors of the index's type and size."""
    dtype = state.store.base.dtype
    new = np.asarray(vectors)
    if new.dtype != dtype and not (dtype.kind == "f" and new.dtype.kind == "f"):
        raise VectorError(f"vectors are of {new.dtype}, the index is of {dtype}: convert them")
    with np.errstate(over="ignore"):  # infinity is refused
        new = new.astype(dtype)
    return check_vectors(np.atleast_2d(new), state.metric, state.dim)


def as_queries(vectors: AnyVectors | Sequence[float], state: State) -> AnyVectors:
    """(m, dim), as ``prepare_queries`` gives them."""
    metric, dim = state.metric, state.dim
    queries = np.asarray(vectors)
    if queries.ndim == 1:
        queries = queries[None]
    if metric == "hamming":
        return check_vectors(queries, metric, dim)
    wide = to_float32(queries)
    if wide.shape == (1, dim):
        # One query: its squared length tells at once whether it is finite and not zero.
        square = float(np.vdot(wide, wide))
        if 0 < square < np.inf:
            return np.asarray(wide / np.float32(square**0.5)) if metric == "cosine" else wide
    return prepare_queries(check_vectors(wide, metric, dim), metric)


def find_rows(state: State, ids: Ids) -> NDArray[np.int64]:
    """The row of each id. Raises IdNotFoundError."""
    rows = state.to_rows(ids)
    if (rows < 0).any():
        missing = int(ids[rows < 0][0])
        raise IdNotFoundError(f"there is no id {missing} in the index", missing)
    return rows


def filter_of(state: State, where: Where) -> RowFilter:
    """The rows that may be answers."""
    asked = np.asarray(where)
    asked = asked if asked.dtype == np.bool_ else as_ids(asked)
    return state.filters.get(
        asked, lambda allowed: RowFilter(_allowed_mask(state, allowed), state.listed_rows)
    )


def _allowed_mask(state: State, allowed: NDArray[Any]) -> NDArray[np.bool_]:
    """bool (n,): which of all rows may be answers."""
    if allowed.dtype == np.bool_:
        if allowed.shape != (len(state),):
            raise UsageError(f"where has the shape {allowed.shape}, expected ({len(state)},)")
        if state.tombstones is None:
            return allowed
        out = np.zeros(state.n, np.bool_)
        out[state.live_rows()] = allowed
        return out
    rows, out = state.to_rows(allowed), np.zeros(state.n, np.bool_)
    out[rows[rows >= 0]] = True
    return out


@dataclass(frozen=True, slots=True)
class SearchParams:
    """What a query asks for. Raises UsageError where it makes no sense."""

    k: int | None
    where: Where | None
    max_distance: float | None
    recall: float
    effort: float

    def __post_init__(self) -> None:
        if not isinstance(self.k, int | np.integer | None):
            raise UsageError(f"k is {self.k!r}, expected a whole number")
        if (self.k is None and self.max_distance is None) or (self.k is not None and self.k < 1):
            raise UsageError(f"k is {self.k}, expected at least 1 (or None together with max_distance)")
        if not 0 < self.recall <= 1 or not 0 < self.effort < np.inf:
            raise UsageError(
                f"recall is {self.recall} and effort {self.effort}, expected 0 < recall <= 1 and effort > 0"
            )
        if self.max_distance is not None and np.isnan(self.max_distance):
            raise UsageError(f"max_distance is {self.max_distance}, expected a number")


def drop_beyond(neighbors: Neighbors, max_distance: float | None) -> Neighbors:
    """Only what is near enough; as many columns as the query with the most answers has."""
    rows, distances = neighbors
    if max_distance is not None:
        outside = distances > max_distance
        rows, distances = np.where(outside, -1, rows), np.where(outside, np.float32(np.inf), distances)
    widest = int((rows >= 0).sum(axis=1).max(initial=0))
    return rows[:, :widest], distances[:, :widest]
