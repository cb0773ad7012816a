"""What the routes of one worker share: the library, threads, limits, clips, jobs."""

from __future__ import annotations

import asyncio
import copy
import functools
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from starlette.types import Scope

from segue.audio.peaks import PeakStore
from segue.errors import TrackNotFoundError
from segue.library import CATALOG_FILE, Library
from segue.recommend import Recommendations
from segue.serve.clips import Clips
from segue.serve.http.callers import Caller
from segue.serve.http.disconnects import while_connected
from segue.serve.http.errors import ApiError
from segue.serve.http.limits import make_levels
from segue.serve.http.logins import Logins
from segue.serve.http.metrics import Metrics
from segue.serve.http.presence import Presence
from segue.serve.http.security import Guard
from segue.serve.http.slots import Slots
from segue.serve.http.streaming import Transcoder
from segue.serve.http.thread_pool import Pool, end_process_soon
from segue.serve.jobs import Jobs
from segue.serve.serializers import Record, matches_record, track_records
from segue.serve.settings import Settings
from segue.serve.similar_cache import SimilarCache
from segue.serve.watching import Watching
from segue.track import Track, clean, readable
from segue.users import User

EVENTS, EVENTS_EACH = 64, 16  # streams of jobs' events at a time, of a worker and of a client
DECODINGS, DECODINGS_EACH = 64, 32  # covers, outlines and clips that wait for one of these threads
_THREADS = 8  # for what looks into the library
_DECODERS = 2  # sounds that are decoded at a time
_CONVERTERS = 2  # that work at a time; others wait for their next piece


_T = TypeVar("_T")


