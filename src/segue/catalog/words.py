"""Tracks by the words of their names and labels, the best matches first."""

from __future__ import annotations

import functools
import re
import sqlite3
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segue.catalog.connections import Connections
from segue.catalog.derived import Derived
from segue.catalog.integers import parse_integers
from segue.catalog.migration import TITLE
from segue.catalog.name_search import misfit
from segue.catalog.names import all_labels
from segue.catalog.text_index import MOST_WORDS, indexed_words
from segue.track import folded

NAMES = ("title", "artist", "album", "genre", "file")  # columns of the words by which a track is searched
_NAMES_AND_LABELS = (*NAMES, "labels")
_MATCHING = "SELECT rowid AS key FROM track_text WHERE track_text MATCH ?"
_RANK = "bm25(track_text, 4, 3, 2, 1, 1, 0.5)"
_RANKED = 1000  # matches that are put in order; of more, those whose titles begin with the words
_LONGEST_TEXT = 10_000  # characters; SQLite's patterns have a length
_USUAL_SHARE = 0.5  # of the library; a label of more tracks tells none from the others
_INDEXED_LETTERS = 2  # of beginnings of words for which SQLite has the tracks ready
_MOST_TERMS = 1000  # words that hold a part of a word
_NO_KEYS = np.zeros(0, np.int64)


