"""The map, the clusters, and how good neighbors are: what jobs make."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import orjson
from fastapi import APIRouter
from fastapi.responses import Response

from segue.errors import EmptyLibraryError
from segue.library import split_names
from segue.serve import evaluation
from segue.serve.api import library_models as models
from segue.serve.api.request_models import ClustersRequest, EvaluationRequest
from segue.serve.http.errors import ApiError
from segue.serve.http.responses import json_response, openapi_responses
from segue.serve.jobs import Cancellable, Job, JobProgress, Result
from segue.serve.scans import in_turn
from segue.serve.service import Service, ServiceDep

routes = APIRouter(tags=["map and clusters"])
_GENRES = 200


def job_accepted(job: Job) -> Response:
    return json_response({"job": job.record()}, 202, {"location": f"/api/v1/jobs/{job.id}"})


@routes.get("/map", responses=openapi_responses(models.LibraryMap) | {202: {"model": models.JobAnswer}})
async def get_map(service: ServiceDep) -> Response:
    """A place in the plane for each track; 202 and the job that makes it where there is no map yet."""
    body = await service.run(_encode_map, service)
    return job_accepted(_start(service)) if body is None else Response(body, media_type="application/json")


def _encode_map(service: Service) -> bytes | None:
    columns = _columns(service)
    return None if columns is None else orjson.dumps(columns)


@routes.post("/map", status_code=202, responses=openapi_responses(models.JobAnswer, status=202))
async def make_map(service: ServiceDep) -> Response:
    """Recompute the map, in a job."""
    return job_accepted(_start(service))


@routes.get("/map/descriptors", responses=openapi_responses(models.DescriptorNames))
async def list_descriptors(service: ServiceDep) -> Response:
    """What was measured of tracks, by which a map can be colored."""
    return json_response({"names": await service.run(service.library.descriptors)})


@routes.get("/map/descriptors/{name}", responses=openapi_responses(models.DescriptorValues, 404))
async def get_descriptor(service: ServiceDep, name: str) -> Response:
    """A descriptor's value of each track of the map, in the map's order."""

    def look() -> dict[str, Any]:
        library = service.library
        if name not in library.descriptors():
            raise ApiError(404, "descriptor_not_found", "no such descriptor")
        map_ = library.load_map()
        ids = set(library.tracks.keys_of(map_.ids)) if map_ else set()
        values = library.descriptor(name)
        return {"name": name, "values": [values.get(one) for one in map_.ids if one in ids] if map_ else []}

    return json_response(await service.run(look))


def _start(service: Service) -> Job:
    running = [job for job in service.jobs.all() if job.kind == "map" and job.state in ("queued", "running")]
    return running[0] if running else service.jobs.start("map", lambda progress: _make(service, progress))


def _make(service: Service, progress: JobProgress) -> Result:
    return {"tracks": len(service.library.map(progress=Cancellable(progress)).ids)}


def _columns(service: Service) -> dict[str, Any] | None:
    try:
        map_ = service.library.load_map()
    except EmptyLibraryError:
        return {
            name: [] for name in ("ids", "x", "y", "cluster", "genre", "year", "genres", "titles", "artists")
        }
    if map_ is None:
        return None
    library = service.library
    tracks = {track.id: track for track in library}
    clusters = library.cluster_numbers(tracks[name] for name in map_.ids if name in tracks)
    placed = [(i, tracks[name]) for i, name in enumerate(map_.ids) if name in tracks]
    firsts = [next(iter(split_names("genre", track.tags.genre or "").items()), None) for _, track in placed]
    names = dict(pair for pair in firsts if pair)
    common = Counter(pair[0] for pair in firsts if pair).most_common(_GENRES)
    numbers = {name: n for n, (name, _) in enumerate(common)}
    places = map_.xy[[i for i, _ in placed]].astype(np.float64).round(4)
    return {
        "ids": [track.id for _, track in placed],
        "x": places[:, 0].tolist(),
        "y": places[:, 1].tolist(),
        "cluster": [clusters.get(track.id) for _, track in placed],
        "genre": [numbers.get(pair[0]) if pair else None for pair in firsts],
        "year": [track.tags.year or None for _, track in placed],
        "genres": [names[name] for name, _ in common],
        "titles": [service.text(track.title) for _, track in placed],
        "artists": [service.text(track.artist or "") for _, track in placed],
    }


@routes.get("/clusters", responses=openapi_responses(models.Clusters))
async def get_clusters(service: ServiceDep) -> Response:
    """The clusters that were made last."""

    def look() -> dict[str, Any]:
        clusters = service.library.clusters()
        ids = [name for cluster in clusters for name in cluster.central]
        central = {record["id"]: record for record in service.records(service.library.tracks.by_ids(ids))}
        listed = [
            {
                "number": cluster.number,
                "name": cluster.name,
                "size": cluster.size,
                "words": cluster.words,
                "labels": cluster.labels,
                "genres": cluster.genres,
                "central": [central[name] for name in cluster.central if name in central],
                "color": cluster.color,
            }
            for cluster in clusters
        ]
        return {
            "clusters": listed, "view": clusters.view, "separation": clusters.separation,
            "new": clusters.new, "stale": clusters.stale,
        }  # fmt: skip

    return json_response(await service.run(look))


@routes.post("/clusters", status_code=202, responses=openapi_responses(models.JobAnswer, status=202))
async def make_clusters(service: ServiceDep, body: ClustersRequest) -> Response:
    """Group tracks that sound alike, in a job; the new clusters replace the old ones."""

    def work(progress: JobProgress) -> Result:
        how: dict[str, Any] = {"view": body.view, "progress": Cancellable(progress), "wait_s": 1}
        clusters = in_turn(progress, lambda: service.library.find_clusters(body.k, **how))
        return {"clusters": len(clusters), "separation": clusters.separation}

    return job_accepted(service.jobs.start("clusters", work))


@routes.get("/evaluation", responses=openapi_responses(models.Evaluation, 404))
async def get_evaluation(service: ServiceDep) -> Response:
    """The result of the last evaluation."""
    result = await service.run(evaluation.load_result, service.library, service.settings.scratch)
    if result is None:
        raise ApiError(404, "not_evaluated", "nothing has been evaluated yet: POST /api/v1/evaluation")
    return json_response(result)


@routes.post("/evaluate", include_in_schema=False)
@routes.post("/evaluation", status_code=202, responses=openapi_responses(models.JobAnswer, status=202))
async def evaluate(service: ServiceDep, body: EvaluationRequest | None = None) -> Response:
    """Measure, in a job, how often neighbors share a tag and whether a few tracks are near everything."""
    request = body or EvaluationRequest()

    def work(progress: JobProgress) -> Result:
        return evaluation.evaluate(
            service.library, service.settings.scratch, request.by, request.view, request.against, progress
        )

    return job_accepted(service.jobs.start("evaluate", work))
