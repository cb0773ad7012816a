"""Where a library's tracks lie, and pictures of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from segue.display.frames import indexed_frame
from segue.errors import UsageError
from segue.plots import scatter
from segue.texts import count
from segue.track import TrackId

Coloring = Literal["cluster", "genre", "artist", "album"]

_DRAWN = 20_000  # dots of a notebook's picture; the map itself has all


@dataclass(frozen=True, slots=True)
class Legend:
    """What the tracks of a map are called, and which groups they are in.

    Attributes
    ----------
    by : what the groups are
    names, groups : of each track
    colors : of groups that have one already
    """

    by: Coloring
    names: Sequence[str]
    groups: Sequence[str | None]
    colors: Mapping[str, str]


Reader = Callable[[Sequence[TrackId], Coloring | None], Legend]


@dataclass(frozen=True, slots=True, repr=False)
class Map:
    """Where tracks lie.

    Attributes
    ----------
    ids : the tracks, in the order of the library's rows
    xy : float32 (n, 2), in [-1, 1]
    read_legend : looks names and groups up when a picture needs them
    """

    ids: list[TrackId]
    xy: NDArray[np.float32]
    read_legend: Reader | None = field(default=None, compare=False)

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"<Map of {count(len(self), 'track')}>"

    def _repr_svg_(self) -> str:
        return self.to_svg(most=_DRAWN)

    def legend(self, by: Coloring | None = None) -> Legend:
        """Names and groups of all tracks; by default, those are clusters if there are any, else genres.

        Raises
        ------
        UsageError
            Where there are no such groups.
        """
        return self._legend(self.ids, by)

    def to_svg(self, by: Coloring | None = None, *, most: int | None = None) -> str:
        """A picture with a dot for each track, in its group's color.

        Parameters
        ----------
        most : dots; of more tracks, some are shown, evenly chosen
        """
        rows = np.arange(len(self))
        if most is not None and len(rows) > most:
            rows = np.linspace(0, len(rows) - 1, most).astype(np.int64)
        legend = self._legend([self.ids[i] for i in rows.tolist()], by)
        of = f" of {len(self)}" if len(rows) < len(self) else ""
        title = f"{len(rows)}{of} tracks by {legend.by}"
        return scatter(self.xy[rows], legend.names, legend.groups, title=title, colors=legend.colors)

    def to_pandas(self, by: Coloring | None = None) -> Any:
        """A data frame with x, y, name and group of each track, by the tracks' ids.

        Raises
        ------
        MissingExtraError
        """
        legend = self.legend(by)
        records = [
            {"id": track, "x": x, "y": y, "track": name, legend.by: group}
            for track, (x, y), name, group in zip(
                self.ids, self.xy.tolist(), legend.names, legend.groups, strict=True
            )
        ]
        return indexed_frame(records, ("id", "x", "y", "track", legend.by))

    def plot(self, by: Coloring | None = None, ax: Any = None) -> Any:
        """A dot for each track by Matplotlib; the axes.

        Raises
        ------
        MissingExtraError
        """
        from segue.display.charts import plot_map

        legend = self.legend(by)
        return plot_map(self.xy, legend.groups, legend.colors, legend.by, ax)

    def _legend(self, ids: Sequence[TrackId], by: Coloring | None) -> Legend:
        if by is not None and by not in get_args(Coloring):
            raise UsageError(f"no groups {by!r}; there are {', '.join(get_args(Coloring))}")
        if self.read_legend is None:
            return Legend(by or "genre", [""] * len(ids), [None] * len(ids), {})
        return self.read_legend(ids, by)
