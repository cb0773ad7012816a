"""Which folders the page may add, and music to try Segue with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from segue.serve.api import library_models as models
from segue.serve.api.maps import job_accepted
from segue.serve.http.inputs import LONGEST_PATH, TEXT
from segue.serve.http.peers import is_own_user
from segue.serve.http.responses import json_response, openapi_responses
from segue.serve.scans import allowed_roots, queue_demo
from segue.serve.service import ServiceDep
from segue.track import readable

routes = APIRouter(tags=["jobs"])
_MOST = 50  # folders that are proposed
_LOOKED_AT = 20_000  # entries of a folder


@routes.get("/folders", responses=openapi_responses(models.Folders))
async def list_folders(
    service: ServiceDep,
    request: Request,
    q: Annotated[str, Query(max_length=LONGEST_PATH, pattern=TEXT, description="How a path begins")] = "",
) -> Response:
    """Folders that a scan may be started for, whose paths begin so; without `q`, where music usually is.

    Any folder where the service was started without `--folder` for this machine and user alone.
    """
    settings, own = service.settings, is_own_user(request.scope)

    def look() -> dict[str, Any]:
        roots = allowed_roots(settings, service.scanned_folders(), own_user=own)
        paths = _usual(roots) if not q.strip() else _beginning(os.path.expanduser(q.strip()), roots)  # noqa: PTH111
        return {
            "folders": [readable(str(path)) for path in paths[:_MOST]],
            "any": roots is None,
            "scanned": list(map(readable, service.scanned_folders())),
        }

    return json_response(await service.run(look))


def _usual(roots: list[Path] | None) -> list[Path]:
    if roots is not None:
        return roots
    home = Path.home()
    names = ("Music", "music", "Musik", "Musique", "Música", "Audio")
    return [path for path in (*(home / name for name in names), home) if path.is_dir()]


def _beginning(text: str, roots: list[Path] | None) -> list[Path]:
    """Folders that exist, inside of the roots, if there are any."""
    folder, _, start = text.rpartition(os.sep)
    parent = Path(os.path.realpath(folder or os.sep))
    if roots is not None and not any(parent == root or root in parent.parents for root in roots):
        return [root for root in roots if str(root).startswith(text)]
    try:
        with os.scandir(parent) as listing:
            names = [
                entry.name
                for _, entry in zip(range(_LOOKED_AT), listing, strict=False)
                if entry.name.lower().startswith(start.lower())
                and (start.startswith(".") or not entry.name.startswith("."))
                and entry.is_dir()
            ]
    except OSError:
        return []
    return [parent / name for name in sorted(names, key=str.lower)]


@routes.post("/jobs/demo", status_code=202, responses=openapi_responses(models.JobAnswer, status=202))
async def start_demo(service: ServiceDep) -> Response:
    """Make 96 short pieces to try Segue with, and scan them, in a job."""
    return job_accepted(queue_demo(service.jobs, service.library))
