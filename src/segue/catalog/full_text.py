"""What SQLite's full-text index of tracks says of words, each from its beginning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from segue.catalog.connections import Connections
from segue.catalog.integers import parse_integers
from segue.catalog.text_index import NAMES_AND_LABELS

_MATCHING = "SELECT rowid AS key FROM track_text WHERE track_text MATCH ?"
_RANK = "bm25(track_text, 4, 3, 2, 1, 1, 0.5)"


class FullText:
    """The index, which is asked as ``Postings`` are."""

    def __init__(self, local: Connections) -> None:
        self._local = local

    def matching(
        self, words: Sequence[str], columns: Sequence[str], most: int | None = None
    ) -> NDArray[np.int64]:
        """int64 (n,), rising: keys of tracks with words that begin with each of these, in some columns."""
        return self.keys(f"{_MATCHING} LIMIT ?", match(words, columns), -1 if most is None else most)

    def matching_alone(self, words: Sequence[str], column: str, most: int) -> NDArray[np.int64]:
        """int64 (n,), rising: keys of the first tracks with such words in one column."""
        return self.matching(words, [column], most)

    def titled(self, words: Sequence[str], most: int) -> NDArray[np.int64]:
        """int64 (n,), rising: keys of the first tracks with all words in their titles, the first in front."""
        return self.keys(f"{_MATCHING} LIMIT ?", match(words, ["title"], first=True), most)

    def ranked(
        self, words: Sequence[str], columns: Sequence[str], keys: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """The keys that ``matching`` has found, those of the best tracks first, by BM25."""
        ranked = self.keys(f"{_MATCHING} ORDER BY {_RANK}, rowid", match(words, columns))
        return ranked if len(keys) else keys

    def with_any_of_each(
        self, terms: Iterable[Sequence[str]], columns: Sequence[str], most: int | None
    ) -> NDArray[np.int64]:
        """int64 (n,), rising: keys of tracks with one word, whole, out of each of some lists."""
        any_of = (" OR ".join('"' + term + '"' for term in words) for words in terms)
        query = f"{{{' '.join(columns)}}} : ({' AND '.join(f'({one})' for one in any_of)})"
        return self.keys(f"{_MATCHING} LIMIT ?", query, -1 if most is None else most)

    def keys(self, select: str, *values: object) -> NDArray[np.int64]:
        """int64 (n,): the keys that a question in SQL selects, in its order."""
        sql = f"SELECT group_concat(key) FROM ({select})"
        return parse_integers(self._local.db.execute(sql, values).fetchone()[0])


def match(words: Sequence[str], columns: Sequence[str], *, first: bool = False) -> str:
    """In FTS5's language: every word, from its beginning, in any of the columns, or at their beginning."""
    query = " ".join('"' + word.replace('"', '""') + '"*' for word in words)
    query = f"({'^ ' * first}{query})"
    return query if columns == NAMES_AND_LABELS else f"{{{' '.join(columns)}}} : {query}"
