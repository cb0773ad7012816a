"""Titles, artists and albums that are spelled almost like a text that is none of them."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from itertools import chain, islice, pairwise
from typing import Literal

from segue.catalog.migration import OTHER_ALBUM_ARTIST, TITLE_BYTES
from segue.catalog.text_index import first_line, has_line, words_match
from segue.track import clean, folded, split_artists

_MOST_WORDS = 6  # of a text
_LONGEST_WORD = 40  # letters
_NEAR_WORDS = 3  # for each word of a text
_COMPARED = 4000  # indexed words that begin like a word
_TRACKS = 200  # whose names are compared, for each near word
_LIKE_A_WORD, LIKE_A_NAME = 0.7, 0.6
_LAST = "\U0010ffff"  # letter of Unicode
_SCRIPT = 32  # letters of one script are this near to each other in Unicode
_COLUMNS = ["title", "artist", "album", "file"]
_ENDING = re.compile(r"\.\w{1,4}$")  # of a file's name

NameKind = Literal["artist", "album", "title", "track"]
KINDS: tuple[NameKind, ...] = ("artist", "album", "title", "track")


def near_names(
    db: sqlite3.Connection,
    text: str,
    indexed: str,
    most: int = 3,
    kinds: Collection[NameKind] = KINDS,
) -> list[tuple[str, NameKind]]:
    """The names most similar to a text, the nearest first, and what each is; "track" is ``artist title``.

    The full-text index gives words with the same beginning, or with one other letter there, and the tracks
    that have them. It lacks artists of albums alone: those with the same two letters in front are compared.
    So the time hardly grows with the library.

    Parameters
    ----------
    indexed : all words of the full-text index, a line each, rising
    """
    wanted = folded(clean(_ENDING.sub("", text.rsplit(os.sep, 1)[-1])))
    names: dict[str, tuple[str, NameKind]] = {}
    if wanted and "artist" in kinds:
        names |= {folded(name): (name, "artist") for name in _artists_of_albums(db, wanted)}
    for words in _near_words(wanted, indexed):
        for kind, name in _names_with(db, words):
            if kind in kinds:
                names.setdefault(folded(name), (name, kind))
    return [names[name] for name in most_similar(wanted, names, most, LIKE_A_NAME)]


def _near_words(text: str, indexed: str) -> Iterator[list[str]]:
    """Words to look for: one for each word of a text, all together; two that one is made of; each alone."""
    words = re.findall(r"[^\W_]+", text[: _MOST_WORDS * _LONGEST_WORD])[:_MOST_WORDS]
    pairs = ["".join(pair) for pair in pairwise(words)]
    near = {word: _like(word, indexed) for word in [*words, *pairs] if len(word) <= _LONGEST_WORD}
    best = [near[word][0] for word in words if near.get(word)]
    if len(best) > 1:
        yield best
    yield from _split(words, indexed)
    for word in dict.fromkeys(chain.from_iterable(near.values())):
        yield [word]


def _split(words: Iterable[str], indexed: str) -> Iterator[list[str]]:
    """Of each word, two indexed words that it is made of: ``ironvesper``."""
    for word in words:
        cuts = [(word[:i], word[i:]) for i in range(2, min(len(word), _LONGEST_WORD) - 1)]
        yield from (list(cut) for cut in cuts if all(has_line(indexed, part) for part in cut))


def _like(word: str, indexed: str) -> list[str]:
    """Indexed words that are spelled almost so, the most similar first."""
    alike = (term for term in beginning_with(word[:2], indexed) if abs(len(term) - len(word)) <= 2)
    others = (term for term in _other_beginnings(word) if has_line(indexed, term))
    return most_similar(word, chain(islice(alike, _COMPARED), others), _NEAR_WORDS, _LIKE_A_WORD)


def most_similar(text: str, names: Iterable[str], most: int, least: float) -> list[str]:
    """Of different names, those spelled most like a text.

    Parameters
    ----------
    least : twice the letters that both have in one order, by all letters of both; 1 for the same text
    """
    from rapidfuzz import process
    from rapidfuzz.distance import Indel

    choices = list(dict.fromkeys(names))
    scorer = Indel.normalized_similarity
    return [
        name for name, *_ in process.extract(text, choices, scorer=scorer, score_cutoff=least, limit=most)
    ]


def beginning_with(letters: str, indexed: str) -> list[str]:
    """Indexed words that begin so, rising."""
    first, end = first_line(indexed, letters), first_line(indexed, letters + _LAST)
    return indexed[first:end].rstrip("\n").split("\n") if first < end else []


def _other_beginnings(word: str) -> Iterator[str]:
    """The word with its first or second letter missing, doubled, changed, swapped, or one more before it."""
    nearby = range(max(97, ord(word[0]) - _SCRIPT), min(ord(word[0]) + _SCRIPT, ord(_LAST)))
    letters = [letter for letter in map(chr, nearby) if letter.isalpha()]
    yield word[1:2] + word[:1] + word[2:]
    for place in (0, 1):
        head, tail = word[:place], word[place:]
        yield head + tail[1:]
        for letter in letters:
            yield head + letter + tail
            yield head + letter + tail[1:]


def _artists_of_albums(db: sqlite3.Connection, text: str) -> Iterator[str]:
    """Those that begin with the first two letters of a text, where their tracks have other artists."""
    sql = (
        f"SELECT DISTINCT album_artist FROM tracks WHERE {OTHER_ALBUM_ARTIST} "
        "AND album_artist COLLATE NOCASE >= ? AND album_artist COLLATE NOCASE < ? LIMIT ?"
    )
    for (names,) in db.execute(sql, (text[:2], text[:2] + _LAST, _COMPARED)):
        yield from split_artists(names)


def _names_with(db: sqlite3.Connection, words: Iterable[str]) -> Iterator[tuple[NameKind, str]]:
    """What tracks with these words are called, and their artists and albums."""
    sql = (
        f"SELECT DISTINCT artist, album_artist, title, {TITLE_BYTES}, path IS NOT NULL, album "
        "FROM (SELECT rowid AS key FROM track_text WHERE track_text MATCH ? LIMIT ?) AS matching "
        "CROSS JOIN tracks USING (key)"
    )
    match = words_match(" ".join(words), _COLUMNS, prefix=False)
    for artist, album_artist, title, file_or_id, has_file, album in db.execute(sql, (match, _TRACKS)):
        name = os.fsdecode(file_or_id)
        called = title or (_ENDING.sub("", name) if has_file else name)
        for one in (*split_artists(artist), *split_artists(album_artist)):
            yield "artist", one
        yield "title", called
        if artist:
            yield "track", f"{artist} {called}"
        if album:
            yield "album", album
