"""What ``tracks.csv`` says of each track."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, Any

from segue.sources.contract import Problem
from segue.sources.fma.metadata import Metadata, Row, RowError, Table, id_of
from segue.track import Track

TRACKS = "tracks.csv"
SUBSETS = ("small", "medium", "large", "full")  # each holds the ones before it
SPLITS = ("training", "validation", "test")
_HEADERS = 2
_YEAR = re.compile(r"\s*(1[0-9]{3}|20[0-9]{2})(?!\d)")
_YEARS = (("album", "date_released"), ("track", "date_recorded"), ("album", "date_created"),
          ("track", "date_created"))  # fmt: skip
_NUMBERS = ("bit_rate", "listens", "favorites", "interest")  # of a track
_ID_DIGITS = 15
_TEXTS = ("license", "composer", "language_code", "date_created", "date_recorded")


@dataclass(frozen=True, slots=True)
class FmaTrack:
    """One row of ``tracks.csv``, understood.

    Attributes
    ----------
    subset : the smallest that it belongs to
    genre_top : the root of its genres, where they have one in common
    genres : ids, as its artist chose them
    genres_all : those and all above them
    details : what else there is to know
    """

    id: int
    title: str | None
    artist: str | None
    album: str | None
    year: int | None
    number: int | None
    duration_s: float
    subset: str
    genre_top: str | None
    genres: tuple[int, ...]
    genres_all: tuple[int, ...]
    details: dict[str, Any]


class TrackTable:
    """``tracks.csv``, read as it comes.

    Raises
    ------
    SourceError
        Where a column is missing without which the tracks cannot be told apart.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._table = Table(TRACKS, file, _HEADERS)
        for names in (("track", "title"), ("artist", "name"), ("set", "subset"), ("track", "genres")):
            self._table.require_column(*names)
        self._places = {names: i for i, names in enumerate(self._table.columns)}

    def rows(self) -> Iterator[FmaTrack | Problem]:
        """All tracks, each once, and the rows that are none."""
        seen: set[int] = set()
        for row in self._table.rows():
            if isinstance(row, Problem):
                yield row
                continue
            try:
                track = self._track(row)
                if track.id in seen:
                    raise RowError(f"track {track.id:06d} appears twice")
                seen.add(track.id)
                yield track
            except RowError as error:
                yield Problem(f"{TRACKS} row {row.number}", str(error))

    @property
    def n_western(self) -> int:
        """Lines so far that are not UTF-8 and were read as Windows-1252."""
        return self._table.n_western

    def _track(self, row: Row) -> FmaTrack:
        def text(*names: str) -> str | None:
            place = self._places.get(names)
            return row.values[place].strip() or None if place is not None else None

        details: dict[str, Any] = {name: whole(text("track", name), name) for name in _NUMBERS}
        details |= {name: text("track", name) for name in _TEXTS}
        genres, genres_all = (ids_in(text("track", name)) for name in ("genres", "genres_all"))
        subset, split = text("set", "subset"), text("set", "split")
        details |= {
            "subset": subset,
            "split": split,
            "genres": list(genres),
            "genres_all": list(genres_all),
            "tags": words_in(text("track", "tags")),
            "artist_id": whole(text("artist", "id"), "artist id"),
            "album_id": whole(text("album", "id"), "album id"),
            "location": text("artist", "location"),
        }
        number = whole(text("track", "number"), "number")
        return FmaTrack(
            id=id_of(row.values[0].strip()),
            title=text("track", "title"),
            artist=text("artist", "name"),
            album=text("album", "title"),
            year=next(filter(None, (year_in(text(*names)) for names in _YEARS)), None),
            number=number if number and number > 0 else None,
            duration_s=float(whole(text("track", "duration"), "duration") or 0),
            subset=subset if subset in SUBSETS else SUBSETS[-1],
            genre_top=text("track", "genre_top"),
            genres=genres,
            genres_all=genres_all or genres,
            details={name: value for name, value in details.items() if value not in (None, [])},
        )


def whole(text: str | None, what: str) -> int | None:
    """A number without a fraction; pandas writes ``12.0`` where others of the column are missing.

    Raises
    ------
    RowError
    """
    if text is None:
        return None
    if text.isdecimal() and len(text) < 16:
        return int(text)
    match = re.fullmatch(r"(-?\d{1,15})(\.0*)?", text)
    if not match:
        raise RowError(f"its {what} is {text[:40]!r}, expected a number")
    return int(match[1])


def year_in(text: str | None) -> int | None:
    """The year of ``2008-11-26 01:44:45``."""
    match = _YEAR.match(text or "")
    return int(match[1]) if match else None


@lru_cache(1 << 14)
def ids_in(text: str | None) -> tuple[int, ...]:
    """The numbers of a list as Python writes it: ``[21, 10]``. Raises RowError."""
    values = _list_in(text)
    if not all(type(value) is int and value >= 0 for value in values):
        raise RowError(f"{str(text)[:40]!r} is not a list of genres")
    return tuple(values)


def words_in(text: str | None) -> list[str]:
    """The words of a list as Python writes it: ``['lo-fi', "rock'n'roll"]``. Raises RowError."""
    return [str(value) for value in _list_in(text)]


def _list_in(text: str | None) -> list[Any]:
    if text is None or text == "[]":
        return []
    try:
        # JSON is ten times quicker, and the same for numbers.
        value = json.loads(text) if "'" not in text and '"' not in text else ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        raise RowError(f"{text[:40]!r} is not a list") from error
    if not isinstance(value, list):
        raise RowError(f"{text[:40]!r} is not a list")
    return value


def in_subset(track: FmaTrack, subset: str | None) -> bool:
    """Whether a track belongs to a subset, as those of smaller ones do."""
    return subset is None or SUBSETS.index(track.subset) <= SUBSETS.index(subset)


def splits(tracks: Iterable[Track]) -> dict[str, list[Track]]:
    """The imported tracks of FMA's three splits, no artist in two of them: training, validation, test."""
    by_split: dict[str, list[Track]] = {name: [] for name in SPLITS}
    for track in tracks:
        if track.details.get("split") in by_split:
            by_split[track.details["split"]].append(track)
    return by_split


def urls_in(metadata: Metadata) -> dict[int, str]:
    """Addresses of tracks by their numbers, from ``raw_tracks.csv`` where there is one."""
    name = "raw_tracks.csv"
    if not metadata.has(name):
        return {}
    with metadata.open(name) as file:
        table = Table(name, file)
        key, url = table.at("track_id"), table.at("track_url")
        rows = table.rows() if key is not None and url is not None else ()
        urls = {
            row.values[key]: row.values[url].strip()  # type: ignore[index]
            for row in rows
            if isinstance(row, Row)
        }
    return {
        int(number): url for number, url in urls.items() if number.isdecimal() and len(number) < 16 and url
    }
