"""Some of many candidates, near the seeds but unlike each other, and few of one artist or album."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.recommend.result import Match
from segue.track import Track

Scores = NDArray[np.float32]
Places = NDArray[np.int64]
Most = int | Literal["auto"]
"""So many at the most; 0 for any number; "auto" for a share of the playlist."""

SAME_ARTIST = 0.25  # how much more alike two tracks by one artist count
_HALVINGS = 10  # of the weight of variety, until the mean similarity is the wanted one
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

    def empty(self) -> Cap:
        """The same with none taken."""
        return Cap(self.groups, self.most)


def number_names(names: Sequence[str | None]) -> Places:
    """int64 (n,): the same number for the same name, case aside; without a name, each a number of its own."""
    numbers: dict[str | int, int] = {}
    keys = [i if name is None else name.casefold() for i, name in enumerate(names)]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)


def main_artists(tracks: Sequence[Track]) -> list[str | None]:
    """Of each track the artist that it names first."""
    return [next(iter(track.artists), None) for track in tracks]


def caps_for(matches: Sequence[Match], k: int, per_artist: Most, per_album: Most) -> list[Cap]:
    """The caps of a playlist of k tracks.

    Raises
    ------
    UsageError
        Where a number is negative.
    """
    caps = []
    for name, most, share, names in (
        ("per_artist", per_artist, _ARTIST_SHARE, main_artists([match.track for match in matches])),
        ("per_album", per_album, _ALBUM_SHARE, [_album(match) for match in matches]),
    ):
        if most != "auto" and not most >= 0:  # nor NaN
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


def diversify(
    similarities: Scores,
    to_seeds: Scores,
    groups: Places,
    k: int,
    variety: float,
    caps: Sequence[Cap] = (),
) -> Places:
    """int64 (<= k,): candidates near the seeds and unlike each other, in the order in which they are taken.

    So much similarity to the seeds is given up that its mean is (1 - variety) n + variety d: n the mean
    of the k nearest, d that of the k most varied. Steps of the variety are therefore even, whatever the
    library; the weight in ``take_varied`` that comes nearest to that mean is found by bisection.

    Parameters
    ----------
    similarities : (n, n), of the candidates with each other
    to_seeds : (n,)
    groups : (n,), their artists
    variety : 0 takes the nearest, 1 only looks at how unlike they are
    caps : how many of one artist or album are taken, as long as there are others
    """
    alike = similarities + SAME_ARTIST * (groups[:, None] == groups)
    nearest, varied = (take_varied(alike, to_seeds, k, weight, caps) for weight in (0.0, 1.0))
    if variety in (0, 1):
        return varied if variety else nearest
    target = (1 - variety) * to_seeds[nearest].mean() + variety * to_seeds[varied].mean()
    low, high = 0.0, 1.0
    best, least = nearest, np.inf
    for _ in range(_HALVINGS):
        weight = (low + high) / 2
        taken = take_varied(alike, to_seeds, k, weight, caps)
        excess = float(to_seeds[taken].mean() - target)
        if abs(excess) < least:
            best, least = taken, abs(excess)
        low, high = (weight, high) if excess > 0 else (low, weight)
    return best


def take_varied(alike: Scores, to_seeds: Scores, k: int, weight: float, caps: Sequence[Cap] = ()) -> Places:
    """int64 (<= k,): candidates by maximal marginal relevance (Carbonell & Goldstein 1998, eq. 1).

    One after the other, each the one of the largest (1 - weight) s - weight m: s its similarity to the seeds,
    m its similarity to the nearest of those that are taken.

    Parameters
    ----------
    alike : (n, n), how alike the candidates are to each other
    to_seeds : (n,)
    """
    if not len(to_seeds):
        return np.array([], np.int64)
    counts = [cap.empty() for cap in caps]
    relevance = (1 - weight) * to_seeds.astype(np.float64)
    nearest = np.zeros(len(to_seeds))
    is_taken = np.zeros(len(to_seeds), np.bool_)
    taken: list[int] = []
    while len(taken) < min(k, len(to_seeds)):
        gain = relevance - weight * nearest if taken else to_seeds  # the first one whatever the weight
        best = int(np.where(open_candidates(counts, is_taken), gain, -np.inf).argmax())
        nearest = np.maximum(nearest, alike[best]) if taken else alike[best].astype(np.float64)
        taken.append(best)
        is_taken[best] = True
        for cap in counts:
            cap.take(best)
    return np.array(taken, np.int64)
