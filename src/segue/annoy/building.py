"""Building an index over items, and saving it."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.annoy.errors import SavingError
from segue.annoy.metric import AnnoyMetric
from segue.errors import UsageError
from segue.index import Index, IndexOptions
from segue.index.batches import use_threads
from segue.progress import Silent

_EXACT_BELOW = 20_000  # items; up to there nothing is missed, as `docs/annoy.md` says


def build_index(
    items: NDArray[np.int64], matrix: NDArray[Any], metric: AnnoyMetric, seed: int, *, verbose: bool
) -> Index:
    """The index over a matrix whose rows are these items, ascending."""
    counted = len(items) == 0 or (items[0] == 0 and bool((np.diff(items) == 1).all()))
    return Index.build(
        matrix,
        metric=metric,
        ids=None if counted else items,
        options=IndexOptions(exact_below=_EXACT_BELOW),
        seed=seed,
        progress=_OnStderr() if verbose else None,
    )


def save_index(index: Index, path: Path, f: int, n_trees: int) -> Index:
    """The same index from a file, mapped. Raises SavingError where nothing can be written there."""
    if not path.parent.is_dir():  # nor does Annoy make folders: a typing error in a path is no new tree
        raise SavingError(f"{path} cannot be written: there is no folder {path.parent}")
    note = {"annoy": {"f": f, "n_trees": n_trees}}
    try:
        index.save(path, own_vectors=True, note=note)
    except UsageError as error:
        raise SavingError(str(error)) from error
    return Index.open(path)


def limit_threads(n_jobs: int) -> AbstractContextManager[None]:
    """No more threads than these; -1 for all cores."""
    return nullcontext() if n_jobs == -1 else use_threads(n_jobs)


class _OnStderr(Silent):
    """Says on stderr how far a build is."""

    def __init__(self) -> None:
        self._total: int | None = None

    def begin(self, total: int | None, unit: str) -> None:
        self._total = total

    def advance(self, done: int, tally: str = "") -> None:
        sys.stderr.write(f"{done} of {self._total} items\n")
