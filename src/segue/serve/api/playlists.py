"""Playlists that the library keeps, and playlists for other players."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from segue.export.playlist_files import address, to_jspf, to_m3u, to_xspf
from segue.serve.api import track_models as models
from segue.serve.api.request_models import NewPlaylist, PlaylistChange
from segue.serve.http.errors import ApiError
from segue.serve.http.responses import json_response, openapi_responses
from segue.serve.seen_playlists import SeenPlaylist, all_playlists, find_playlist
from segue.serve.service import Service, ServiceDep
from segue.track import Track, readable

routes = APIRouter(tags=["playlists"])
_TYPES = {"m3u8": "audio/x-mpegurl", "xspf": "application/xspf+xml", "jspf": "application/jspf+json"}
_WRITERS = {"m3u8": to_m3u, "xspf": to_xspf, "jspf": to_jspf}


@routes.get("/playlists", responses=openapi_responses(models.Playlists))
async def list_playlists(service: ServiceDep) -> Response:
    """One's own playlists, the last changed first, then those that others let everybody see; no tracks."""
    playlists = await service.run(all_playlists, service)
    return json_response({"playlists": [playlist.record() for playlist in playlists]})


@routes.post("/playlists", status_code=201, responses=openapi_responses(models.Playlist, 404, status=201))
async def create_playlist(service: ServiceDep, body: NewPlaylist) -> Response:
    """Keep a new playlist."""

    def create() -> dict[str, Any]:
        _require_tracks(service, body.tracks)
        return _playlist_record(service, service.library.playlists.create(body.name, body.tracks))

    return json_response(await service.run(create), 201)


@routes.get("/playlists/{playlist_id}", responses=openapi_responses(models.Playlist, 404))
async def get_playlist(service: ServiceDep, playlist_id: str) -> Response:
    """One playlist, with those of its tracks that are still in the library."""
    return json_response(await service.run(_playlist_record, service, playlist_id))


@routes.put("/playlists/{playlist_id}", responses=openapi_responses(models.Playlist, 404))
async def change_playlist(service: ServiceDep, playlist_id: str, body: PlaylistChange) -> Response:
    """Rename a playlist, replace its tracks, or let everybody see it or not.

    With ``as_of``, what another device changed meanwhile is not overwritten.
    """

    def change() -> dict[str, Any]:
        changed_at = _require_own(service, playlist_id).playlist.changed_at
        _require_tracks(service, body.tracks or ())
        is_current = body.as_of in (None, changed_at)
        if is_current and body.public is not None:
            service.share(playlist_id, body.public)
        if is_current and (body.name is not None or body.tracks is not None):
            is_current = service.library.playlists.change(
                playlist_id, name=body.name, tracks=body.tracks, as_of=body.as_of
            )
        if not is_current:
            _require(service, playlist_id)  # it may have been deleted
            raise ApiError(409, "changed_meanwhile", "this playlist was changed elsewhere meanwhile")
        return _playlist_record(service, playlist_id)

    return json_response(await service.run(change))


@routes.delete("/playlists/{playlist_id}", status_code=204, responses=openapi_responses(None, 404))
async def delete_playlist(service: ServiceDep, playlist_id: str) -> Response:
    """Delete a playlist; its tracks stay in the library."""

    def delete() -> None:
        seen = _require_own(service, playlist_id)
        service.library.playlists.delete(playlist_id)
        if seen.public:
            service.share(playlist_id, False)

    await service.run(delete)
    return Response(status_code=204)


_Paths = Annotated[bool, Query(description="File paths on this machine instead of addresses")]


def _file(kind: str) -> dict[str, Any]:
    """How a route answers with a playlist of some format."""
    return {"response_class": Response, "responses": openapi_responses(None, 404, media=_TYPES[kind])}


@routes.get("/playlists/{playlist_id}/export.m3u8", include_in_schema=False)
@routes.get("/playlists/{playlist_id}/m3u8", **_file("m3u8"))
async def get_playlist_m3u8(
    service: ServiceDep, request: Request, playlist_id: str, paths: _Paths = False
) -> Response:
    """A playlist as extended M3U, for other players; without tracks whose files are missing."""
    return await _serve(service, request, playlist_id, "m3u8", paths=paths)


