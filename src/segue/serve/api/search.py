"""Tracks by words, with reasons."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from segue.library import NO_ARTIST, Selection, name_id
from segue.recommend.search_result import Reason
from segue.serve.api import recommendation_models as models
from segue.serve.api.conditions import QueryConditions, as_where
from segue.serve.http.inputs import LONGEST_NAME, TEXT
from segue.serve.http.responses import json_response, openapi_responses
from segue.serve.seen_playlists import find_by_words
from segue.serve.service import Service, ServiceDep
from segue.track import clean, split_artists

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


@routes.get("/search/grouped", responses=openapi_responses(models.GroupedSearch))
async def search_grouped(
    service: ServiceDep,
    q: Annotated[str, Query(max_length=LONGEST_NAME, pattern=TEXT, description="Words of names")],
    limit: Annotated[int, Query(ge=1, le=50, description="Most of each kind")] = 6,
) -> Response:
    """Tracks, artists, albums, playlists and clusters with these words in their names, best matches first.

    Among them are playlists that others let everybody see.
    """

    def look() -> dict[str, Any]:
        library = service.library
        matches = library.search_grouped(q, limit=limit)
        playlists = find_by_words(service, q, limit)
        covers = library.tracks.ids_of(one.keys[0] for one in (*matches.artists, *matches.albums) if one.keys)
        return {
            "tracks": service.records(matches.tracks),
            "total": matches.total,
            "artists": [_artist(service, one, covers) for one in matches.artists],
            "albums": [_album(service, one, covers) for one in matches.albums],
            "playlists": [one.record() for one in playlists],
            "clusters": [
                {"number": one.number, "name": one.name, "size": one.size, "color": one.color}
                for one in matches.clusters
            ],
            "near": [
                {"name": service.text(name), "kind": kind} for name, kind in matches.near if not playlists
            ],
        }

    return json_response(await service.run(look))


def _artist(service: Service, artist: Selection, covers: Mapping[int, str]) -> dict[str, Any]:
    return {
        "id": name_id("ar", artist.name),
        "name": service.text(artist.name),
        "tracks": len(artist.keys),
        "cover": covers.get(artist.keys[0]) if artist.keys else None,
        "seed": service.text(artist.seed),
    }


def _album(service: Service, album: Selection, covers: Mapping[int, str]) -> dict[str, Any]:
    artist = album.artist or NO_ARTIST
    return {
        "id": name_id("al", artist, album.name),
        "name": service.text(album.name),
        "artist": service.text(album.artist) if album.artist else None,
        "artist_id": name_id("ar", next(iter(split_artists(artist)), artist)),
        "n": len(album.keys),
        "cover": covers.get(album.keys[0]) if album.keys else None,
        "seed": service.text(album.seed),
    }


def _record(reason: Reason) -> dict[str, Any]:
    return {
        "kind": reason.kind,
        "words": reason.words,
        "name": clean(reason.name),
        "score": reason.score,
        "text": clean(str(reason)),
    }
