"""Jobs: start long work, follow it, stop it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from segue.serve.api import library_models as models
from segue.serve.api.maps import job_accepted
from segue.serve.api.request_models import ScanRequest
from segue.serve.http.peers import is_own_user
from segue.serve.http.responses import json_response, openapi_responses
from segue.serve.jobs import ENDED
from segue.serve.scans import allowed_roots, queue_scan, resolve_scan_roots
from segue.serve.service import Service, ServiceDep

routes = APIRouter(tags=["jobs"])
_EVERY_S = 0.2
_HEARTBEAT_S = 15.0
_EVENT = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "const": "job"},
        "data": {"type": "string", "description": "The job, as JSON."},
    },
    "required": ["event", "data"],
}
_EVENTS = openapi_responses(None, 404, 503) | {200: {"content": {"text/event-stream": {"schema": _EVENT}}}}


@routes.post("/jobs/scan", status_code=202, responses=openapi_responses(models.JobAnswer, 404, status=202))
async def start_scan(service: ServiceDep, request: Request, body: ScanRequest) -> Response:
    """Scan folders, or all that were scanned before, in a job."""
    scanned = await service.run(service.scanned_folders)
    own = is_own_user(request.scope)
    roots = allowed_roots(service.settings, scanned, own_user=own)
    folders = resolve_scan_roots(body.folders, scanned, roots)
    return job_accepted(queue_scan(service.jobs, service.library, folders, upgrade=body.upgrade))


@routes.get("/jobs", responses=openapi_responses(models.Jobs))
async def list_jobs(service: ServiceDep) -> Response:
    """All jobs, the newest first, and whether the library has changed since one asked last."""
    changes = await service.run(service.library.changes)
    return json_response({"jobs": [job.record() for job in service.jobs.all()], "changes": changes})


@routes.get("/jobs/{job_id}", responses=openapi_responses(models.JobAnswer, 404))
async def get_job(service: ServiceDep, job_id: str) -> Response:
    """One job, and how far it is."""
    return json_response({"job": service.jobs.get(job_id).record()})


@routes.post(
    "/jobs/{job_id}/cancel", status_code=202, responses=openapi_responses(models.JobAnswer, 404, status=202)
)
async def cancel_job(service: ServiceDep, job_id: str) -> Response:
    """Ask a job to stop; what a scan has added is kept."""
    return json_response({"job": service.jobs.cancel(job_id).record()}, 202)


@routes.delete(
    "/jobs/{job_id}", status_code=202, responses=openapi_responses(models.JobAnswer, 404, status=202)
)
async def delete_job(service: ServiceDep, job_id: str) -> Response:
    """Ask a job to stop, if it has not ended, and forget it; what a scan has added is kept."""
    return json_response({"job": service.jobs.delete(job_id).record()}, 202)


@routes.get("/jobs/{job_id}/events", response_class=Response, responses=_EVENTS)
async def watch_job(service: ServiceDep, request: Request, job_id: str) -> Response:
    """A job's progress as server-sent events named `job`, until it ends."""
    service.jobs.get(job_id)
    service.events.take(request.scope)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_events(service, job_id), headers=headers, media_type="text/event-stream")


async def _events(service: Service, job_id: str) -> AsyncIterator[bytes]:
    last: dict[str, Any] | None = None
    sent = time.monotonic()
    while job := service.jobs.read(job_id):
        record = job.record()
        if record != last:
            last, sent = record, time.monotonic()
            yield b"event: job\ndata: " + orjson.dumps(record) + b"\n\n"
        elif time.monotonic() - sent > _HEARTBEAT_S:
            sent = time.monotonic()
            yield b": still there\n\n"
        if job.state in ENDED or service.ending.is_set():
            return
        await asyncio.sleep(_EVERY_S)