@routes.get("/playlists/{playlist_id}/xspf", **_file("xspf"))
async def get_playlist_xspf(
    service: ServiceDep, request: Request, playlist_id: str, paths: _Paths = False
) -> Response:
    """A playlist as XSPF, likewise."""
    return await _serve(service, request, playlist_id, "xspf", paths=paths)


@routes.get("/playlists/{playlist_id}/jspf", **_file("jspf"))
async def get_playlist_jspf(
    service: ServiceDep, request: Request, playlist_id: str, paths: _Paths = False
) -> Response:
    """A playlist as JSPF, likewise."""
    return await _serve(service, request, playlist_id, "jspf", paths=paths)


@routes.post("/export/m3u8", include_in_schema=False)
@routes.post("/m3u8", **_file("m3u8"))
async def make_m3u8(
    service: ServiceDep, request: Request, body: NewPlaylist, paths: _Paths = False
) -> Response:
    """Any tracks as extended M3U, without those whose files are missing; nothing is kept."""
    return await _serve_tracks(service, request, body, "m3u8", paths=paths)


@routes.post("/xspf", **_file("xspf"))
async def make_xspf(
    service: ServiceDep, request: Request, body: NewPlaylist, paths: _Paths = False
) -> Response:
    """Any tracks as XSPF, likewise."""
    return await _serve_tracks(service, request, body, "xspf", paths=paths)


@routes.post("/jspf", **_file("jspf"))
async def make_jspf(
    service: ServiceDep, request: Request, body: NewPlaylist, paths: _Paths = False
) -> Response:
    """Any tracks as JSPF, likewise."""
    return await _serve_tracks(service, request, body, "jspf", paths=paths)


async def _serve(service: Service, request: Request, playlist_id: str, kind: str, *, paths: bool) -> Response:
    def look() -> tuple[str, list[Track]]:
        seen = _require(service, playlist_id)
        return seen.playlist.name, _tracks(service, seen.tracks())

    return _as_file(request, *await service.run(look), kind, paths=paths)


async def _serve_tracks(
    service: Service, request: Request, body: NewPlaylist, kind: str, *, paths: bool
) -> Response:
    def look() -> list[Track]:
        _require_tracks(service, body.tracks)
        return _tracks(service, body.tracks)

    return _as_file(request, body.name, await service.run(look), kind, paths=paths)


def _playlist_record(service: Service, playlist_id: str) -> dict[str, Any]:
    seen = _require(service, playlist_id)
    return seen.record() | {"tracks": service.records(_tracks(service, seen.tracks()))}


def _require(service: Service, playlist_id: str) -> SeenPlaylist:
    seen = find_playlist(service, playlist_id)
    if seen is None:
        raise ApiError(404, "playlist_not_found", "no such playlist")
    return seen


def _require_own(service: Service, playlist_id: str) -> SeenPlaylist:
    seen = _require(service, playlist_id)
    if seen.owner:
        raise ApiError(403, "not_yours", f"this playlist is {seen.owner.name}'s; save a copy to change it")
    return seen


def _tracks(service: Service, ids: Sequence[str]) -> list[Track]:
    return service.library.tracks.by_ids(ids)


def _require_tracks(service: Service, ids: Sequence[str]) -> None:
    known_ids = {track.id for track in _tracks(service, list(dict.fromkeys(ids)))}
    for name in ids:
        if name not in known_ids:
            raise ApiError(404, "track_not_found", f"no track has the id {name!r}")


def _as_file(request: Request, name: str, tracks: Sequence[Track], kind: str, *, paths: bool) -> Response:
    def place(track: Track) -> str:
        if not track.has_file and track.url:
            return track.url
        if paths and track.has_file and not {"\n", "\r"} & set(track.path):
            return readable(track.path) if kind == "m3u8" else address(track)
        return str(request.url_for("get_track_audio", track_id=track.id))

    present = [track for track in tracks if track.missing_since is None]
    content = _WRITERS[kind]([(track, place(track)) for track in present], name)
    line = " ".join(name.encode("utf-8", "replace").decode().split())
    file_name = quote(f"{line[:80]}.{kind}", safe="")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{file_name}"}
    return Response(content, headers=headers, media_type=_TYPES[kind])
