"""The commonest question, what is like these tracks, in as few steps as Python allows.

The answers are those of ``Library.similar``, from the same session. What is saved are the steps around it:
tracks are kept as the JSON that they are sent as, and requests that wait at the same time are one search.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

import numpy as np
import orjson
from numpy.typing import NDArray

from segue.errors import EmptyLibraryError
from segue.library import Library
from segue.recommend.session import Session
from segue.serve.http.thread_pool import Pool
from segue.serve.serializers import track_record
from segue.track import TrackId

_KEPT = 1 << 17  # tracks
_END = b'],"shortfall":null,"seeds":[],"left_out":[]}'
_SPARE = 6  # neighbors more than asked for: versions of one recording count once
_WARMED_AT_ONCE = 100  # tracks that are serialized beforehand, with a pause after each hundred
_PAUSE_S = 0.02
_WAIT_S = 0.25  # for the index of what has just been written; then the one before answers

_Track = tuple[int, bytes]
"""A track as it is sent: key, JSON. A plain tuple, which the garbage collector passes over."""

_Nearest = tuple[list[int], list[float]]
"""Keys of tracks and their scores, best first."""

_State = tuple[Session | None, object, list[str]]  # what is said of tracks changes with the second


class TrackCache:
    """Tracks as the JSON that they are sent as, by id and by key."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._by_id: dict[str, _Track] = {}
        self._by_key: dict[int, _Track] = {}
        self._folders: list[str] = []

    def clear(self, folders: list[str]) -> None:
        """Forget all; paths are told from these folders on."""
        self._folders, self._by_id, self._by_key = folders, {}, {}

    def by_id(self, track_id: str) -> _Track | None:
        """A track, read from the library where it is not here yet."""
        track = self._by_id.get(track_id)
        if track is None:
            self.add(self.read(list(self._library.tracks.keys_of([TrackId(track_id)]).values())))
            track = self._by_id.get(track_id)
        return track

    def by_keys(self, keys: Sequence[int]) -> list[_Track | None]:
        """Tracks, in the order of their keys; none where a track has gone."""
        missing = [key for key in keys if key not in self._by_key]
        if missing:
            self.add(self.read(missing))
        return [self._by_key.get(key) for key in keys]

    def add(self, tracks: dict[str, _Track]) -> None:
        if len(self._by_key) > 2 * _KEPT:
            self._by_id, self._by_key = {}, {}
        self._by_id |= tracks
        self._by_key |= {track[0]: track for track in tracks.values()}

    def read(self, keys: Sequence[int]) -> dict[str, _Track]:
        """Serialized tracks by their ids; safe in any thread."""
        tracks = self._library.tracks.by_keys(keys)
        clusters = self._library.cluster_numbers(tracks.values())
        folders = self._folders
        return {
            track.id: (key, orjson.dumps(track_record(track, clusters.get(track.id), folders)))
            for key, track in tracks.items()
        }


class Batcher:
    """One search for all requests of a turn of the event loop: thirty at once cost as much as ten alone."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Session, int, NDArray[np.float32], asyncio.Future[_Nearest]]] = []

    def nearest(self, session: Session, query: NDArray[np.float32], n: int) -> asyncio.Future[_Nearest]:
        """The n tracks nearest to a query, (1, dim)."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._search)
        answer: asyncio.Future[_Nearest] = loop.create_future()
        self._waiting.append((session, n, query, answer))
        return answer

    def _search(self) -> None:
        waiting, self._waiting = self._waiting, []
        groups: dict[tuple[int, int], list[int]] = {}
        for i, (session, n, _, _) in enumerate(waiting):
            groups.setdefault((id(session), n), []).append(i)
        for group in groups.values():
            session, n = waiting[group[0]][:2]
            answers = [waiting[i][3] for i in group]
            try:
                keys, scores = session.nearest_each(np.concatenate([waiting[i][2] for i in group]), n)
            except Exception as error:  # to those who asked
                for answer in answers:
                    if not answer.cancelled():
                        answer.set_exception(error)
                continue
            for answer, *nearest in zip(answers, keys.tolist(), scores.tolist(), strict=True):
                if not answer.cancelled():  # the client has gone
                    answer.set_result((nearest[0], nearest[1]))


