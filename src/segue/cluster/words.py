"""Words for what is measured of a group of tracks, and labels that tell it from the others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.views.spec import Rows

MIN_DEVIATION = 0.5  # standard deviations of the library; a smaller one is not worth a word
_MIN_LIFT = 2.0  # how many times as frequent as in the library a label must be
_MIN_SHARE = 0.25  # of the group's tracks that must have it
_BLOCK = 1 << 14  # rows at a time


@dataclass(frozen=True, slots=True)
class FeatureWords:
    """The words for more and for less of a feature than is usual.

    Attributes
    ----------
    dimensions : that measure it, in any space; several of one space are averaged
    """

    dimensions: tuple[str, ...]
    more: str | None
    less: str | None

    def columns(self, names: Sequence[str]) -> list[int]:
        """Columns of a space that measure it, by the names of the space's dimensions."""
        return [
            i for i, name in enumerate(names)
            if any(name == d or (d.endswith("*") and name.startswith(d[:-1])) for d in self.dimensions)
        ]  # fmt: skip


FEATURES = (
    FeatureWords(("tempo_bpm", "tempo_log2", "tempo"), "fast", "slow"),
    FeatureWords(("loudness_lkfs_mean", "loudness_db", "loudness", "rmse_mean_01"), "loud", "quiet"),
    FeatureWords(("loudness_lkfs_std",), "changing loudness", "even loudness"),
    FeatureWords(("centroid_hz_mean", "spectral_centroid_mean_01"), "bright", "dark"),
    FeatureWords(("flatness_mean",), "noisy", "tonal"),
    FeatureWords(("onset_strength_mean",), "sharp attacks", "soft attacks"),
    FeatureWords(("pulse_*",), "steady beat", "loose beat"),
    FeatureWords(("acousticness_log", "acousticness"), "acoustic", "not acoustic"),
    FeatureWords(("instrumentalness_log", "instrumentalness"), "instrumental", "with voice"),
    FeatureWords(("speechiness_log", "speechiness"), "much speech", None),
    FeatureWords(("liveness_log", "liveness"), "live", None),
    FeatureWords(("danceability",), "danceable", "not danceable"),
    FeatureWords(("energy",), "energetic", "calm"),
    FeatureWords(("valence",), "happy", "not happy"),
    FeatureWords(("duration_log",), "long", "short"),
)


def deviations(rows: Rows, names: Sequence[str], numbers: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """float64 (k, n_features): how far each group's mean is from that of all, in standard deviations of all.

    Parameters
    ----------
    rows : of a space, (n, dim); NaN is left out
    names : of the space's dimensions; features that are not among them become NaN
    numbers : int64 (n,), each row's group
    """
    columns = [feature.columns(names) for feature in FEATURES]
    measured = [i for i, indices in enumerate(columns) if indices]
    out = np.full((k, len(FEATURES)), np.nan)
    if not measured:
        return out
    counts, sums, squares = (np.zeros((k, len(measured))) for _ in range(3))
    for start in range(0, len(numbers), _BLOCK):
        part = slice(start, start + _BLOCK)
        x = np.asarray(rows[part], np.float64)
        values = np.stack([x[:, columns[i]].mean(axis=1) for i in measured], axis=1)
        finite = np.isfinite(values)
        values = np.where(finite, values, 0)
        member = (np.arange(k)[:, None] == numbers[part]).astype(np.float64)
        counts, sums, squares = counts + member @ finite, sums + member @ values, squares + member @ values**2
    total = np.maximum(counts.sum(axis=0), 1)
    mean = sums.sum(axis=0) / total
    std = np.sqrt(np.maximum(squares.sum(axis=0) / total - mean**2, 0))
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (sums / counts - mean) / std
    varies = std > 1e-6 * np.maximum(np.abs(mean), 1e-6)
    out[:, measured] = np.where((counts > 0) & varies, z, np.nan)
    return out


def deviation_words(deviation: NDArray[np.float64]) -> list[tuple[str, float]]:
    """The words for one group, with its deviations, the most telling first."""
    words = []
    for feature, value in zip(FEATURES, deviation.tolist(), strict=True):
        word = feature.more if value > 0 else feature.less
        if word is not None and abs(value) >= MIN_DEVIATION:
            words.append((word, round(value, 2)))
    return sorted(words, key=lambda pair: -abs(pair[1]))


def distinctive_labels(shares: Mapping[str, float], usual: Mapping[str, float]) -> list[str]:
    """The labels that many of a group have and few of the others, the most telling first.

    Parameters
    ----------
    shares : of the group's tracks that have each label
    usual : likewise of all tracks
    """
    frequent = [name for name, x in shares.items() if x >= _MIN_SHARE and x >= _MIN_LIFT * usual[name]]
    return sorted(frequent, key=lambda name: (-shares[name] * math.log(shares[name] / usual[name]), name))
