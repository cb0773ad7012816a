"""How many threads linear algebra takes: one.

BLAS splits even small products over all cores, and its threads spin while one of them waits for a core that
another program has: a fit of a tenth of a second then takes many times as long. The last digits of a sum
depend on the number of threads, too. What is worth more threads, such as a scan, starts its own, and gives
each one thread of BLAS.
"""

from __future__ import annotations

import functools
import sys
import threading
from contextlib import ContextDecorator
from typing import Any

_Counts = list[tuple[Any, int]]  # libraries of BLAS, and how many threads each takes


class _Thread(threading.local):
    """What BLAS that counts its threads by calling thread, as OpenMP does, had before each entry."""

    def __init__(self) -> None:
        self.before: list[_Counts] = []


class OneBlasThread(ContextDecorator):
    """While any thread is inside, BLAS takes one thread in this whole process; then as many as before.

    Whoever comes first sets the number and whoever leaves last sets it back, which may be another thread.
    """

    _lock = threading.Lock()
    _inside = 0
    _before: _Counts = []  # noqa: RUF012 - replaced as a whole
    _this_thread = _Thread()

    def __enter__(self) -> None:
        shared, by_thread = _blas(len(sys.modules))
        OneBlasThread._this_thread.before.append(_set_threads([(library, 1) for library in by_thread]))
        with OneBlasThread._lock:
            if not OneBlasThread._inside:
                OneBlasThread._before = _set_threads([(library, 1) for library in shared])
            OneBlasThread._inside += 1

    def __exit__(self, *exc: object) -> None:
        with OneBlasThread._lock:
            OneBlasThread._inside -= 1
            if not OneBlasThread._inside:
                _set_threads(OneBlasThread._before)
        _set_threads(OneBlasThread._this_thread.before.pop())


@functools.lru_cache(maxsize=1)
def _blas(n_modules: int) -> tuple[list[Any], list[Any]]:
    """The loaded libraries of BLAS that count threads by process, and by calling thread.

    A module that came since may have brought another.
    """
    from threadpoolctl import ThreadpoolController

    libraries = ThreadpoolController().select(user_api="blas").lib_controllers
    by_thread = [one for one in libraries if getattr(one, "threading_layer", "") == "openmp"]
    return [one for one in libraries if one not in by_thread], by_thread


def _set_threads(counts: _Counts) -> _Counts:
    """Set those that differ, and return what they had: the command and the service begin with one thread.

    To threadpoolctl, OpenBLAS belongs to the thread that set its number first, for as long as that thread
    lives, and what others set is ignored without a word. Here all threads follow one count.
    """
    from threadpoolctl import OpenBLASController

    before = [(one, now) for one, count in counts if (now := one.num_threads) != count]
    if before:
        OpenBLASController.clear_controlling_thread(force=True)
        for library, count in counts:
            library.set_num_threads(count)
        OpenBLASController.clear_controlling_thread()
    return before
