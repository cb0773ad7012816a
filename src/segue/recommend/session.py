"""Seeds to matches: what ``Library.similar`` does at one moment of the library."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue import audio
from segue.catalog import Catalog, Snapshot, Where
from segue.errors import AmbiguousQueryError, LibraryError, TrackNotFoundError, UsageError
from segue.index.metric import distances, prepare_queries
from segue.recommend import Match, Recommendations, away_from, best_by_track, centre_of, distinct, filters
from segue.spec import Embedder
from segue.track import Track
from segue.views.spec import formed
from segue.views.view_index import ViewIndex

Vector = NDArray[np.float32]
_LISTED = 10  # matches of an ambiguous text


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of a sound, by the names of spaces: its pooled row, its windows, what it is called."""

    name: str
    duration_s: float
    pooled: Mapping[str, NDArray[np.generic]]
    windows: Mapping[str, NDArray[np.generic]]
    labels: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


Seed = Track | Heard
Query = str | Path | Seed


def named(catalog: Catalog, text: str) -> Track:
    """The one track that a text means.

    Raises
    ------
    TrackNotFoundError, AmbiguousQueryError
    """
    track = catalog.by_id(text) or catalog.by_path(str(Path(text).expanduser().absolute()))
    if track:
        return track
    matches = catalog.by_source_id(text) or catalog.by_name(text)
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
    if isinstance(query, Heard):
        return query
    try:
        return find(query)
    except TrackNotFoundError:
        path = Path(str(query)).expanduser()
        if isinstance(query, Track) or not path.is_file():
            raise
    return hear(path, embedders)


def hear(path: str | Path, embedders: Sequence[Embedder]) -> Heard:
    """What embedders make of a file. Raises AudioError."""
    sound = audio.load(path)
    found = {embedder.spec.space: embedder.embed(sound) for embedder in embedders}
    return Heard(
        Path(path).name,
        sound.duration_s,
        {name: x.pooled for name, x in found.items()},
        {name: x.windows for name, x in found.items()},
        {name: {label.name: label.score for label in x.labels} for name, x in found.items() if x.labels},
    )


