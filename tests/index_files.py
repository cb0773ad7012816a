"""Saved indexes for the tests of their files."""

from __future__ import annotations

import numpy as np

from segue.index import Index
from tests.index_data import clustered

N, DIM = 800, 12


def whole(folder):
    """With lists, rows that were added later, and names."""
    rows = clustered(N, DIM, seed=1)[0]
    index = Index.build(rows[: N - 5], metric="dot", ids=np.arange(N - 5) * 3, exact=False)
    index.add(rows[N - 5 :])
    return index.save(folder / "whole.index")


def referring_to_rows(folder):
    """With its vectors in a file of their own, rows that were added later, and some that were deleted."""
    rows = clustered(N, DIM, seed=1)[0]
    np.save(folder / "rows.npy", rows)
    index = Index.build(folder / "rows.npy", metric="euclidean", exact=False)
    index.add(rows[:20])
    index.delete(range(0, 300, 3))
    return index.save(folder / "whole.index")
