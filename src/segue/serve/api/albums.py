"""Albums, artists, genres and what was played: music as people know it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from segue.library import NO_ALBUM, NO_ARTIST, Album, AlbumSort, Artist, ArtistSort, sort_albums
from segue.recommend.seeds import SeedGroup
from segue.serve.api import album_models as models
from segue.serve.http.errors import ApiError
from segue.serve.http.inputs import LONGEST_NAME, TEXT
from segue.serve.http.responses import json_response, openapi_responses
from segue.serve.service import Service, ServiceDep
from segue.tags import VARIOUS_ARTISTS
from segue.track import TrackId

routes = APIRouter(tags=["albums and artists"])
_MOST_SEEDS = 1000  # tracks of an artist that are compared
_COVERS = 4  # of a genre
_TOP = 10  # tracks of an artist

Record = dict[str, Any]
_Limit = Annotated[int, Query(ge=1, le=1000)]
_Offset = Annotated[int, Query(ge=0, le=100_000_000)]
_K = Annotated[int, Query(ge=1, le=100)]
_Words = Annotated[str, Query(max_length=LONGEST_NAME, pattern=TEXT, description="Words of names")]
_Genre = Annotated[str | None, Query(min_length=1, max_length=LONGEST_NAME, pattern=TEXT)]
_Order = Annotated[int, Query(ge=0, le=2**31, description="Of `sort=random`: one for each number")]


def album_record(album: Album) -> Record:
    return {
        "id": album.id,
        "name": None if album.name == NO_ALBUM else album.name,
        "artist": None if album.artist == NO_ARTIST else album.artist,
        "artist_id": album.artist_id,
        "year": album.year,
        "genres": album.genres,
        "n": len(album.tracks),
        "duration_s": round(album.duration_s, 3),
        "added_at": album.created_at,
        "compilation": album.artist == VARIOUS_ARTISTS,
        "cover": album.tracks[0],
    }


def artist_record(artist: Artist) -> Record:
    return {
        "id": artist.id,
        "name": artist.name,
        "albums": sum(album.name != NO_ALBUM for album in artist.albums),
        "tracks": len(artist.tracks),
        "cover": artist.tracks[0],
    }


@routes.get("/albums", responses=openapi_responses(models.AlbumPage))
async def list_albums(
    service: ServiceDep,
    sort: AlbumSort = "artist",
    q: _Words = "",
    genre: _Genre = None,
    order: _Order = 0,
    limit: _Limit = 60,
    offset: _Offset = 0,
) -> Response:
    """Albums in an order, a page at a time; `played` and `often` leave out what was never played."""

    def look() -> Record:
        albums = service.library.albums(sort, text=q, genre=genre, random_state=order)
        return {"albums": list(map(album_record, albums[offset : offset + limit])), "total": len(albums)}

    return json_response(await service.run(look))


@routes.get("/albums/{album_id}", responses=openapi_responses(models.Album, 404))
async def get_album(service: ServiceDep, album_id: str) -> Response:
    """One album with its tracks, in the order of discs and numbers."""

    def look() -> Record:
        album = _album(service, album_id)
        return album_record(album) | {"tracks": _tracks(service, album.tracks)}

    return json_response(await service.run(look))


@routes.get("/albums/{album_id}/similar", responses=openapi_responses(models.SimilarAlbums, 404))
async def get_similar_albums(service: ServiceDep, album_id: str, k: _K = 12) -> Response:
    """The albums that sound most like this one, the nearest first."""

    def look() -> Record:
        album = _album(service, album_id)
        similar = service.library.similar_albums(_group(service, album.name, album.tracks), k=k)
        matches = [{"score": round(m.score, 4), "album": album_record(m.album)} for m in similar.matches]
        return {"matches": matches}

    return json_response(await service.run(look))


@routes.get("/tracks/{track_id}/album", responses=openapi_responses(models.Album, 404))
async def get_album_of_track(service: ServiceDep, track_id: str) -> Response:
    """The album that a track is on, with its tracks."""

    def look() -> Record:
        track = service.track(track_id)
        album = _album(service, service.library.discography().album_of.get(track.id, ""))
        return album_record(album) | {"tracks": _tracks(service, album.tracks)}

    return json_response(await service.run(look))


@routes.get("/artists", responses=openapi_responses(models.ArtistPage))
async def list_artists(
    service: ServiceDep,
    sort: ArtistSort = "name",
    q: _Words = "",
    limit: _Limit = 60,
    offset: _Offset = 0,
) -> Response:
    """Artists in an order, a page at a time; `played` and `often` leave out who was never played."""

    def look() -> Record:
        artists = service.library.artists(sort, text=q)
        return {"artists": list(map(artist_record, artists[offset : offset + limit])), "total": len(artists)}

    return json_response(await service.run(look))


@routes.get("/artists/{artist_id}", responses=openapi_responses(models.Artist, 404))
async def get_artist(service: ServiceDep, artist_id: str) -> Response:
    """One artist: own albums, the others with tracks of theirs, and their tracks, the most played first."""

    def look() -> Record:
        artist, plays = _artist(service, artist_id), service.library.feedback.plays()
        named = sort_albums([one for one in artist.albums if one.name != NO_ALBUM], "year", plays)
        own = [album for album in named if artist.tracks and set(album.tracks) <= set(artist.tracks)]
        top = sorted(artist.tracks, key=lambda track: -plays.get(track, (0, 0.0))[0])
        return artist_record(artist) | {
            "own_albums": list(map(album_record, own)),
            "appears_on": [album_record(album) for album in named if album not in own],
            "top_tracks": _tracks(service, top[:_TOP]),
        }

    return json_response(await service.run(look))


@routes.get("/artists/{artist_id}/tracks", responses=openapi_responses(models.ArtistTracks, 404))
async def get_artist_tracks(service: ServiceDep, artist_id: str) -> Response:
    """All tracks of one artist, album by album."""

    def look() -> Record:
        return {"tracks": _tracks(service, _artist(service, artist_id).tracks)}

    return json_response(await service.run(look))


@routes.get("/artists/{artist_id}/similar", responses=openapi_responses(models.SimilarArtists, 404))
async def get_similar_artists(service: ServiceDep, artist_id: str, k: _K = 12) -> Response:
    """The artists and albums that sound most like this artist, the nearest first."""

    def look() -> Record:
        artist = _artist(service, artist_id)
        group = _group(service, artist.name, artist.tracks)
        artists = service.library.similar_artists(group, k=k).matches
        albums = service.library.similar_albums(group, k=k).matches
        return {
            "matches": [{"score": round(m.score, 4), "artist": artist_record(m.artist)} for m in artists],
            "albums": [{"score": round(m.score, 4), "album": album_record(m.album)} for m in albums],
        }

    return json_response(await service.run(look))


@routes.get("/genres", responses=openapi_responses(models.Genres))
async def list_genres(service: ServiceDep) -> Response:
    """The genres of the files' tags, the largest first, with the covers of some of their albums."""

    def look() -> Record:
        discography = service.library.discography()
        covers: dict[str, list[TrackId]] = {}
        for album in discography.albums.values():
            for name in album.genres:
                covers.setdefault(name, []).append(album.tracks[0])
        genres = sorted(discography.genres.items(), key=lambda one: -one[1][0])
        return {
            "genres": [
                {"name": name, "tracks": n, "albums": albums, "covers": covers.get(name, [])[:_COVERS]}
                for name, (n, albums) in genres
            ]
        }

    return json_response(await service.run(look))


