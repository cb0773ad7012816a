"""What listeners think of recommendations."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from segue.serve.api import library_models as models
from segue.serve.api.request_models import FeedbackRequest
from segue.serve.http.responses import json_response, openapi_responses
from segue.serve.service import ServiceDep

routes = APIRouter(tags=["feedback"])


@routes.get("/feedback", responses=openapi_responses(models.FeedbackList))
async def list_feedback(
    service: ServiceDep, limit: Annotated[int, Query(ge=1, le=10_000)] = 1000
) -> Response:
    """Verdicts on recommendations, the newest first."""
    feedback = await service.run(lambda: service.library.feedback.latest(limit))
    return json_response({"feedback": [asdict(one) for one in feedback]})


@routes.post("/feedback", status_code=201, responses=openapi_responses(models.Feedback, 404, status=201))
async def give_feedback(service: ServiceDep, body: FeedbackRequest) -> Response:
    """Keep a verdict on a recommended track; it replaces an earlier one on the same pair."""

    def keep() -> None:
        for name in (body.seed, body.track):
            if not service.clips.is_clip(name):
                service.track(name)
        service.library.feedback.record(body.seed, body.track, body.verdict)

    await service.run(keep)
    return json_response(body.model_dump(), 201)