class SimilarCache:
    """Answers plain questions by ids from one session, kept until the library changes.

    Used in the event loop's thread only.
    """

    def __init__(self, library: Library, pool: Pool) -> None:
        self._library, self._pool = library, pool
        self._tracks, self._batcher = TrackCache(library), Batcher()
        self._version = -1
        self._session: Session | None = None
        self._state: object = None
        self._warming: asyncio.Task[None] | None = None
        self._refreshing: asyncio.Task[_State] | None = None

    async def similar(
        self, seeds: Sequence[str], k: int, *, feedback: bool = True, everything: bool = False
    ) -> bytes | None:
        """The answer as JSON; none where it takes a longer way.

        So it does where likes and dislikes count, and where what is unusual is near.
        """
        if feedback and self._library.has_opinions():
            return None
        session = await self._current()
        if session is None:
            return None
        tracks = [track for seed in seeds if (track := self._tracks.by_id(seed))]
        places = [place for key, *_ in tracks if (place := session.index.place(key)) is not None]
        if len(places) < len(seeds):
            return None
        query = session.combine(session.index.take(places))
        keys, scores = await self._batcher.nearest(session, query, k + len(seeds) + _SPARE)
        # Short answers are filled with scores of minus infinity.
        nearest = [pair for pair in zip(keys, scores, strict=True) if pair[1] > -np.inf]
        if not everything and session.facts.any_unusual(
            np.array([key for key, _ in nearest], np.int64), session.index, session.settings
        ):
            return None
        without = [key for key, _ in tracks]
        return self._answer(session.versions.fold(nearest, session.index, without=without), k)

    def _answer(self, recordings: Sequence[tuple[tuple[int, ...], float]], k: int) -> bytes | None:
        """The first k recordings as they are sent; none where there are fewer."""
        parts = []
        for group, score in recordings:
            best, *others = self._tracks.by_keys(group)
            if best is not None:
                versions = b",".join(track[1] for track in others if track is not None)
                parts.append(
                    b'{"score":%.4f,"bias":null,"track":%b,"versions":[%b]}' % (score, best[1], versions)
                )
                if len(parts) == k:
                    return (
                        b'{"matches":[' + b",".join(parts) + b'],"shortfall":null,"seeds":[],"left_out":[]}'
                    )
        return None

    def close(self) -> None:
        """End what goes on in the background."""
        for task in (self._warming, self._refreshing):
            if task is not None:
                task.cancel()

    async def _current(self) -> Session | None:
        """A session of the library as it is, or as it was where a new one takes too long."""
        version = self._library.version()
        if version != self._version:
            if self._refreshing is None:
                self._refreshing = asyncio.create_task(self._pool.run(self._look))
            patience_s = None if self._session is None else _WAIT_S
            with contextlib.suppress(TimeoutError):
                state = await asyncio.wait_for(asyncio.shield(self._refreshing), patience_s)
                self._refreshing = None
                self._take(version, state)
        return self._session

    def _take(self, version: int, latest: _State) -> None:
        session, state, folders = latest
        if version == self._version:
            return  # another request was quicker
        self._version, self._session = version, session
        if state != self._state:
            self._state = state
            self._tracks.clear(folders)
            if session is not None:
                self._warming = asyncio.create_task(self._warm(session.index.keys[:_KEPT].tolist(), state))

    def _look(self) -> _State:
        folders = self._library.folders.all()
        try:
            session = self._library.recommender.session()
        except EmptyLibraryError:
            return None, (), folders
        index = session.index
        plain = not session.by_window and not session.is_affine and len(index.rows)
        return session if plain else None, (index.stamp, *self._library.content_version()), folders

    async def _warm(self, keys: Sequence[int], state: object) -> None:
        """Serialize all tracks, little by little, so that no request needs to."""
        for start in range(0, len(keys), _WARMED_AT_ONCE):
            tracks = await self._pool.run(self._tracks.read, keys[start : start + _WARMED_AT_ONCE])
            if state != self._state:
                return
            self._tracks.add(tracks)
            await asyncio.sleep(_PAUSE_S)
