"""What a track sounds and looks like: audio, cover, outline."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from segue.audio.peaks import MAX_PEAKS, TooLong, compute_peaks, to_list
from segue.serve.api import track_models as models
from segue.serve.covers import cover_response
from segue.serve.http.errors import ApiError
from segue.serve.http.responses import json_response, openapi_responses
from segue.serve.http.streaming import Format, choose_format, file_response
from segue.serve.service import ServiceDep

routes = APIRouter(tags=["tracks"])
_DAY = "private, max-age=86400"
_SOUND = openapi_responses(None, 404, 416, 503, media="audio/*") | {
    206: {"description": "The range that was requested."},
    304: {"description": "Unchanged."},
}
_PICTURE = openapi_responses(None, 404, 503, media="image/*") | {304: {"description": "Unchanged."}}


@routes.get("/tracks/{track_id}/audio", response_class=Response, responses=_SOUND)
async def get_track_audio(
    service: ServiceDep,
    request: Request,
    track_id: str,
    form: Annotated[Format, Query(alias="format")] = "auto",
    start_s: Annotated[float, Query(ge=0, le=360_000)] = 0.0,
) -> Response:
    """The track's audio: its file, with ranges, or a conversion where browsers cannot play the file.

    `start_s` applies to conversions only, which have no ranges.
    """
    track, path = await service.run(service.track_file, track_id)
    kind = choose_format(form, track, path)
    if kind is None:
        return file_response(request, path)
    return await service.transcoder.response(request, path, kind, start_s=start_s)


@routes.get("/tracks/{track_id}/cover", response_class=Response, responses=_PICTURE)
async def get_track_cover(
    service: ServiceDep, request: Request, track_id: str, size: Annotated[int, Query(ge=16, le=2048)] = 256
) -> Response:
    """The cover in the file or beside it, scaled down to `size` pixels; a drawing where there is none."""
    track = await service.run(service.track, track_id)
    return await cover_response(service, request, track, size)


@routes.get("/tracks/{track_id}/peaks", responses=openapi_responses(models.Peaks, 404, 413))
async def get_track_peaks(
    service: ServiceDep,
    request: Request,
    track_id: str,
    n: Annotated[int, Query(ge=1, le=MAX_PEAKS)] = 800,
) -> Response:
    """The waveform's outline: the largest amplitude, 0 to 1, of each of up to `n` parts."""
    track, path = await service.run(service.track_file, track_id)
    try:
        peaks, duration_s = await service.decode(
            request, lambda: service.peaks.get(track.content_hash, lambda: compute_peaks(path, track.sr))
        )
    except TooLong as error:
        raise ApiError(413, "too_long", f"{error}: it is too long for a waveform") from None
    headers = {"cache-control": _DAY}
    return json_response({"peaks": to_list(peaks, n), "duration_s": round(duration_s, 3)}, headers=headers)
