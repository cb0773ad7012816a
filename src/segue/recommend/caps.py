"""At most so many tracks of one artist and of one album, more only where there are no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.recommend.result import Match

Places = NDArray[np.int64]
Most = int | Literal["auto"]
"""So many at the most; 0 for any number; "auto" for a share of the playlist."""

_ARTIST_SHARE = 5  # of a playlist of 12, at most 3 tracks are by one artist
_ALBUM_SHARE = 8  # and 2 of one album


@dataclass(slots=True)
class Cap:
    """Counts how many candidates of each group are taken.

    Attributes
    ----------
    groups : int64 (n,), the artist or album of each candidate, as a number
    most : of one group; raised by one where no candidate is left
    """

    groups: Places
    most: int
    _counts: Places = field(init=False)

    def __post_init__(self) -> None:
        self._counts = np.zeros(int(self.groups.max(initial=-1)) + 1, np.int64)

    def take(self, candidate: int) -> None:
        self._counts[self.groups[candidate]] += 1

    def open(self) -> NDArray[np.bool_]:
        """bool (n,): whose group has not had its share."""
        return np.asarray(self._counts[self.groups] < self.most)

    def anew(self) -> Cap:
        """With none taken."""
        return Cap(self.groups, self.most)


def number_names(names: Sequence[str | None]) -> Places:
    """int64 (n,): the same number for the same name, case aside; without a name, each a number of its own."""
    numbers: dict[str | int, int] = {}
    keys = [i if name is None else name.casefold() for i, name in enumerate(names)]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)


def caps_for(matches: Sequence[Match], k: int, per_artist: Most, per_album: Most) -> list[Cap]:
    """The caps of a playlist of k tracks.

    Raises
    ------
    UsageError
        Where a number is negative.
    """
    caps = []
    for name, most, share, names in (
        ("per_artist", per_artist, _ARTIST_SHARE, [match.track.artist for match in matches]),
        ("per_album", per_album, _ALBUM_SHARE, [_album(match) for match in matches]),
    ):
        if most != "auto" and most < 0:
            raise UsageError(f"{name} is {most}, expected at least 1, 0 for any number, or 'auto'")
        n = -(-k // share) if most == "auto" else most
        if n:
            caps.append(Cap(number_names(names), n))
    return caps


def _album(match: Match) -> str | None:
    tags = match.track.tags
    return f"{tags.album_artist or tags.artist or ''}\0{tags.album}" if tags.album else None


def open_candidates(caps: Sequence[Cap], taken: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """bool (n,): the candidates that may be taken next; where none is left, the caps are raised."""
    while True:
        may_take = ~taken
        for cap in caps:
            may_take &= cap.open()
        if may_take.any() or taken.all():
            return may_take
        for cap in caps:
            cap.most += 1
