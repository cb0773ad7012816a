"""Similar tracks, suggested playlists, journeys, explanations, similarity matrices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.types import Receive, Scope, Send

from segue.recommend import Recommendations
from segue.recommend.transitions import Playback
from segue.serve.api import recommendation_models as models
from segue.serve.api.conditions import as_where
from segue.serve.api.request_models import (
    JourneyRequest,
    MatrixRequest,
    PlaylistRequest,
    RadioRequest,
    SeedsRequest,
    SeedText,
    SimilarRequest,
    TransitionsRequest,
)
from segue.serve.http.errors import ApiError
from segue.serve.http.inputs import LONGEST_NAME, LONGEST_SEED, TEXT
from segue.serve.http.responses import json_response, openapi_responses
from segue.serve.http.validation import validation_error
from segue.serve.seeds import resolve_seeds
from segue.serve.seen_playlists import others_seeds
from segue.serve.service import Service, ServiceDep, service_for

routes = APIRouter(tags=["recommendations"])
SIMILAR = "/similar"
_MOST_SHARED = 8  # playlists of others that are suggested as seeds


@routes.post(SIMILAR, responses=openapi_responses(models.Recommendations, 404, 415))
async def similar(service: ServiceDep, request: Request, body: SimilarRequest) -> Response:
    """The `k` tracks that sound most like the seeds, nearest first, and unlike those in `minus`."""
    return await _similar(service, request, body)


async def _similar(service: Service, request: Request, body: SimilarRequest) -> Response:
    refined = body.minus or body.agree or body.weights
    plain = not refined and body.where is None and body.same_artist and body.view is None
    if plain and not (body.feedback and service.library.has_opinions()):
        cached = await service.similar_cache.similar(body.seeds, body.k, everything=body.everything)
        if cached is not None:
            return Response(cached, media_type="application/json")

    await service.analyze_clips(request, [*body.seeds, *body.minus])

    def ask() -> dict[str, Any]:
        recommendations = service.library.similar(
            resolve_seeds(service, body.seeds),
            agree=body.agree,
            weights=body.weights,
            **_question(service, body),
        )
        return service.matches(recommendations)

    return json_response(await service.run(ask))


def _question(service: Service, body: SeedsRequest) -> dict[str, Any]:
    """What every request that starts from seeds asks of the library, beside the seeds."""
    return {
        "minus": resolve_seeds(service, body.minus), "k": body.k, "where": as_where(service, body.where),
        "same_artist": body.same_artist, "feedback": body.feedback, "everything": body.everything,
        "view": body.view,
    }  # fmt: skip


class Similar:
    """The same, straight from the middleware: routing costs as much as the answer."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = _Route
        request = Request(scope, receive)
        kind = request.headers.get("content-type", "")
        if not kind.startswith("application/json"):
            raise ApiError(415, "not_json", "send Content-Type: application/json")
        try:
            body = SimilarRequest.model_validate_json(await request.body())
        except ValidationError as error:
            raise validation_error(error.errors(include_url=False, include_context=False)) from None
        await (await _similar(service_for(self._service, scope), request, body))(scope, receive, send)


class _Route:
    path = f"/api/v1{SIMILAR}"


@routes.post("/playlists/make", include_in_schema=False)
@routes.post("/suggested-playlist", responses=openapi_responses(models.TracksInOrder, 404))
async def suggest_playlist(service: ServiceDep, request: Request, body: PlaylistRequest) -> Response:
    """A varied playlist near the seeds, in an order that flows; nothing is kept."""
    await service.analyze_clips(request, [*body.seeds, *body.minus])

    def ask() -> Recommendations:
        return service.library.playlist(
            resolve_seeds(service, body.seeds),
            minutes=body.minutes,
            variety=body.variety,
            per_artist=body.per_artist,
            per_album=body.per_album,
            **_question(service, body),
        )

    return await _in_order(service, request, ask, transitions=body.transitions)


async def _in_order(
    service: Service, request: Request, ask: Callable[[], Recommendations], *, transitions: bool
) -> Response:
    """The recommendations, and how each leads into the next if that is asked for."""
    recommendations = await service.run(ask)
    record = await service.run(service.matches, recommendations)
    record |= {"duration_s": round(recommendations.duration_s, 3), "transitions": None}
    if transitions:
        tracks = [match.track for match in recommendations]
        steps = await service.decode(request, lambda: service.library.transitions(tracks).steps)
        record["transitions"] = [step and asdict(step) for step in steps]
    return json_response(record)


@routes.post("/radio", responses=openapi_responses(models.TracksInOrder, 404))
async def radio(service: ServiceDep, request: Request, body: RadioRequest) -> Response:
    """The next tracks of a radio near the seeds; ask again for more, with what it gave in `previous`.

    What was played lately (`POST /plays`, or by OpenSubsonic's players) comes later.
    """
    await service.analyze_clips(request, [*body.seeds, *body.minus])

    def ask() -> Recommendations:
        return service.library.radio(
            resolve_seeds(service, body.seeds),
            minutes=body.minutes,
            steer=body.steer,
            reach=body.reach,
            previous=body.previous,
            **_question(service, body),
        )

    return await _in_order(service, request, ask, transitions=body.transitions)


