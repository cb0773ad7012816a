"""Tracks by the words of their names and labels, the best matches first."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segue.catalog.connections import Connections
from segue.catalog.derived import Derived
from segue.catalog.full_text import FullText, match
from segue.catalog.migration import TITLE, TITLE_BYTES
from segue.catalog.name_search import misfit
from segue.catalog.names import all_labels
from segue.catalog.packed_rows import PostingsGoneError
from segue.catalog.postings import Postings, current_postings, surely_terms
from segue.catalog.text_index import MOST_WORDS, NAMES, NAMES_AND_LABELS, indexed_words, lines_with
from segue.track import folded

_RANKED = 1000  # matches that are put in order; of more, those whose titles begin with the words
_LONGEST_TEXT = 10_000  # characters; SQLite's patterns have a length
_USUAL_SHARE = 0.5  # of the library; a label of more tracks tells none from the others
_INDEXED_LETTERS = 2  # of beginnings of words for which SQLite has the tracks ready
_MOST_PARTS = 10  # of words with signs, by which tracks are found whose texts are then read
_MOST_TERMS = 1000  # words that hold a part of a word
_FEW_TEXTS = 1000  # that are read rather than looked for by their words
_PLAIN_PARTS = re.compile("[a-z0-9]+")  # of folded words: surely words of SQLite's index
_NO_KEYS = np.zeros(0, np.int64)


class WordIndex:
    """The full-text index of a library's tracks."""

    def __init__(self, local: Connections, derived: Derived) -> None:
        self._local, self._derived = local, derived
        self._full_text = FullText(local)

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
        named = self._ask(words, lambda index, words: index.matching(words, NAMES, most))
        if len(named) < most:
            return named
        titled = self._ask(words, lambda index, words: index.titled(words, most))
        return _unique(np.concatenate([self._titled(name, most), titled, named]))

    def alone(self, text: str, column: Literal["artist", "album"], most: int) -> NDArray[np.int64]:
        """int64 (n,), n <= ``most``, rising: keys of the first tracks with every word in one column."""
        words = _words(text)
        if not words:
            return _NO_KEYS
        return self._ask(words, lambda index, words: index.matching_alone(words, column, most))

    def all(self, text: str, *, by_label: bool = False) -> NDArray[np.int64]:
        """int64 (n,), rising: likewise, but in no order of matching."""
        words = _words(text)
        return self._all(list(dict.fromkeys(words)), by_label=by_label) if words else _NO_KEYS

    def _all(self, words: Sequence[str], *, by_label: bool) -> NDArray[np.int64]:
        columns = self._columns(words, by_label=by_label)

        def read(_: sqlite3.Connection) -> NDArray[np.int64]:
            # Each word's tracks serve other texts, too, and a search also asks for those of each word.
            indexed = _indexed(words)
            if len(indexed) > 1 and self._is_quick_one_by_one(indexed):
                return functools.reduce(_both, [self._all([word], by_label=by_label) for word in indexed])
            return self._ask(words, lambda index, words: index.matching(words, columns))

        return self._derived.get(("words", match(words, columns)), read, lambda keys: keys.nbytes)

    def _ask(
        self,
        words: Sequence[str],
        ask: Callable[[FullText | Postings, Sequence[str]], NDArray[np.int64]],
    ) -> NDArray[np.int64]:
        """An answer of the postings, where there are some and they have such words, or of SQLite's index."""
        words = _indexed(words) or words
        postings = self._postings()
        terms = surely_terms(words) if postings else []
        if postings and terms:
            with contextlib.suppress(PostingsGoneError):
                return ask(postings, terms)
        return ask(self._full_text, words)

    def _is_quick_one_by_one(self, words: Sequence[str]) -> bool:
        """Whether words are found sooner each alone: where not all are in the postings, or each is quick."""
        if self._postings():  # of other letters, the index may have nothing, and passes over them
            return not surely_terms(words) and all(map(str.isascii, words))
        return all(map(_is_quick_alone, words))

    def _postings(self) -> Postings | None:
        return current_postings(self._local, self._derived)

    def count(self, text: str, *, by_label: bool = False) -> int:
        """How many tracks ``best`` finds."""
        words = _words(text)
        if not words:
            return 0
        n, n_all = len(self.all(text)), len(self.all(text, by_label=by_label))
        return n if self._is_usual(n_all) else n_all

    def inside(self, text: str, most: int | None = None) -> NDArray[np.int64]:
        """int64 (n,), n <= ``most``, rising: keys of tracks with all words of a text, be it in others."""
        words = _words(text)
        if not words:
            return _NO_KEYS
        postings = self._postings()
        if postings:
            with contextlib.suppress(PostingsGoneError):
                name = "inside", postings.version, *words
                keys = self._derived.get(
                    name, lambda _: self._inside(words, postings), lambda keys: keys.nbytes
                )
                return keys[:most]
        if not all(map(str.isalnum, words)):
            return self._inside_texts(words)[:most]
        terms = [self._terms_with(word) for word in words]
        return self._full_text.with_any_of_each(terms, NAMES, most) if all(terms) else _NO_KEYS

    def indexed(self) -> str:
        """All indexed words, a line each, rising."""
        return indexed_words(self._derived)

    def _named(self, text: str, words: Sequence[str], most: int | None) -> NDArray[np.int64]:
        def rank(_: sqlite3.Connection) -> NDArray[np.int64]:
            return self._ranked(text, words, self._some(text, words, most))

        ranked = self._derived.get(("ranked", folded(text)), rank, lambda keys: keys.nbytes)
        if len(ranked) <= _RANKED or (most is not None and most <= len(ranked)):  # all, or enough
            return ranked
        keys = self.all(text)
        others, at = np.ones(len(keys), np.bool_), np.searchsorted(keys, ranked).clip(max=len(keys) - 1)
        others[at[keys[at] == ranked]] = False  # a title may be the text and have none of its words
        return np.concatenate([ranked, keys[others]])

    def _ranked(self, text: str, words: Sequence[str], keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """The best of what was found, in order: all of it where it is little."""
        if not len(keys):
            return keys
        if len(keys) <= _RANKED:
            columns = self._columns(words)
            best = self._ask(words, lambda index, words: index.ranked(words, columns, keys))
            return self._titles_first(text, best)
        titled = self._ask(words, lambda index, words: index.titled(words, _RANKED))
        best = _unique(np.concatenate([self._titled(folded(text), 100), titled, keys[: _RANKED + 1]]))
        return self._titles_first(text, best)

    def _some(self, text: str, words: Sequence[str], most: int | None) -> NDArray[np.int64]:
        """The tracks with all words; of very many the first, where no more are wanted and that is quicker."""
        has_ready = all(len(word) <= _INDEXED_LETTERS for word in words)
        if most is None or (self._postings() and not has_ready):
            return self.all(text)
        return self._full_text.matching(words, self._columns(words), _RANKED + 1)

    def _titled(self, name: str, most: int) -> NDArray[np.int64]:
        """Tracks whose titles are this folded name, but for case."""
        return self._full_text.keys(
            f"SELECT key FROM tracks WHERE {TITLE} COLLATE NOCASE = ? LIMIT {most}", name
        )

    def _titles_first(self, text: str, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """What is called so in front, then what begins so, otherwise in the order given."""
        whole, words = folded(text), folded(text).split()
        sql = f"SELECT key, {TITLE_BYTES} FROM tracks WHERE key IN (SELECT value FROM json_each(?))"
        rows = self._local.db.execute(sql, (f"[{','.join(map(str, keys.tolist()))}]",))
        fit = {key: misfit(folded(os.fsdecode(title or b"")), whole, words) for key, title in rows}
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
        words = _words(text)

        def rank(_: sqlite3.Connection) -> NDArray[np.int64]:
            return self._ask(words, lambda index, words: index.ranked(words, NAMES_AND_LABELS, every))

        return self._derived.get(("ranked with labels", folded(text)), rank, lambda keys: keys.nbytes)

    def _columns(self, words: Sequence[str], *, by_label: bool = False) -> Sequence[str]:
        """Where words are looked for: in all columns, which is quicker, where no label has any of them."""
        return NAMES_AND_LABELS if by_label or not any(map(self._may_label, words)) else NAMES

    def _may_label(self, word: str) -> bool:
        """Whether a label may have a word that begins so; surely none has where this is false."""
        labels = self._derived.get("labels", lambda db: "\n".join(all_labels(db)).lower(), len)
        is_told = labels.isascii() and word.isascii()
        return not is_told or all(part in labels for part in _PLAIN_PARTS.findall(word))

    def _is_usual(self, n: int) -> bool:
        n_tracks = self._derived.get(
            "n", lambda db: int(db.execute("SELECT count(*) FROM tracks").fetchone()[0])
        )
        return n > _RANKED / 20 and n > _USUAL_SHARE * n_tracks

    def _terms_with(self, part: str) -> list[str]:
        """The indexed words that hold a part."""
        indexed = self.indexed()
        return [indexed[start:end] for start, end in lines_with(indexed, part, "\n", _MOST_TERMS)]

    def _inside(self, words: Sequence[str], postings: Postings) -> NDArray[np.int64]:
        """Raises PostingsGoneError."""
        plain, signed = ([word for word in words if word.isalnum() == is_plain] for is_plain in (True, False))
        if not signed:
            return postings.with_parts(plain, NAMES, _MOST_TERMS)
        with_signs = postings.signed_words()
        keys = with_signs.holding(self._local.db, signed[0])
        for word in dict.fromkeys(signed[1:]):
            if len(keys) > _FEW_TEXTS:
                keys = _both(keys, with_signs.holding(self._local.db, word))
        if len(keys) <= _FEW_TEXTS:
            return self._texts_with(words, keys)
        if not plain:
            return keys
        # Indexed words have no accents, but texts have.
        keys = _both(keys, postings.with_parts(plain, NAMES))
        unsure = np.isin(keys, with_signs.not_ascii(self._local.db))
        return np.union1d(keys[~unsure], self._texts_with(plain, keys[unsure]))

    def _inside_texts(self, words: Sequence[str]) -> NDArray[np.int64]:
        """By the texts themselves, as no indexed word has signs, of tracks that have what is between them."""
        return self._texts_with(words, self._with_parts(*_between_signs(words)))

    def _texts_with(self, words: Sequence[str], keys: NDArray[np.int64] | None) -> NDArray[np.int64]:
        """int64 (n,), rising: those of some tracks, or of all, whose texts hold words."""
        text = "(" + " || ' ' || ".join(f"track_text.{name}" for name in NAMES) + ")"
        conditions = [f"{text} LIKE ? ESCAPE '\\'" for _ in words]
        values = [f"%{_escape_like(word)}%" for word in words]
        if keys is not None:
            conditions.insert(0, "rowid IN (SELECT value FROM json_each(?))")
            values.insert(0, json.dumps(keys.tolist()))
        where = " AND ".join(conditions)
        return self._full_text.keys(
            f"SELECT rowid AS key FROM track_text WHERE {where} ORDER BY rowid", *values
        )

    def _with_parts(self, beginnings: Sequence[str], parts: Sequence[str]) -> NDArray[np.int64] | None:
        """Tracks with words that begin so, and with words that hold parts; None where all would be read."""
        terms = [known_terms for part in parts if len(known_terms := self._terms_with(part)) < _MOST_TERMS]
        if not all(terms):
            return _NO_KEYS
        keys = [self._all(beginnings, by_label=False)] if beginnings else []
        keys += [self._full_text.with_any_of_each(terms, NAMES, None)] if terms else []
        return functools.reduce(_both, keys) if keys else None


def _between_signs(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """What indexed words surely begin with where a text has these words, and what they surely hold.

    SQLite ends a word at each sign of ASCII.
    """
    beginnings: list[str] = []
    parts: list[str] = []
    for word in words:
        for part in _PLAIN_PARTS.finditer(word):
            after_sign = part.start() > 0 and word[part.start() - 1].isascii()
            (beginnings if after_sign else parts).append(part[0])
    return _longest(beginnings), _longest(parts)


def _longest(texts: Iterable[str]) -> list[str]:
    """Those that tell the most of tracks apart; few, as each is looked for in all indexed words."""
    return sorted(set(texts), key=lambda text: (-len(text), text))[:_MOST_PARTS]


def _indexed(words: Iterable[str]) -> list[str]:
    """Those of which the index may have something: not signs alone."""
    return [word for word in words if not word.isascii() or _PLAIN_PARTS.search(word)]


def _is_plain(word: str) -> bool:
    """Whether SQLite surely takes it as one word: it splits words at signs, and drops signs alone."""
    return word.isascii() and word.isalnum()


def _is_quick_alone(word: str) -> bool:
    """Whether SQLite's index merges the tracks of words that begin so, and for each text again."""
    return _is_plain(word) and len(word) > _INDEXED_LETTERS


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


def _escape_like(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
