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
    before = [(one, now) for one, count in counts if (now := one.num_threads) != count]
    if before:
        from threadpoolctl import OpenBLASController

        OpenBLASController.clear_controlling_thread(force=True)
        for library, count in counts:
            library.set_num_threads(count)
        OpenBLASController.clear_controlling_thread()
    return before


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
