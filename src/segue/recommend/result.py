"""What recommendations are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.track import Track


@dataclass(frozen=True, slots=True)
class Match:
    """A recommended track.

    ``score`` is the cosine between its vector and the seeds' in the library's view: 1 the same
    sound, 0 no more alike than two tracks of this library usually are, below 0 unlike.
    ``step`` is, on a journey, the similarity to the track before; the first has none.
    """

    track: Track
    score: float
    step: float | None = None


@dataclass(frozen=True, slots=True)
class Recommendations:
    """Matches in the order to be read, why there are fewer than asked for, if so, and what they start from.

    Attributes
    ----------
    seeds : what each seed that is given as text was taken to mean: ``12 tracks by Iron Vesper``
    """

    matches: tuple[Match, ...]
    shortfall: str | None = None
    seeds: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Match]:
        return iter(self.matches)

    def __len__(self) -> int:
        return len(self.matches)

    def __getitem__(self, place: int) -> Match:
        return self.matches[place]


@dataclass(frozen=True, slots=True)
class Matrix:
    """How much some sounds are alike, each with each.

    Attributes
    ----------
    names : one line of text for each
    tracks : the library's; ``None`` stands for a file outside it
    scores : float32 (n, n), as ``Match.score``; symmetric
    """

    names: tuple[str, ...]
    tracks: tuple[Track | None, ...]
    scores: NDArray[np.float32]
