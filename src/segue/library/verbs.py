"""How a verb becomes a method of the library."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from segue.threads import OneBlasThread

if TYPE_CHECKING:
    from segue.library import Library
    from segue.recommend import Recommender

_P = ParamSpec("_P")
_Answer = TypeVar("_Answer")


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
