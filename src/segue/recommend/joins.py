"""How well tracks join: the same tempo, harmony and loudness where one ends and the next begins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Snapshot

WEIGHT = 0.15  # of a step between the two of a playlist that are least alike
_FASTER = 0.12  # a tempo that differs by more, halved and doubled too, does not join
_LOUDER_DB = 12.0
_CHROMA = tuple(
    f"chroma_{name}_mean" for name in ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
)
_NAMES = ("tempo_bpm", "loudness_lkfs_mean", *_CHROMA)

Costs = NDArray[np.float64]


def join_costs(snapshot: Snapshot, rows: NDArray[np.int64]) -> Costs:
    """float64 (n, n), [0, 1]: 0 where two rows' tracks join well; all 0 where nothing was measured."""
    values = _features(snapshot, rows)
    if values is None:
        return np.zeros((len(rows), len(rows)))
    tempo, loudness, chroma = values[:, 0], values[:, 1], values[:, 2:]
    each = [_tempo_costs(tempo), _loudness_costs(loudness), _harmony_costs(chroma)]
    return np.asarray(np.nan_to_num(np.mean(each, axis=0), nan=0.5))


def _features(snapshot: Snapshot, rows: NDArray[np.int64]) -> Costs | None:
    for space in snapshot.spaces.values():
        if set(_NAMES) <= set(space.dimensions):
            columns = [space.dimensions.index(name) for name in _NAMES]
            return np.asarray(space.vectors[rows][:, columns], np.float64)
    return None


def _tempo_costs(tempo: Costs) -> Costs:
    octaves = np.log2(np.maximum(tempo, 1e-9))
    apart = np.abs(octaves[:, None] - octaves)
    apart = np.abs(apart - np.round(apart))  # half and double are the same beat
    return np.asarray(np.minimum(1, apart / np.log2(1 + _FASTER)))


def _loudness_costs(loudness: Costs) -> Costs:
    return np.asarray(np.minimum(1, np.abs(loudness[:, None] - loudness) / _LOUDER_DB))


def _harmony_costs(chroma: Costs) -> Costs:
    """From the correlation of the pitch classes: near keys share them (Krumhansl 1990)."""
    centered = chroma - chroma.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(centered, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = centered @ centered.T / (lengths[:, None] * lengths)
    return np.asarray((1 - correlation) / 2)
