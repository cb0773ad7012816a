"""Many queries at once, on all cores; Faiss and NumPy release the interpreter's lock while they work."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from segue.index.exact import Neighbors
from segue.index.metric import AnyVectors

_BATCH = 256  # queries that a thread takes at a time
_Search = Callable[[AnyVectors, NDArray[np.int64] | None], Neighbors]


def search_in_batches(
    search: _Search,
    queries: AnyVectors,
    exclude: NDArray[np.int64] | None = None,
    *,
    batch_size: int = _BATCH,
) -> Neighbors:
    """Search for batches of the queries in threads, and join the answers."""
    starts = range(0, len(queries), batch_size)
    if len(starts) < 2:
        return search(queries, exclude)

    from concurrent.futures import ThreadPoolExecutor

    from threadpoolctl import threadpool_limits

    def search_batch(start: int) -> Neighbors:
        stop = start + batch_size
        return search(queries[start:stop], None if exclude is None else exclude[start:stop])

    with threadpool_limits(1), ThreadPoolExecutor(os.cpu_count(), initializer=_use_one_thread) as pool:
        answers = list(pool.map(search_batch, starts))
    return np.concatenate([rows for rows, _ in answers]), np.concatenate([d for _, d in answers])


def _use_one_thread() -> None:
    import faiss

    faiss.omp_set_num_threads(1)
