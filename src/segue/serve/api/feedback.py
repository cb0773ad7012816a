"""What listeners think of tracks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from segue.library import Feedback
from segue.serve.api import library_models as models
from segue.serve.api.request_models import FeedbackRequest, TrackIds
from segue.serve.http.errors import ApiError
from segue.serve.http.responses import json_response, openapi_responses
from segue.serve.service import ServiceDep

routes = APIRouter(tags=["feedback"])


@routes.get("/feedback", responses=openapi_responses(models.FeedbackList))
async def list_feedback(
    service: ServiceDep, limit: Annotated[int, Query(ge=1, le=10_000)] = 1000
) -> Response:
    """Likes and dislikes, and what was skipped, the newest first."""
    feedback = await service.run(lambda: service.library.feedback.latest(limit))
    return json_response({"feedback": [_record(one) for one in feedback]})


def _record(feedback: Feedback) -> dict[str, Any]:
    return asdict(feedback) | {"seed": feedback.seed or None}


@routes.post("/feedback", status_code=201, responses=openapi_responses(models.Feedback, 404, status=201))
async def give_feedback(service: ServiceDep, body: FeedbackRequest) -> Response:
    """Like or dislike a track, in place of what was said of it before.

    A like is a star for OpenSubsonic's players. A disliked track is recommended no more, and what sounds like
    it comes later; what sounds like a liked one comes a little earlier. `skip` is kept and changes no answer.
    """

    def keep() -> None:
        for name in (body.seed, body.track):
            if name is not None and not service.clips.is_clip(name):
                service.track(name)
        service.library.feedback.record(body.seed or "", body.track, body.verdict)

    await service.run(keep)
    return json_response(body.model_dump(), 201)


@routes.delete("/feedback/{track_id}", status_code=204, responses=openapi_responses(None, 404))
async def take_back_feedback(service: ServiceDep, track_id: str) -> Response:
    """Take back a like or a dislike."""
    if not await service.run(lambda: service.library.feedback.take_back([track_id])):
        raise ApiError(404, "feedback_not_found", "this track is neither liked nor disliked")
    return Response(status_code=204)


@routes.post("/plays", status_code=204, responses=openapi_responses(None, 404))
async def record_plays(service: ServiceDep, body: TrackIds) -> Response:
    """Remember that tracks were played just now, so that a radio lets them rest."""

    def keep() -> None:
        service.library.record_plays([service.track(track_id).id for track_id in body.tracks])

    await service.run(keep)
    return Response(status_code=204)