@routes.post("/transitions", responses=openapi_responses(models.Transitions, 404))
async def transitions(service: ServiceDep, request: Request, body: TransitionsRequest) -> Response:
    """How loud tracks are to be played, and how each leads into the next, in their order.

    The ends of files that were not looked at before are decoded: a fifth of a second each, once.
    """

    def ask() -> dict[str, Any]:
        tracks = [service.track(track_id) for track_id in body.tracks]
        answer = service.library.transitions(tracks, crossfade_s=body.crossfade_s)
        return {
            "playbacks": [_playback_record(playback) for playback in answer.playbacks],
            "transitions": [step and asdict(step) for step in answer.steps],
        }

    return json_response(await service.decode(request, ask))


def _playback_record(playback: Playback) -> dict[str, Any]:
    edges = playback.edges
    return {
        "track": playback.track.id,
        "gain_db": playback.gain_db,
        "start_s": edges and edges.start_s,
        "end_s": edges and edges.end_s,
        "decay_s": edges and edges.decay_s,
        "ending": edges and edges.ending,
    }


@routes.post("/journey", responses=openapi_responses(models.Journey, 404))
async def journey(service: ServiceDep, request: Request, body: JourneyRequest) -> Response:
    """`k` tracks that lead from `start` to `end` in small steps, each nearer to the next stop."""
    await service.analyze_clips(request, [body.start, *body.via, body.end])

    def ask() -> dict[str, Any]:
        start, *via, end = resolve_seeds(service, [body.start, *body.via, body.end])
        recommendations = service.library.journey(
            start,
            end,
            via=via,
            k=body.k,
            where=as_where(service, body.where),
            feedback=body.feedback,
            everything=body.everything,
            view=body.view,
        )
        answer = service.matches(recommendations)
        for match, record in zip(recommendations.matches, answer["matches"], strict=True):
            record["step"] = None if match.step is None else round(match.step, 4)
        return answer

    return json_response(await service.run(ask))


@routes.get("/seeds", responses=openapi_responses(models.SeedSuggestions))
async def suggest_seeds(
    service: ServiceDep,
    q: Annotated[
        str, Query(min_length=1, max_length=LONGEST_NAME, pattern=TEXT, description="Words of a name")
    ],
) -> Response:
    """Artists, albums and playlists with these words in their names, each of which may be a seed.

    Among them are playlists that others let everybody see.
    """

    def look() -> dict[str, Any]:
        words = service.text(q)
        return {
            "seeds": [
                {
                    "seed": service.text(one.seed), "kind": one.kind, "name": service.text(one.name),
                    "text": service.text(str(one)), "tracks": len(one.keys),
                }
                for one in service.library.suggest_seeds(words)
            ] + [
                {
                    "seed": one.seed_text, "kind": "playlist", "name": service.text(one.playlist.name),
                    "text": service.text(one.seed().text), "tracks": one.playlist.n,
                }
                for one in others_seeds(service, words, _MOST_SHARED)
            ]
        }  # fmt: skip

    return json_response(await service.run(look))


_Seed = Annotated[str, Query(min_length=1, max_length=LONGEST_SEED, pattern=TEXT)]


@routes.get("/why", responses=openapi_responses(models.Explanation, 404))
async def why(
    service: ServiceDep,
    request: Request,
    a: _Seed,
    b: _Seed,
    view: Annotated[str | None, Query(max_length=LONGEST_NAME, pattern=TEXT)] = None,
) -> Response:
    """Why two sounds are alike or not: by which spaces, at which moments, in which words."""
    await service.analyze_clips(request, [a, b])

    def ask() -> dict[str, Any]:
        explanation = service.library.explain(*resolve_seeds(service, [a, b]), view=view or None)
        return asdict(explanation) | {"feedback": service.text(explanation.feedback)}

    return json_response(await service.run(ask))


@routes.get("/score-quantiles", responses=openapi_responses(models.ScoreQuantiles, 404))
async def score_quantiles(
    service: ServiceDep,
    request: Request,
    seed: Annotated[list[SeedText], Query(min_length=1, max_length=100)],
    minus: Annotated[list[SeedText], Query(max_length=100, default_factory=list)],
    agree: Annotated[bool, Query(description="As for /similar")] = False,
) -> Response:
    """How the library's scores with some seeds are spread, so that a score can be told as a percentile."""
    await service.analyze_clips(request, [*seed, *minus])

    def ask() -> dict[str, Any]:
        seeds, away = resolve_seeds(service, seed), resolve_seeds(service, minus)
        return {"quantiles": service.library.score_quantiles(seeds, minus=away, agree=agree)}

    return json_response(await service.run(ask))


@routes.post("/matrix", responses=openapi_responses(models.Matrix, 404))
async def matrix(service: ServiceDep, body: MatrixRequest) -> Response:
    """The similarity of each of up to 200 tracks to each."""

    def ask() -> dict[str, Any]:
        tracks = [service.track(track_id) for track_id in body.tracks]
        result = service.library.matrix(tracks, view=body.view)
        return {"tracks": service.records(tracks), "scores": result.scores.round(4).tolist()}

    return json_response(await service.run(ask))
