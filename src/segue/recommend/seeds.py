"""What a question starts from: tracks of the library, one or several by one name, or sounds outside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue.advice import command
from segue.catalog import Catalog, Snapshot, SpaceVectors
from segue.errors import AmbiguousQueryError, LibraryError
from segue.sound import Excerpts
from segue.spec import Embedder
from segue.track import Track
from segue.views.spec import Granularity, sound_vectors


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
    name : of several together: ``12 tracks by Iron Vesper``
    """

    seeds: tuple[Seed, ...]
    name: str | None = None

    @property
    def text(self) -> str:
        """For people."""
        (seed, *_) = self.seeds or (None,)
        if self.name is not None or seed is None:
            return self.name or ""
        return seed.display_name if isinstance(seed, Track) else seed.name


Query = str | Path | Seed | SeedGroup
Queries = Query | Sequence[Query]
"""What to start from, one or several: see ``similar``."""

Chooser = Callable[[AmbiguousQueryError], str | None]
"""Asks somebody which one is meant: the ``seed`` of a choice, or nothing."""


def analyze(source: str | Path | Excerpts, embedders: Sequence[Embedder]) -> AnalyzedSound:
    """What embedders make of a file, or of its sound that is loaded already. Raises AudioError."""
    from concurrent.futures import ThreadPoolExecutor

    from segue import audio

    sound = source if isinstance(source, Excerpts) else audio.load(source)
    with ThreadPoolExecutor(max(1, len(embedders))) as pool:  # somebody waits, and each uses one core
        results = pool.map(lambda embedder: embedder.embed(sound), embedders)
        embeddings = dict(zip([embedder.spec.space for embedder in embedders], results, strict=True))
    return AnalyzedSound(
        "sound" if isinstance(source, Excerpts) else Path(source).name,
        sound.duration_s,
        {space: x.pooled for space, x in embeddings.items()},
        {space: x.windows for space, x in embeddings.items()},
        {space: {x.name: x.score for x in e.labels} for space, e in embeddings.items() if e.labels},
    )


def analysis_of_track(catalog: Catalog, snapshot: Snapshot, track: Track) -> AnalyzedSound:
    """What a library knows of a track's sound."""
    labels = catalog.tracks.labels([track.id]).get(track.id, {})
    row = snapshot.row_of(catalog.tracks.key_of(track.id))
    if row is None:
        return AnalyzedSound(track.display_name, track.duration_s, {}, {}, labels)
    windows = {name: space.windows_of(row) for name, space in snapshot.spaces.items()}
    pooled = {name: space.vectors[row] for name, space in snapshot.spaces.items()}
    return AnalyzedSound(track.display_name, track.duration_s, pooled, windows, labels)


def space_vectors(
    sound: AnalyzedSound, spaces: Mapping[str, SpaceVectors], granularity: Granularity, *, in_library: bool
) -> list[NDArray[np.float32]]:
    """In each of a view's spaces, float32 (1, dim) or, by windows, (n_windows, dim).

    Raises
    ------
    LibraryError
        Where the sound has a vector in none of them.
    """
    pooled = [sound.pooled.get(name, np.full(s.spec.dim, np.nan)) for name, s in spaces.items()]
    windows = [sound.windows.get(name, np.zeros((0, s.spec.dim))) for name, s in spaces.items()]
    vectors = sound_vectors(pooled, windows, granularity)
    if not any(np.isfinite(x).any() for x in vectors):
        names = ", ".join(spaces)
        if in_library:
            raise LibraryError(f"{sound.name} has no vector in {names}: scan again")
        raise LibraryError(
            f"no installed embedder makes {names} vectors, so files outside the library cannot be "
            f"compared; see: {command('models')}"
        )
    return vectors
