"""What a search by words answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, overload

from segue.track import Track

ReasonKind = Literal["title", "artist", "album", "genre", "file", "label", "mood", "sound"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a track answers a part of a search.

    Attributes
    ----------
    kind : the tag that holds the words, or "label", "mood" or "sound"
    words : of the search
    name : of the label, what is measured of the mood, "slow, quiet", or the space of sound and words
    score : of the label, 0 to 1, or the cosine of sound and words
    """

    kind: ReasonKind
    words: str
    name: str | None = None
    score: float | None = None

    def __str__(self) -> str:
        if self.kind == "mood":
            return f"{self.words}: {self.name}" if self.name != self.words else self.words
        if self.kind == "label":
            score = "" if self.score is None else f" {self.score:.2f}"
            return f"label {self.name}{score}"
        if self.kind == "sound":
            return f"sounds like {self.words!r} {self.score:.2f}"
        return self.kind


@dataclass(frozen=True, slots=True)
class SearchMatch:
    """A track that answers a search.

    ``score`` is 1 where the tags hold all words; else the geometric mean of how well each part is met.
    ``versions`` are other copies of the same recording, the best first.
    ``nearer_than`` is, where a sound answers, the share of the searched tracks that answer less well, 0 to 1.
    """

    track: Track
    score: float
    reasons: tuple[Reason, ...]
    versions: tuple[Track, ...] = ()
    nearer_than: float | None = None


@dataclass(frozen=True, slots=True, repr=False)
class SearchResult:
    """Some of the tracks that answer a search, best first.

    Attributes
    ----------
    total : how many there are
    meanings : what was looked for, a line for each part of the search that is no name: "rain: label Rain"
    hints : what kept the search from finding more, and what to do
    """

    matches: tuple[SearchMatch, ...]
    total: int
    meanings: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[SearchMatch]:
        return iter(self.matches)

    def __len__(self) -> int:
        return len(self.matches)

    @overload
    def __getitem__(self, place: int) -> SearchMatch: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[SearchMatch, ...]: ...
    def __getitem__(self, place: int | slice) -> SearchMatch | tuple[SearchMatch, ...]:
        return self.matches[place]

    def __repr__(self) -> str:
        from segue.display import answers

        return answers.to_text("SearchResult", self.matches, self._notes())

    def _repr_html_(self) -> str:
        from segue.display import answers

        heading = "; ".join(self.meanings)
        return answers.to_html(heading, self.matches, {"why": self._reasons()}, self._notes())

    def to_pandas(self) -> Any:
        """A data frame with a row for each match, by the tracks' ids.

        Raises
        ------
        MissingExtraError
        """
        from segue.display import answers

        return answers.to_frame(self.matches, {"why": self._reasons()})

    def _reasons(self) -> list[str]:
        return ["; ".join(map(str, match.reasons)) for match in self.matches]

    def _notes(self) -> list[str]:
        of_all = f"of {self.total} that answer" if self.total > len(self) else ""
        return [*filter(None, [of_all, *self.hints])]
