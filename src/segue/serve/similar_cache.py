"""The commonest question, what is like these tracks, in as few steps as Python allows.

The answers are those of ``Library.similar``, from the same session. What is saved are the steps around it:
tracks are kept as the JSON that they are sent as, and requests that wait at the same time are one search.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Sequence

import numpy as np
import orjson
from numpy.typing import NDArray

from segue.errors import EmptyLibraryError
from segue.library import Library
from segue.recommend.session import Session
from segue.serve.http.thread_pool import Pool
from segue.serve.serializers import track_record

MOST_BYTES = 16_000_000  # of tracks that are kept, some 40 000
_OVERHEAD = 250  # bytes of a track beside its JSON: its key, its id, their places in three tables
_END = b'],"shortfall":null,"seeds":[],"left_out":[]}'
_SPARE = 6  # neighbors more than asked for: versions of one recording count once
_WAIT_S = 0.25  # for the index of what has just been written; then the one before answers

_Track = tuple[int, bytes]
"""A track as it is sent: key, JSON. A plain tuple, which the garbage collector passes over."""

_Nearest = tuple[list[int], list[float]]
"""Keys of tracks and their scores, best first."""

_State = tuple[Session | None, object, list[str]]  # what is said of tracks changes with the second


class TrackCache:
    """Tracks as the JSON that they are sent as, by id and by key; of too many, those asked for last stay.

    Parameters
    ----------
    most : bytes of tracks that are kept
    """

    def __init__(self, library: Library, most: int = MOST_BYTES) -> None:
        self._library = library
        self._most = most
        self._folders: list[str] = []
        self.clear([])

    def clear(self, folders: list[str]) -> None:
        """Forget all; paths are told from these folders on."""
        self._folders = folders
        self._keys: dict[str, int] = {}
        self._recent: dict[int, _Track] = {}
        self._before: dict[int, _Track] = {}
        self._bytes = 0

    def by_id(self, track_id: str) -> _Track | None:
        """A track, read from the library where it is not here yet."""
        key = self._keys.get(track_id)
        if key is None:
            key = self._library.tracks.key_of(track_id)
        return None if key < 0 else self.by_keys([key])[0]

    def by_keys(self, keys: Sequence[int]) -> list[_Track | None]:
        """Tracks, in the order of their keys; none where a track has gone."""
        missing = [key for key in keys if key not in self._recent and key not in self._before]
        if missing:
            self._keep(self._read(missing))
        tracks = [self._recent.get(key) or self._before.get(key) for key in keys]
        self._keep([track for track in tracks if track is not None and track[0] not in self._recent])
        return tracks

    @property
    def n_bytes(self) -> int:
        """Of what is kept, as Python holds it."""
        return self._bytes + sum(_size(track) for track in self._before.values())

    def _keep(self, tracks: Sequence[_Track]) -> None:
        for track in tracks:
            if 2 * self._bytes > self._most:
                self._before, self._recent, self._bytes = self._recent, {}, 0
                self._keys = {track_id: key for track_id, key in self._keys.items() if key in self._before}
            self._recent[track[0]] = track
            self._bytes += _size(track)

    def _read(self, keys: Sequence[int]) -> list[_Track]:
        tracks = self._library.tracks.by_keys(keys)
        clusters = self._library.cluster_numbers(tracks.values())
        self._keys.update({track.id: key for key, track in tracks.items()})
        records = {key: track_record(t, clusters.get(t.id), self._folders) for key, t in tracks.items()}
        # A copy: the bytes that orjson gives take up several times their length.
        return [(key, bytes(memoryview(orjson.dumps(record)))) for key, record in records.items()]


def _size(track: _Track) -> int:
    return sys.getsizeof(track[1]) + _OVERHEAD


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
        self._refreshing: asyncio.Task[_State] | None = None

    async def similar(self, seeds: Sequence[str], k: int, *, everything: bool = False) -> bytes | None:
        """The answer without likes and dislikes as JSON, the same for all users; none where it takes longer.

        So it does where what is unusual is near.
        """
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
        if self._refreshing is not None:
            self._refreshing.cancel()

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

    def _look(self) -> _State:
        folders = self._library.folders.all()
        try:
            session = self._library.recommender.session()
        except EmptyLibraryError:
            return None, (), folders
        index = session.index
        plain = not session.by_window and not session.is_affine and len(index.rows)
        return session if plain else None, (index.stamp, *self._library.content_version()), folders
