"""How alike two sounds are in timbre, in harmony and melody, and in rhythm: by the descriptors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_PAIRS = 4_000  # random pairs of the library that say what is usual
_LEAST = 1e-9
_TIMBRE = ("mfcc_", "centroid_", "bandwidth_", "rolloff_", "flatness_", "zero_crossing_", "contrast_")
_LOUDNESS = "mfcc_00_mean"  # not of the timbre

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Aspect:
    """One side of a sound.

    Attributes
    ----------
    name : timbre, harmony and melody, or rhythm
    score : 1 where both are the same, 0 where they are as far apart as two tracks of the library usually
        are, below 0 where they are further
    """

    name: str
    score: float


def compare_aspects(
    names: Sequence[str], a: NDArray[np.floating], b: NDArray[np.floating], library: NDArray[np.floating]
) -> list[Aspect]:
    """The three scores of two sounds; nothing where a space does not measure all three.

    score = 1 - d(a, b) / m, where m is the median of d over random pairs of the library.

    Parameters
    ----------
    names : of the space's dimensions
    a, b : (dim,)
    library : (n, dim), rows to compare with; those with NaN are left out
    """
    usual = library[np.isfinite(library).all(axis=1)].astype(np.float64)
    if len(usual) < 2 or not np.isfinite([a, b]).all():
        return []
    both = np.stack([a, b]).astype(np.float64)
    aspects = []
    for name, coordinates in _COORDINATES.items():
        points = coordinates(names, np.concatenate([both, usual]), usual)
        if points is None:
            return []
        far = float(np.linalg.norm(points[0] - points[1]))
        aspects.append(Aspect(name, max(-1.0, 1 - far / _usual_distance(points[2:]))))
    return aspects


def _usual_distance(points: Rows) -> float:
    a, b = np.random.default_rng(0).integers(0, len(points), (2, _PAIRS))
    far = np.linalg.norm(points[a[a != b]] - points[b[a != b]], axis=1)
    return max(float(np.median(far)), _LEAST)


def _timbre(names: Sequence[str], x: Rows, library: Rows) -> Rows | None:
    """The spectrum's shape: means of cepstrum, centroid and its kin, contrast, in standard deviations."""
    means = [i for i, name in enumerate(names) if name.startswith(_TIMBRE) and name.endswith("_mean")]
    means = [i for i in means if names[i] != _LOUDNESS]
    return _standardize(x[:, means], library[:, means]) if means else None


def _harmony(names: Sequence[str], x: Rows, library: Rows) -> Rows | None:
    """Which of the twelve tones are stronger than others: a direction."""
    tones = [i for i, name in enumerate(names) if name.startswith("chroma_") and name.endswith("_mean")]
    if not tones:
        return None
    profile = x[:, tones] - x[:, tones].mean(axis=1, keepdims=True)
    return np.asarray(profile / np.maximum(np.linalg.norm(profile, axis=1, keepdims=True), _LEAST))


def _rhythm(names: Sequence[str], x: Rows, library: Rows) -> Rows | None:
    """The tempo, in octaves, and how strong the pulse is at slow and fast rates."""
    if "tempo_bpm" not in names:
        return None
    pulses = [i for i, name in enumerate(names) if name.startswith("pulse_")]
    tempo = [names.index("tempo_bpm")]
    octaves, all_octaves = (np.log2(np.maximum(rows[:, tempo], 1)) for rows in (x, library))
    return np.hstack([_standardize(octaves, all_octaves), _standardize(x[:, pulses], library[:, pulses])])


def _standardize(x: Rows, library: Rows) -> Rows:
    """In the library's standard deviations, over the root of the number of dimensions."""
    spread = library.std(axis=0)
    return np.asarray((x - library.mean(axis=0)) / np.maximum(spread, _LEAST) / np.sqrt(x.shape[1]))


_COORDINATES: Mapping[str, Callable[[Sequence[str], Rows, Rows], Rows | None]] = {
    "timbre": _timbre,
    "harmony and melody": _harmony,
    "rhythm": _rhythm,
}
