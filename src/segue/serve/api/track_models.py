"""Tracks, playlists and clips as the service sends them: for OpenAPI and the player's types.

Routes send bytes of their own and never run these models; ``tests/test_serve_schema.py`` compares them.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from segue.serve.api.request_models import OTHER_ID

EpochS = Annotated[float, Field(description="Seconds since 1970")]
TRACK = {  # FastAPI leaves nulls out of examples: every field has a value
    "id": OTHER_ID, "title": "Eternal Forge", "artist": "Iron Vale",
    "artists": [{"id": "ar-1c2d3e4f50617283", "name": "Iron Vale"}], "album": "Cinders",
    "album_artist": "Iron Vale", "genre": "Metal", "year": 1994, "disc_number": 1,
    "track_number": 3, "duration_s": 241.3, "path": "music/Cinders/03.flac",
    "url": "https://example.org/eternal-forge", "source": "fma",
    "has_file": True, "missing": False, "cluster": 3,
}  # fmt: skip


def with_example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


class ArtistName(BaseModel):
    """An artist as `/artists/ID` knows them."""

    id: str
    name: str


class Track(BaseModel):
    """A track of the library; its path is for reading, and opens nothing."""

    model_config = with_example(**TRACK)

    id: str
    title: str
    artist: Annotated[str | None, Field(description="With `; ` between several")]
    artists: list[ArtistName]
    album: str | None
    album_artist: str | None
    genre: str | None
    year: int | None
    disc_number: int | None
    track_number: int | None
    duration_s: Annotated[float, Field(description="0 where it is unknown")]
    path: Annotated[str | None, Field(description="From a scanned folder on; null where there is no file")]
    url: Annotated[str | None, Field(description="A page that plays it")]
    source: Annotated[str | None, Field(description="The data set that it was imported from")]
    has_file: bool
    missing: Annotated[bool, Field(description="Whether its file was gone at the last scan")]
    cluster: int | None


class TrackPage(BaseModel):
    tracks: list[Track]
    total: int


class Tracks(BaseModel):
    tracks: list[Track]


class Tags(BaseModel):
    """What the file says of itself."""

    title: str | None
    artist: str | None
    album: str | None
    album_artist: str | None
    genre: str | None
    year: int | None
    track_number: int | None
    disc_number: int | None


class FileDetails(BaseModel):
    """Facts of the file, and whatever else the track's source says of it."""

    model_config = ConfigDict(extra="allow")

    codec: str
    sr: Annotated[int, Field(description="Hz")]
    channels: int
    size: Annotated[int, Field(description="Bytes")]
    added_at: EpochS
    warning: str | None
    source_id: str | None


class TrackDetails(BaseModel):
    model_config = with_example(
        track=TRACK,
        tags={
            "title": "Eternal Forge", "artist": "Iron Vale", "album": "Cinders", "album_artist": "Iron Vale",
            "genre": "Metal", "year": 1994, "track_number": 3, "disc_number": 1,
        },
        labels={"musicnn-1": {"metal": 0.81, "guitar": 0.64}},
        descriptors={"tempo_bpm": 143.6, "centroid_hz_mean": 2364.0},
        details={
            "codec": "flac", "sr": 44_100, "channels": 2, "size": 28_311_552, "added_at": 1_764_400_000.0,
            "warning": "damaged near the end", "source_id": "track-17",
        },
    )  # fmt: skip

    track: Track
    tags: Tags
    labels: Annotated[
        dict[str, dict[str, float]],
        Field(description="For each network's space, the words that it gives the track, with scores"),
    ]
    descriptors: Annotated[dict[str, float | None], Field(description="Measured values by name")]
    details: FileDetails


class Peaks(BaseModel):
    model_config = with_example(peaks=[0.02, 0.61, 0.93, 0.4], duration_s=241.3)

    peaks: Annotated[list[float], Field(description="Largest amplitude of each part, 0 to 1")]
    duration_s: float


class Clip(BaseModel):
    id: str
    name: str
    duration_s: float
    peaks: list[float]


class ClipAnswer(BaseModel):
    model_config = with_example(
        clip={"id": "clip-4f1d", "name": "humming.ogg", "duration_s": 12.4, "peaks": [0.1, 0.7, 0.5]},
        expires_s=3600.0,
    )

    clip: Clip
    expires_s: Annotated[float, Field(description="How long the clip is kept")]


PLAYLIST: dict[str, Any] = {
    "id": "8c1d2e3f40516273", "name": "Late evening", "comment": "", "n": 1, "duration_s": 241.3,
    "created_at": 1_764_400_000.0, "changed_at": 1_764_403_600.0, "owner": "Anna", "public": True,
}  # fmt: skip


class PlaylistSummary(BaseModel):
    model_config = with_example(**PLAYLIST)

    id: str
    name: str
    comment: str
    created_at: EpochS
    changed_at: EpochS
    n: Annotated[int, Field(description="Tracks that are still in the library")]
    duration_s: float
    owner: Annotated[str | None, Field(description="Whose it is; null where it is one's own")]
    public: Annotated[bool, Field(description="Whether all users of the library see it")]


class Playlist(PlaylistSummary):
    model_config = with_example(**PLAYLIST, tracks=[TRACK])

    tracks: list[Track]


class Playlists(BaseModel):
    playlists: list[PlaylistSummary]
