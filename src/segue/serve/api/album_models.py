"""Albums, artists and what was played as the service sends them: for OpenAPI and the player's types.

Routes send bytes of their own and never run these models; ``tests/test_serve_schema.py`` compares them.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from segue.serve.api.recommendation_models import Match
from segue.serve.api.request_models import OTHER_ID
from segue.serve.api.track_models import TRACK, EpochS, Track, with_example

Score = Annotated[float, Field(description="Cosine of the middles of both: 1 is the same, larger is nearer")]
_ALBUM: dict[str, Any] = {
    "id": "al-9c1d2e3f40516273", "name": "Cinders", "artist": "Iron Vale", "artist_id": "ar-1c2d3e4f50617283",
    "year": 1994, "genres": ["Metal"], "n": 9, "duration_s": 2410.2, "added_at": 1_764_400_000.0,
    "compilation": False, "cover": OTHER_ID,
}  # fmt: skip
_ARTIST: dict[str, Any] = {
    "id": "ar-1c2d3e4f50617283", "name": "Iron Vale", "albums": 3, "tracks": 31, "cover": OTHER_ID,
}  # fmt: skip


class AlbumSummary(BaseModel):
    """Tracks that are one album by their tags; `name` is null for those of an artist that are on none."""

    model_config = with_example(**_ALBUM)

    id: str
    name: str | None
    artist: Annotated[str | None, Field(description="With `; ` between several")]
    artist_id: Annotated[str, Field(description="Of the first of them")]
    year: int | None
    genres: list[str]
    n: Annotated[int, Field(description="Tracks")]
    duration_s: float
    added_at: EpochS
    compilation: Annotated[bool, Field(description="Whether it is by various artists")]
    cover: Annotated[str, Field(description="The track whose cover it has")]


class AlbumPage(BaseModel):
    albums: list[AlbumSummary]
    total: int


class Album(AlbumSummary):
    model_config = with_example(**_ALBUM, tracks=[TRACK])

    tracks: list[Track]


class AlbumMatch(BaseModel):
    score: Score
    album: AlbumSummary


class SimilarAlbums(BaseModel):
    matches: list[AlbumMatch]


class ArtistSummary(BaseModel):
    model_config = with_example(**_ARTIST)

    id: str
    name: str
    albums: int
    tracks: int
    cover: Annotated[str, Field(description="A track whose cover stands for the artist")]


class ArtistPage(BaseModel):
    artists: list[ArtistSummary]
    total: int


class Artist(ArtistSummary):
    model_config = with_example(**_ARTIST, own_albums=[_ALBUM], appears_on=[], top_tracks=[TRACK])

    own_albums: Annotated[list[AlbumSummary], Field(description="The newest first")]
    appears_on: Annotated[list[AlbumSummary], Field(description="Albums of others with tracks of theirs")]
    top_tracks: Annotated[list[Track], Field(description="The most played first")]


class ArtistTracks(BaseModel):
    tracks: list[Track]


class ArtistMatch(BaseModel):
    score: Score
    artist: ArtistSummary


class SimilarArtists(BaseModel):
    matches: list[ArtistMatch]
    albums: list[AlbumMatch]


class Genre(BaseModel):
    model_config = with_example(name="Metal", tracks=31, albums=3, covers=[OTHER_ID])

    name: str
    tracks: int
    albums: int
    covers: Annotated[list[str], Field(description="Tracks whose covers stand for it")]


class Genres(BaseModel):
    genres: list[Genre]


class Play(BaseModel):
    at: EpochS
    track: Track


class History(BaseModel):
    plays: list[Play]
    total: int


class Because(BaseModel):
    """What sounds like the track that was played last, by other artists."""

    track: Track
    matches: list[Match]


class Home(BaseModel):
    go_on: Annotated[list[AlbumSummary], Field(description="Played last, the latest first")]
    added: Annotated[list[AlbumSummary], Field(description="Added last, the newest first")]
    played: Annotated[list[Track], Field(description="Played last, each once, the latest first")]
    because: Because | None
    rediscover: Annotated[list[AlbumSummary], Field(description="Not played for long, or never")]
