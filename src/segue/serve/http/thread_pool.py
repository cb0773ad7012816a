"""The threads in which blocking work is done; each keeps a connection to the catalog."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")
_GOODBYE_S = 2.0


class Pool:
    """Some threads which stay until ``close``: those that come and go would each open the catalog again."""

    def __init__(self, name: str, threads: int) -> None:
        self._threads = threads
        self._executor = ThreadPoolExecutor(threads, f"segue-{name}")

    async def run(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """What ``work`` returns, done in one of the threads."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, partial(work, *args, **kwargs))

    def submit(self, work: Callable[[], object]) -> None:
        """Have something done for which nobody waits."""
        with contextlib.suppress(RuntimeError):  # the service ends
            self._executor.submit(work)

    def close(self, goodbye: Callable[[], None]) -> None:
        """Have every thread say goodbye, and end them."""
        together = threading.Barrier(self._threads)

        def leave() -> None:
            with contextlib.suppress(threading.BrokenBarrierError):
                together.wait(_GOODBYE_S)  # so that each thread takes one
            goodbye()

        with contextlib.suppress(RuntimeError):
            for _ in range(self._threads):
                self._executor.submit(leave)
        self._executor.shutdown(wait=True)
