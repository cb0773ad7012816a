"""Sounds and pictures for players."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

from starlette.responses import Response

from segue.serve.covers import cover_response
from segue.serve.http.media_types import is_playable
from segue.serve.http.streaming import file_response
from segue.serve.seen_playlists import find_playlist
from segue.serve.subsonic.call import NOT_FOUND, Call, SubsonicError
from segue.serve.subsonic.extras import avatar
from segue.track import Track

_USUAL_KBPS = 192


async def stream(call: Call) -> Response:
    """The file, or converted where a format or a bit rate is asked for that it has not."""
    track, path = await call.service.run(call.service.track_file, call.need("id"))
    most, offset = call.number("maxBitRate", 0, 2000), call.number("timeOffset", 0, 360_000)
    kind = _transcoding(call.get("format"), most, track, path)
    if kind is None and not offset:
        return file_response(call.request, path)
    kbps = min(most or _USUAL_KBPS, 320)
    wants_length = call.flag("estimateContentLength", default=False)
    duration_s = max(0.0, track.duration_s - offset) if wants_length and kind != "ogg" else None
    return await call.service.transcoder.response(
        call.request, path, kind or "mp3", start_s=offset, bit_rate=1000 * kbps, duration_s=duration_s
    )


def _transcoding(form: str | None, most: int, track: Track, path: Path) -> Literal["mp3", "ogg"] | None:
    if form == "raw":
        return None
    kbps = track.size * 8 / track.duration_s / 1000 if track.duration_s else 0
    fits = not most or kbps <= most * 1.1
    if form in ("ogg", "opus", "oga"):
        return None if fits and track.codec in ("opus", "vorbis") else "ogg"
    if form == "mp3":
        return None if fits and track.codec == "mp3" else "mp3"
    return None if fits and is_playable(path, track.codec) else "mp3"


async def download(call: Call) -> Response:
    _, path = await call.service.run(call.service.track_file, call.need("id"))
    name = path.name.encode("utf-8", "replace").decode()
    return file_response(call.request, path, name=name)


async def cover(call: Call) -> Response:
    """Of a song, an album, an artist or a playlist: the picture of its first song."""
    size = call.number("size", 0, 2048) or None
    track = await call.service.run(_first_track, call)
    return await cover_response(call.service, call.request, track, size)


def _first_track(call: Call) -> Track:
    name, service = call.need("id"), call.service
    discography, library = service.library.discography(), service.library
    if name in discography.albums:
        ids = discography.albums[name].tracks
    elif name in discography.artists:
        ids = discography.artists[name].albums[0].tracks
    elif name.startswith("pl-"):
        seen = find_playlist(service, name)
        ids = seen.tracks() if seen else []
    else:
        return service.track(name)
    tracks = library.tracks.by_ids(ids[:1])
    if not tracks:
        raise SubsonicError(NOT_FOUND, "no picture of that")
    return tracks[0]


METHODS: dict[str, Callable[[Call], Awaitable[Response]]] = {
    "stream": stream,
    "download": download,
    "getCoverArt": cover,
    "getAvatar": avatar,
}
