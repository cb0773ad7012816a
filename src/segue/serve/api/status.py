"""What the library holds, and how the service is."""

from __future__ import annotations

import threading
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

import segue
from segue.advice import command
from segue.errors import EmptyLibraryError, UsageError
from segue.library import FORMAT_VERSION, display_path
from segue.serve.api import library_models as models
from segue.serve.http.errors import without_paths
from segue.serve.http.responses import json_response, openapi_responses
from segue.serve.service import Service, ServiceDep
from segue.track import readable
from segue.views.versions import compared_spaces

routes = APIRouter(tags=["library"])
outside = APIRouter(tags=["service"])


@routes.get("/health", responses=openapi_responses(models.Health))
async def get_health(service: ServiceDep) -> Response:
    """Whether the service is up and its library opens."""
    n = await service.run(lambda: len(service.library))
    return json_response(
        {"status": "ok", "version": segue.__version__, "tracks": n, "format": FORMAT_VERSION}
    )


@routes.get("/library", responses=openapi_responses(models.LibraryStatus))
async def get_library(service: ServiceDep) -> Response:
    """What the library holds: tracks, spaces, views, sources, folders."""

    def look() -> dict[str, Any]:
        library = service.library
        overview, spaces, tag_fit = library.overview(), library.spaces(), library.tag_fit()
        return {
            "path_name": readable(library.path.name),
            "tracks": overview.tracks,
            "missing": overview.missing,
            "away": overview.away,
            "failures": overview.failures,
            "duration_s": overview.duration_s,
            "spaces": [
                {"name": name, "dim": spec.dim, "license": spec.license} | coverage
                for (name, spec), coverage in zip(spaces.items(), _space_coverage(service), strict=True)
            ],
            "upgrades": [asdict(upgrade) for upgrade in library.upgrades()],
            "views": ["all", "all/sound", *spaces],
            "tags": tag_fit.sentence() if tag_fit else None,
            "sources": [one.source for one in overview.imports],
            "folders": [
                readable(display_path(f"{folder}/x", [folder])[:-2]) for folder in library.folders.all()
            ],
            "has_map": _has_map(service),
            "clusters": len(library.clusters()),
            "writable": service.writable,
            "command": command(""),
        }

    return json_response(await service.run(look))


def _space_coverage(service: Service) -> list[dict[str, Any]]:
    """Of each space, how many tracks have a vector in it, and whether tracks are compared by it."""
    snapshot = service.library.snapshot()
    live, compared = snapshot.keys >= 0, compared_spaces(snapshot)
    return [
        {"tracks": int((space.has_vector()[: len(live)] & live).sum()), "compared": name in compared}
        for name, space in snapshot.spaces.items()
    ]


def _has_map(service: Service) -> bool:
    try:
        return service.library.load_map() is not None
    except (EmptyLibraryError, UsageError):
        return False


@routes.get("/facets", responses=openapi_responses(models.Facets))
async def get_facets(service: ServiceDep) -> Response:
    """What tracks can be filtered by: genres, labels, years."""

    def look() -> dict[str, Any]:
        library = service.library
        facets, overview = library.tracks.facets(), library.overview()
        return {
            "genres": [{"name": name, "n": n} for name, n in facets.genres],
            "labels": [{"name": name, "n": n} for name, n in facets.labels],
            "years": {"min": facets.years[0], "max": facets.years[1]},
            "artists": overview.artists,
            "albums": overview.albums,
        }

    return json_response(await service.run(look))


@routes.get("/failures", responses=openapi_responses(models.FailurePage))
async def list_failures(
    service: ServiceDep,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    offset: Annotated[int, Query(ge=0, le=100_000_000)] = 0,
) -> Response:
    """Files with problems, and what they are."""

    def look() -> dict[str, Any]:
        failures, folders = service.library.failures(), service.library.folders.all()
        listed = [
            {
                "path": readable(display_path(failure.path, folders)),
                "kind": failure.kind,
                "reason": without_paths(readable(failure.reason), ""),
            }
            for failure in failures[offset : offset + limit]
        ]
        return {"failures": listed, "total": len(failures)}

    return json_response(await service.run(look))


@routes.get("/models", responses=openapi_responses(models.Models))
async def list_models(service: ServiceDep) -> Response:
    """Published networks, and which of them are installed."""
    return json_response(await service.run(_models))


def _models() -> dict[str, Any]:
    from segue.embed.models import MODELS, status

    statuses = [status(name) for name in MODELS]
    listed = [
        {
            "name": one.model.name,
            "title": one.model.title,
            "purpose": one.model.purpose,
            "license": one.model.license,
            "reference": one.model.reference,
            "size_bytes": one.model.size_bytes,
            "sha256": one.model.sha256,
            "state": one.state,
            "reason": without_paths(one.reason, "") if one.reason else one.reason,
        }
        for one in statuses
    ]
    return {"models": listed}


@outside.get("/metrics", response_class=Response, responses=openapi_responses(None, media="text/plain"))
async def get_metrics(service: ServiceDep) -> Response:
    """Counts and times of the worker that answers, in Prometheus' format."""
    n = await service.run(lambda: len(service.library))
    gauges = {
        "tracks": ("Tracks in the library.", float(n)),
        "jobs_running": ("Jobs of this worker.", float(service.jobs.running())),
        "threads": ("Threads of this worker.", float(threading.active_count())),
    }
    return Response(service.metrics.text(gauges), media_type="text/plain; version=0.0.4; charset=utf-8")
