"""What a library is asked: what is like this, what lies between, why, and where on the map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Catalog, Snapshot, Where
from segue.embed.descriptors import SPEC as DESCRIPTORS
from segue.embed.descriptors import Descriptors
from segue.errors import EmptyLibraryError, TrackNotFoundError, UsageError
from segue.map.layout import Map, OnProgress
from segue.recommend import Matrix, Recommendations, Why, explain, filters, playlists
from segue.recommend import map as maps
from segue.recommend.session import Asking, Heard, Query, Seed, hear, named, seed_of
from segue.spec import Embedder, Prior
from segue.track import Track
from segue.views.spec import Reading, reading_named, usual
from segue.views.store import Indexes
from segue.views.view_index import ViewIndex

_ATTEMPTS = 20  # at an answer while others write

Queries = Query | Sequence[Query]
"""Tracks, ids, paths, titles, or files outside the library; one or several."""

_Answer = TypeVar("_Answer")


class Recommender:
    """Answers about the tracks of a catalog; each is of one moment, also while others write."""

    def __init__(self, catalog: Catalog, embedders: Sequence[Embedder]) -> None:
        self._catalog = catalog
        self._embedders = tuple(embedders)
        self._indexes = Indexes(catalog.root / "index", self.prior)

    def similar(
        self,
        queries: Queries,
        *,
        minus: Queries = (),
        k: int = 10,
        same_artist: bool = True,
        label: str | None = None,
        where: Where | None = None,
        view: str | None = None,
    ) -> Recommendations:
        """The k tracks that sound most like the queries together, nearest first.

        Parameters
        ----------
        queries : tracks, ids, paths, titles, or files outside the library; one or several.
        minus : likewise, what to move away from. The score is then the cosine with what remains of the
            queries' direction without half of theirs, and they are no answers.
        same_artist : let tracks by a query's artist be answers.
        label : only tracks that a network has this word for, such as "Guitar"; short for
            ``where=Where(label="Guitar")``.
        where : only tracks that meet these conditions.
        view : how tracks are compared, such as ``audioset/frames/raw``: a space, a form (tracks,
            flattened, frames) and a transform (fitted, centred, raw); all spaces together unless told.

        Raises
        ------
        TrackNotFoundError, AmbiguousQueryError, EmptyLibraryError, AudioError
        UsageError
            Where nothing could ever meet a condition: no track has that genre, label, artist or album,
            or lies below that folder.
        """
        wanted, unwanted = _some(queries, k), _listed(minus)
        conditions = filters.joined(where, label)

        def answer(asking: Asking) -> Recommendations:
            seeds, others = self._seeds(wanted, asking), self._seeds(unwanted, asking)
            return asking.similar(seeds, others, k, same_artist=same_artist, where=conditions)

        return self._at_one_moment(view, answer)

    def playlist(
        self,
        queries: Queries,
        *,
        minus: Queries = (),
        k: int = 25,
        where: Where | None = None,
        same_artist: bool = True,
        variety: float = 0.3,
        view: str | None = None,
    ) -> Recommendations:
        """k tracks near the queries, varied, in an order that flows; no artist twice in a row if avoidable.

        Parameters
        ----------
        variety : from 0, the nearest tracks, to 1, such as are unlike each other.
        queries, minus, where, same_artist, view : as for ``similar``; not a view of frames.

        Raises
        ------
        As ``similar``.
        """
        if not 0 <= variety <= 1:
            raise UsageError(f"variety is {variety}, expected 0 to 1")
        wanted, unwanted = _some(queries, k), _listed(minus)

        def answer(asking: Asking) -> Recommendations:
            seeds, others = self._seeds(wanted, asking), self._seeds(unwanted, asking)
            return playlists.playlist(
                asking, seeds, others, k, same_artist=same_artist, where=where, variety=variety
            )

        return self._at_one_moment(view, answer)

    def journey(
        self, start: Query, end: Query, *, k: int = 12, where: Where | None = None, view: str | None = None
    ) -> Recommendations:
        """k tracks that lead from one sound to another in small steps; the score is likeness to the start.

        Parameters
        ----------
        start, end : the first and the last of them; a file outside the library is not among the k.
        where : what the tracks between must meet.
        view : as for ``similar``; not a view of frames.

        Raises
        ------
        UsageError
            Where both are the same sound, or k is below 2.
        TrackNotFoundError, AmbiguousQueryError, EmptyLibraryError, AudioError
        """
        if k < 2:
            raise UsageError(f"k is {k}; a journey has a start and an end, so it must be at least 2")

        def answer(asking: Asking) -> Recommendations:
            first, last = self._seeds([start, end], asking)
            return playlists.journey(asking, first, last, k, where)

        return self._at_one_moment(view, answer)

    def why(self, a: Query, b: Query, *, view: str | None = None) -> Why:
        """Why two sounds are alike or not: by which spaces, at which moments, in which words.

        Raises
        ------
        TrackNotFoundError, AmbiguousQueryError, EmptyLibraryError, AudioError, UsageError
        """
        return self._at_one_moment(view, lambda asking: explain.why(asking, *self._seeds([a, b], asking)))

    def matrix(self, queries: Queries, *, view: str | None = None) -> Matrix:
        """How much some sounds are alike, each with each.

        Raises
        ------
        TrackNotFoundError, AmbiguousQueryError, EmptyLibraryError, AudioError, UsageError
        """
        wanted = _some(queries)
        return self._at_one_moment(view, lambda asking: playlists.matrix(asking, self._seeds(wanted, asking)))

    def map(self, *, view: str | None = None, progress: OnProgress | None = None) -> Map:
        """A place in the plane for every track, so that neighbours are alike; kept beside the index.

        The same library has the same map. Where the library has changed since, it is made anew.

        Parameters
        ----------
        progress : called with the rounds done and the rounds there are; Ctrl-C ends it with nothing kept.

        Raises
        ------
        EmptyLibraryError, LibraryError, UsageError
        """
        return self._at_one_moment(
            view,
            lambda asking: maps.map_of(asking, self._indexes.map_path_of(asking.index.reading), progress),
            attempts=1,  # what is written meanwhile makes another map, another time
        )

    def kept_map(self, *, view: str | None = None) -> Map | None:
        """The map if it has been made of the library as it is."""
        return self._at_one_moment(
            view, lambda asking: maps.kept(asking, self._indexes.map_path_of(asking.index.reading))
        )

    def hear(self, path: str | Path) -> Heard:
        """A file outside the library as a query that has been listened to, for asking several times.

        Raises
        ------
        AudioError
        """
        return hear(path, self._embedders)

    def keys_matching(self, where: Where) -> NDArray[np.int64]:
        """Keys of the tracks that meet all conditions.

        Raises
        ------
        UsageError
            Where no track could.
        """
        snapshot = self._catalog.snapshot()
        rows = np.flatnonzero(snapshot.keys >= 0)
        return snapshot.keys[rows[filters.meeting(where, self._catalog, snapshot, rows)]]

    def index_of(self, view: str | None = None) -> ViewIndex:
        """The index that ``similar`` looks into.

        Raises
        ------
        EmptyLibraryError, UsageError
        """
        snapshot = self._current()
        return self._indexes.get(snapshot, self._reading(view, snapshot))

    def find(self, query: Query) -> Track:
        """The one track that a query means: an id, a path, a title, or other text.

        Raises
        ------
        TrackNotFoundError
        AmbiguousQueryError
            Where several tracks match; they are in its ``matches``.
        """
        return self._by_id(query.id) if isinstance(query, Track) else named(self._catalog, str(query))

    def prior(self) -> dict[str, Prior | None]:
        """Prior values by the names of the spaces, for views fitted elsewhere."""
        known: dict[str, Prior | None] = {e.spec.space: e.prior for e in self._embedders}
        return {DESCRIPTORS.space: Descriptors().prior} | known

    def _by_id(self, track_id: str) -> Track:
        track = self._catalog.by_id(track_id)
        if track is None:
            raise TrackNotFoundError(f"no track has the id {track_id!r}")
        return track

    def _at_one_moment(
        self, view: str | None, answer: Callable[[Asking], _Answer], *, attempts: int = _ATTEMPTS
    ) -> _Answer:
        for _ in range(attempts):
            version = self._catalog.version()
            snapshot = self._current()
            index = self._indexes.get(snapshot, self._reading(view, snapshot))
            found = answer(Asking(self._catalog, snapshot, index))
            # What was written meanwhile may have given a track another vector.
            if self._catalog.version() == version:
                break
        return found

    def _current(self) -> Snapshot:
        snapshot = self._catalog.snapshot()
        if not (snapshot.keys >= 0).any():
            raise EmptyLibraryError(
                f"the library in {self._catalog.root} has no tracks yet: segue scan FOLDER"
            )
        return snapshot

    def _reading(self, view: str | None, snapshot: Snapshot) -> Reading:
        return reading_named(view, snapshot.spaces) if view else usual(snapshot.spaces)

    def _seeds(self, queries: Sequence[Query], asking: Asking) -> list[Seed]:
        known = asking.index.reading.spaces or tuple(asking.snapshot.spaces)
        wanted = [embedder for embedder in self._embedders if embedder.spec.space in known]
        return [seed_of(query, self.find, wanted) for query in queries]


def _listed(queries: Queries) -> list[Query]:
    return [queries] if isinstance(queries, str | Path | Track | Heard) else list(queries)


def _some(queries: Queries, k: int = 1) -> list[Query]:
    """Raises UsageError where there are none, or none are asked for."""
    wanted = _listed(queries)
    if k < 1 or not wanted:
        raise UsageError(f"k is {k} and there are {len(wanted)} seeds; both must be at least 1")
    return wanted
