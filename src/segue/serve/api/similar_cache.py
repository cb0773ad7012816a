"""The commonest question, what is like these tracks, in as few steps as Python allows.

The answers are those of ``Library.similar``. Tracks are kept as the JSON that they are sent as, until
something in the catalog changes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

from segue.errors import EmptyLibraryError
from segue.library import Library
from segue.recommend import centre_of
from segue.serve.api.serializers import track_record
from segue.serve.http.thread_pool import Pool
from segue.spec import COSINE
from segue.track import TrackId
from segue.views.view_index import ViewIndex

_KEPT = 1 << 17  # tracks
_SPARE = 6  # neighbours more than asked for: copies of a file count once
_AT_ONCE = 100  # tracks that are learned of beforehand, with a pause after each hundred
_PAUSE_S = 0.02
_WAIT_S = 0.25  # for the index of what has just been written; then the one before answers


_Known = tuple[int, str, bytes]
"""A track as it is sent: key, content hash, JSON. A plain tuple, which the garbage collector passes over."""


@dataclass(frozen=True, slots=True)
class _Moment:
    """The library's index at one moment, and where each track's key is in it."""

    view: ViewIndex
    vectors: NDArray[np.float32]
    item_keys: NDArray[np.int64]  # in the order of the vectors
    ids: NDArray[np.int64]  # of the items, in that order
    keys: NDArray[np.int64]  # rising
    places: NDArray[np.int64]  # of those keys among the items

    @classmethod
    def of(cls, index: ViewIndex) -> _Moment:
        places = np.argsort(index.keys, kind="stable")
        item_keys = np.asarray(index.keys)
        return cls(index, index.vectors, item_keys, index.index.ids, item_keys[places], places)

    def place(self, key: int) -> int | None:
        at = int(self.keys.searchsorted(key))
        return int(self.places[at]) if at < len(self.keys) and self.keys[at] == key else None

    def nearest(self, queries: NDArray[np.float32], n: int) -> list[tuple[list[int], list[float]]]:
        """Keys of the tracks nearest to each query, and their scores."""
        items, distances = self.view.index.query(queries, n)
        keys = self.item_keys[self.ids.searchsorted(items)]
        fitted = self.view.view is not None  # of length 1, compared by the product
        scores = np.minimum(-distances, 1) if fitted else 1 - distances
        return list(zip(keys.tolist(), scores.tolist(), strict=True))


_Found = tuple[_Moment | None, object, list[str]]  # what is said of tracks changes with the second


_Nearest = tuple[list[int], list[float]]
_Waiting = tuple[_Moment, int, NDArray[np.float32], asyncio.Future[_Nearest]]


class Fast:
    """Used in the event loop's thread only."""

    def __init__(self, library: Library, pool: Pool) -> None:
        self._library, self._pool = library, pool
        self._version = -1
        self._moment: _Moment | None = None
        self._by_id: dict[str, _Known] = {}
        self._by_key: dict[int, _Known] = {}
        self._folders: list[str] = []
        self._state: object = None
        self._waiting: list[_Waiting] = []
        self._warming: asyncio.Task[None] | None = None
        self._fresh: asyncio.Task[_Found] | None = None

    async def similar(self, seeds: Sequence[str], k: int) -> bytes | None:
        """The answer as JSON; none where it takes a longer way."""
        moment = await self._now()
        if moment is None:
            return None
        known = [self._known(seed) for seed in seeds]
        places = [place for one in known if one and (place := moment.place(one[0])) is not None]
        if len(places) < len(known):
            return None
        hashes = {one[1] for one in known if one}
        query = centre_of(moment.vectors[places]) if len(places) > 1 else moment.vectors[places]
        keys, scores = await self._nearest(moment, query, k + len(seeds) + _SPARE)
        return self._answer(keys, scores, hashes, k)

    def _nearest(self, moment: _Moment, query: NDArray[np.float32], n: int) -> asyncio.Future[_Nearest]:
        """One search for all requests of this turn of the loop: thirty at once cost as much as ten alone."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._search)
        found: asyncio.Future[_Nearest] = loop.create_future()
        self._waiting.append((moment, n, query, found))
        return found

    def _search(self) -> None:
        waiting, self._waiting = self._waiting, []
        alike: dict[tuple[int, int], list[_Waiting]] = {}
        for one in waiting:
            alike.setdefault((id(one[0]), one[1]), []).append(one)
        for group in alike.values():
            moment, n = group[0][:2]
            futures = [found for *_, found in group]
            try:
                answers = moment.nearest(np.concatenate([query for _, _, query, _ in group]), n)
            except Exception as error:  # to those who asked
                for found in futures:
                    if not found.cancelled():
                        found.set_exception(error)
                continue
            for found, answer in zip(futures, answers, strict=True):
                if not found.cancelled():  # the client has gone
                    found.set_result(answer)

    def _answer(self, keys: list[int], scores: list[float], seen: set[str], k: int) -> bytes | None:
        self._learn([key for key in keys if key not in self._by_key])
        parts = []
        for key, score in zip(keys, scores, strict=True):
            one = self._by_key.get(key)
            if one is not None and one[1] not in seen and score > -np.inf:  # that fills up short answers
                seen.add(one[1])
                parts.append(b'{"score":%.4f,"track":%b}' % (score, one[2]))
                if len(parts) == k:
                    return b'{"matches":[' + b",".join(parts) + b'],"shortfall":null}'
        return None

    def close(self) -> None:
        """Learn no more."""
        for task in (self._warming, self._fresh):
            if task is not None:
                task.cancel()

    async def _now(self) -> _Moment | None:
        """The index of the library as it is, or as it was where a new one takes too long."""
        version = self._library.catalog.version()
        if version != self._version:
            if self._fresh is None:
                self._fresh = asyncio.create_task(self._pool.run(self._look))
            patience_s = None if self._moment is None else _WAIT_S
            with contextlib.suppress(TimeoutError):
                found = await asyncio.wait_for(asyncio.shield(self._fresh), patience_s)
                self._fresh = None
                self._take(version, found)
        return self._moment

    def _take(self, version: int, found: _Found) -> None:
        moment, state, folders = found
        if version == self._version:
            return  # another request was quicker
        self._version, self._moment = version, moment
        if state != self._state:
            self._state, self._folders = state, folders
            self._by_id, self._by_key = {}, {}
            if moment is not None:
                self._warming = asyncio.create_task(self._warm(moment.item_keys[:_KEPT].tolist(), state))

    def _look(self) -> _Found:
        listing, folders = self._library.catalog.listing, self._library.catalog.folders.all()
        try:
            index = self._library.index_of()
        except EmptyLibraryError:
            return None, (), folders
        by_angle = index.view is not None or index.reading.metric == COSINE
        plain = index.reading.form == "tracks" and by_angle and len(index.rows)
        return _Moment.of(index) if plain else None, (index.stamp, *listing.marker()), folders

    async def _warm(self, keys: Sequence[int], state: object) -> None:
        """Learn of all tracks, little by little, so that no request needs to."""
        for start in range(0, len(keys), _AT_ONCE):
            known = await self._pool.run(self._texts, keys[start : start + _AT_ONCE], self._folders)
            if state != self._state:
                return
            self._keep(known)
            await asyncio.sleep(_PAUSE_S)

    def _known(self, track_id: str) -> _Known | None:
        found = self._by_id.get(track_id)
        if found is None:
            self._learn(list(self._library.catalog.keys_of([TrackId(track_id)]).values()))
            found = self._by_id.get(track_id)
        return found

    def _learn(self, keys: Sequence[int]) -> None:
        if keys:
            if len(self._by_key) > 2 * _KEPT:
                self._by_id, self._by_key = {}, {}
            self._keep(self._texts(keys, self._folders))

    def _keep(self, known: dict[str, _Known]) -> None:
        self._by_id |= known
        self._by_key |= {one[0]: one for one in known.values()}

    def _texts(self, keys: Sequence[int], folders: Sequence[str]) -> dict[str, _Known]:
        catalog = self._library.catalog
        tracks = catalog.by_keys(keys)
        clusters = catalog.listing.clusters_of([track.id for track in tracks.values()])
        return {
            track.id: (
                key,
                track.content_hash,
                orjson.dumps(track_record(track, clusters.get(track.id), folders)),
            )
            for key, track in tracks.items()
        }
