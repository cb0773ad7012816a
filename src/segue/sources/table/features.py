"""Audio features to the dimensions of a space: what is skewed by its logarithm, the key as a circle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.sources.table.columns import FEATURES
from segue.spec import EmbedderSpec
from segue.track import Vectors

VERSION = 1
SHARES = ("speechiness", "acousticness", "instrumentalness", "liveness")  # from 0 to 1, most near 0
_FLOOR = 0.01  # added to a share before its logarithm; below it nothing is told apart
# How much a dimension counts once standardized. Key, metre and applause say less of a song's sound.
WEIGHTS: Mapping[str, float] = {
    "key": 0.2, "mode": 0.3, "time_signature": 0.3, "liveness": 0.4, "duration": 0.7,
}  # fmt: skip
_DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    **{name: (name,) for name in ("danceability", "energy", "valence", "mode", "time_signature")},
    **{name: (f"{name}_log",) for name in SHARES},
    "loudness": ("loudness_db",),
    "tempo": ("tempo_log2",),
    "key": ("key_sin", "key_cos"),
    "duration": ("duration_log",),
}
_ORDER = (*FEATURES, "duration")


def feature_spec(name: str, features: list[str]) -> EmbedderSpec:
    """The space of a table with these features."""
    return EmbedderSpec(
        name=name,
        version=VERSION,
        accepts="features",
        dim=len(dimension_names(features)),
        sr=0,
        window_s=0.0,
        hop_s=0.0,
        dtype="float32",
        license="the table's",
        reference="audio features of Spotify's Web API; recipe in docs/tables.md",
    )


def dimension_names(features: list[str]) -> list[str]:
    """The names of the dimensions that some features make."""
    return [dimension for name in _ORDER if name in features for dimension in _DIMENSIONS[name]]


def feature_weights(features: list[str], chosen: Mapping[str, float]) -> tuple[float, ...]:
    """The weight of each dimension: the usual one of its feature times the chosen one.

    Raises
    ------
    UsageError
        Where a chosen feature is not there, or its weight is no positive number or 0.
    """
    for name, weight in chosen.items():
        if name not in features:
            raise UsageError(f"no feature {name!r} to weight; the features are: {', '.join(features)}")
        if not 0 <= weight < 1e6:
            raise UsageError(f"the weight of {name} is {weight:g}, expected 0 or more")
    return tuple(
        WEIGHTS.get(name, 1.0) * chosen.get(name, 1.0)
        for name in _ORDER
        if name in features
        for _ in _DIMENSIONS[name]
    )


def feature_vectors(features: Mapping[str, NDArray[np.float64]]) -> Vectors:
    """float32 (n, dim): the dimensions of some rows; NaN where a value is not known.

    Parameters
    ----------
    features : by name, float64 (n,); tempo in beats per minute, loudness in dB, duration in seconds, key from
        0 (C) to 11 (B), NaN for what is not known
    """
    columns: list[NDArray[Any]] = []
    for name in _ORDER:
        if name not in features:
            continue
        x = features[name]
        if name == "key":
            columns += [np.sin(2 * np.pi * x / 12), np.cos(2 * np.pi * x / 12)]
        elif name in SHARES:
            columns.append(np.log(x + _FLOOR))
        elif name == "tempo":
            columns.append(np.log2(x))
        elif name == "duration":
            columns.append(np.log(x))
        else:
            columns.append(x)
    return np.stack(columns, axis=1).astype(np.float32)
