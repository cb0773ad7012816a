"""Which vectors a metric can compare: the one rule, for indexes and for whatever is imported."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.spec import COSINE

_LEAST_SQUARE = float(np.finfo(np.float32).tiny)  # squared length; smaller ones lose digits
_BLOCK = 1 << 15  # rows at a time
_MOST_SQUARE = 1e37  # squared length; a squared distance is at most four times as large


def comparable_rows(rows: NDArray[Any], metric: str) -> NDArray[np.bool_]:
    """bool (n,): which rows can be compared: finite, of a length that float32 can square, and not
    zero for cosine.

    Parameters
    ----------
    rows : (n, dim), numbers of any type; of a type wider than float32, what float32 cannot hold is infinite
    """
    blocks = (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
    parts = [_comparable(block, metric) for block in blocks]
    return np.concatenate(parts) if parts else np.zeros(0, np.bool_)


def _comparable(rows: NDArray[Any], metric: str) -> NDArray[np.bool_]:
    good = np.ones(len(rows), np.bool_)
    if rows.dtype.kind == "f":
        good = np.isfinite(rows).all(axis=1)
    if metric == COSINE or (rows.dtype.kind == "f" and rows.dtype.itemsize >= 4):
        with np.errstate(over="ignore", invalid="ignore"):
            wide = rows.astype(np.float32, copy=False)
            squares = np.einsum("ij,ij->i", wide, wide)
        good &= (squares >= (_LEAST_SQUARE if metric == COSINE else 0)) & (squares <= _MOST_SQUARE)
    return np.asarray(good, np.bool_)


def fault_of(row: NDArray[Any]) -> str:
    """Why a row cannot be compared, as the end of a sentence: ``is not finite: number 3 is nan``."""
    if row.dtype.kind == "f":
        bad = ~np.isfinite(row)
        if bad.any():
            place = int(bad.argmax())
            return f"is not finite: number {place + 1} is {row[place]}"
    if not row.any():
        return "is zero, which has no direction: cosine cannot place it"
    place = int(np.abs(row.astype(np.float64)).argmax())
    return f"is of a length that float32 cannot square: number {place + 1} is {row[place]:g}"
