"""How a verb becomes a method of the library, and how many threads its linear algebra takes: one.

BLAS splits even small products over all cores, and its threads spin while one of them waits for a core that
another program has: a fit of a tenth of a second then takes many times as long. What is worth more threads,
such as a scan, starts its own, and gives each one thread of BLAS.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from contextlib import ContextDecorator
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from segue.recommend.session import Recommender

if TYPE_CHECKING:
    from segue.library import Library

_P = ParamSpec("_P")
_Answer = TypeVar("_Answer")


class OneBlasThread(ContextDecorator):
    """While any thread is inside, BLAS takes one thread in this whole process; then as many as before."""

    _lock = threading.Lock()
    _inside = 0
    _limit: Any = None

    def __enter__(self) -> None:
        with OneBlasThread._lock:
            if not OneBlasThread._inside:
                OneBlasThread._limit = _blas(len(sys.modules)).limit(limits=1)
            OneBlasThread._inside += 1

    def __exit__(self, *exc: object) -> None:
        with OneBlasThread._lock:
            OneBlasThread._inside -= 1
            if not OneBlasThread._inside:
                OneBlasThread._limit.restore_original_limits()


@functools.lru_cache(maxsize=1)
def _blas(n_modules: int) -> Any:
    """The BLAS libraries that are loaded; a module that came since may have brought another."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


def verb(
    question: Callable[Concatenate[Recommender, _P], _Answer],
) -> Callable[Concatenate[Library, _P], _Answer]:
    """A verb of ``segue.recommend`` as a method of the library, with its arguments and its documentation."""

    @functools.wraps(question)
    def method(library: Library, /, *args: _P.args, **kwargs: _P.kwargs) -> _Answer:
        with OneBlasThread():
            return question(library.recommender, *args, **kwargs)

    return method
