"""From a matrix, on disk or in memory, to lists of codes and how far to look in them."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from segue.index.batches import in_batches
from segue.index.calibration import KS, N_QUERIES, Setting, calibrate
from segue.index.exact import Found, nearest
from segue.index.ivfpq import Codes
from segue.index.l2_reduction import CodeSpace
from segue.index.metric import AnyVectors, lengths, prepared
from segue.index.store import Store
from segue.spec import Metric

EXACT_BELOW = 20_000  # rows: comparing with all of them takes as long as looking into lists
_ADDED_AT_A_TIME = 1 << 17  # rows, whose codes are made on all cores

OnProgress = Callable[[int, int], None]
"""Called with the rows that are done and the rows there are."""


def space_of(store: Store, rows: NDArray[np.int64], metric: Metric) -> CodeSpace:
    """Where the codes of these rows are made."""
    if metric != "dot":
        return CodeSpace(metric)
    step = 1 << 16
    longest = (lengths(store.take(rows[i : i + step])).max() for i in range(0, len(rows), step))
    return CodeSpace(metric, float(max(longest)))


def train(store: Store, rows: NDArray[np.int64], space: CodeSpace, *, seed: int = 0) -> Codes:
    """Lists for these rows, still empty."""
    rng = np.random.default_rng(seed)
    sample = rows[_some(len(rows), Codes.sample_size(len(rows)), rng)]
    return Codes.train(space.rows(store.take(sample)), len(rows), seed=seed)


def fill(
    codes: Codes,
    store: Store,
    rows: NDArray[np.int64],
    space: CodeSpace,
    on_progress: OnProgress | None = None,
) -> None:
    """Put rows of the store, ascending, into the lists."""
    report = on_progress or (lambda done, total: None)
    width = store.base.shape[1] * (8 if space.metric == "hamming" else 1)
    step = max(1024, min(_ADDED_AT_A_TIME, (1 << 24) // width))
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        codes.add(space.rows(store.take(part)), part)
        report(min(start + step, len(rows)), len(rows))


def settings_for(
    codes: Codes, store: Store, rows: NDArray[np.int64], space: CodeSpace, *, seed: int = 0
) -> list[Setting]:
    """What reaches which recall, measured on some of the rows."""
    rng = np.random.default_rng(seed + 1)
    seeds = rows[_some(len(rows), N_QUERIES, rng)]
    queries = prepared(store.take(seeds), space.metric)
    among = len(store) if len(rows) == len(store) else rows

    def compared(some: AnyVectors, _: NDArray[np.int64] | None) -> Found:
        return nearest(store, some, KS[-1] + 1, space.metric, among)

    found, _ = in_batches(compared, queries, most=max(64, -(-len(queries) // (os.cpu_count() or 1))))
    # A copy of the row may stand before the row itself, or push it out.
    others = [row[row != seed_row][: KS[-1]] for row, seed_row in zip(found, seeds, strict=True)]
    return calibrate(codes, space.queries(queries), np.array(others), seeds)


def _some(n: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return np.sort(rng.choice(n, min(n, count), replace=False))
