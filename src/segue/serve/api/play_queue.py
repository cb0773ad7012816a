"""The queue that players hand over to each other."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from segue.serve.api import library_models as models
from segue.serve.api.request_models import PlayQueueChange
from segue.serve.http.responses import json_response, openapi_responses
from segue.serve.service import Service, ServiceDep

routes = APIRouter(tags=["queue"])


@routes.get("/queue", responses=openapi_responses(models.PlayQueue))
async def get_queue(service: ServiceDep) -> Response:
    """The queue as a player left it last, with those of its tracks that are still in the library."""
    return json_response(await service.run(_record, service))


@routes.put("/queue", responses=openapi_responses(models.PlayQueue))
async def save_queue(service: ServiceDep, body: PlayQueueChange) -> Response:
    """Keep a queue, so that another player can go on with it."""

    def save() -> dict[str, Any]:
        service.library.play_queue.save(
            body.tracks, current=body.current, position_s=body.position_s, player=body.player
        )
        return _record(service)

    return json_response(await service.run(save))


def _record(service: Service) -> dict[str, Any]:
    queue = service.library.play_queue.get()
    tracks = service.library.tracks.by_ids(queue.tracks)
    places = {track.id: place for place, track in enumerate(tracks)}
    current = queue.tracks[queue.current] if queue.tracks else None
    has_current = current in places
    return {
        "tracks": service.records(tracks),
        "current": places[current] if has_current and current else 0,
        "position_s": queue.position_s if has_current else 0.0,
        "player": service.text(queue.player),
        "changed_at": queue.changed_at or None,
    }
