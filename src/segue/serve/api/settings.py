"""The settings of the library."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from segue.serve.api import library_models as models
from segue.serve.api.request_models import SettingsChange
from segue.serve.http.responses import json_response, openapi_responses
from segue.serve.service import Service, ServiceDep

routes = APIRouter(tags=["library"])


@routes.get("/settings", responses=openapi_responses(models.Settings))
async def get_settings(service: ServiceDep) -> Response:
    """Which tracks may be answers, the shares of playlists, and whether folders are followed."""
    return json_response(await service.run(lambda: _record(service)))


@routes.put("/settings", responses=openapi_responses(models.Settings, 403))
async def change_settings(service: ServiceDep, body: SettingsChange) -> Response:
    """Change some settings; what is left out stays as it is."""

    def change() -> dict[str, Any]:
        service.library.settings.change(**body.model_dump(exclude_unset=True))
        return _record(service)

    return json_response(await service.run(change))


def _record(service: Service) -> dict[str, Any]:
    limits = service.library.limits()
    longest = None if limits.longest_s == float("inf") else limits.longest_s
    now = {"shortest_now_s": limits.shortest_s, "longest_now_s": longest}
    now |= {"watch_now": service.watching.should_watch}
    return {**asdict(service.library.settings.load()), **now}
