"""What recommendations are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segue.recommend.seeds import SeedGroup
from segue.track import Track


@dataclass(frozen=True, slots=True)
class Bias:
    """What likes and dislikes do to the place of a track among the answers.

    Attributes
    ----------
    value : added to the track's score where answers are put in order; the score itself stays as it is
    liked, disliked : the nearest track that is liked, or disliked, where it has a part in this
    """

    value: float
    liked: Track | None = None
    disliked: Track | None = None

    def text_for(self, track: Track) -> str:
        """For people, of the track that is moved: ``close to X, which you like``."""
        judged = ((self.liked, "like"), (self.disliked, "dislike"))
        return "; ".join(
            f"you {verdict} it" if other.id == track.id else f"close to {other.title}, which you {verdict}"
            for other, verdict in judged
            if other is not None
        )


@dataclass(frozen=True, slots=True)
class Match:
    """A recommended track.

    ``score`` is the cosine between its vector and the seeds' in the library's view, allowed for how
    crowded both places are: 1 the same sound, 0 no more alike than two tracks of this library usually are,
    below 0 unlike.
    ``step`` is, on a journey, the similarity to the track before; the first has none.
    ``bias`` is what likes and dislikes did to its place, if anything.
    ``versions`` are other copies of the same recording, the best first; the score is that of the nearest one.
    """

    track: Track
    score: float
    step: float | None = None
    bias: Bias | None = None
    versions: tuple[Track, ...] = ()

    @property
    def feedback(self) -> str:
        """Which likes and dislikes moved it, for people; empty where none did."""
        return self.bias.text_for(self.track) if self.bias else ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many tracks were left out of an answer as speech, or as unusually short or long.

    Attributes
    ----------
    limit_s : the length that it is about
    """

    kind: Literal["speech", "short", "long"]
    tracks: int
    limit_s: float | None = None

    def __str__(self) -> str:
        """For people: ``2 tracks as longer than 20:00``."""
        count = "1 track" if self.tracks == 1 else f"{self.tracks} tracks"
        if self.limit_s is None:
            return f"{count} as {self.kind}"
        minutes, seconds = divmod(round(self.limit_s), 60)
        return f"{count} as {self.kind}er than {minutes}:{seconds:02d}"


@dataclass(frozen=True, slots=True)
class Recommendations:
    """Matches in the order to be read, why there are fewer than asked for, if so, and what they start from.

    Attributes
    ----------
    meanings : what each seed that is given as text was taken to mean
    left_out : what would have been among them, but is speech, or unusually short or long
    """

    matches: tuple[Match, ...]
    shortfall: str | None = None
    meanings: tuple[SeedGroup, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def seeds(self) -> tuple[str, ...]:
        """What the seeds were taken to mean, for people: ``12 tracks by Iron Vesper``."""
        return tuple(meaning.text for meaning in self.meanings)

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
