"""What a question starts from: tracks of the library, or sounds outside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue.advice import command
from segue.catalog import Catalog
from segue.errors import AmbiguousQueryError, TrackNotFoundError, UsageError
from segue.spec import Embedder
from segue.track import Track

_LISTED = 10  # matches of an ambiguous text


@dataclass(frozen=True, slots=True)
class AnalyzedSound:
    """What embedders make of a sound, by the names of their spaces: its vector, its windows, its labels."""

    name: str
    duration_s: float
    pooled: Mapping[str, NDArray[np.generic]]
    windows: Mapping[str, NDArray[np.generic]]
    labels: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


Seed = Track | AnalyzedSound
Query = str | Path | Seed
Queries = Query | Sequence[Query]
"""Tracks, ids, paths, titles, or files outside the library; one or several."""


def list_queries(queries: Queries) -> list[Query]:
    """One query or several, as a list."""
    return [queries] if isinstance(queries, str | Path | Track | AnalyzedSound) else list(queries)


def require_queries(queries: Queries, k: int = 1) -> list[Query]:
    """As ``list_queries``. Raises UsageError where there are none, or k is below 1."""
    listed = list_queries(queries)
    if k < 1 or not listed:
        raise UsageError(f"k is {k} and there are {len(listed)} seeds; both must be at least 1")
    return listed


def find_track(catalog: Catalog, query: Query) -> Track:
    """The one track that a query means: an id, a path, a title, or other text.

    Raises
    ------
    TrackNotFoundError, AmbiguousQueryError
    """
    if isinstance(query, Track):
        return track_by_id(catalog, query.id)
    text = str(query)
    matches = catalog.tracks.find(text, _LISTED + 1)
    if not matches:
        raise TrackNotFoundError(f"no track matches {text!r}; to look for it: {command('search TEXT')}")
    if len(matches) > 1:
        count = f"more than {_LISTED}" if len(matches) > _LISTED else str(len(matches))
        raise AmbiguousQueryError(f"{count} tracks match {text!r}; name one by its id", matches[:_LISTED])
    return matches[0]


def track_by_id(catalog: Catalog, track_id: str) -> Track:
    """Raises TrackNotFoundError."""
    track = catalog.tracks.by_id(track_id)
    if track is None:
        raise TrackNotFoundError(f"no track has the id {track_id!r}")
    return track


def resolve_seed(query: Query, catalog: Catalog, embedders: Callable[[], Sequence[Embedder]]) -> Seed:
    """A track of the library, or what the embedders make of a file outside it.

    Raises
    ------
    TrackNotFoundError, AmbiguousQueryError, AudioError
    """
    if isinstance(query, AnalyzedSound):
        return query
    try:
        return find_track(catalog, query)
    except TrackNotFoundError:
        path = Path(str(query)).expanduser()
        if isinstance(query, Track) or not path.is_file():
            raise
    return analyze(path, embedders())


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
