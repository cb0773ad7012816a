"""What recommendations are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from segue.recommend.seeds import SeedGroup
from segue.texts import count, one_line
from segue.track import Track

if TYPE_CHECKING:
    from segue.display import Sounds

_DRAWN = 100  # sounds; the picture of more would be large


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


@dataclass(frozen=True, slots=True, repr=False)
class Match:
    """A recommended track.

    ``score`` is the cosine between its vector and the seeds' in the library's view, allowed for how
    crowded both places are: 1 the same sound, 0 no more alike than two tracks of this library usually are,
    below 0 unlike.
    ``step`` is, on a journey, the similarity to the track before; the first has none.
    ``bias`` is what likes and dislikes did to its place, if anything.
    ``versions`` are other copies of the same recording, the best first; the score is that of the nearest one.
    ``nearer_than`` is the share of the library whose score is lower, 0 to 1, where that is asked for.
    """

    track: Track
    score: float
    step: float | None = None
    bias: Bias | None = None
    versions: tuple[Track, ...] = ()
    nearer_than: float | None = None

    def __repr__(self) -> str:
        return f"<Match {self.score:.2f}: {one_line(self.track.display_name)}>"

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


@dataclass(frozen=True, slots=True, repr=False)
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

    @property
    def duration_s(self) -> float:
        """How long all matches are together."""
        return sum(match.track.duration_s for match in self.matches)

    def __iter__(self) -> Iterator[Match]:
        return iter(self.matches)

    def __len__(self) -> int:
        return len(self.matches)

    @overload
    def __getitem__(self, place: int) -> Match: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Match, ...]: ...
    def __getitem__(self, place: int | slice) -> Match | tuple[Match, ...]:
        return self.matches[place]

    def __repr__(self) -> str:
        from segue.display import answers

        return answers.to_text("Recommendations", self.matches, self._notes())

    def _repr_html_(self) -> str:
        from segue.display import answers

        heading = f"like {'; '.join(self.seeds)}" if self.seeds else ""
        steps = {"step": ["" if step is None else f"{step:.2f}" for step in self._steps()]}
        return answers.to_html(heading, self.matches, steps, self._notes())

    def to_pandas(self) -> Any:
        """A data frame with a row for each match, by the tracks' ids.

        Raises
        ------
        MissingExtraError
        """
        from segue.display import answers

        steps = {"step": self._steps()} if self._is_journey() else {}
        return answers.to_frame(self.matches, steps)

    def plot(self, ax: Any = None) -> Any:
        """The scores, or the steps of a journey, by Matplotlib; the axes.

        Raises
        ------
        MissingExtraError
        """
        from segue.display import charts

        names = [match.track.display_name for match in self.matches]
        scores = [match.score for match in self.matches]
        if self._is_journey():
            return charts.plot_journey(names, scores, self._steps(), ax)
        return charts.plot_scores(names, scores, ax)

    def listen(self, seconds: float = 30.0) -> Sounds:
        """For a notebook: a player for each track, with so much of its middle."""
        from segue.display import listen

        return listen([match.track for match in self.matches], seconds)

    def _steps(self) -> list[float | None]:
        return [match.step for match in self.matches]

    def _is_journey(self) -> bool:
        return any(step is not None for step in self._steps())

    def _notes(self) -> list[str]:
        left_out = ", ".join(map(str, self.left_out))
        return [*filter(None, [self.shortfall, left_out and f"left out: {left_out}"])]


@dataclass(frozen=True, slots=True, repr=False)
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

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"<Matrix: the scores of {count(len(self), 'sound')} with each other>"

    def _repr_svg_(self) -> str | None:
        return self.to_svg() if len(self) <= _DRAWN else None

    def to_svg(self) -> str:
        """A heat map."""
        from segue.plots import heatmap

        return heatmap(self.scores, self.names, title=f"Similarity of {len(self)} sounds")

    def to_pandas(self) -> Any:
        """A data frame with the names on both sides.

        Raises
        ------
        MissingExtraError
        """
        from segue.display.frames import square_frame

        return square_frame(self.scores, self.names)

    def plot(self, ax: Any = None) -> Any:
        """A heat map by Matplotlib; the axes.

        Raises
        ------
        MissingExtraError
        """
        from segue.display.charts import plot_matrix

        return plot_matrix(self.scores, self.names, ax)
