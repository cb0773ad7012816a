"""Tracks by words, with reasons."""

from __future__ import annotations

import itertools
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from segue.recommend.search_result import Reason
from segue.serve.api import recommendation_models as models
from segue.serve.api.conditions import QueryConditions, as_where
from segue.serve.http.inputs import LONGEST_NAME, TEXT
from segue.serve.http.responses import json_response, openapi_responses
from segue.serve.service import ServiceDep
from segue.track import clean

routes = APIRouter(tags=["tracks"])


@routes.get("/search", responses=openapi_responses(models.SearchPage))
async def search(
    service: ServiceDep,
    conditions: QueryConditions,
    q: Annotated[
        str, Query(max_length=LONGEST_NAME, pattern=TEXT, description="A name, a mood, a sound: calm piano")
    ],
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    offset: Annotated[int, Query(ge=0, le=100_000_000)] = 0,
) -> Response:
    """Tracks that words describe, a page at a time: matching names first, then matching sounds."""

    def look() -> dict[str, Any]:
        matches = service.library.search(q, limit=limit, offset=offset, where=as_where(service, conditions))
        records = iter(service.records([t for match in matches for t in (match.track, *match.versions)]))
        return {
            "matches": [
                {
                    "score": match.score,
                    "reasons": list(map(_record, match.reasons)),
                    "track": next(records),
                    "versions": list(itertools.islice(records, len(match.versions))),
                }
                for match in matches
            ],
            "total": matches.total,
            "meanings": matches.meanings,
            "hints": matches.hints,
        }

    return json_response(await service.run(look))


def _record(reason: Reason) -> dict[str, Any]:
    return {
        "kind": reason.kind,
        "words": reason.words,
        "name": clean(reason.name),
        "score": reason.score,
        "text": clean(str(reason)),
    }