@routes.get("/history", responses=openapi_responses(models.History))
async def get_history(service: ServiceDep, limit: _Limit = 100, offset: _Offset = 0) -> Response:
    """What was played, the latest first, by this page and by other players."""

    def look() -> Record:
        history, total = service.library.feedback.history(limit, offset)
        records = {record["id"]: record for record in _tracks(service, [track for track, _ in history])}
        plays = [{"at": at, "track": records[track]} for track, at in history if track in records]
        return {"plays": plays, "total": total}

    return json_response(await service.run(look))


@routes.get("/home", responses=openapi_responses(models.Home))
async def get_home(service: ServiceDep, k: _K = 12) -> Response:
    """Where to begin: what was played and added last, what sounds like it, what was not played for long."""

    def look() -> Record:
        home = service.library.home(k=k)
        record: Record = {
            name: list(map(album_record, getattr(home, name))) for name in ("go_on", "added", "rediscover")
        }
        record["played"] = service.records(home.played)
        record["because"] = None
        if home.because:
            track, recommendations = home.because
            answer = service.matches(recommendations)
            record["because"] = {"track": service.records([track])[0], "matches": answer["matches"]}
        return record

    return json_response(await service.run(look))


def _album(service: Service, album_id: str) -> Album:
    album = service.library.discography().albums.get(album_id)
    if album is None:
        raise ApiError(404, "album_not_found", "no such album")
    return album


def _artist(service: Service, artist_id: str) -> Artist:
    artist = service.library.discography().artists.get(artist_id)
    if artist is None:
        raise ApiError(404, "artist_not_found", "no such artist")
    return artist


def _group(service: Service, name: str, ids: Sequence[TrackId]) -> SeedGroup:
    step = -(-len(ids) // _MOST_SEEDS)
    return SeedGroup(tuple(service.library.tracks.by_ids(ids[::step])), name)


def _tracks(service: Service, ids: Sequence[str]) -> list[Record]:
    return service.records(service.library.tracks.by_ids(list(dict.fromkeys(ids))))
