"""Names that hold the words of a text, the best match first."""

from __future__ import annotations

import functools
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from segue.catalog.names import split_names
from segue.track import folded

_T = TypeVar("_T")


def artists_of(db: sqlite3.Connection, keys: NDArray[np.int64], text: str) -> list[str]:
    """Names of artists of some tracks, folded, that hold every word of a text, the best match first."""
    return _names(db, "artist", keys, text, lambda name: split_names("artist", name))


def albums_of(db: sqlite3.Connection, keys: NDArray[np.int64], text: str) -> list[str]:
    """Likewise, titles of albums."""
    return _names(db, "album", keys, text, lambda title: [folded(title)])


def _names(
    db: sqlite3.Connection,
    column: str,
    keys: NDArray[np.int64],
    text: str,
    split: Callable[[str], Iterable[str]],
) -> list[str]:
    sql = (
        f"SELECT tracks.{column}, count(*) FROM (SELECT value AS key FROM json_each(?)) AS matching "
        f"CROSS JOIN tracks USING (key) GROUP BY tracks.{column}"
    )
    counts: Counter[str] = Counter()
    for name, n in db.execute(sql, (json.dumps(keys.tolist()),)):
        for one in split(name or ""):
            counts[one] += n
    return ranked(counts, text, lambda name: name, counts.__getitem__)


def ranked(
    items: Iterable[_T], text: str, name_of: Callable[[_T], str], size_of: Callable[[_T], float] = lambda _: 0
) -> list[_T]:
    """The items whose names hold every word of a text, the best match first.

    That is the text itself, then what begins with it, then what has all its words from their beginning; of
    equals, the largest.
    """
    whole, words = folded(text), folded(text).split()
    named = [(folded(name_of(item)), item) for item in items]
    places = [
        (misfit(name, whole, words), -size_of(item), name, i)
        for i, (name, item) in enumerate(named)
        if holds(name, words)
    ]
    return [named[i][1] for *_, i in sorted(places)]


def misfit(name: str, whole: str, words: Sequence[str]) -> int:
    """How far a name is from a text, 0 where it is the text itself; all folded."""
    if name == whole:
        return 0
    if name.startswith(whole):
        return 1 if not name[len(whole)].isalnum() else 2
    return 3 if all(word in name for word in words) and _begin_words(name, words) else 4


def holds(name: str, words: Sequence[str]) -> bool:
    """Whether every word stands in a name; both folded."""
    return bool(words) and all(word in name for word in words)


def _begin_words(name: str, words: Sequence[str]) -> bool:
    return all(_beginning(word).search(name) for word in words)


@functools.lru_cache(256)
def _beginning(word: str) -> re.Pattern[str]:
    """Finds a word that begins so; none does with a sign that separates words."""
    return re.compile(rf"(?<!\w){re.escape(word)}" if re.fullmatch(r"\w*", word) else "(?!)")
