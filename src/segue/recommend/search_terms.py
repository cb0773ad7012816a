"""What the words of a search mean: names in tags, moods that are measured, labels of networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from segue.recommend.joint_evidence import JointText, joint_text
from segue.recommend.moods import Measurement, Mood, measurements, mood_named
from segue.spec import Embedder

_NAME_WORDS = 4  # of the longest names of labels and moods that are looked for
_MOST_TERMS = 8
_MOST_WORDS = 16
_JOINING = frozenset(
    "a an the and or with of for in on to some very that is und mit der die das für et avec le la les de du"
    " pour y con el los para".split()
)
_MUSIC = frozenset(
    "music song songs track tracks sound sounds musik klang klänge musique chanson música canción".split()
)
_IDLE = _JOINING | _MUSIC  # words that say nothing of the sound alone


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
    joint : the words in the space of a model that compares sounds with texts
    """

    words: str
    mood: Mood | None
    measured: tuple[Measurement, ...]
    labels: Mapping[str, float]
    keys: NDArray[np.int64]
    labeled: NDArray[np.int64]
    parts: tuple[Term, ...] = ()
    joint: JointText | None = None

    @property
    def understood(self) -> bool:
        """Whether it means anything in this library."""
        by_sound = bool(self.measured or self.labels or self.joint)
        return (
            by_sound or any(part.understood for part in self.parts) or len(self.keys) + len(self.labeled) > 0
        )


@dataclass(frozen=True, slots=True)
class _Context:
    """By what words are understood."""

    catalog: Catalog
    snapshot: Snapshot
    by_meaning: bool


def read_terms(
    text: str,
    catalog: Catalog,
    snapshot: Snapshot,
    embedders: Callable[[], Sequence[Embedder]],
    *,
    by_meaning: bool = True,
) -> list[Term]:
    """The terms of a search, in its order; its first words, where there are very many.

    Where one of the embedders also takes texts, it gets all words together but those for moods.

    Parameters
    ----------
    by_meaning : whether the encoder of the extra ``words`` may say what other words mean; it takes a second
        to load

    Raises
    ------
    EmbeddingError, WeightsError
    """
    terms = _read(text.split()[:_MOST_WORDS], _Context(catalog, snapshot, by_meaning and encoder_installed()))
    others = [term for term in terms if not term.measured]
    words = " ".join(term.words for term in others)
    joint = joint_text(words, embedders, snapshot) if words else None
    if joint is None:
        return terms
    keys = catalog.tracks.all_keys_with_words(words)
    together = Term(words, None, (), {}, keys, keys[:0], tuple(others), joint)
    return [*(term for term in terms if term.measured), together]


def _read(words: list[str], context: _Context) -> list[Term]:
    if all(word.casefold() in _IDLE for word in words):
        return [_term(words, context)]
    terms: list[tuple[list[str], Term]] = []
    for group in _group(words)[:_MOST_TERMS]:
        terms += _terms_of(group, context)
    return _join_unknown(terms, context)


def _group(words: list[str]) -> list[list[str]]:
    """Known names, the longest first, apart; what is between them together."""
    groups: list[list[str]] = []
    between: list[str] = []
    at = 0
    while at < len(words):
        n = next((n for n in range(_NAME_WORDS, 0, -1) if _is_name(words[at : at + n], n)), 0)
        if n:
            groups += [between, words[at : at + n]]
            between = []
        else:
            between.append(words[at])
        at += n or 1
    return [group for group in [*groups, between] if _telling(group)]


def _telling(words: list[str]) -> list[str]:
    return [word for word in words if word.casefold() not in _IDLE]


def _join_unknown(terms: list[tuple[list[str], Term]], context: _Context) -> list[Term]:
    """Where a term means nothing, it may mean something together with the labels beside it."""
    alone = [term for _, term in terms]
    if all(term.understood for term in alone) or not context.by_meaning:
        return alone
    joined = [(words, term) for words, term in terms if not term.measured and not len(term.keys)]
    words = [word for words, _ in joined for word in words]
    labels = labels_like(_phrase(words))
    if not labels:
        return alone
    first = joined[0][1]
    whole = replace(first, words=" ".join(_telling(words)), labels=labels, parts=())
    others = {id(term) for _, term in joined[1:]}
    return [whole if term is first else term for term in alone if id(term) not in others]


def _phrase(words: list[str]) -> str:
    """As it is compared by meaning: "chamber music" says more than "chamber"."""
    phrase = list(words)
    while phrase[0].casefold() in _JOINING:
        del phrase[0]
    while phrase[-1].casefold() in _JOINING:
        del phrase[-1]
    return " ".join(phrase)


def _is_name(words: list[str], n: int) -> bool:
    name = " ".join(words)
    return len(words) == n and bool(_telling(words)) and bool(mood_named(name) or labels_named(name))


def _terms_of(words: list[str], context: _Context) -> list[tuple[list[str], Term]]:
    """A known name as one term; other words together where they mean something together."""
    whole, telling = _term(words, context), _telling(words)
    if len(telling) == 1 or _is_name(words, len(words)) or len(whole.keys):
        return [(words, whole)]
    each = [([word], _term([word], context)) for word in telling]
    if not context.by_meaning:
        return each
    moods = [pair for pair in each if pair[1].measured]
    if moods:  # "ruhiges Klavier": a mood, and the rest
        rest = [word for word in words if [word] not in [pair[0] for pair in moods]]
        return moods + (_terms_of(rest, context) if _telling(rest) else [])
    parts = tuple(term for _, term in each)
    named = any(len(term.keys) for term in parts) and all(term.understood for term in parts)
    return [(words, replace(whole, parts=parts) if named else whole)]


def _term(words: list[str], context: _Context) -> Term:
    catalog, snapshot = context.catalog, context.snapshot
    name = " ".join(words)
    text = " ".join(_telling(words)) or name
    mood, labels = mood_named(text), {}
    measured = measurements(mood, snapshot) if mood else []
    if not measured:
        labels = related_labels(labels_named(name) or labels_named(text))
    if not measured and not labels and context.by_meaning:
        nearest = mood_like(text)
        mood = mood_named(nearest) if nearest else None
        measured = measurements(mood, snapshot) if mood else []
        labels = {} if measured else labels_like(_phrase(words) if _telling(words) else name)
    if not measured and not labels:
        labels = dict.fromkeys(labels_with_words(text), 1.0)
    keys = catalog.tracks.all_keys_with_words(text)
    unknown = not measured and not labels
    labeled = catalog.tracks.all_keys_with_words(text, by_label=True) if unknown else keys[:0]
    return Term(text, mood if measured else None, tuple(measured), labels, keys, labeled)
