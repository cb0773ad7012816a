"""What SQLite's full-text index of tracks is asked: words in its language, and which words it has."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import AnyStr

from segue.catalog.derived import Derived
from segue.catalog.stored_summary import stored_summary
from segue.track import clean, folded

NAMES = ("title", "artist", "album", "genre", "file")  # columns of the words by which a track is searched
NAMES_AND_LABELS = (*NAMES, "labels")
MOST_WORDS = 100  # of a text that is searched; SQLite's expressions have a depth
# All indexed words, as a table of this connection alone. Who reads it all also reads where each word is.
VOCABULARY = "CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab('main', 'track_text', 'row')"


def words_match(text: str, columns: Sequence[str], *, prefix: bool = True) -> str:
    """In FTS5's language: every word of a text, from its beginning, in any of the columns; or nothing."""
    words = folded(clean(text.replace("\0", " "))).split()[:MOST_WORDS]
    quoted = ['"' + word.replace('"', '""') + '"' + "*" * prefix for word in words]
    return f"{{{' '.join(columns)}}} : ({' '.join(quoted)})" if quoted else ""


def indexed_words(derived: Derived) -> str:
    """All words by which tracks are searched, a line each, rising."""

    def read(db: sqlite3.Connection) -> str:
        words = stored_summary(db, "words")
        return str(words["words"]) if words else read_words(db)

    return derived.get("vocabulary", read, len)


def read_words(db: sqlite3.Connection) -> str:
    """Likewise, from the index itself, which takes long where there are many."""
    db.execute(VOCABULARY)
    return "\n".join(row[0] for row in db.execute("SELECT term FROM temp.vocabulary"))


def lines_with(text: AnyStr, part: AnyStr, feed: AnyStr, most: int) -> list[tuple[int, int]]:
    """The starts and ends of the first lines that hold a part."""
    places: list[tuple[int, int]] = []
    at = 0
    while len(places) < most and (at := text.find(part, at)) >= 0:
        start, end = text.rfind(feed, 0, at) + 1, text.find(feed, at)
        at = end if end >= 0 else len(text)
        places.append((start, at))
    return places


def has_line(text: str, line: str) -> bool:
    """Whether a text, whose lines rise, has a line."""
    at = first_line(text, line)
    return at < len(text) and text[at : at + len(line) + 1].rstrip("\n") == line


def first_line(text: str, least: str) -> int:
    """Where the first line begins that is not before another text; the lines rise."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high) // 2
        start, stop = text.rfind("\n", low, middle) + 1 or low, text.find("\n", middle)
        stop = stop if stop >= 0 else len(text)
        if text[start:stop] < least:
            low = stop + 1
        else:
            high = start
    return low
