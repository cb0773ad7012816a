"""What the words of a search mean: names in tags, moods that are measured, labels of networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Catalog, Snapshot
from segue.embed.vocabulary import (
    encoder_installed,
    labels_like,
    labels_named,
    labels_with_words,
    mood_like,
    related_labels,
)
from segue.recommend.moods import Measurement, Mood, measurements, mood_named

_NAME_WORDS = 4  # of the longest names of labels and moods that are looked for
_MOST_TERMS = 8
_MOST_WORDS = 16
_IDLE = frozenset(  # say nothing of the sound
    "a an the and or with of for in on to some very music song songs track tracks sound sounds that is"
    " und mit der die das für musik et avec le la les de pour musique y con el los para música".split()
)


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a search, which an answer must meet.

    Attributes
    ----------
    words : as typed
    mood, measured : the mood that the words mean, and how the library measures it
    labels : the labels that say what the words say, best first, with weights from 1 down to 0
    keys : int64 (n,), of the tracks whose tags hold the words
    labeled : likewise, of those whose kept labels hold them, where no label of the vocabulary does
    parts : another way to meet it: of several words, each alone
    """

    words: str
    mood: Mood | None
    measured: tuple[Measurement, ...]
    labels: Mapping[str, float]
    keys: NDArray[np.int64]
    labeled: NDArray[np.int64]
    parts: tuple[Term, ...] = ()

    @property
    def understood(self) -> bool:
        """Whether it means anything in this library."""
        return bool(self.measured or self.labels or self.parts or len(self.keys) or len(self.labeled))


def read_terms(text: str, catalog: Catalog, snapshot: Snapshot) -> list[Term]:
    """The terms of a search, in its order; its first words, where there are very many."""
    words = [word for word in text.split() if word.casefold() not in _IDLE] or text.split()
    words = words[:_MOST_WORDS]
    terms: list[Term] = []
    for group in _group(words)[:_MOST_TERMS]:
        terms += _terms_of(group, catalog, snapshot)
    return terms


def _group(words: list[str]) -> list[list[str]]:
    """Known names, the longest first, apart; what is between them together."""
    groups: list[list[str]] = []
    between: list[str] = []
    at = 0
    while at < len(words):
        n = next((n for n in range(_NAME_WORDS, 0, -1) if _known(words[at : at + n], n)), 0)
        if n:
            groups += [between, words[at : at + n]]
            between = []
        else:
            between.append(words[at])
        at += n or 1
    return [group for group in [*groups, between] if group]


def _known(words: list[str], n: int) -> bool:
    name = " ".join(words)
    return len(words) == n and bool(mood_named(name) or labels_named(name))


def _terms_of(words: list[str], catalog: Catalog, snapshot: Snapshot) -> list[Term]:
    """A known name as one term; other words together where they mean something together."""
    whole = _term(" ".join(words), catalog, snapshot)
    if len(words) == 1 or _known(words, len(words)) or len(whole.keys):
        return [whole]
    each = [_term(word, catalog, snapshot) for word in words]
    if not encoder_installed():
        return each
    if any(term.measured for term in each):  # "ruhiges Klavier": a mood, and the rest
        rest = [term.words for term in each if not term.measured]
        moods = [term for term in each if term.measured]
        return moods + (_terms_of(rest, catalog, snapshot) if rest else [])
    named = any(len(term.keys) for term in each) and all(term.understood for term in each)
    return [replace(whole, parts=tuple(each))] if named else [whole]


def _term(words: str, catalog: Catalog, snapshot: Snapshot) -> Term:
    mood, labels = mood_named(words), {}
    measured = measurements(mood, snapshot) if mood else []
    if not measured:
        labels = related_labels(labels_named(words))
    if not measured and not labels and encoder_installed():
        nearest = mood_like(words)
        mood = mood_named(nearest) if nearest else None
        measured = measurements(mood, snapshot) if mood else []
        labels = {} if measured else labels_like(words)
    if not measured and not labels:
        labels = dict.fromkeys(labels_with_words(words), 1.0)
    keys = catalog.tracks.keys_with_words(words)
    unknown = not measured and not labels
    labeled = catalog.tracks.keys_with_words(words, by_label=True) if unknown else keys[:0]
    return Term(words, mood if measured else None, tuple(measured), labels, keys, labeled)