class Service:
    """Made once a worker; ``close`` ends its threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.ending = threading.Event()  # Ctrl-C: what waits should wait no more
        self.library = Library.open(settings.library)
        self.presence = Presence(self.library.path / CATALOG_FILE)
        self.base = self  # with what the owner keeps
        self.user: User | None = None  # whose things ``library`` has, besides the owner
        self._of_users: dict[str, Service] = {}
        self.users = self.library.users
        self.guard = Guard(settings, self.users)
        self.verifying = asyncio.Lock()  # one password at a time: each takes 64 MiB
        self.metrics = Metrics()
        self.levels = make_levels(settings.scratch, settings.workers)
        self.logins = Logins(self.levels)
        self.events = Slots("too many jobs are being watched", EVENTS, EVENTS_EACH)
        self.pool = Pool("serve", _THREADS)
        self.decoding = Pool("decode", _DECODERS)
        self.analyzing = Pool("analyze", _DECODERS)
        self.clips = Clips(Path(settings.scratch) / "clips", settings.clip_s, self.library, self.analyzing)
        self.jobs = Jobs(Path(settings.scratch) / "jobs", self.library)
        self.watching = Watching(settings, self.library, self.jobs)
        self.peaks = PeakStore()
        self.similar_cache = SimilarCache(self.library, self.pool)
        self.converting = Pool("convert", _CONVERTERS)
        self.transcoder = Transcoder(self.converting)
        self.decodings = Slots("too many sounds are being decoded", DECODINGS, DECODINGS_EACH)
        self.run = self.pool.run

    def close(self) -> None:
        self.similar_cache.close()
        self.watching.close()
        pools = (self.pool, self.decoding, self.analyzing, self.converting)
        ended = [self.jobs.close(), *(pool.close(self._close_libraries) for pool in pools)]
        if not all(ended):
            end_process_soon()
        self._close_libraries()

    def _close_libraries(self) -> None:
        for service in (self, *list(self._of_users.values())):
            service.library.close()

    def for_user(self, user: User | None) -> Service:
        """The same service with what a user keeps, and clips of their own."""
        if user is None or user.owner:
            return self
        if user.id not in self._of_users:
            service = copy.copy(self)
            service.user, service.library = user, self.library.as_user(user)
            folder = Path(self.settings.scratch) / "clips-of" / user.id
            service.clips = Clips(folder, self.settings.clip_s, self.library, self.analyzing)
            self._of_users.setdefault(user.id, service)
        return self._of_users[user.id]

    def sweep(self) -> None:
        """Delete expired clips, and forget users who were removed."""
        accounts = self.users.accounts()
        for user_id, service in list(self._of_users.items()):
            service.clips.sweep()
            if accounts is None or user_id not in accounts.users:
                self._of_users.pop(user_id, None)
        self.clips.sweep()

    async def decode(self, request: Request, work: Callable[[], _T]) -> _T:
        """What ``work`` returns, done in a thread that decodes, if the client is still there when it begins.

        Raises
        ------
        ApiError, ClientDisconnect
        """
        self.decodings.take(request.scope)
        return await while_connected(request, self.decoding.run(work))

    async def verified(self, client: str, look: Callable[[], _T]) -> _T:
        """What ``look`` finds out about a password: nothing where it is wrong, which is counted.

        Raises
        ------
        ApiError
            429 where a client has tried too many.
        """
        self.logins.check("login", client)
        async with self.verifying:
            self.logins.check("login", client)  # others may have been wrong while this one waited
            answer = await self.run(look)
            if not answer:
                self.logins.wrong("login", client)
        return answer

    async def analyze_clips(self, request: Request, ids: Sequence[str]) -> None:
        """Have the vectors of the clips among some seeds, so that no thread which asks has to make them."""
        for name in ids:
            if Clips.is_clip(name) and not self.clips.is_analyzed(name):
                await self.decode(request, functools.partial(self.clips.seed, name))

    # In the threads

    def track(self, track_id: str) -> Track:
        """One track by its id, and by nothing else: no path of a client's is looked at.

        Raises
        ------
        ApiError
        """
        try:
            return self.library[track_id]
        except TrackNotFoundError:
            raise ApiError(404, "track_not_found", f"no track has the id {track_id[:100]!r}") from None

    def scanned_folders(self) -> list[str]:
        """The folders that were scanned before."""
        return self.library.folders.all()

    def shared(self) -> Mapping[str, User]:
        """Whose the playlists are that everybody sees, by the playlists' ids."""
        accounts = self.guard.accounts()
        return accounts.shared if accounts else {}

    def share(self, playlist_id: str, public: bool) -> None:
        """Let everybody see one of one's own playlists, or nobody else any more.

        Raises
        ------
        ApiError
            Where the library has no users.
        """
        accounts = self.guard.accounts()
        user = self.user or (accounts.owner if accounts else None)
        if user is None:
            raise ApiError(409, "no_users", "the library has no users who could see it")
        self.users.share(user, playlist_id, public)

    def records(self, tracks: Sequence[Track]) -> list[Record]:
        return track_records(tracks, self.library.cluster_numbers(tracks), self.library.folders.all())

    def matches(self, recommendations: Recommendations) -> dict[str, Any]:
        tracks = [track for match in recommendations for track in (match.track, *match.versions)]
        clusters = self.library.cluster_numbers(tracks)
        return matches_record(recommendations, clusters, self.library.folders.all())

    @staticmethod
    def text(name: str) -> str:
        return clean(readable(name)) or ""

    def track_file(self, track_id: str) -> tuple[Track, Path]:
        """A track and the path of its file, which exists.

        Raises
        ------
        ApiError
        """
        track = self.track(track_id)
        if not track.has_file:
            raise ApiError(404, "no_file", "this track has no audio file")
        path = Path(track.path)
        if not path.is_file():
            raise ApiError(404, "file_missing", "the file was moved or deleted: scan the library again")
        return track, path

    @functools.cached_property
    def writable(self) -> bool:
        return os.access(self.library.path, os.W_OK)


def service_for(service: Service, scope: Scope) -> Service:
    """The service with what the sender of a request keeps."""
    return service.for_user(caller_of(scope).user)


def caller_of(scope: Scope) -> Caller:
    """Who sent a request, as the middleware has found out."""
    caller: Caller = scope["segue.caller"]
    return caller


async def get_service(request: Request) -> Service:
    return service_for(request.app.state.service, request.scope)


ServiceDep = Annotated[Service, Depends(get_service)]
