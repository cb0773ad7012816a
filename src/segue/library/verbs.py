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
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

if TYPE_CHECKING:
    from segue.library import Library
    from segue.recommend import Recommender

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
                blas = _blas(len(sys.modules))
                # The command and the service have one thread from the start, and setting it takes longer.
                is_one = all(library.num_threads == 1 for library in blas.lib_controllers)
                OneBlasThread._limit = None if is_one else blas.limit(limits=1)
            OneBlasThread._inside += 1

    def __exit__(self, *exc: object) -> None:
        with OneBlasThread._lock:
            OneBlasThread._inside -= 1
            if not OneBlasThread._inside and OneBlasThread._limit is not None:
                OneBlasThread._limit.restore_original_limits()


@functools.lru_cache(maxsize=1)
def _blas(n_modules: int) -> Any:
    """The BLAS libraries that are loaded; a module that came since may have brought another."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


class verb(Generic[_P, _Answer]):  # noqa: N801 - used as a decorator is
    """A verb of ``segue.recommend`` as a method of the library, with its arguments and its documentation.

    Parameters
    ----------
    find : gives the verb; called when the method is first looked at, so that unused verbs are not loaded
    """

    def __init__(self, find: Callable[[], Callable[Concatenate[Recommender, _P], _Answer]]) -> None:
        self._find = find

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner, self._name = owner, name

    @overload
    def __get__(self, library: None, owner: type) -> Callable[Concatenate[Library, _P], _Answer]: ...

    @overload
    def __get__(self, library: Library, owner: type) -> Callable[_P, _Answer]: ...

    def __get__(self, library: Library | None, owner: type) -> Any:
        with OneBlasThread():  # some files work out a table when they load
            method = _as_method(self._find())
        setattr(self._owner, self._name, method)  # from now on it is one like any other
        return method.__get__(library, owner)


def _as_method(question: Callable[Concatenate[Recommender, _P], _Answer]) -> Any:
    @functools.wraps(question)
    def method(library: Library, /, *args: _P.args, **kwargs: _P.kwargs) -> _Answer:
        with OneBlasThread():
            return question(library.recommender, *args, **kwargs)

    return method
