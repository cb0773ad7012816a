"""Conditions on what the catalog knows of a track, and the keys of the tracks that meet them."""

from __future__ import annotations

import functools
import itertools
import json
import math
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.advice import command
from segue.catalog.folders import below
from segue.catalog.integers import parse_integers
from segue.catalog.names import KEY_IN, Condition, NameTables, split_names
from segue.errors import UsageError
from segue.track import folded, normal_form

Range = tuple[float | None, float | None]
"""Lowest and highest, both included; ``None`` where there is no such end."""

Names = str | Sequence[str]
"""One name, or several."""

_UNITS = {"years": "", "tempo_bpm": " bpm", "duration_s": " s"}
_EXCLUDED = {"not_genre": "genre", "not_artist": "artist", "not_label": "label"}
_EXAMPLE_FOLDERS = 3
_SAMPLE = 1000  # tracks that are looked at for examples of folders
_NAMED = ("artist", "album", "genre", "label")


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Conditions of which a track must meet all that are given.

    Words are compared whole, case and accents aside. A range is (lowest, highest), both included,
    ``None`` for an open end. What is not known of a track meets no condition: a range of years leaves
    out the tracks without a year.

    Parameters
    ----------
    genre : one, or several between ";", "/" or ",", of which a track must have one; the tags of tracks
        are read the same way.
    years : of the tag, such as (1990, 1999).
    tempo_bpm : of the descriptors, estimated beats per minute: it may be half or twice what people tap,
        and sound without a beat is given some tempo too.
    duration_s : seconds.
    folder : a folder below which the file lies, by the path that was scanned: links are not followed.
    label : a word that a network has for the track, such as "Guitar".
    artist : of the track or of its album.
    album : the album's title.
    cluster : the number or the name of a cluster that ``Library.find_clusters`` found.
    not_genre, not_artist, not_label : names, one or several, of which a track must have none. A track without
        a genre has none.

    Raises
    ------
    UsageError
        Where a word is empty, or an end is no number, or above the other one.
    """

    genre: str | None = None
    years: Range | None = None
    tempo_bpm: Range | None = None
    duration_s: Range | None = None
    folder: str | Path | None = None
    label: str | None = None
    artist: str | None = None
    album: str | None = None
    cluster: int | str | None = None
    not_genre: Names | None = None
    not_artist: Names | None = None
    not_label: Names | None = None

    def __post_init__(self) -> None:
        for name, value in self._given_values():
            if name in _EXCLUDED:
                object.__setattr__(self, name, _names(name, value))  # a list would have no hash
            elif name in _UNITS:
                _check_range(name, value)
            elif name != "cluster" or not isinstance(value, int):
                _check_text(name, value)

    def _given_values(self) -> Iterator[tuple[str, Any]]:
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return ((name, value) for name, value in values if value is not None)

    def parts(self) -> list[Where]:
        """Each condition alone."""
        return [Where(**{name: value}) for name, value in self._given_values()]

    def __str__(self) -> str:
        """For people: ``genre rock, years 1990 to 1999``."""
        return ", ".join(
            f"not {_EXCLUDED[name]} {'; '.join(value)}"
            if name in _EXCLUDED
            else f"{name.split('_')[0]} {_readable(value) + _UNITS[name] if name in _UNITS else value}"
            for name, value in self._given_values()
        )


def _check_text(name: str, text: object) -> None:
    if not isinstance(text, str | Path if name == "folder" else str):
        raise UsageError(f"{name} is {text!r}, expected text")
    if not (str(text) if name == "folder" else split_names(_EXCLUDED.get(name, name), str(text))):
        raise UsageError(f"{name} is {text!r}, expected a name, or None for any")


def _names(name: str, given: object) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, list | tuple) else ()
    if not names:
        raise UsageError(f"{name} is {given!r}, expected a name or several")
    for text in names:
        _check_text(name, text)
    return names


def _check_range(name: str, ends: object) -> None:
    if not isinstance(ends, tuple | list) or len(ends) != 2 or ends[0] is ends[1] is None:
        raise UsageError(f"{name} is {ends!r}, expected (lowest, highest), of which one may be None")
    for end in ends:
        if end is not None and not _is_number(end):
            raise UsageError(f"{name} has an end {end!r}, expected a number or None")
    low, high = ends
    if low is not None and high is not None and low > high:
        raise UsageError(f"{name} is {ends!r}, expected the lowest first: {low:g} is more than {high:g}")


def _is_number(end: object) -> bool:
    try:
        return isinstance(end, Real) and not math.isnan(end)
    except OverflowError:  # no year, tempo or length has hundreds of digits
        return False


def _readable(ends: Range) -> str:
    low, high = ends
    if low is None:
        return f"up to {high:g}"
    return f"from {low:g}" if high is None else f"{low:g} to {high:g}"


def keys_matching(db: sqlite3.Connection, where: Where, names: NameTables) -> NDArray[np.int64]:
    """The keys of the tracks that meet all conditions but that on the tempo, which is in the vectors.

    Raises
    ------
    UsageError
        Where no track at all has that genre, label, artist or album, or lies below that folder.
    """
    # One by one: several together would take one's index, and look at the whole row of each track in it.
    keys = [_keys(db, *condition) for condition in _conditions(db, where, names)] or [_keys(db, "1", [])]
    matching = functools.reduce(_in_both, keys)
    for name, what in _EXCLUDED.items():
        excluded = getattr(where, name)
        if excluded is not None:
            matching = np.setdiff1d(matching, _keys(db, *names.required(what, excluded)), assume_unique=True)
    return matching


def _in_both(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.intersect1d(one, other, assume_unique=True)  # not told so, it hashes them first


def keys_by_artists(db: sqlite3.Connection, artists: Iterable[str], names: NameTables) -> NDArray[np.int64]:
    """The keys of the tracks by any of some artists, or from their albums."""
    return _keys(db, *names.any_of("artist", artists))


def keys_with_contents(db: sqlite3.Connection, hashes: Iterable[str]) -> NDArray[np.int64]:
    """The keys of the tracks with one of these contents."""
    return _keys(db, *_in_list("content_hash", list(hashes)))


def _keys(db: sqlite3.Connection, condition: str, values: list[Any]) -> NDArray[np.int64]:
    if condition.startswith(KEY_IN):  # read where they are, which spares a look at each track
        condition = condition.removeprefix(KEY_IN).removesuffix(")")
        sql = f"SELECT group_concat(key) FROM (SELECT DISTINCT key {condition})"
    else:
        sql = f"SELECT group_concat(key) FROM tracks WHERE {condition}"
    return np.sort(parse_integers(db.execute(sql, values).fetchone()[0]))


def _conditions(db: sqlite3.Connection, where: Where, names: NameTables) -> Iterator[Condition]:
    for what in _NAMED:
        wanted = getattr(where, what)
        if wanted is not None:
            yield names.required(what, [wanted])
    if where.cluster is not None:
        number = cluster_number(db, where.cluster)
        yield f"{KEY_IN}FROM cluster_tracks WHERE cluster = ?)", [number]
    if where.years is not None:
        yield _between("year", where.years)
    if where.duration_s is not None:
        yield _between("duration_s", where.duration_s)
    if where.folder is not None:
        yield _below(db, where.folder)


def _in_list(column: str, texts: list[str]) -> Condition:
    return f"{column} IN (SELECT value FROM json_each(?))", [json.dumps(texts)]


def _between(column: str, ends: Range) -> Condition:
    """Above 0 too, which stands for what is not known."""
    tests = [(f"{column} {sign} ?", end) for sign, end in zip((">=", "<="), ends, strict=True)]
    given = [(sql, float(end)) for sql, end in tests if end is not None]
    not_zero = [] if (ends[0] or 0) > 0 else [f"{column} > 0"]  # an index gets one lower end, the first
    return " AND ".join([*not_zero, *(sql for sql, _ in given)]), [end for _, end in given]


def _below(db: sqlite3.Connection, folder: str | Path) -> Condition:
    top = os.path.abspath(os.path.expanduser(folder))  # noqa: PTH100, PTH111 - links stay as they are named
    conditions, values = zip(*(below(form) for form in _forms(db, top)), strict=True)
    condition, ends = f"({' OR '.join(conditions)})", list(itertools.chain(*values))
    if not db.execute(f"SELECT 1 FROM tracks WHERE {condition} LIMIT 1", ends).fetchone():
        rows = db.execute("SELECT path FROM tracks WHERE path IS NOT NULL ORDER BY row LIMIT ?", (_SAMPLE,))
        folders = dict.fromkeys(str(Path(os.fsdecode(row[0])).parent) for row in rows)
        examples = ", ".join(map(repr, list(folders)[:_EXAMPLE_FOLDERS]))
        hint = f"there are some in {examples}" if examples else "no track here has a file"
        raise UsageError(f"no track lies below {top!r}; {hint}")
    return condition, ends


def _forms(db: sqlite3.Connection, top: str) -> list[str]:
    """A folder as the paths of tracks write it, whatever form its letters with accents have there."""
    if top.isascii():
        return [top]
    wanted, depth = normal_form(top), len(Path(top).parts)
    rows = db.execute("SELECT path FROM tracks WHERE path IS NOT NULL")
    folders = {os.fsdecode(row[0]).rpartition(os.sep)[0] for row in rows}
    forms = {str(Path(*Path(folder).parts[:depth])) for folder in folders if not folder.isascii()}
    return sorted(form for form in forms if normal_form(form) == wanted) or [top]


def cluster_number(db: sqlite3.Connection, cluster: int | str) -> int:
    """The number of a cluster that is meant by its number or its name.

    Raises
    ------
    UsageError
        Where there is no such cluster.
    """
    names: dict[int, str] = dict(db.execute("SELECT cluster, name FROM clusters ORDER BY cluster").fetchall())
    wanted = folded(str(cluster))
    for number, name in names.items():
        if wanted in (str(number), folded(name)):
            return number
    if not names:
        raise UsageError(f"this library has no clusters yet; find them with: {command('clusters')}")
    listed = "; ".join(f"{number} {name}" for number, name in names.items())
    raise UsageError(f"no cluster {cluster!r}; there are: {listed}")
