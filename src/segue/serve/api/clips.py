"""Sounds that a client uploads or records, to find tracks like them."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import Response

from segue.serve.api import track_models as models
from segue.serve.clips import EXPIRES_S
from segue.serve.http.media_types import is_playable
from segue.serve.http.responses import json_response, openapi_responses
from segue.serve.http.streaming import file_response
from segue.serve.service import ServiceDep

routes = APIRouter(tags=["clips"])
CLIPS = "/clips"
_SOUND = openapi_responses(None, 404, 416, 503, media="audio/*") | {
    206: {"description": "The range that was requested."},
    304: {"description": "Unchanged."},
}
_FILE = File(description="Any audio that can be decoded", json_schema_extra={"minLength": 1})


@routes.post(
    CLIPS, status_code=201, responses=openapi_responses(models.ClipAnswer, 408, 413, 429, 503, status=201)
)
async def add_clip(service: ServiceDep, request: Request, file: UploadFile = _FILE) -> Response:
    """Upload a sound. For an hour its id can be used as a seed, like a track's id."""
    clip = await service.decode(request, lambda: service.clips.add(file.file, file.filename or "clip"))
    facts = {name: value for name, value in asdict(clip).items() if name != "codec"}
    return json_response({"clip": facts, "expires_s": EXPIRES_S}, 201)


@routes.delete("/clips/{clip_id}", status_code=204, responses=openapi_responses(None, 404))
async def delete_clip(service: ServiceDep, clip_id: str) -> Response:
    """Delete a clip before its hour is over."""
    await service.run(service.clips.delete, clip_id)
    return Response(status_code=204)


@routes.get("/clips/{clip_id}/audio", response_class=Response, responses=_SOUND)
async def get_clip_audio(service: ServiceDep, request: Request, clip_id: str) -> Response:
    """The clip's audio, converted where browsers cannot play it."""
    clip = await service.run(service.clips.get, clip_id)
    path = service.clips.path(clip_id)
    if is_playable(path, clip.codec):
        return file_response(request, path)
    return await service.transcoder.response(request, path, "mp3")