@dataclass(frozen=True, slots=True)
class Asking:
    """One moment of a library, and the index that it is asked through."""

    catalog: Catalog
    snapshot: Snapshot
    index: ViewIndex

    def similar(
        self,
        seeds: Sequence[Seed],
        minus: Sequence[Seed],
        k: int,
        *,
        same_artist: bool,
        where: Where | None,
    ) -> Recommendations:
        """The k tracks most like the seeds together, and less like the unwanted ones."""
        allowed = self.allowed(seeds, minus, same_artist=same_artist, where=where)
        matches = self.matches(self.queries(seeds, minus), allowed, k)
        return Recommendations(tuple(matches), self.shortfall(len(matches), k, where))

    def allowed(
        self, seeds: Sequence[Seed], minus: Sequence[Seed] = (), *, same_artist: bool, where: Where | None
    ) -> NDArray[np.bool_]:
        """bool over the index's rows: what may be an answer."""
        rows = self.index.rows
        keys = self.snapshot.keys[rows]
        allowed = filters.not_seeds(self.catalog, keys, _tracks(seeds), same_artist)
        if minus:
            allowed &= filters.not_seeds(self.catalog, keys, _tracks(minus), True)
        if where:
            allowed &= filters.meeting(where, self.catalog, self.snapshot, rows)
        return allowed

    def shortfall(self, n: int, k: int, where: Where | None, reason: str = "qualify") -> str | None:
        """Why there are n answers and not k."""
        if n >= k:
            return None
        text = f"{n} of {k}: no more of the library's {len(self.catalog)} tracks {reason}"
        return text + (filters.counts(where, self.catalog, self.snapshot, self.index.rows) if where else "")

    def queries(self, seeds: Sequence[Seed], minus: Sequence[Seed] = ()) -> NDArray[Any]:
        """(1, dim), what lies between the seeds, away from the unwanted; as frames, all their windows.

        Raises
        ------
        LibraryError, UsageError
        """
        together = np.concatenate([self.place_of(seed) for seed in seeds])
        unwanted = np.concatenate([self.place_of(seed) for seed in minus]) if minus else None
        metric = self.index.reading.metric
        if metric == "hamming":  # each bit as most have it
            if unwanted is not None:
                raise UsageError("bits have no direction to move in: leave out minus, or take another view")
            bits = np.unpackbits(together.astype(np.uint8), axis=1)
            return np.packbits(bits.mean(axis=0, keepdims=True) >= 0.5, axis=1)
        if not self.by_windows:
            together = together.mean(axis=0, keepdims=True) if self.straight else centre_of(together)
        return together if unwanted is None else away_from(together, unwanted, straight=self.straight)

    @property
    def by_windows(self) -> bool:
        """Whether a track has many vectors here, one a window."""
        return self.index.reading.form == "frames"

    @property
    def straight(self) -> bool:
        """Whether vectors are places, not directions."""
        return self.index.view is None and self.index.reading.metric != "cosine"

    def one_vector_each(self, what: str) -> None:
        """Raises UsageError where a track has many vectors here."""
        if self.by_windows:
            raise UsageError(
                f"in a view of frames a track has many vectors; {what} needs one: take another view"
            )

    def place_of(self, seed: Seed) -> NDArray[Any]:
        """(1, dim), or as frames (n_windows, dim): a seed as the index sees it. Raises LibraryError."""
        return self.index.seen(self.vectors_of(seed))

    def likeness(self, u: NDArray[Any], v: NDArray[Any]) -> NDArray[np.float32]:
        """float32 (m, n): scores of all pairs of what the index sees."""
        if self.index.view is not None:
            return np.asarray(u @ v.T, np.float32)
        metric = self.index.index.metric
        return self.index.scores(distances(prepare_queries(u, metric), v, metric))

    def places(self, tracks: Sequence[Track]) -> NDArray[Any]:
        """(n, dim): tracks that are in the index, as it sees them."""
        keys_of = self.catalog.keys_of(track.id for track in tracks)
        keys = np.array([keys_of[track.id] for track in tracks], np.int64)
        order = np.argsort(self.index.keys, kind="stable")
        at = order[np.searchsorted(self.index.keys, keys, sorter=order)]
        return self.index.index.take(self.index.index.ids[at])

    def vectors_of(self, seed: Seed) -> list[Vector]:
        """Of each space that is read, float32 (1, dim) or, as frames, (n_windows, dim) of a seed.

        Raises
        ------
        LibraryError
            Where it has no vector in any of them.
        """
        reading = self.index.reading
        spaces = reading.chosen(self.snapshot)
        heard = self.heard(seed)
        pooled = [heard.pooled.get(name, np.full(s.spec.dim, np.nan)) for name, s in spaces.items()]
        windows = [heard.windows.get(name, np.zeros((0, s.spec.dim))) for name, s in spaces.items()]
        found = formed(pooled, windows, reading.form)
        if not any(np.isfinite(x).any() for x in found):
            names = ", ".join(spaces)
            if isinstance(seed, Track):
                raise LibraryError(f"{seed.display_name} has no vector in {names}: scan again")
            raise LibraryError(f"nothing here hears a file as {names} does; segue models lists what there is")
        return found

    def heard(self, seed: Seed) -> Heard:
        """What is known of a seed's sound."""
        if not isinstance(seed, Track):
            return seed
        labels = self.catalog.labels(seed.id)
        row = self.snapshot.row_of(self.catalog.keys_of([seed.id]).get(seed.id, -1))
        if row is None:
            return Heard(seed.display_name, seed.duration_s, {}, {}, labels)
        spaces = self.snapshot.spaces
        windows = {name: space.windows_of(row) for name, space in spaces.items()}
        pooled = {name: space.vectors[row] for name, space in spaces.items()}
        return Heard(seed.display_name, seed.duration_s, pooled, windows, labels)

    def matches(self, queries: NDArray[Any], allowed: NDArray[np.bool_], k: int) -> list[Match]:
        """The k nearest tracks that are allowed, each content once."""
        qualified = int(allowed.sum())
        found: list[Match] = []
        # A few more than k, as copies of one file count once; all of them where that is too few.
        for n in (2 * k + 16, 40 * k + 400, qualified) if self.by_windows else (2 * k + 16, qualified):
            rows, scores = self._nearest(queries, min(n, qualified), allowed)
            keys = self.snapshot.keys[rows]
            tracks = self.catalog.by_keys(keys.tolist())
            there = [i for i, key in enumerate(keys) if int(key) in tracks]
            found = distinct([tracks[int(keys[i])] for i in there], scores[there], k)
            if len(found) == k or n >= qualified:
                break
        return found

    def _nearest(
        self, queries: NDArray[Any], n: int, allowed: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The catalog's rows and their scores, best first."""
        found, far = self.index.query(queries, n, allowed)
        scores = self.index.scores(far)
        return best_by_track(found, scores) if self.by_windows else (found[0], scores[0])


def _tracks(seeds: Sequence[Seed]) -> list[Track]:
    return [seed for seed in seeds if isinstance(seed, Track)]
