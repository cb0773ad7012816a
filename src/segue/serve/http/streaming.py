"""Sound to clients: files as they are, with ranges; what a browser cannot play in another format."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import Literal

from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from segue.audio.transcode import TYPES, transcode
from segue.serve.http.conditions import is_unchanged
from segue.serve.http.errors import ApiError
from segue.serve.http.media_types import is_playable, media_type
from segue.serve.http.ranges import wanted_ranges
from segue.serve.http.slots import Slot, Slots, abort, at_end
from segue.serve.http.thread_pool import Pool
from segue.track import Track

log = logging.getLogger("segue.serve")
Format = Literal["original", "auto", "mp3", "ogg"]
CONVERSIONS, CONVERSIONS_EACH = 16, 8  # at a time, of a worker and of a client
_WAIT_S = 20.0  # for one of them to end
_SPARE_S = 0.2  # of an MP3, beyond what the sound lasts
_FILLING = 1 << 16  # bytes at a time


def file_response(request: Request, path: Path, *, name: str | None = None) -> Response:
    """A file, or the parts of it that are asked for; 304 where the client has it.

    Raises
    ------
    ApiError
        Where none of it is, or the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            stat = os.fstat(file.fileno())
    except OSError:
        raise ApiError(404, "file_missing", "the file was moved, deleted or cannot be read") from None
    headers = {"cache-control": "private, max-age=3600", "accept-ranges": "bytes"}
    answer = _File(path, headers=headers, media_type=media_type(path), filename=name, stat_result=stat)
    if is_unchanged(request.headers, answer.headers["etag"], stat.st_mtime):
        kept = {name: answer.headers[name] for name in ("etag", "last-modified", "cache-control")}
        return Response(status_code=304, headers=kept)
    _replace_range(request, stat.st_size)
    if request.scope.get("segue.head"):
        return Response(headers=dict(answer.headers))
    return answer


class _File(FileResponse):
    """A file that may change, or whose disk may go, while it is sent."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except (OSError, RuntimeError) as error:  # the latter, where there are fewer bytes than were promised
            log.warning("a file could not be sent to its end: %s", error)
            abort(scope)


def _replace_range(request: Request, size: int) -> None:
    """Leave of the request's ``Range`` what the file has."""
    range_headers = request.headers.getlist("range")
    if not range_headers:
        return
    ranges = wanted_ranges(",".join(range_headers), size)
    others = [pair for pair in request.scope["headers"] if pair[0] != b"range"]
    own = [(b"range", f"bytes={','.join(ranges)}".encode())] if ranges else []
    request.scope["headers"] = others + own


class Transcoder:
    """Gives sounds in another format, some at a time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.slots = Slots("too many sounds are being converted", CONVERSIONS, CONVERSIONS_EACH)

    async def response(
        self,
        request: Request,
        path: Path,
        kind: Literal["mp3", "ogg"],
        *,
        start_s: float = 0.0,
        bit_rate: int = 192_000,
        duration_s: float | None = None,
    ) -> Response:
        """The sound as it is made.

        Parameters
        ----------
        duration_s : where it is known and not 0, an MP3 gets a length, and as many bytes as that says

        Raises
        ------
        ApiError
            Where too many are being made, or no sound comes of the file.
        """
        headers = {"cache-control": "private, max-age=3600", "accept-ranges": "none"}
        n_bytes = mp3_bytes(duration_s, bit_rate) if duration_s and kind == "mp3" else None
        if n_bytes is not None:
            headers["content-length"] = str(n_bytes)
        if request.scope.get("segue.head"):
            return StreamingResponse(iter(()), headers=headers, media_type=TYPES[kind])
        slot = await self.slots.wait(request, _WAIT_S)
        chunks = _Chunks(transcode(path, kind, start_s, bit_rate))
        at_end(request.scope, lambda: self._pool.submit(chunks.close))
        first = await self._pool.run(chunks.next)
        if not first and start_s:
            raise ApiError(404, "past_the_end", f"the sound ends before {start_s:g} s")
        if not first:
            raise ApiError(422, "damaged", "no sound could be decoded")
        body = self._body(first, chunks, slot)
        if n_bytes is not None:
            body = _of_length(body, n_bytes)
        return StreamingResponse(body, headers=headers, media_type=TYPES[kind])

    async def _body(self, chunk: bytes, chunks: _Chunks, slot: Slot) -> AsyncIterator[bytes]:
        while chunk:
            slot.stalled_at = time.monotonic()  # until the client has taken it
            yield chunk
            slot.stalled_at = None
            chunk = await self._pool.run(chunks.next)


def mp3_bytes(duration_s: float, bit_rate: int) -> int:
    """How long an MP3 of one bit rate is made: some frames more, as encoders begin and end with silence."""
    rate = min(320_000, max(32_000, bit_rate))
    return math.ceil((duration_s + _SPARE_S) * rate / 8)


async def _of_length(body: AsyncIterator[bytes], n_bytes: int) -> AsyncIterator[bytes]:
    """The same, cut or filled up with zeros, which decoders of MP3 pass over."""
    left = n_bytes
    async for chunk in body:
        yield chunk[:left]
        left -= min(left, len(chunk))
        if not left:
            return
    while left:
        yield bytes(min(left, _FILLING))
        left -= min(left, _FILLING)


class _Chunks:
    """A generator that one thread may close while another is in it."""

    def __init__(self, chunks: Generator[bytes, None, None]) -> None:
        self._chunks = chunks
        self._lock = threading.Lock()

    def next(self) -> bytes:
        """The next one; none at the end."""
        with self._lock:
            return next(self._chunks, b"")

    def close(self) -> None:
        with self._lock:
            self._chunks.close()


def choose_format(form: Format, track: Track, path: Path) -> Literal["mp3", "ogg"] | None:
    """The format to convert to; none where the file goes as it is."""
    if form == "auto":
        return None if is_playable(path, track.codec) else "mp3"
    return None if form == "original" else form
