"""Names in tags and labels, found case and accents aside: artists, albums, genres, labels."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.catalog.connections import Connections
from segue.catalog.derived import Derived
from segue.catalog.migration import ARTIST, ODD, OTHER_ALBUM_ARTIST
from segue.catalog.near_names import LIKE_A_NAME, most_similar
from segue.errors import UsageError
from segue.track import folded

Condition = tuple[str, list[Any]]
"""SQL, and the values of its question marks."""

_BETWEEN = {"genre": re.compile("[;/,]"), "artist": re.compile(";")}  # several names
_EXAMPLES = 5  # names that a message gives as examples
_COLUMNS = {"artist": ("artist", "album_artist"), "album": ("album",)}
_LISTS = {
    "genre": "SELECT DISTINCT genre FROM tracks",
    # One by one through the index, which has a row for every track of each label.
    "label": """
WITH RECURSIVE names (name) AS (
    SELECT min(label) FROM labels UNION ALL
    SELECT (SELECT min(label) FROM labels WHERE label > name) FROM names WHERE name IS NOT NULL
) SELECT name FROM names
""",
    "artist": f"SELECT DISTINCT {ARTIST} FROM tracks UNION SELECT album_artist FROM tracks "
    f"WHERE {OTHER_ALBUM_ARTIST}",
    "album": "SELECT DISTINCT album FROM tracks WHERE album IS NOT NULL",
}
KEY_IN = "key IN (SELECT key "  # begins what is asked of another table
_IN = "IN (SELECT value FROM json_each(?))"
_BY_ARTIST = (  # each has its index
    f"{ARTIST} IS NULL = 0 AND {ARTIST} COLLATE NOCASE {_IN}",
    f"{OTHER_ALBUM_ARTIST} AND album_artist COLLATE NOCASE {_IN}",
)
_HELD_BY = {
    "genre": f"genre {_IN}",
    "label": f"{KEY_IN}FROM labels WHERE label {_IN})",
    "album": f"(album IS NOT NULL AND album COLLATE NOCASE {_IN})",
    "artist": f"(({_BY_ARTIST[0]}) OR ({_BY_ARTIST[1]}))",
}

_Texts = dict[str, list[str]]  # by folded name, what holds it
_Odd = tuple[
    NDArray[np.int64], NDArray[np.int64]
]  # hashes of names, rising, and keys of tracks that have them


class NameTables:
    """Finds the texts that hold names.

    There are few genres and labels: all of them are kept, folded. Artists and albums may be very many.
    SQLite's indexes find those in ASCII; of the odd ones, with other letters or several names in one text,
    only a hash is kept, and the key of a track that has it.
    """

    def __init__(self, local: Connections, derived: Derived) -> None:
        self._local, self._derived = local, derived

    def any_of(self, what: str, names: Iterable[str]) -> Condition:
        """That a track has one of some artists, albums, genres or labels, each of which may be several."""
        return self._condition(what, {name for text in names for name in split_names(what, text)})

    def required(self, what: str, names: Iterable[str]) -> Condition:
        """Likewise. Raises UsageError where no track has one of the names."""
        wanted = {name: as_is for text in names for name, as_is in split_names(what, text).items()}
        for name, as_is in wanted.items():
            if not self._any_has(what, name):
                raise UsageError(f"no track has the {what} {as_is!r}; {self._examples(what, name)}")
        return self._condition(what, wanted)

    def by_artist(self, name: str) -> list[Condition]:
        """Conditions of which a track by an artist, or of an album of theirs, meets one or both."""
        texts = json.dumps(self._texts("artist", split_names("artist", name)))
        return [(sql, [texts]) for sql in _BY_ARTIST]

    def has(self, what: str, text: str) -> bool:
        """Whether a track has each of the names in a text."""
        wanted = split_names(what, text)
        return bool(wanted) and all(self._any_has(what, name) for name in wanted)

    def _condition(self, what: str, wanted: Collection[str]) -> Condition:
        sql = _HELD_BY[what]
        return sql, [json.dumps(self._texts(what, wanted))] * sql.count("?")

    def _any_has(self, what: str, name: str) -> bool:
        if what not in _COLUMNS:
            return name in self._few(what)
        sql, values = self._condition(what, [name])
        return (
            self._local.db.execute(f"SELECT 1 FROM tracks WHERE {sql} LIMIT 1", values).fetchone() is not None
        )

    def _texts(self, what: str, wanted: Collection[str]) -> list[str]:
        """The texts that hold one of some folded names; of artists and albums, but for ASCII's case."""
        if what not in _COLUMNS:
            few = self._few(what)
            return [text for name in wanted for text in few.get(name, ())]
        texts = dict.fromkeys(name for name in wanted if name.isascii())
        for column in _COLUMNS[what]:
            texts |= dict.fromkeys(self._odd_texts(what, column, wanted))
        return list(texts)

    def _few(self, what: str) -> _Texts:
        def read(db: sqlite3.Connection) -> _Texts:
            texts: _Texts = {}
            for (text,) in db.execute(_LISTS[what]):
                for name in split_names(what, text or ""):
                    texts.setdefault(name, []).append(text)
            return texts

        return self._derived.get(("texts", what), read, lambda texts: 300 * len(texts))

    def _odd_texts(self, what: str, column: str, wanted: Collection[str]) -> list[str]:
        def read(db: sqlite3.Connection) -> _Odd:
            sql = f"SELECT {column}, min(key) FROM tracks WHERE {ODD} GROUP BY {column}"
            pairs = [(hash(n), key) for text, key in db.execute(sql) for n in split_names(what, text or "")]
            hashes, keys = np.array(pairs, np.int64).reshape(-1, 2).T
            order = np.argsort(hashes)
            return hashes[order], keys[order]

        hashes, keys = self._derived.get(("odd", column), read, lambda odd: odd[0].nbytes + odd[1].nbytes)
        places = [slice(*hashes.searchsorted(hash(name) + np.arange(2))) for name in wanted if len(hashes)]
        texts = []
        for key in {key for place in places for key in keys[place].tolist()}:
            row = self._local.db.execute(f"SELECT {column} FROM tracks WHERE key = ?", (key,)).fetchone()
            if row and row[0] and not set(wanted).isdisjoint(split_names(what, row[0])):
                texts.append(row[0])
        return texts

    def _examples(self, what: str, name: str) -> str:
        """For a message: some of the names that there are, the most similar first."""
        names: dict[str, str] = {}
        for (text,) in self._local.db.execute(_LISTS[what]):
            names |= split_names(what, text or "")
        if not names:
            return "no network has labeled a track yet" if what == "label" else f"no track has any {what}"
        near = most_similar(name, names, _EXAMPLES, LIKE_A_NAME)
        near += sorted(other for other in names if name in other)
        listed = list(dict.fromkeys([*near, *sorted(names)]))[:_EXAMPLES]
        return f"there are {len(names)}, such as {', '.join(names[other] for other in listed)}"


def all_labels(db: sqlite3.Connection) -> list[str]:
    """The labels that tracks have, each once, rising."""
    return [row[0] for row in db.execute(_LISTS["label"]) if row[0] is not None]


def split_names(what: str, text: str) -> dict[str, str]:
    """The names in a text, by their folded forms; genres and artists may be several."""
    between = _BETWEEN.get(what)
    words = between.split(text) if between else [text]
    names = {folded(word): word.strip() for word in words}
    return {name: as_is for name, as_is in names.items() if name}
