"""Recordings of which the library has several files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from segue.recommend.duplicates import Duplicate
from segue.serve.api import library_models as models
from segue.serve.http.responses import json_response, openapi_responses
from segue.serve.serializers import Record
from segue.serve.service import ServiceDep

routes = APIRouter(tags=["library"])


@routes.get("/duplicates", responses=openapi_responses(models.DuplicatePage))
async def list_duplicates(
    service: ServiceDep,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=100_000_000)] = 0,
) -> Response:
    """Recordings with several files, those of the largest files first; nothing is changed on disk."""

    def look() -> dict[str, Any]:
        duplicates = service.library.duplicates()
        page = duplicates[offset : offset + limit]
        records = iter(service.records([copy.track for one in page for copy in one.copies]))
        return {
            "recordings": [_record(one, records) for one in page],
            "total": len(duplicates),
            "extra_bytes": sum(one.extra_bytes for one in duplicates),
        }

    return json_response(await service.run(look))


def _record(duplicate: Duplicate, records: Iterator[Record]) -> dict[str, Any]:
    """A recording; its tracks are the next of some records."""
    return {
        "copies": [
            {
                "track": next(records),
                "codec": copy.track.codec,
                "size": copy.track.size,
                "identical": copy.identical,
            }
            for copy in duplicate.copies
        ]
    }
