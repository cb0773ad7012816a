"""Which vectors of a library are compared, and how: the readings of its spaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Snapshot, SpaceVectors
from segue.errors import UsageError
from segue.spec import COSINE

Form = Literal["tracks", "flattened", "frames"]
Transform = Literal["fitted", "centred", "raw"]
FIRST = 10  # windows that stand side by side where a track is read flattened


class Rows(Protocol):
    """(n, dim), of which some rows at a time are asked for."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, key: Any, /) -> NDArray[Any]: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """How tracks are compared.

    Attributes
    ----------
    spaces : whose vectors; all of the library's, side by side, where none is named
    form : each track's one vector; its first ten windows as one long vector; or every window for itself
    transform : standardised, weighted and whitened by a quarter; less the mean; or as they are
    metric : of raw vectors; the others are compared by the cosine
    """

    spaces: tuple[str, ...] = ()
    form: Form = "tracks"
    transform: Transform = "fitted"
    metric: str = COSINE

    def __str__(self) -> str:
        """As ``reading_named`` takes it: ``audioset-1/frames/raw``."""
        if not self.spaces:
            return "all"
        return "/".join([*self.spaces, self.form, self.transform])

    def chosen(self, snapshot: Snapshot) -> dict[str, SpaceVectors]:
        """The spaces of a snapshot that are read."""
        return {name: snapshot.spaces[name] for name in self.spaces or snapshot.spaces}


def usual(spaces: Mapping[str, SpaceVectors]) -> Reading:
    """How a library is read unless told: a space alone as its settings say, several fitted."""
    if len(spaces) != 1:
        return Reading()
    (name, space), *_ = spaces.items()
    settings = space.settings
    if settings.reading == "fitted":
        return Reading()
    return Reading((name,), "tracks", _transform(settings.reading), settings.metric)


def reading_named(text: str, spaces: Mapping[str, SpaceVectors]) -> Reading:
    """The reading that a text such as ``audioset/frames/raw`` means.

    Parameters
    ----------
    text : ``all``; or a space, its version left out or not, then, in any order and each only where it
        differs from what is usual for that space, a form and a transform, with ``/`` between

    Raises
    ------
    UsageError
        Where there is no such space, form or transform.
    """
    if text == "all":
        return Reading()
    first, *rest = text.split("/")
    names = [name for name in spaces if first in (name, name.rsplit("-", 1)[0])]
    if len(names) != 1:
        listed = ", ".join(["all", *spaces])
        raise UsageError(f"no view {text!r}: it begins with the name of a space; there are {listed}")
    settings = spaces[names[0]].settings
    form: Form = "tracks"
    transform = _transform(settings.reading)
    for word in rest:
        if word in get_args(Form):
            form = word  # type: ignore[assignment]
        elif word in get_args(Transform):
            transform = _transform(word)
        else:
            known = ", ".join([*get_args(Form), *get_args(Transform)])
            raise UsageError(f"no view {text!r}: {word!r} is none of {known}")
    if form != "tracks" and not len(spaces[names[0]].windows):
        raise UsageError(f"{names[0]} has no windows, only one vector a track: {form!r} cannot be read")
    return Reading((names[0],), form, transform, settings.metric if transform == "raw" else COSINE)


def _transform(word: str) -> Transform:
    return word  # type: ignore[return-value]


class Picked:
    """Some rows of a matrix, read when they are asked for."""

    def __init__(self, matrix: NDArray[np.generic], rows: NDArray[np.int64]) -> None:
        self._matrix, self._rows = matrix, rows
        self.shape = (len(rows), matrix.shape[1])

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        rows = self._rows[key]
        if len(rows) and len(rows) == rows[-1] - rows[0] + 1:  # without a gap: no copy
            return self._matrix[rows[0] : rows[-1] + 1]
        return self._matrix[rows]


class Flattened:
    """Of some tracks, the first ten windows side by side; those of a shorter one from the first again."""

    def __init__(self, windows: NDArray[np.generic], starts: NDArray[np.int64], ends: NDArray[np.int64]):
        self._windows, self._starts, self._counts = windows, starts, ends - starts
        self.shape = (len(starts), FIRST * windows.shape[1])

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        starts, counts = self._starts[key], self._counts[key]
        at = starts[:, None] + np.arange(FIRST) % counts[:, None]
        return np.asarray(self._windows[at]).reshape(len(starts), self.shape[1])


def items_of(snapshot: Snapshot, reading: Reading) -> tuple[NDArray[np.int64], list[Rows]]:
    """What is compared: the catalog's row of each item, and of each space the items' vectors."""
    spaces = reading.chosen(snapshot)
    n = len(snapshot.keys)
    there = (snapshot.keys >= 0) & ~snapshot.missing
    filled = np.zeros(n, np.bool_)
    if reading.form == "tracks":
        for space in spaces.values():
            filled |= space.has_vector()[:n]
        rows = np.flatnonzero(there & filled)
        return rows, [Picked(space.vectors, rows) for space in spaces.values()]
    (space,) = spaces.values()
    ends = space.window_ends[:n]
    starts = np.concatenate([[0], ends[:-1]])[:n]
    rows = np.flatnonzero(there & (ends > starts))
    if reading.form == "flattened":
        return rows, [Flattened(space.windows, starts[rows], ends[rows])]
    counts = (ends - starts)[rows]
    firsts = np.cumsum(counts) - counts
    windows = np.repeat(starts[rows] - firsts, counts) + np.arange(int(counts.sum()))
    return np.repeat(rows, counts), [Picked(space.windows, windows)]


def formed(
    pooled: Sequence[NDArray[np.generic]], windows: Sequence[NDArray[np.generic]], form: Form
) -> list[NDArray[np.float32]]:
    """Of one track, float32 (1, dim) or, as frames, (n_windows, dim) for each space."""
    if form == "tracks":
        return [np.asarray(x, np.float32)[None] for x in pooled]
    if form == "frames":
        return [np.asarray(x, np.float32) for x in windows]
    return [
        np.asarray(x, np.float32)[np.arange(FIRST) % len(x)].reshape(1, -1) if len(x) else
        np.full((1, FIRST * x.shape[1]), np.nan, np.float32)
        for x in windows
    ]  # fmt: skip
