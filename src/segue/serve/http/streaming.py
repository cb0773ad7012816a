"""Sound to clients: files as they are, with ranges; what a browser cannot play in another format."""

from __future__ import annotations

import asyncio
import contextlib
import re
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Literal

from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from segue.audio.transcode import TYPES, transcode
from segue.serve.http.errors import ApiError
from segue.serve.http.thread_pool import Pool
from segue.track import Track

Format = Literal["original", "auto", "mp3", "ogg"]
TRANSCODES = 4  # at a time, a worker
_WAIT_S = 10.0  # for one of them to end

_TYPES = {
    "mp3": "audio/mpeg", "wav": "audio/wav", "wave": "audio/wav", "flac": "audio/flac", "ogg": "audio/ogg",
    "oga": "audio/ogg", "opus": "audio/ogg", "m4a": "audio/mp4", "m4b": "audio/mp4", "mp4": "audio/mp4",
    "aac": "audio/aac", "webm": "audio/webm",
}  # fmt: skip
_PLAYED = frozenset(("mp3", "wav", "flac", "vorbis", "opus", "aac"))  # codecs that browsers know
_RANGE = re.compile(r"bytes=\s*(\d*)-(\d*)\s*(,.*)?")


def media_type(path: Path) -> str:
    return _TYPES.get(path.suffix[1:].lower(), "application/octet-stream")


def is_playable(path: Path, codec: str) -> bool:
    """Whether browsers play the file as it is."""
    return codec in _PLAYED and path.suffix[1:].lower() in _TYPES


def file_response(
    request: Request, path: Path, *, name: str | None = None, kind: str | None = None
) -> Response:
    """A file, or the parts of it that are asked for.

    Raises
    ------
    ApiError
        Where none of it is.
    """
    size = path.stat().st_size
    asked = request.headers.get("range")
    match = _RANGE.fullmatch(asked.strip()) if asked else None
    if match and not match[3] and (match[1] or match[2]) and _is_outside(match[1], match[2], size):
        raise ApiError(
            416, "no_such_range", f"the file has {size} bytes", headers={"content-range": f"bytes */{size}"}
        )
    if asked and not (match and (match[1] or match[2])) and request.scope["headers"]:
        # What is no range is passed over, as HTTP has it.
        request.scope["headers"] = [pair for pair in request.scope["headers"] if pair[0] != b"range"]
    headers = {"cache-control": "private, max-age=3600", "accept-ranges": "bytes"}
    if request.scope.get("segue.head"):
        headers["content-length"] = str(size)
        return Response(headers=headers, media_type=kind or media_type(path))
    return FileResponse(path, headers=headers, media_type=kind or media_type(path), filename=name)


def _is_outside(first: str, last: str, size: int) -> bool:
    if not first:
        return int(last) == 0
    return int(first) >= size or bool(last and int(last) < int(first))


class Transcoder:
    """Gives sounds in another format, a few at a time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._free = asyncio.Semaphore(TRANSCODES)

    async def response(
        self,
        request: Request,
        path: Path,
        kind: Literal["mp3", "ogg"],
        *,
        start_s: float = 0.0,
        bit_rate: int = 192_000,
    ) -> Response:
        """The sound as it is made.

        Raises
        ------
        ApiError
            Where too many are being made, or no sound comes of the file.
        """
        headers = {"cache-control": "private, max-age=3600", "accept-ranges": "none"}
        if request.scope.get("segue.head"):
            return Response(headers=headers, media_type=TYPES[kind])
        try:
            await asyncio.wait_for(self._free.acquire(), _WAIT_S)
        except TimeoutError:
            message, later = "too many sounds are being converted", {"retry-after": "5"}
            raise ApiError(503, "busy", message, headers=later) from None
        chunks = transcode(path, kind, start_s, bit_rate)
        rest = self._rest(chunks)
        # A client may go before the first chunk is asked for: then only its end tells.
        loop = asyncio.get_running_loop()
        weakref.finalize(rest, _quietly, loop, self._free.release)
        first = await self._pool.run(next, chunks, b"")
        if not first:
            raise ApiError(422, "damaged", "no sound could be decoded")
        return StreamingResponse(_after(first, rest), headers=headers, media_type=TYPES[kind])

    async def _rest(self, chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
        while chunk := await self._pool.run(next, chunks, b""):
            yield chunk


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


def _quietly(loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
    with contextlib.suppress(RuntimeError):  # the service has ended
        loop.call_soon_threadsafe(work)


def choose_format(form: Format, track: Track, path: Path) -> Literal["mp3", "ogg"] | None:
    """The format to convert to; none where the file goes as it is."""
    if form == "auto":
        return None if is_playable(path, track.codec) else "mp3"
    return None if form == "original" else form
