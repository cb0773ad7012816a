"""What a question starts from: tracks of the library, one or several by one name, or sounds outside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Catalog, Selection
from segue.errors import AmbiguousQueryError, TrackNotFoundError, UsageError
from segue.recommend.lookup import Chooser, lookup, lookup_track
from segue.spec import Embedder
from segue.track import Track

MOST_OF_ONE = 1_000  # tracks that stand for an artist, an album, a playlist or a folder

Found = TypeVar("Found")


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


def list_queries(queries: Queries) -> list[Query]:
    """One query or several, as a list."""
    return [queries] if isinstance(queries, str | Path | Track | AnalyzedSound | SeedGroup) else list(queries)


def require_queries(queries: Queries, k: int = 1) -> list[Query]:
    """As ``list_queries``. Raises UsageError where there are none, or k is below 1."""
    listed = list_queries(queries)
    if k < 1 or not listed:
        raise UsageError(f"k is {k} and there are {len(listed)} seeds; both must be at least 1")
    return listed


def flat(groups: Sequence[SeedGroup]) -> list[Seed]:
    """All sounds of some groups."""
    return [seed for group in groups for seed in group.seeds]


def told(queries: Sequence[Query], groups: Sequence[SeedGroup]) -> tuple[str, ...]:
    """What each query that is no track or sound itself was taken to mean."""
    pairs = zip(queries, groups, strict=True)
    return tuple(group.text for query, group in pairs if not isinstance(query, Track | AnalyzedSound))


def chosen(look: Callable[[str], Found], text: str, choose: Chooser | None) -> Found:
    """What a look-up finds; of several, the one that somebody chooses.

    Raises
    ------
    TrackNotFoundError, AmbiguousQueryError
    """
    try:
        return look(text)
    except AmbiguousQueryError as error:
        choice = choose(error) if choose else None
        if choice is None:
            raise
        return look(choice)


def find_track(catalog: Catalog, query: Query, choose: Chooser | None = None) -> Track:
    """The one track that a query means: an id, a path, a title, or other text.

    Raises
    ------
    TrackNotFoundError, AmbiguousQueryError
    """
    if isinstance(query, Track):
        return track_by_id(catalog, query.id)
    if isinstance(query, SeedGroup | AnalyzedSound):
        raise UsageError("one track is needed here; give its id, path or title")
    return chosen(lambda text: lookup_track(catalog, text), str(query), choose)


def track_by_id(catalog: Catalog, track_id: str) -> Track:
    """Raises TrackNotFoundError."""
    track = catalog.tracks.by_id(track_id)
    if track is None:
        raise TrackNotFoundError(f"no track has the id {track_id!r}")
    return track


def resolve_seed(
    query: Query,
    catalog: Catalog,
    embedders: Callable[[], Sequence[Embedder]],
    *,
    choose: Chooser | None = None,
    paths: bool = True,
) -> SeedGroup:
    """Tracks of the library, or what the embedders make of a file outside it.

    Parameters
    ----------
    choose : asks which one is meant, where a text may mean several.
    paths : whether a text may be a path of this machine.

    Raises
    ------
    TrackNotFoundError, AmbiguousQueryError, AudioError
    """
    if isinstance(query, SeedGroup):
        return query
    if isinstance(query, AnalyzedSound):
        return SeedGroup((query,), query.name)
    if isinstance(query, Track):
        return _one(track_by_id(catalog, query.id))
    try:
        found = chosen(lambda text: lookup(catalog, text, paths=paths), str(query), choose)
    except TrackNotFoundError:
        path = Path(str(query)).expanduser()
        if not paths or not path.is_file():
            raise
        sound = analyze(path, embedders())
        return SeedGroup((sound,), sound.name)
    return _one(found) if isinstance(found, Track) else _several(catalog, found)


def _one(track: Track) -> SeedGroup:
    return SeedGroup((track,), track.display_name)


def _several(catalog: Catalog, selection: Selection) -> SeedGroup:
    """All tracks of a selection; of very many, some from all of it."""
    keys = selection.keys[:: -(-len(selection.keys) // MOST_OF_ONE)] if selection.keys else ()
    tracks = catalog.tracks.by_keys(keys)
    used = f", of which {len(keys)} are used" if len(keys) < len(selection.keys) else ""
    return SeedGroup(tuple(tracks[key] for key in keys if key in tracks), f"{selection}{used}")


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
