"""FMA's genres, which form a tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from segue.sources.contract import Problem
from segue.sources.fma.metadata import Metadata, Row, RowError, Table, id_of

GENRES = "genres.csv"


@dataclass(frozen=True, slots=True)
class Genre:
    """One genre.

    Attributes
    ----------
    n_tracks : that FMA counted
    parent : 0 where there is none
    top_level : the root above it, which may be itself
    """

    id: int
    title: str
    parent: int
    top_level: int
    n_tracks: int


@dataclass(frozen=True, slots=True)
class GenreTree:
    """All genres, by id."""

    genres: Mapping[int, Genre]

    def __len__(self) -> int:
        return len(self.genres)

    def __iter__(self) -> Iterator[Genre]:
        return iter(self.genres.values())

    def __getitem__(self, genre_id: int) -> Genre:
        return self.genres[genre_id]

    def __contains__(self, genre_id: object) -> bool:
        return genre_id in self.genres

    def roots(self) -> list[Genre]:
        """The genres without a parent."""
        return [genre for genre in self if genre.parent not in self.genres]

    def children(self, genre_id: int) -> list[Genre]:
        """The genres right below one."""
        return [genre for genre in self if genre.parent == genre_id]

    def ancestors(self, genre_id: int) -> list[Genre]:
        """From the parent up to the root."""
        ancestors: dict[int, Genre] = {}
        at = self.genres[genre_id].parent
        while at in self.genres and at not in ancestors:  # a damaged table may lead in circles
            ancestors[at] = self.genres[at]
            at = ancestors[at].parent
        return list(ancestors.values())

    def by_title(self, title: str) -> Genre | None:
        """The genre of a title, case aside."""
        return next((genre for genre in self if genre.title.casefold() == title.casefold()), None)

    def with_ancestors(self, ids: Iterable[int]) -> list[Genre]:
        """Those of some ids that are known, and all above them, each once."""
        genres = [self.genres[i] for i in ids if i in self.genres]
        above = [genre for one in genres for genre in self.ancestors(one.id)]
        return list({genre.id: genre for genre in [*genres, *above]}.values())


def read_genres(metadata: Metadata | str | Path) -> tuple[GenreTree, Sequence[Problem]]:
    """The tree in ``genres.csv``, and the rows that could not be used.

    Raises
    ------
    SourceError
    """
    metadata = metadata if isinstance(metadata, Metadata) else Metadata(metadata)
    genres: dict[int, Genre] = {}
    problems: list[Problem] = []
    with metadata.open(GENRES) as file:
        table = Table(GENRES, file)
        names = ("genre_id", "title", "parent", "top_level")
        places = {name: table.require_column(name) for name in names}
        count = table.at("#tracks")
        for row in table.rows():
            if isinstance(row, Problem):
                problems.append(row)
                continue
            try:
                genre = _genre(row, places, count)
                genres[genre.id] = genre
            except RowError as error:
                problems.append(Problem(f"{GENRES} row {row.number}", str(error)))
    return GenreTree(genres), problems


def _genre(row: Row, places: Mapping[str, int], count: int | None) -> Genre:
    of = {name: row.values[place].strip() for name, place in places.items()}
    if not of["title"]:
        raise RowError("it has no title")
    return Genre(
        id=id_of(of["genre_id"]),
        title=of["title"],
        parent=id_of(of["parent"]),
        top_level=id_of(of["top_level"]),
        n_tracks=id_of(row.values[count]) if count is not None and row.values[count] else 0,
    )
