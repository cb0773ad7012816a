"""Words for moods, and which measurements say that a track has one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Snapshot
from segue.cluster.words import FEATURES, FeatureWords
from segue.track import folded

_SAMPLE = 1 << 15  # rows from which a library's percentiles are read
_QUANTILES = 512


@dataclass(frozen=True, slots=True)
class Mood:
    """A mood: its words, and the words of what is then measured (``cluster.words.FEATURES``)."""

    words: tuple[str, ...]
    measured: tuple[str, ...]


MOODS = (
    Mood(
        ("calm", "peaceful", "relaxed", "relaxing", "soothing", "tranquil"),
        ("calm", "slow", "quiet", "soft attacks"),
    ),
    Mood(
        ("energetic", "lively", "intense", "powerful", "vigorous"),
        ("energetic", "fast", "loud", "sharp attacks"),
    ),
    Mood(("gentle", "soft", "delicate"), ("quiet", "soft attacks")),
    Mood(("hard", "aggressive", "heavy"), ("loud", "noisy", "sharp attacks")),
    Mood(("dark", "gloomy", "somber"), ("dark",)),
    Mood(("bright", "brilliant", "shiny"), ("bright",)),
    Mood(("slow", "slowly", "downtempo"), ("slow",)),
    Mood(("fast", "quick", "uptempo"), ("fast",)),
    Mood(("loud",), ("loud",)),
    Mood(("quiet",), ("quiet",)),
    Mood(("noisy", "harsh", "distorted"), ("noisy",)),
    Mood(("tonal", "pure"), ("tonal",)),
    Mood(("rhythmic", "driving", "steady"), ("steady beat",)),
    Mood(("percussive", "punchy"), ("sharp attacks",)),
    Mood(("dynamic",), ("changing loudness",)),
    Mood(("danceable",), ("danceable",)),
    Mood(("happy", "cheerful"), ("happy",)),
    Mood(("acoustic",), ("acoustic",)),
    Mood(("instrumental",), ("instrumental",)),
    Mood(("long",), ("long",)),
    Mood(("short",), ("short",)),
)


@dataclass(frozen=True, slots=True)
class Measurement:
    """A feature in one space, and how to turn its values to percentiles of the library.

    Attributes
    ----------
    word : what a high percentile is called
    sign : -1 where a low value is meant
    quantiles : float64 (n,), rising, of the library's values times the sign
    """

    word: str
    space: str
    columns: tuple[int, ...]
    sign: int
    quantiles: NDArray[np.float64]

    def percentiles(self, snapshot: Snapshot, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """float64 (n,), [0, 1]: the share of the library with less of it; NaN where it is not measured."""
        x = self.sign * _values(snapshot, self.space, self.columns, rows)
        below = np.searchsorted(self.quantiles, x)
        at = np.minimum(below, len(self.quantiles) - 1)
        ends = np.searchsorted(self.quantiles, self.quantiles, "right")
        upto = np.where(self.quantiles[at] == x, ends[at], below)
        share = (below + upto) / (2 * len(self.quantiles))
        return np.where(np.isfinite(x), share, np.nan)


def mood_named(word: str) -> Mood | None:
    """The mood that a word means."""
    word = folded(word)
    return next((mood for mood in MOODS if word in mood.words), None)


def measurements(mood: Mood, snapshot: Snapshot) -> list[Measurement]:
    """What the library's spaces measure of a mood; nothing where they measure none of it."""
    live = np.flatnonzero((snapshot.keys >= 0) & ~snapshot.missing)
    sample = live[np.linspace(0, len(live) - 1, min(len(live), _SAMPLE)).astype(np.int64)]
    measurements = []
    for word in mood.measured:
        feature, sign = _SIGNED[word]
        for name, space in snapshot.spaces.items():
            columns = tuple(feature.columns(space.dimensions))
            values = sign * _values(snapshot, name, columns, sample) if columns else np.zeros(0)
            values = np.sort(values[np.isfinite(values)])
            if len(values) and values[0] < values[-1]:
                at = np.linspace(0, len(values) - 1, min(len(values), _QUANTILES)).round().astype(np.int64)
                measurements.append(Measurement(word, name, columns, sign, values[at]))
    return measurements


def mood_evidence(percentiles: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """float64 (n,), [0, 1]: the mean of what is measured; 0 where nothing is."""
    each = np.stack(percentiles)
    is_measured = np.isfinite(each)
    total = np.where(is_measured, each, 0).sum(axis=0)
    return np.asarray(total / np.maximum(is_measured.sum(axis=0), 1))


def _values(
    snapshot: Snapshot, space: str, columns: Sequence[int], rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    vectors = snapshot.spaces[space].vectors
    picked = [np.asarray(vectors[rows, column], np.float64) for column in columns]
    return np.asarray(np.mean(picked, axis=0))


def _signed_features() -> Mapping[str, tuple[FeatureWords, int]]:
    more = {feature.more: (feature, 1) for feature in FEATURES if feature.more}
    return more | {feature.less: (feature, -1) for feature in FEATURES if feature.less}


_SIGNED = _signed_features()
