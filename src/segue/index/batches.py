"""Many queries at once, on all cores; Faiss and NumPy let go of the interpreter while they work."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from segue.index.exact import Neighbors
from segue.index.metric import AnyVectors

_BATCH = 256  # queries a thread takes at a time
_Search = Callable[[AnyVectors, NDArray[np.int64] | None], Neighbors]


def search_in_batches(
    search: _Search, queries: AnyVectors, exclude: NDArray[np.int64] | None = None, *, most: int = _BATCH
) -> Neighbors:
    """Search for parts of the queries, each of ``most``, in threads, and put the answers together."""
    starts = range(0, len(queries), most)
    if len(starts) < 2:
        return search(queries, exclude)

    def part(start: int) -> Neighbors:
        stop = start + most
        return search(queries[start:stop], None if exclude is None else exclude[start:stop])

    with threadpool_limits(1), ThreadPoolExecutor(os.cpu_count(), initializer=_one_thread_each) as pool:
        found = list(pool.map(part, starts))
    return np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])


def _one_thread_each() -> None:
    import faiss

    faiss.omp_set_num_threads(1)
