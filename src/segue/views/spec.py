"""Which vectors of a library are compared, and how: what a view is called, and the vectors that it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast, get_args

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Snapshot, SpaceVectors
from segue.errors import UsageError
from segue.spec import COSINE, family_of
from segue.views.versions import compared_spaces

Granularity = Literal["tracks", "windows", "first10"]
Transform = Literal["fitted", "sound", "centered", "raw"]
FIRST_WINDOWS = 10  # that stand side by side as one vector of a track
_OLD_WORDS = {"frames": "windows", "flattened": "first10", "centred": "centered"}


class Rows(Protocol):
    """(n, dim), of which some rows at a time are asked for."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, key: Any, /) -> NDArray[Any]: ...


@dataclass(frozen=True, slots=True)
class ViewSpec:
    """How tracks are compared.

    Attributes
    ----------
    spaces : by name; where none is named, all of the library's, side by side, of each its newest version
        that nearly all tracks have
    granularity : one vector a track; one a window; or one a track of its first ten windows side by side
    transform : standardized, weighted and whitened, with what the library's tags teach where that helps; the
        same by the sound alone; less the mean; or as they are
    metric : of raw vectors; the others are compared by the cosine
    """

    spaces: tuple[str, ...] = ()
    granularity: Granularity = "tracks"
    transform: Transform = "fitted"
    metric: str = COSINE

    def __str__(self) -> str:
        """As ``parse_view`` takes it: ``audioset-1/windows/raw``."""
        if not self.spaces:
            return "all" if self.transform == "fitted" else f"all/{self.transform}"
        return "/".join([*self.spaces, self.granularity, self.transform])

    @property
    def is_by_window(self) -> bool:
        """Whether a track has many vectors, one a window."""
        return self.granularity == "windows"

    def spaces_of(self, snapshot: Snapshot) -> dict[str, SpaceVectors]:
        """The spaces of a snapshot that are compared."""
        return {name: snapshot.spaces[name] for name in self.spaces or compared_spaces(snapshot)}


def default_view(spaces: Mapping[str, SpaceVectors]) -> ViewSpec:
    """How a library is compared by default: a space alone as its settings say, several fitted."""
    if len(spaces) != 1:
        return ViewSpec()
    (name, space), *_ = spaces.items()
    transform = _transform(space.settings.transform)
    return (
        ViewSpec() if transform == "fitted" else ViewSpec((name,), "tracks", transform, space.settings.metric)
    )


def parse_view(text: str, snapshot: Snapshot) -> ViewSpec:
    """The view that a text such as ``audioset/windows/raw`` names.

    Parameters
    ----------
    text : ``all`` or ``all/sound``; or a space, its version left out or not, then a granularity and a
        transform, in any order and each only where it differs from the space's default, with ``/`` between.
        ``frames``, ``flattened`` and ``centred`` are other words for ``windows``, ``first10`` and
        ``centered``.

    Raises
    ------
    UsageError
        Where there is no such space, granularity or transform.
    """
    if text in ("all", "all/sound"):
        return ViewSpec(transform="fitted" if text == "all" else "sound")
    first, *rest = text.split("/")
    spaces = snapshot.spaces
    names = [first] if first in spaces else [n for n in compared_spaces(snapshot) if family_of(n) == first]
    if len(names) != 1:
        listed = ", ".join(["all", *spaces])
        raise UsageError(f"no view {text!r}: a view begins with the name of a space; there are {listed}")
    settings = spaces[names[0]].settings
    granularity: Granularity = "tracks"
    transform = _transform(settings.transform)
    for word in (_OLD_WORDS.get(word, word) for word in rest):
        if word in get_args(Granularity):
            granularity = cast("Granularity", word)
        elif word in get_args(Transform):
            transform = cast("Transform", word)
        else:
            allowed = ", ".join([*get_args(Granularity), *get_args(Transform)])
            raise UsageError(f"no view {text!r}: {word!r} is none of {allowed}")
    if granularity != "tracks" and not len(spaces[names[0]].windows):
        raise UsageError(f"no view {text!r}: {names[0]} keeps one vector a track and no windows")
    return ViewSpec((names[0],), granularity, transform, settings.metric if transform == "raw" else COSINE)


def _transform(word: str) -> Transform:
    return cast("Transform", _OLD_WORDS.get(word, word))


class RowSubset:
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


class FirstWindows:
    """The first ten windows of some tracks, side by side; a shorter track repeats its windows."""

    def __init__(self, windows: NDArray[np.generic], starts: NDArray[np.int64], ends: NDArray[np.int64]):
        self._windows, self._starts, self._counts = windows, starts, ends - starts
        self.shape = (len(starts), FIRST_WINDOWS * windows.shape[1])

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        starts, counts = self._starts[key], self._counts[key]
        at = starts[:, None] + np.arange(FIRST_WINDOWS) % counts[:, None]
        return np.asarray(self._windows[at]).reshape(len(starts), self.shape[1])


def item_vectors(snapshot: Snapshot, spec: ViewSpec) -> tuple[NDArray[np.int64], list[Rows]]:
    """What a view compares: the catalog's row of each item, and the items' vectors in each space."""
    spaces = spec.spaces_of(snapshot)
    n = len(snapshot.keys)
    is_there = (snapshot.keys >= 0) & ~snapshot.missing
    if spec.granularity == "tracks":
        has_vector = np.zeros(n, np.bool_)
        for space in spaces.values():
            has_vector |= space.has_vector()[:n]
        rows = np.flatnonzero(is_there & has_vector)
        return rows, [RowSubset(space.vectors, rows) for space in spaces.values()]
    (space,) = spaces.values()
    ends = space.window_ends[:n]
    starts = np.concatenate([[0], ends[:-1]])[:n]
    rows = np.flatnonzero(is_there & (ends > starts))
    if spec.granularity == "first10":
        return rows, [FirstWindows(space.windows, starts[rows], ends[rows])]
    counts = (ends - starts)[rows]
    firsts = np.cumsum(counts) - counts
    windows = np.repeat(starts[rows] - firsts, counts) + np.arange(int(counts.sum()))
    return np.repeat(rows, counts), [RowSubset(space.windows, windows)]


def sound_vectors(
    pooled: Sequence[NDArray[np.generic]], windows: Sequence[NDArray[np.generic]], granularity: Granularity
) -> list[NDArray[np.float32]]:
    """Of one sound, float32 (1, dim) for each space or, by windows, (n_windows, dim)."""
    if granularity == "tracks":
        return [np.asarray(x, np.float32)[None] for x in pooled]
    if granularity == "windows":
        return [np.asarray(x, np.float32) for x in windows]
    return [
        np.asarray(x, np.float32)[np.arange(FIRST_WINDOWS) % len(x)].reshape(1, -1) if len(x) else
        np.full((1, FIRST_WINDOWS * x.shape[1]), np.nan, np.float32)
        for x in windows
    ]  # fmt: skip