class WordIndex:
    """The full-text index of a library's tracks."""

    def __init__(self, local: Connections, derived: Derived) -> None:
        self._local, self._derived = local, derived

    def best(self, text: str, *, by_label: bool = False, most: int | None = None) -> NDArray[np.int64]:
        """int64 (n,): keys of the tracks with every word of a text, from its beginning.

        First comes what is called so, then what begins so, then the others by how well they match (BM25).
        With ``by_label`` the tracks whose labels hold the words follow, unless most do; more than a thousand
        come in no order of matching.

        Parameters
        ----------
        most : of the keys; more may come
        """
        words = _words(text)
        if not words:
            return _NO_KEYS
        named = self._named(text, words, most)
        if not by_label or (most is not None and len(named) >= most):
            return named
        labeled = self.labeled(text)
        return np.concatenate([named, labeled[~np.isin(labeled, named)]]) if len(labeled) else named

    def called(self, name: str, most: int) -> NDArray[np.int64]:
        """int64 (n,), n <= 3 ``most``: keys of tracks that have every word of a folded name.

        They are not ranked; of too many, those come whose titles begin so.
        """
        words = _folded_words(name)
        if not words:
            return _NO_KEYS
        named = self._matching(_match(words, NAMES), most)
        if len(named) < most:
            return named
        titled = self._matching(_match(words, ["title"], first=True), most)
        return _unique(np.concatenate([self._titled(name, most), titled, named]))

    def all(self, text: str, *, by_label: bool = False) -> NDArray[np.int64]:
        """int64 (n,), rising: likewise, but in no order of matching."""
        words = _words(text)
        return self._all(list(dict.fromkeys(words)), by_label=by_label) if words else _NO_KEYS

    def _all(self, words: Sequence[str], *, by_label: bool) -> NDArray[np.int64]:
        match = _match(words, self._columns(words, by_label=by_label))

        def read(_: sqlite3.Connection) -> NDArray[np.int64]:
            # Each word's tracks serve other texts, too, and a search also asks for those of each word.
            if len(words) > 1 and all(_is_plain(word) and len(word) > _INDEXED_LETTERS for word in words):
                return functools.reduce(_both, [self._all([word], by_label=by_label) for word in words])
            return self._keys(_MATCHING, match)

        return self._derived.get(("words", match), read, lambda keys: keys.nbytes)

    def count(self, text: str, *, by_label: bool = False) -> int:
        """How many tracks ``best`` finds."""
        words = _words(text)
        if not words:
            return 0
        n = self._count(_match(words, self._columns(words)))
        n_all = self._count(_match(words, self._columns(words, by_label=by_label)))
        return n if self._is_usual(n_all) else n_all

    def inside(self, text: str, most: int | None = None) -> NDArray[np.int64]:
        """int64 (n,), n <= ``most``, rising: keys of tracks with all words of a text, be it in others."""
        words = _words(text)
        if not words:
            return _NO_KEYS
        if not all(word.isalnum() for word in words):
            return self._inside_texts(words)[:most]
        terms = [self._terms_with(word) for word in words]
        if not all(terms):
            return _NO_KEYS
        any_of = (" OR ".join('"' + term + '"' for term in some) for some in terms)
        match = f"{{{' '.join(NAMES)}}} : ({' AND '.join(f'({one})' for one in any_of)})"
        return self._keys(f"{_MATCHING} ORDER BY rowid LIMIT ?", match, -1 if most is None else most)

    def indexed(self) -> str:
        """All indexed words, a line each, rising."""
        return indexed_words(self._derived)

    def _named(self, text: str, words: Sequence[str], most: int | None) -> NDArray[np.int64]:
        def rank(_: sqlite3.Connection) -> NDArray[np.int64]:
            match = _match(words, self._columns(words))
            found = self.all(text) if most is None else self._matching(match, _RANKED + 1)
            return self._ranked(text, words, found)

        ranked = self._derived.get(("ranked", folded(text)), rank, lambda keys: keys.nbytes)
        if len(ranked) <= _RANKED or (most is not None and most <= len(ranked)):  # all, or enough
            return ranked
        found = self.all(text)
        others, at = np.ones(len(found), np.bool_), np.searchsorted(found, ranked).clip(max=len(found) - 1)
        others[at[found[at] == ranked]] = False  # a title may be the text and have none of its words
        return np.concatenate([ranked, found[others]])

    def _ranked(self, text: str, words: Sequence[str], found: NDArray[np.int64]) -> NDArray[np.int64]:
        """The best of what was found, in order: all of it where it is little."""
        if not len(found):
            return found
        if len(found) <= _RANKED:
            match = _match(words, self._columns(words))
            return self._titles_first(text, self._keys(f"{_MATCHING} ORDER BY {_RANK}, rowid", match))
        titled = self._matching(_match(words, ["title"], first=True), _RANKED)
        best = _unique(np.concatenate([self._titled(folded(text), 100), titled, found[: _RANKED + 1]]))
        return self._titles_first(text, best)

    def _matching(self, match: str, most: int) -> NDArray[np.int64]:
        rows = self._local.db.execute(f"{_MATCHING} LIMIT ?", (match, most))
        return np.fromiter((row[0] for row in rows), np.int64)

    def _titled(self, name: str, most: int) -> NDArray[np.int64]:
        """Tracks whose titles are this folded name, but for case."""
        return self._keys(f"SELECT key FROM tracks WHERE {TITLE} COLLATE NOCASE = ? LIMIT {most}", name)

    def _titles_first(self, text: str, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """What is called so in front, then what begins so, otherwise in the order given."""
        whole, words = folded(text), folded(text).split()
        sql = f"SELECT key, {TITLE} FROM tracks WHERE key IN (SELECT value FROM json_each(?))"
        rows = self._local.db.execute(sql, (f"[{','.join(map(str, keys.tolist()))}]",))
        fit = {key: misfit(folded(title or ""), whole, words) for key, title in rows}
        order = np.argsort([fit.get(key, 9) for key in keys.tolist()], kind="stable")
        return keys[order] if len(keys) else keys

    def labeled(self, text: str) -> NDArray[np.int64]:
        """int64 (n,): keys of what has the words in its names and labels, best first.

        None where the labels bring nothing, or are those of most tracks.
        """
        every = self.all(text, by_label=True)
        if self._is_usual(len(every)) or len(every) == len(self.all(text)):
            return _NO_KEYS
        if len(every) > _RANKED:
            return every
        match = _match(_words(text), _NAMES_AND_LABELS)

        def rank(_: sqlite3.Connection) -> NDArray[np.int64]:
            return self._keys(f"{_MATCHING} ORDER BY {_RANK}, rowid", match)

        return self._derived.get(("ranked with labels", match), rank, lambda keys: keys.nbytes)

    def _columns(self, words: Sequence[str], *, by_label: bool = False) -> Sequence[str]:
        """Where words are looked for: in all columns, which is quicker, where no label has any of them."""
        return _NAMES_AND_LABELS if by_label or not any(map(self._may_label, words)) else NAMES

    def _may_label(self, word: str) -> bool:
        """Whether a label may have a word that begins so; surely none has where this is false."""
        labels = self._derived.get("labels", lambda db: "\n".join(all_labels(db)).lower(), len)
        return word in labels or not (labels.isascii() and _is_plain(word))

    def _is_usual(self, n: int) -> bool:
        n_tracks = self._derived.get(
            "n", lambda db: int(db.execute("SELECT count(*) FROM tracks").fetchone()[0])
        )
        return n > _RANKED / 20 and n > _USUAL_SHARE * n_tracks

    def _count(self, match: str) -> int:
        sql = "SELECT count(*) FROM track_text WHERE track_text MATCH ?"
        return self._derived.get(("matches", match), lambda db: int(db.execute(sql, (match,)).fetchone()[0]))

    def _keys(self, select: str, *values: object) -> NDArray[np.int64]:
        sql = f"SELECT group_concat(key) FROM ({select})"
        return parse_integers(self._local.db.execute(sql, values).fetchone()[0])

    def _terms_with(self, part: str) -> list[str]:
        """The indexed words that hold a part."""
        found = re.findall(f".*{re.escape(part)}.*", self.indexed())
        return found[:_MOST_TERMS]

    def _inside_texts(self, words: Sequence[str]) -> NDArray[np.int64]:
        """By the texts themselves: signs are in none of the indexed words."""
        text = "(" + " || ' ' || ".join(f"track_text.{name}" for name in NAMES) + ")"
        condition = " AND ".join(f"{text} LIKE ? ESCAPE '\\'" for _ in words)
        patterns = [f"%{_escape_like(word)}%" for word in words]
        return self._keys(f"SELECT rowid AS key FROM track_text WHERE {condition} ORDER BY rowid", *patterns)


def _is_plain(word: str) -> bool:
    """Whether SQLite surely takes it as one word: it splits words at signs, and drops signs alone."""
    return word.isascii() and word.isalnum()


def _both(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    """What is in both, rising as both are."""
    return a[np.isin(a, b, assume_unique=True)]


def _unique(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each key once, where it came first."""
    return keys[np.sort(np.unique(keys, return_index=True)[1])]


def _words(text: str) -> list[str]:
    """The words of a text, as many and as long as SQLite compares at once."""
    return _folded_words(folded(text))


def _folded_words(text: str) -> list[str]:
    text = text[:_LONGEST_TEXT].replace("\0", " ")
    return text.encode("utf-8", "replace").decode().split()[:MOST_WORDS]


def _match(words: Sequence[str], columns: Sequence[str], *, first: bool = False) -> str:
    """In FTS5's language: every word, from its beginning, in any of the columns, or at their beginning."""
    query = " ".join('"' + word.replace('"', '""') + '"*' for word in words)
    query = f"({'^ ' * first}{query})"
    return query if columns == _NAMES_AND_LABELS else f"{{{' '.join(columns)}}} : {query}"


def _escape_like(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
