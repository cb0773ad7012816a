"""What a question starts from: tracks of the library, one or several by one name, or sounds outside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue.errors import AmbiguousQueryError
from segue.spec import Embedder
from segue.track import Track


@dataclass(frozen=True, slots=True)
class AnalyzedSound:
    """What embedders make of a sound, by the names of their spaces: its vector, its windows, its labels."""

    name: str
    duration_s: float
    pooled: Mapping[str, NDArray[np.generic]]
    windows: Mapping[str, NDArray[np.generic]]
    labels: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


Seed = Track | AnalyzedSound


@dataclass(frozen=True, slots=True)
class SeedGroup:
    """What one query means: a sound, or several that go by one name and count as one together.

    Attributes
    ----------
    text : for people: ``12 tracks by Iron Vesper``
    """

    seeds: tuple[Seed, ...]
    text: str


Query = str | Path | Seed | SeedGroup
Queries = Query | Sequence[Query]
"""What to start from, one or several: see ``similar``."""

Chooser = Callable[[AmbiguousQueryError], str | None]
"""Asks somebody which one is meant: the ``seed`` of a choice, or nothing."""


def analyze(path: str | Path, embedders: Sequence[Embedder]) -> AnalyzedSound:
    """What embedders make of a file. Raises AudioError."""
    from segue import audio

    sound = audio.load(path)
    embeddings = {embedder.spec.space: embedder.embed(sound) for embedder in embedders}
    return AnalyzedSound(
        Path(path).name,
        sound.duration_s,
        {space: x.pooled for space, x in embeddings.items()},
        {space: x.windows for space, x in embeddings.items()},
        {space: {x.name: x.score for x in e.labels} for space, e in embeddings.items() if e.labels},
    )
