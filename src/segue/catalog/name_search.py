"""Names that hold the words of a text, the best match first."""

from __future__ import annotations

import functools
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from segue.catalog.names import split_names
from segue.catalog.text_index import words_match
from segue.track import folded

_LOOKED_AT = 2000  # tracks whose artists or albums are looked at for a part of a name
_T = TypeVar("_T")


def artists_with_words(db: sqlite3.Connection, text: str) -> Iterator[str]:
    """Names of artists, folded, whose words begin with those of a text."""
    return _names(db, "artist", text, lambda name: split_names("artist", name))


def albums_with_words(db: sqlite3.Connection, text: str) -> Iterator[str]:
    """Likewise, titles of albums."""
    return _names(db, "album", text, lambda title: [folded(title)])


def _names(
    db: sqlite3.Connection, column: str, text: str, split: Callable[[str], Iterable[str]]
) -> Iterator[str]:
    match = words_match(text, [column])
    if not match:
        return
    sql = (
        f"SELECT tracks.{column}, count(*) FROM "
        "(SELECT rowid AS key FROM track_text WHERE track_text MATCH ? LIMIT ?) AS matching "
        f"CROSS JOIN tracks USING (key) GROUP BY tracks.{column}"
    )
    counts: Counter[str] = Counter()
    for name, n in db.execute(sql, (match, _LOOKED_AT)):
        for one in split(name or ""):
            counts[one] += n
    yield from ranked(counts, text, lambda name: name, counts.__getitem__)


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
