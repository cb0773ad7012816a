"""Which tracks with one title of an album are one album, and by whom it is."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Sequence

from segue.tags import VARIOUS_ARTISTS
from segue.track import album_folder, folded, split_artists

COLUMNS = "key, path, album, artist, album_artist, year, disc_number, track_number"
"""Of ``tracks``; what rows have that are grouped here."""

_LEAST_ARTISTS = 3  # of a compilation whose tags name no artist for all of it
_MOST_YEARS = 3  # of albums of one title in one folder; with more it is a collection of old songs

Rows = list[sqlite3.Row]


def albums_of(rows: Sequence[sqlite3.Row]) -> list[tuple[str | None, Rows]]:
    """Tracks that have one title of an album, album by album, each with its artist, if a tag names one.

    An album is by its album artist. What lies in one folder and has none is by that of the tracks beside it,
    or by the artist of all of it, or by various artists if it is numbered like one album. Tracks without a
    file are by their own artists.
    """
    told = {row["album_artist"] or None for row in rows}
    if len(told) == 1 and (None not in told or len({row["artist"] for row in rows}) == 1):
        return [(rows[0]["album_artist"] or rows[0]["artist"], list(rows))]
    untold = None in told
    places = [_place(row) if untold else None for row in rows]
    folders: dict[object, Rows] = {}
    for row, place in zip(rows, places, strict=True):
        folders.setdefault(place, []).append(row)
    artists = {place: _album_artist(group) for place, group in folders.items()} if untold else {}
    albums: dict[str, tuple[str | None, Rows]] = {}
    for row, place in zip(rows, places, strict=True):
        artist = row["album_artist"] or artists[place] or row["artist"]
        albums.setdefault(folded(artist or ""), (artist, []))[1].append(row)
    return list(albums.values())


def _place(row: sqlite3.Row) -> object:
    """The folder of a track's album; of one without a file, its artist."""
    path = row["path"]
    if path is None:
        return folded(row["artist"] or "")
    return album_folder(path if isinstance(path, str) else os.fsdecode(path))


def _album_artist(rows: Rows) -> str | None:
    """By whom a folder's tracks without an album artist are; ``None`` where each is by its own artist."""
    told = {folded(row["album_artist"]): row["album_artist"] for row in rows if row["album_artist"]}
    if len(told) == 1 and rows[0]["path"] is not None:
        return str(next(iter(told.values())))
    untold = [row for row in rows if not row["album_artist"]]
    return _common_artist(untold) if untold else None


def _common_artist(rows: Rows) -> str | None:
    """By whom tracks of one folder are; ``None`` where each is by its own artist."""
    first: str | None = rows[0]["artist"] or None
    names = {folded(artist or ""): artist for artist in {row["artist"] for row in rows}}
    if len(names) == 1:
        return first
    each = [{folded(name): name for name in split_artists(row["artist"])} for row in rows]
    shared = [name for key, name in each[0].items() if all(key in others for others in each)]
    if shared:
        return shared[0]
    if rows[0]["path"] is None or len(names) < _LEAST_ARTISTS:
        return None
    numbered = _numbered_once(rows)
    unnumbered = not any(row["track_number"] for row in rows) and 2 * len(names) > len(rows)
    return VARIOUS_ARTISTS if numbered or unnumbered else None


def _numbered_once(rows: Rows) -> bool:
    """Whether all tracks have a number, and each number is there once."""
    numbers = [(row["disc_number"] or 1, row["track_number"]) for row in rows]
    return all(number for _, number in numbers) and len(set(numbers)) == len(numbers)


def editions_of(rows: Rows, artist: str | None) -> list[Rows]:
    """Tracks with one title of an album by one artist, album by album, the one that was there first in front.

    Albums of several years are several if they lie in several folders, or if their numbers do not fit.
    """
    if len({row["year"] for row in rows if row["year"]}) < 2:
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
    editions = sorted(by_year.values(), key=lambda edition: min(row["key"] for row in edition))
    editions[0] += undated
    places = {row["key"]: i for i, row in enumerate(rows)}
    return [sorted(edition, key=lambda row: places[row["key"]]) for edition in editions]


def _parts(rows: Rows, artist: str | None) -> dict[int | None, Rows]:
    """Tracks of one folder by the year of their album."""
    years = Counter(row["year"] for row in rows if row["year"])
    usual = years.most_common(1)[0][0] if years else None
    together = artist == VARIOUS_ARTISTS or _numbered_once(rows) or len(years) > _MOST_YEARS
    if together or len(years) < 2:
        return {usual: rows}
    parts: dict[int | None, Rows] = {}
    for row in rows:
        parts.setdefault(row["year"] or usual, []).append(row)
    return parts
