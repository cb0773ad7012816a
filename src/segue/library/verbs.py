"""How a verb becomes a method of the library: what it may be given, and how many threads it takes: one.

Arguments are checked here, by their annotations, for all public methods of the library.

BLAS splits even small products over all cores, and its threads spin while one of them waits for a core that
another program has: a fit of a tenth of a second then takes many times as long. What is worth more threads,
such as a scan, starts its own, and gives each one thread of BLAS.
"""

from __future__ import annotations

import functools
import inspect
import math
import re
import reprlib
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ContextDecorator
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    Literal,
    ParamSpec,
    TypeVar,
    Union,
    get_args,
    get_origin,
    overload,
)

import numpy as np

from segue.errors import UsageError

if TYPE_CHECKING:
    from segue.library import Library
    from segue.recommend import Recommender

_P = ParamSpec("_P")
_Answer = TypeVar("_Answer")
_Counts = list[tuple[Any, int]]  # libraries of BLAS, and how many threads each takes

_Kind = tuple[tuple[type, ...], tuple[str, ...], str]
"""Types, words that may stand for them, and how both are called."""

_TYPES: dict[str, _Kind] = {
    "str": ((str,), (), "a text"),
    "int": ((int, np.integer), (), "a whole number"),
    "float": ((float, int, np.floating, np.integer), (), "a number"),
    "Path": ((PurePath,), (), "a path"),
    "None": ((type(None),), (), "None"),
}
_ALTERNATIVE = re.compile(r" \| (?![^\[]*\])")  # outside of brackets
_LATE = {
    "Where": "segue.catalog.conditions",
    "AlbumSort": "segue.catalog.album_lists",
    "ArtistSort": "segue.catalog.album_lists",
    "User": "segue.users.store",
}  # where names are that load late
_SEVERAL = re.compile(r"(?:Iterable|Sequence|Collection)\[(.+)\]")


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

    return checked(method)


@dataclass(frozen=True, slots=True)
class _Expected:
    """What an argument may be: of some types, a word, several things of some types; and their names."""

    types: tuple[type, ...]
    words: tuple[str, ...]
    elements: tuple[type, ...]
    names: str

    def accepts(self, value: object) -> bool:
        if isinstance(value, self.types):
            return not (isinstance(value, float) and math.isnan(value))
        if isinstance(value, str):
            return value in self.words
        if not self.elements or isinstance(value, bytes) or not isinstance(value, Iterable):
            return False
        # An iterator can be looked through only once.
        return not isinstance(value, list | tuple) or all(isinstance(one, self.elements) for one in value)


_Checks = tuple[tuple[_Expected | None, ...], Mapping[str, _Expected | None], tuple[str, ...]]
"""What is expected by place and by name, and the names by place."""


def checked(method: Callable[_P, _Answer]) -> Callable[_P, _Answer]:
    """The method, which raises UsageError for arguments of other types than it is annotated with."""

    @functools.wraps(method)
    def with_checks(*args: _P.args, **kwargs: _P.kwargs) -> _Answer:
        _check(method, args[1:], kwargs)
        try:
            return method(*args, **kwargs)
        except UnicodeEncodeError as error:
            raise _no_text(error) from error

    return with_checks


def _check(method: Callable[..., Any], args: tuple[object, ...], kwargs: Mapping[str, Any]) -> None:
    """Raises UsageError for an argument, behind the first, of a type that the annotation does not have."""
    places, by_name, names = _checks_of(method)
    for i, (expected, value) in enumerate(zip(places, args, strict=False)):
        if expected is not None and not expected.accepts(value):
            raise _wrong(names[i], value, expected)
    for name, value in kwargs.items():
        expected = by_name.get(name)
        if expected is not None and not expected.accepts(value):
            raise _wrong(name, value, expected)


def _no_text(error: UnicodeEncodeError) -> UsageError:
    """Of half a character, which no file, table or answer can hold."""
    return UsageError(f"{reprlib.repr(error.object)} is no text: it holds half a character")


def _wrong(name: str, value: object, expected: _Expected) -> UsageError:
    return UsageError(f"{name} is {reprlib.repr(value)}, expected {expected.names}")


@functools.cache
def _checks_of(method: Callable[..., Any]) -> _Checks:
    plain: Any = inspect.unwrap(method)
    code, annotations = plain.__code__, plain.__annotations__
    names = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
    by_name = {name: _expected(annotations[name], plain.__globals__) for name in names if name in annotations}
    places = names[: code.co_argcount - 1]
    return tuple(by_name.get(name) for name in places), by_name, places


def _expected(annotation: str, namespace: Mapping[str, object]) -> _Expected | None:
    """What an annotation means; None where it says more than these checks know."""
    kinds: list[_Kind] = []
    elements: tuple[type, ...] = ()
    for part in _ALTERNATIVE.split(annotation):
        several = _SEVERAL.fullmatch(part)
        if several:
            inner = _expected(several[1], namespace)
            if inner is None or inner.elements:
                return None
            elements += inner.types
            kinds.append(((), (), f"several, each {inner.names}"))
            continue
        kind = _TYPES.get(part) or _named(part, namespace)
        if kind is None:
            return None
        kinds.append(kind)
    types, words, names = _any_of(kinds)
    return _Expected(types, words, elements, names)


def _named(name: str, namespace: Mapping[str, object]) -> _Kind | None:
    """What a class or an alias is that a module knows, or only its type checker, as it loads late."""
    definition = vars(import_module(_LATE[name]))[name] if name in _LATE else namespace.get(name)
    if get_origin(definition) is Literal:  # which words there are, a verb says
        return _TYPES["str"]
    if get_origin(definition) in (Union, UnionType):
        return _union(get_args(definition))
    if not isinstance(definition, type) or getattr(definition, "_is_protocol", False):
        return None
    return (definition,), (), name


def _union(parts: Sequence[Any]) -> _Kind | None:
    """Of plain types and words; None where there is more to it."""
    kinds = [
        ((), get_args(part), " or ".join(map(repr, get_args(part))))
        if get_origin(part) is Literal
        else _TYPES.get(getattr(part, "__name__", ""))
        for part in parts
    ]
    return _any_of([kind for kind in kinds if kind]) if all(kinds) else None


def _any_of(kinds: Sequence[_Kind]) -> _Kind:
    types, words, names = zip(*kinds, strict=True)
    return sum(types, ()), sum(words, ()), " or ".join(names)
