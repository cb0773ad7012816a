"""The threads in which blocking work is done; each keeps a connection to the catalog."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import ParamSpec, TypeVar

from segue.serve.http.errors import ApiError

_P = ParamSpec("_P")
_T = TypeVar("_T")
_GOODBYE_S = 2.0
_PATIENCE_S = 5.0  # for what is being decoded
_LAST_S = 3.0


class Pool:
    """Some threads which stay until ``close``: those that come and go would each open the catalog again."""

    def __init__(self, name: str, threads: int) -> None:
        self._threads = threads
        self._executor = ThreadPoolExecutor(threads, f"segue-{name}")
        self._is_closing = False

    async def run(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """What ``work`` returns, done in one of the threads, if it is still wanted when its turn comes."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._do, partial(work, *args, **kwargs))

    def _do(self, work: Callable[[], _T]) -> _T:
        if self._is_closing:
            raise ApiError(503, "ending", "the service ends")
        return work()

    def submit(self, work: Callable[[], object]) -> None:
        """Have something done for which nobody waits."""
        with contextlib.suppress(RuntimeError):  # the service ends
            self._executor.submit(work)

    def begin(self, work: Callable[[], _T]) -> Future[_T]:
        """Have something done for which nobody waits yet; cancelled where the service ends."""
        try:
            return self._executor.submit(self._do, work)
        except RuntimeError:
            ended: Future[_T] = Future()
            ended.cancel()
            return ended

    def close(self, goodbye: Callable[[], None], patience_s: float = _PATIENCE_S) -> bool:
        """Have every thread say goodbye, and end them; whether all have ended in time."""
        self._is_closing = True
        together = threading.Barrier(self._threads)

        def leave() -> None:
            with contextlib.suppress(threading.BrokenBarrierError):
                together.wait(_GOODBYE_S)  # so that each thread takes one
            goodbye()

        last: list[Future[None]] = []
        with contextlib.suppress(RuntimeError):
            last = [self._executor.submit(leave) for _ in range(self._threads)]
        unfinished = wait(last, patience_s).not_done
        self._executor.shutdown(wait=not unfinished, cancel_futures=True)
        return not unfinished


def end_process_soon() -> None:
    """End this process although a thread of it is stuck in a decoder, once all else has ended."""

    def end() -> None:
        time.sleep(_LAST_S)
        os._exit(0)

    threading.Thread(target=end, daemon=True).start()
