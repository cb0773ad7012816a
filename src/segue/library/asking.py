"""Seeds to matches: what ``Library.similar`` does at one moment of the library."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue import audio
from segue.catalog import Catalog, Snapshot, Where
from segue.embed import Embedder
from segue.errors import AmbiguousQueryError, LibraryError, TrackNotFoundError
from segue.index import ViewIndex
from segue.index.reading import formed
from segue.library import filters
from segue.recommend import Match, Recommendations, best_by_track, centre_of, distinct
from segue.track import Track

Query = str | Path | Track
Vector = NDArray[np.float32]
_LISTED = 10  # matches of an ambiguous text


@dataclass(frozen=True, slots=True)
class Heard:
    """A file outside the library: by the names of spaces, its pooled row and its windows."""

    pooled: Mapping[str, NDArray[np.generic]]
    windows: Mapping[str, NDArray[np.generic]]


Seed = Track | Heard


def named(catalog: Catalog, text: str) -> Track:
    """The one track that a text means.

    Raises
    ------
    TrackNotFoundError, AmbiguousQueryError
    """
    track = catalog.by_id(text) or catalog.by_path(str(Path(text).expanduser().absolute()))
    if track:
        return track
    matches = catalog.by_source_id(text) or catalog.named(text)
    matches = matches or catalog.search(text, _LISTED + 1, by_label=False)
    if not matches:
        raise TrackNotFoundError(f"no track matches {text!r}; segue search TEXT shows what there is")
    if len(matches) > 1:
        many = f"more than {_LISTED}" if len(matches) > _LISTED else str(len(matches))
        raise AmbiguousQueryError(f"{many} tracks match {text!r}; name one by its id", matches[:_LISTED])
    return matches[0]


def seed_of(query: Query, find: Callable[[Query], Track], embedders: Sequence[Embedder]) -> Seed:
    """A track of the library, or the vectors of a file outside it.

    Raises
    ------
    TrackNotFoundError, AmbiguousQueryError, AudioError
    """
    try:
        return find(query)
    except TrackNotFoundError:
        path = Path(str(query)).expanduser()
        if isinstance(query, Track) or not path.is_file():
            raise
    sound = audio.load(path)
    found = {embedder.spec.space: embedder.embed(sound) for embedder in embedders}
    return Heard(
        {name: x.pooled for name, x in found.items()}, {name: x.windows for name, x in found.items()}
    )


@dataclass(frozen=True, slots=True)
class Asking:
    """One moment of a library, and the index that it is asked through."""

    catalog: Catalog
    snapshot: Snapshot
    index: ViewIndex

    def similar(
        self, seeds: Sequence[Seed], k: int, *, same_artist: bool, where: Where | None
    ) -> Recommendations:
        """The k tracks most like the seeds together."""
        catalog, snapshot, rows = self.catalog, self.snapshot, self.index.rows
        tracks = [seed for seed in seeds if isinstance(seed, Track)]
        queries = self._queries(seeds)
        allowed = filters.not_seeds(catalog, snapshot.keys[rows], tracks, same_artist)
        if where:
            allowed &= filters.meeting(where, catalog, snapshot, rows)
        matches = self._matches(queries, allowed, k)
        shortfall = None
        if len(matches) < k:
            shortfall = f"{len(matches)} of {k}: no more of the library's {len(catalog)} tracks qualify"
            shortfall += filters.counts(where, catalog, snapshot, rows) if where else ""
        return Recommendations(tuple(matches), shortfall)

    def _queries(self, seeds: Sequence[Seed]) -> NDArray[Any]:
        """(1, dim), what lies between the seeds; as frames, all their windows."""
        seen = [self.index.seen(self.vectors_of(seed)) for seed in seeds]
        together = np.concatenate(seen)
        if self.index.reading.form == "frames":
            return together
        metric = self.index.reading.metric
        if metric == "hamming":  # each bit as most have it
            bits = np.unpackbits(together.astype(np.uint8), axis=1)
            return np.packbits(bits.mean(axis=0, keepdims=True) >= 0.5, axis=1)
        straight = self.index.view is None and metric != "cosine"
        return together.mean(axis=0, keepdims=True) if straight else centre_of(together)

    def vectors_of(self, seed: Seed) -> list[Vector]:
        """Of each space that is read, float32 (1, dim) or, as frames, (n_windows, dim) of a seed.

        Raises
        ------
        LibraryError
            Where it has no vector in any of them.
        """
        reading = self.index.reading
        spaces = reading.chosen(self.snapshot)
        heard = self._heard(seed) if isinstance(seed, Track) else seed
        pooled = [heard.pooled.get(name, np.full(s.spec.dim, np.nan)) for name, s in spaces.items()]
        windows = [heard.windows.get(name, np.zeros((0, s.spec.dim))) for name, s in spaces.items()]
        found = formed(pooled, windows, reading.form)
        if not any(np.isfinite(x).any() for x in found):
            names = ", ".join(spaces)
            if isinstance(seed, Track):
                raise LibraryError(f"{seed.label} has no vector in {names}: scan again")
            raise LibraryError(f"nothing here hears a file as {names} does; segue models lists what there is")
        return found

    def _heard(self, track: Track) -> Heard:
        row = self.snapshot.row_of(self.catalog.keys_of([track.id]).get(track.id, -1))
        if row is None:
            return Heard({}, {})
        spaces = self.snapshot.spaces
        windows = {name: space.windows_of(row) for name, space in spaces.items()}
        return Heard({name: space.vectors[row] for name, space in spaces.items()}, windows)

    def _matches(self, queries: NDArray[Any], allowed: NDArray[np.bool_], k: int) -> list[Match]:
        frames = self.index.reading.form == "frames"
        qualified = int(allowed.sum())
        matches: list[Match] = []
        # A few more than k, as copies of one file count once; all of them where that is too few.
        for n in (2 * k + 16, 40 * k + 400, qualified) if frames else (2 * k + 16, qualified):
            found, distances = self.index.query(queries, min(n, qualified), allowed)
            scores = self.index.scores(distances)
            rows, scores = best_by_track(found, scores) if frames else (found[0], scores[0])
            keys = self.snapshot.keys[rows]
            tracks = self.catalog.by_keys(keys.tolist())
            there = [i for i, key in enumerate(keys) if int(key) in tracks]
            matches = distinct([tracks[int(keys[i])] for i in there], scores[there], k)
            if len(matches) == k or n >= qualified:
                break
        return matches
