"""What is measured of a group of tracks, in words, and names made of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.views.spec import Rows

TOLD_FROM = 0.5  # standard deviations of the library; what differs less is not worth a word
_IN_NAME = 3  # words
_LIFT = 2.0  # how many times as frequent as in the library a label must be
_SHARE = 0.25  # of the group's tracks that must have it
_BLOCK = 1 << 14  # rows at a time
PLAIN = "average"


@dataclass(frozen=True, slots=True)
class Feature:
    """What can be said of a mean: the words for more and for less than is usual.

    Attributes
    ----------
    dimensions : that measure it, of whatever space; several of one space are averaged
    """

    dimensions: tuple[str, ...]
    more: str | None
    less: str | None

    def columns(self, names: Sequence[str]) -> list[int]:
        """Where it is measured among a space's dimensions."""
        return [
            i for i, name in enumerate(names)
            if any(name == d or (d.endswith("*") and name.startswith(d[:-1])) for d in self.dimensions)
        ]  # fmt: skip


FEATURES = (
    Feature(("tempo_bpm", "tempo_log2", "tempo"), "fast", "slow"),
    Feature(("loudness_lkfs_mean", "loudness_db", "loudness", "rmse_mean_01"), "loud", "quiet"),
    Feature(("loudness_lkfs_std",), "changing loudness", "even loudness"),
    Feature(("centroid_hz_mean", "spectral_centroid_mean_01"), "bright", "dark"),
    Feature(("flatness_mean",), "noisy", "tonal"),
    Feature(("onset_strength_mean",), "sharp attacks", "soft attacks"),
    Feature(("pulse_*",), "steady beat", "loose beat"),
    Feature(("acousticness_log", "acousticness"), "acoustic", "not acoustic"),
    Feature(("instrumentalness_log", "instrumentalness"), "instrumental", "with voice"),
    Feature(("speechiness_log", "speechiness"), "much speech", None),
    Feature(("liveness_log", "liveness"), "live", None),
    Feature(("danceability",), "danceable", "not danceable"),
    Feature(("energy",), "energetic", "calm"),
    Feature(("valence",), "happy", "not happy"),
    Feature(("duration_log",), "long", "short"),
)


def deviations(rows: Rows, names: Sequence[str], numbers: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """float64 (k, n_features): how far each group's mean lies from that of all, in their standard deviation.

    Parameters
    ----------
    rows : of a space, (n, dim); NaN is left out
    names : of the space's dimensions; features that are not among them become NaN
    numbers : int64 (n,), each row's group
    """
    columns = [feature.columns(names) for feature in FEATURES]
    there = [i for i, found in enumerate(columns) if found]
    out = np.full((k, len(FEATURES)), np.nan)
    if not there:
        return out
    counts, sums, squares = (np.zeros((k, len(there))) for _ in range(3))
    for start in range(0, len(numbers), _BLOCK):
        part = slice(start, start + _BLOCK)
        x = np.asarray(rows[part], np.float64)
        values = np.stack([x[:, columns[i]].mean(axis=1) for i in there], axis=1)
        known = np.isfinite(values)
        values = np.where(known, values, 0)
        mine = (np.arange(k)[:, None] == numbers[part]).astype(np.float64)
        counts, sums, squares = counts + mine @ known, sums + mine @ values, squares + mine @ values**2
    total = np.maximum(counts.sum(axis=0), 1)
    mean = sums.sum(axis=0) / total
    std = np.sqrt(np.maximum(squares.sum(axis=0) / total - mean**2, 0))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (sums / counts - mean) / std
    out[:, there] = np.where((counts > 0) & (std > 1e-6 * np.maximum(np.abs(mean), 1e-6)), found, np.nan)
    return out


def words_of(deviation: NDArray[np.float64]) -> list[tuple[str, float]]:
    """The words for one group, with its deviations, the most telling first."""
    found = []
    for feature, value in zip(FEATURES, deviation.tolist(), strict=True):
        word = feature.more if value > 0 else feature.less
        if word is not None and abs(value) >= TOLD_FROM:
            found.append((word, round(value, 2)))
    return sorted(found, key=lambda pair: -abs(pair[1]))


def telling(shares: Mapping[str, float], usual: Mapping[str, float]) -> list[str]:
    """The labels that many of a group have and few of the others, the most telling first.

    Parameters
    ----------
    shares : of the group's tracks that have each label
    usual : likewise of all tracks
    """
    found = [name for name, x in shares.items() if x >= _SHARE and x >= _LIFT * usual[name]]
    return sorted(found, key=lambda name: (-shares[name] * math.log(shares[name] / usual[name]), name))


def in_order(words: Sequence[str], labels: Sequence[str]) -> list[str]:
    """For a name: what networks call it first, then what is measured, then the rest."""
    kept = _unlike(labels)
    mixed = [*kept[:1], *words[: _IN_NAME - len(kept[:1])], *kept[1:], *words]
    return list({word.casefold(): word for word in mixed}.values())


def _unlike(labels: Sequence[str]) -> list[str]:
    """Labels without what is in brackets; of those that share a word (Piano, Electric piano), the first."""
    kept: list[str] = []
    said: set[str] = set()
    for label in labels:
        short = label.partition(" (")[0]
        parts = set(short.casefold().replace(",", " ").split()) - {"music"}
        if not parts & said:
            kept.append(short)
            said |= parts
    return kept


def names_of(words: Sequence[Sequence[str]], examples: Sequence[str | None]) -> list[str]:
    """A name for each group, no two of the same words.

    Parameters
    ----------
    words : of each group, as ``in_order``
    examples : an artist or a track in the middle of each group, for those whose words are another's
    """
    taken: set[frozenset[str]] = set()
    names = []
    for mine, example in zip(words, examples, strict=True):
        said = list(mine[:_IN_NAME]) or [PLAIN]
        choices = [said[:], *(list(mine[:n]) for n in range(_IN_NAME + 1, len(mine) + 1))]
        choices += [[*said, f"like {example}"]] if example else []
        choices += [[*said, str(n)] for n in range(2, len(words) + 2)]
        chosen = next(parts for parts in choices if _key(parts) not in taken)
        taken.add(_key(chosen))
        names.append(", ".join(chosen))
    return names


def _key(parts: Sequence[str]) -> frozenset[str]:
    return frozenset(part.casefold() for part in parts)
