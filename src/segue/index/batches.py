"""Many queries at once, on all cores; Faiss and NumPy release the interpreter's lock while they work."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from contextvars import ContextVar

import numpy as np
from numpy.typing import NDArray

from segue.index.exact import Neighbors
from segue.index.metric import AnyVectors

_FEWEST, _MOST = 256, 4096  # queries that a thread takes at a time: of more, more scan the same lists
_Search = Callable[[AnyVectors, NDArray[np.int64] | None], Neighbors]
_threads: ContextVar[int | None] = ContextVar("threads", default=None)


@contextlib.contextmanager
def use_threads(count: int) -> Iterator[None]:
    """Build and query indexes with so many threads, BLAS's and OpenMP's too, while the block runs."""
    import faiss  # noqa: F401 - only threads of what is loaded can be counted
    from threadpoolctl import threadpool_limits

    token = _threads.set(count)
    try:
        with threadpool_limits(count):
            yield
    finally:
        _threads.reset(token)


def search_in_batches(
    search: _Search,
    queries: AnyVectors,
    exclude: NDArray[np.int64] | None = None,
    *,
    fewest: int = _FEWEST,
) -> Neighbors:
    """Search for batches of the queries in threads, and join the answers.

    Parameters
    ----------
    fewest : queries that are worth a thread
    """
    if len(queries) <= min(fewest, _MOST):
        return search(queries, exclude)
    threads = _threads.get() or os.cpu_count() or 1
    batch_size = min(max(fewest, -(-len(queries) // threads)), _MOST)
    starts = range(0, len(queries), batch_size)

    def search_batch(start: int) -> Neighbors:
        stop = start + batch_size
        return search(queries[start:stop], None if exclude is None else exclude[start:stop])

    if len(starts) < 2:
        return search(queries, exclude)
    if threads == 1:
        return _join([search_batch(start) for start in starts])

    from concurrent.futures import ThreadPoolExecutor

    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), ThreadPoolExecutor(threads, initializer=_use_one_thread) as pool:
        return _join(list(pool.map(search_batch, starts)))


def _join(answers: list[Neighbors]) -> Neighbors:
    return np.concatenate([rows for rows, _ in answers]), np.concatenate([d for _, d in answers])


def _use_one_thread() -> None:
    import faiss

    faiss.omp_set_num_threads(1)
