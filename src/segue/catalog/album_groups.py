"""Which tracks with one title of an album are one album, and by whom it is."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

from segue.tags import VARIOUS_ARTISTS
from segue.track import album_folder, folded, split_artists

COLUMNS = "key, path, album, artist, album_artist, year, disc_number, track_number"
"""Of ``tracks``; what rows have that are grouped here, in this order, as names take longer to look up."""
KEY, PATH, ALBUM, ARTIST, ALBUM_ARTIST, YEAR, DISC_NUMBER, TRACK_NUMBER = range(8)

_LEAST_ARTISTS = 3  # of a compilation whose tags name no artist for all of it
_MOST_YEARS = 3  # of albums of one title in one folder; with more it is a collection of old songs

Row = Sequence[Any]
Rows = list[Row]


def is_one_album(columns: Sequence[Sequence[Any]]) -> bool:
    """Whether tracks of one title are certainly one album, as most are: by one artist, of one year."""
    by_one = len(set(columns[ALBUM_ARTIST])) == 1 and (
        columns[ALBUM_ARTIST][0] or len(set(columns[ARTIST])) == 1
    )
    return bool(by_one) and len({*columns[YEAR], None, 0}) < 4


def albums_of(rows: Sequence[Row]) -> list[tuple[str | None, Rows]]:
    """Tracks that have one title of an album, album by album, each with its artist, if a tag names one.

    An album is by its album artist. What lies in one folder and has none is by that of the tracks beside it,
    or by the artist of all of it, or by various artists if it is numbered like one album. Tracks without a
    file are by their own artists.
    """
    named = {row[ALBUM_ARTIST] or None for row in rows}
    if len(named) == 1 and (None not in named or len({row[ARTIST] for row in rows}) == 1):
        return [(rows[0][ALBUM_ARTIST] or rows[0][ARTIST], list(rows))]
    some_lack_one = None in named
    places = [_place(row) if some_lack_one else None for row in rows]
    folders: dict[object, Rows] = {}
    for row, place in zip(rows, places, strict=True):
        folders.setdefault(place, []).append(row)
    artists = {place: _album_artist(group) for place, group in folders.items()} if some_lack_one else {}
    albums: dict[str, tuple[str | None, Rows]] = {}
    for row, place in zip(rows, places, strict=True):
        artist = row[ALBUM_ARTIST] or artists[place] or row[ARTIST]
        albums.setdefault(folded(artist or ""), (artist, []))[1].append(row)
    return list(albums.values())


def _place(row: Row) -> object:
    """The folder of a track's album; of one without a file, its artist."""
    path = row[PATH]
    if path is None:
        return folded(row[ARTIST] or "")
    return album_folder(path if isinstance(path, str) else os.fsdecode(path))


def _album_artist(rows: Rows) -> str | None:
    """By whom a folder's tracks without an album artist are; ``None`` where each is by its own artist."""
    named = {folded(row[ALBUM_ARTIST]): row[ALBUM_ARTIST] for row in rows if row[ALBUM_ARTIST]}
    if len(named) == 1 and rows[0][PATH] is not None:
        return str(next(iter(named.values())))
    others = [row for row in rows if not row[ALBUM_ARTIST]]
    return _common_artist(others) if others else None


def _common_artist(rows: Rows) -> str | None:
    """By whom tracks of one folder are; ``None`` where each is by its own artist."""
    first: str | None = rows[0][ARTIST] or None
    names = {folded(artist or ""): artist for artist in {row[ARTIST] for row in rows}}
    if len(names) == 1:
        return first
    each = [{folded(name): name for name in split_artists(row[ARTIST])} for row in rows]
    shared = [name for key, name in each[0].items() if all(key in others for others in each)]
    if shared:
        return shared[0]
    if rows[0][PATH] is None or len(names) < _LEAST_ARTISTS:
        return None
    numbered = _numbered_once(rows)
    unnumbered = not any(row[TRACK_NUMBER] for row in rows) and 2 * len(names) > len(rows)
    return VARIOUS_ARTISTS if numbered or unnumbered else None


def _numbered_once(rows: Rows) -> bool:
    """Whether all tracks have a number, and each number is there once."""
    numbers = [(row[DISC_NUMBER] or 1, row[TRACK_NUMBER]) for row in rows]
    return all(number for _, number in numbers) and len(set(numbers)) == len(numbers)


def editions_of(rows: Rows, artist: str | None) -> list[Rows]:
    """Tracks with one title of an album by one artist, album by album, the one that was there first in front.

    Albums of several years are several if they lie in several folders, or if their numbers do not fit.
    """
    if len({row[YEAR] for row in rows if row[YEAR]}) < 2:
        return [rows]
    folders: dict[object, Rows] = {}
    for row in rows:
        folders.setdefault(_place(row), []).append(row)
    if len(folders) == 1 and len(_parts(rows, artist)) == 1:
        return [rows]
    by_year: dict[int | None, Rows] = {}
    for group in folders.values():
        for year, part in _parts(group, artist).items():
            by_year.setdefault(year, []).extend(part)
    undated = by_year.pop(None, [])
    editions = sorted(by_year.values(), key=lambda edition: min(row[KEY] for row in edition))
    editions[0] += undated
    places = {row[KEY]: i for i, row in enumerate(rows)}
    return [sorted(edition, key=lambda row: places[row[KEY]]) for edition in editions]


def _parts(rows: Rows, artist: str | None) -> dict[int | None, Rows]:
    """Tracks of one folder by the year of their album."""
    years = Counter(row[YEAR] for row in rows if row[YEAR])
    usual = years.most_common(1)[0][0] if years else None
    together = artist == VARIOUS_ARTISTS or _numbered_once(rows) or len(years) > _MOST_YEARS
    if together or len(years) < 2:
        return {usual: rows}
    parts: dict[int | None, Rows] = {}
    for row in rows:
        parts.setdefault(row[YEAR] or usual, []).append(row)
    return parts
