"""Covers over HTTP: pictures, or drawings where there are none."""

from __future__ import annotations

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from segue.audio.covers import cover_image
from segue.audio.placeholder_covers import placeholder_cover
from segue.errors import TrackNotFoundError
from segue.serve.http.conditions import is_unchanged
from segue.serve.http.errors import ApiError
from segue.serve.service import Service
from segue.track import Track

_DRAWN_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
_DRAWN_SIZE = 256  # pixels, where none is asked for


async def cover_response(service: Service, request: Request, track: Track, size: int | None) -> Response:
    """The cover of a track, scaled down to ``size`` pixels; 304 where the client has this very picture.

    The tag comes from the picture and not from the track: a file such as ``cover.jpg`` may change or arrive
    beside a track that stays as it is.

    Raises
    ------
    ApiError
        503: too many pictures wait for a decoder
    """
    picture = await _picture(service, request, track, size)
    headers = {"cache-control": "private, max-age=86400"}
    if picture is None:
        picture = placeholder_cover(track, size or _DRAWN_SIZE), "image/svg+xml"
        headers["content-security-policy"] = _DRAWN_POLICY
    content, media_type = picture
    headers["etag"] = f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    if is_unchanged(request.headers, headers["etag"]):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)


async def _picture(
    service: Service, request: Request, track: Track, size: int | None
) -> tuple[bytes, str] | None:
    try:
        _, path = await service.run(service.track_file, track.id)
        return await service.decode(request, lambda: cover_image(path, size))
    except (TrackNotFoundError, OSError):
        return None
    except ApiError as error:
        if error.status == 503:  # a drawing would be kept for a day
            raise
        return None
