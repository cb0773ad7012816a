"""Tracks: search, list, and show one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query
from fastapi.responses import Response
from numpy.typing import NDArray

from segue.library import Library, Sort, Where
from segue.serve.api import track_models as models
from segue.serve.api.conditions import QueryConditions, as_where
from segue.serve.api.request_models import Conditions, TrackIds
from segue.serve.http.inputs import LONGEST_NAME, TEXT
from segue.serve.http.responses import json_response, openapi_responses
from segue.serve.service import Service, ServiceDep
from segue.track import Track, clean

routes = APIRouter(tags=["tracks"])
_MOST_MATCHES = 2000  # tracks that a text finds, of which others are then left out

Tracks = tuple[list[Track], int]


@routes.get("/tracks", responses=openapi_responses(models.TrackPage))
async def list_tracks(
    service: ServiceDep,
    conditions: QueryConditions,
    q: Annotated[
        str | None,
        Query(max_length=LONGEST_NAME, pattern=TEXT, description="Words of tags, file names, labels"),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    offset: Annotated[int, Query(ge=0, le=100_000_000)] = 0,
    sort: Sort | Literal["random"] | None = None,
    seed: Annotated[int, Query(ge=0, le=2**53, description="Of a random order: the same again")] = 0,
) -> Response:
    """Tracks, a page at a time: the best matches of `q` first, or without it the newest first."""

    def look() -> dict[str, Any]:
        text = (q or "").strip()
        if sort == "random":
            tracks, total = _sample(service, text, conditions, seed, limit, offset)
            return {"tracks": service.records(tracks), "total": total}
        tracks, total = (
            _matching(service, text, conditions, sort, limit, offset)
            if text
            else _all(service, conditions, sort or "added", limit, offset)
        )
        return {"tracks": service.records(tracks), "total": total}

    return json_response(await service.run(look))


def _sample(
    service: Service, text: str, conditions: Conditions | None, seed: int, limit: int, offset: int
) -> Tracks:
    library, where = service.library, as_where(service, conditions)
    keys = library.keys_matching(where) if where else None
    if text:
        keys_by_id = _keys(library, library.tracks.search(text, limit=_MOST_MATCHES), where)
        keys = np.array(list(keys_by_id.values()), np.int64)
    return library.tracks.sample(keys, seed, limit, offset)


def _all(service: Service, conditions: Conditions | None, sort: Sort, limit: int, offset: int) -> Tracks:
    where = as_where(service, conditions)
    keys = service.library.keys_matching(where) if where else None
    return service.library.tracks.page(keys, sort, limit, offset)


def _matching(
    service: Service, text: str, conditions: Conditions | None, sort: Sort | None, limit: int, offset: int
) -> Tracks:
    library = service.library
    where = as_where(service, conditions)
    if where is None and sort is None:
        tracks = library.tracks.search(text, limit=offset + limit)
        total = max(len(tracks), library.tracks.count_matches(text))
        return tracks[offset:], total
    tracks = library.tracks.search(text, limit=_MOST_MATCHES)
    keys = _keys(library, tracks, where)
    if sort is not None:
        return library.tracks.page(np.array(list(keys.values()), np.int64), sort, limit, offset)
    matches = [track for track in tracks if track.id in keys]
    return matches[offset : offset + limit], len(matches)


def _keys(library: Library, tracks: list[Track], where: Where | None) -> dict[str, int]:
    keys = {str(name): key for name, key in library.tracks.keys_of(track.id for track in tracks).items()}
    if where is None:
        return keys
    meeting: NDArray[np.int64] = library.keys_matching(where)
    allowed = set(meeting.tolist())
    return {name: key for name, key in keys.items() if key in allowed}


@routes.post("/tracks/list", include_in_schema=False)
@routes.post("/tracks/batch", responses=openapi_responses(models.Tracks))
async def get_tracks(service: ServiceDep, body: TrackIds) -> Response:
    """Tracks by their ids, in the order given; unknown ids are left out."""

    def look() -> dict[str, Any]:
        return {"tracks": service.records(service.library.tracks.by_ids(body.tracks))}

    return json_response(await service.run(look))


@routes.get("/tracks/{track_id}", responses=openapi_responses(models.TrackDetails, 404))
async def get_track(service: ServiceDep, track_id: str) -> Response:
    """Everything about one track: its tags, the labels that networks give it, its measured values."""

    def look() -> dict[str, Any]:
        track = service.track(track_id)
        library, tags = service.library, track.tags
        return {
            "track": service.records([track])[0],
            "tags": {name: _clean(getattr(tags, name)) for name in tags.__slots__},
            "labels": library.labels(track),
            "descriptors": {name: _number(x) for name, x in library.values(track).items()},
            "details": {
                **track.details,
                "codec": track.codec, "sr": track.sr, "channels": track.channels, "size": track.size,
                "added_at": track.added_at, "warning": clean(track.warning),
                "source_id": clean(track.source_id),
            },
        }  # fmt: skip

    return json_response(await service.run(look))


def _clean(value: Any) -> Any:
    return clean(value) if isinstance(value, str) else value


def _number(x: float) -> float | None:
    return x if np.isfinite(x) else None
