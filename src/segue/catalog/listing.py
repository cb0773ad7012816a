"""Tracks a page at a time, and how many there are of what."""

from __future__ import annotations

import functools
import sqlite3
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from segue.catalog.derived import Derived
from segue.catalog.integers import parse_integers
from segue.catalog.migration import BY_ARTIST, TITLE
from segue.catalog.names import split_names
from segue.catalog.packed_rows import PostingsGoneError, sealed, unsealed
from segue.catalog.stored_summary import stored_value

Sort = Literal["title", "artist", "added", "year"]
_LABELS = 300
_TABLE = 1 << 26  # bytes that a table of keys may take; those of a damaged library may lie far apart
KEPT: tuple[Sort, ...] = ("title", "artist", "year")  # orders; keys alone tell what was added when
FEWEST_KEPT = 200_000  # tracks of a library that keeps them; fewer are read in no time
READ_FIRST = 1 << 16  # tracks of an order; then three times as many as were read before
_ORDER: dict[Sort, str] = {
    "title": f"{TITLE} COLLATE NOCASE, key",
    "artist": f"{BY_ARTIST}, key",
    "added": "key DESC",
    "year": "year IS NULL OR year < 1, year DESC, key",
}


@dataclass(frozen=True, slots=True)
class Facets:
    """What a listener can choose from: names with the numbers of their tracks, the most frequent first.

    Attributes
    ----------
    years : the first and the last
    """

    genres: tuple[tuple[str, int], ...]
    labels: tuple[tuple[str, int], ...]
    years: tuple[int | None, int | None]


def keys_at(db: sqlite3.Connection, sort: Sort, limit: int, offset: int) -> list[int]:
    """Keys of some tracks of all in an order; an index holds it, and what comes before is not read."""
    sql = f"SELECT key FROM tracks ORDER BY {_ORDER[sort]} LIMIT ? OFFSET ?"
    return [row[0] for row in db.execute(sql, (limit, offset))]


def keys_among(
    derived: Derived, keys: NDArray[np.int64], sort: Sort, limit: int, offset: int
) -> tuple[list[int], int]:
    """Keys of some of these tracks in an order, and how many of these there are.

    The order of all tracks is read as far as it is needed, and kept: the first pages of a list need little,
    and for others it may be in the library.
    """
    if sort == "added":
        return np.sort(keys)[::-1][offset : offset + limit].tolist(), len(keys)
    if (offset + limit) * int(keys.max(initial=0)) > len(keys) * READ_FIRST:
        read_kept = functools.partial(kept_order, sort=sort)
        whole = derived.get(("whole order", sort), read_kept, lambda order: order.nbytes)
        if len(whole):
            listed = whole[_are_in(whole, keys)]
            return listed[offset : offset + limit].tolist(), len(listed)
    listed, start, n = np.zeros(0, np.int64), 0, READ_FIRST
    while True:
        read = functools.partial(_many_keys_at, sort=sort, limit=n, offset=start)
        part = derived.get(("order", sort, start), read, lambda part: part.nbytes)
        listed = np.append(listed, part[_are_in(part, keys)])
        page, is_last = listed[offset : offset + limit].tolist(), len(part) < n
        if is_last or len(listed) >= min(offset + limit, len(keys)):
            return page, len(listed) if is_last else len(keys)
        start, n = start + n, 3 * (start + n)


def _are_in(order: NDArray[Any], keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """bool over an order of keys: which are among some."""
    last = max(int(order.max(initial=0)), int(keys.max(initial=0)))
    has = np.zeros(last + 1 if last < _TABLE else 0, np.bool_)
    if not len(has):
        return np.isin(order, keys, kind="sort")
    has[keys] = True
    among: NDArray[np.bool_] = has[order]
    return among


def packed_orders(db: sqlite3.Connection) -> dict[str, bytes]:
    """The orders of all tracks that a large library keeps, by the names under which it does."""
    n = db.execute("SELECT count(*) FROM tracks").fetchone()[0]
    if n < FEWEST_KEPT:
        return {}
    orders = {sort: _many_keys_at(db, sort=sort, limit=-1, offset=0) for sort in KEPT}
    last = max(int(order.max(initial=0)) for order in orders.values())
    if last > np.iinfo(np.uint32).max:
        return {}
    return {_name_of(sort): sealed(order.astype("<u4").tobytes()) for sort, order in orders.items()}


def kept_order(db: sqlite3.Connection, *, sort: Sort) -> NDArray[np.uint32]:
    """Keys of all tracks in an order, if the library keeps that; none otherwise."""
    try:
        return np.frombuffer(unsealed(stored_value(db, _name_of(sort))), "<u4")
    except PostingsGoneError:
        return np.zeros(0, np.uint32)


def _name_of(sort: Sort) -> str:
    return f"order by {sort}"


def _many_keys_at(db: sqlite3.Connection, *, sort: Sort, limit: int, offset: int) -> NDArray[np.int64]:
    """int64 (n,): as ``keys_at``."""
    sql = f"SELECT group_concat(key) FROM (SELECT key FROM tracks ORDER BY {_ORDER[sort]} LIMIT ? OFFSET ?)"
    return parse_integers(db.execute(sql, (limit, offset)).fetchone()[0])


def facets(db: sqlite3.Connection) -> Facets:
    """As ``TrackTables.facets``."""
    sql = "SELECT label, count(DISTINCT key) AS n FROM labels GROUP BY label ORDER BY n DESC, label LIMIT ?"
    labels = tuple((row[0], row[1]) for row in db.execute(sql, (_LABELS,)))
    first, last = db.execute("SELECT min(year), max(year) FROM tracks WHERE year > 0").fetchone()
    return Facets(_genres(db), labels, (first, last))


def _genres(db: sqlite3.Connection) -> tuple[tuple[str, int], ...]:
    counts: Counter[str] = Counter()
    spellings: dict[str, str] = {}
    for text, n in db.execute("SELECT genre, count(*) FROM tracks GROUP BY genre"):
        for name, spelling in split_names("genre", text or "").items():
            counts[name] += n
            spellings.setdefault(name, spelling)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple((spellings[name], n) for name, n in ordered)
