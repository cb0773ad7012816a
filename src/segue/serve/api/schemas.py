"""What requests and answers hold, as OpenAPI tells it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Seed = Annotated[str, StringConstraints(min_length=1, max_length=100)]
TrackIds = Annotated[list[Seed], Field(max_length=10_000)]
Range = tuple[Annotated[float, Field(ge=0, le=1e6)] | None, Annotated[float, Field(ge=0, le=1e6)] | None]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ErrorDetail(BaseModel):
    code: str
    message: str
    details: dict[str, Any] | None


class Error(BaseModel):
    error: ErrorDetail


class TrackOut(BaseModel):
    id: str
    title: str
    artist: str | None
    album: str | None
    album_artist: str | None
    genre: str | None
    year: int | None
    duration_s: float
    path: str | None
    url: str | None
    source: str | None
    has_file: bool
    missing: bool
    cluster: int | None


class TracksOut(BaseModel):
    tracks: list[TrackOut]
    total: int


class TrackListOut(BaseModel):
    tracks: list[TrackOut]


class MatchOut(BaseModel):
    score: float
    track: TrackOut


class MatchesOut(BaseModel):
    matches: list[MatchOut]
    shortfall: str | None


class Conditions(Body):
    """Of which a track must meet all that are given."""

    genre: Name | None = None
    label: Name | None = None
    artist: Name | None = None
    album: Name | None = None
    folder: Name | None = None
    years: Range | None = None
    tempo: Range | None = None
    duration_s: Range | None = None
    cluster: int | Name | None = None


class SimilarBody(Body):
    seeds: Annotated[list[Seed], Field(min_length=1, max_length=100)]
    minus: Annotated[list[Seed], Field(max_length=100)] = []
    k: Annotated[int, Field(ge=1, le=1000)] = 10
    where: Conditions | None = None
    same_artist: bool = True
    view: Name | None = None


class PlaylistBody(SimilarBody):
    k: Annotated[int, Field(ge=1, le=500)] = 25
    variety: Annotated[float, Field(ge=0, le=1)] = 0.3


class JourneyBody(Body):
    start: Seed
    end: Seed
    k: Annotated[int, Field(ge=2, le=200)] = 12
    where: Conditions | None = None
    view: Name | None = None


class MatrixBody(Body):
    tracks: Annotated[list[Seed], Field(min_length=1, max_length=200)]
    view: Name | None = None


class TrackListBody(Body):
    tracks: Annotated[list[Seed], Field(max_length=1000)]


class NewPlaylist(Body):
    name: Name
    tracks: TrackIds = []


class ChangedPlaylist(Body):
    name: Name | None = None
    tracks: TrackIds | None = None


class FeedbackBody(Body):
    seed: Seed
    track: Seed
    verdict: Literal["like", "dislike", "skip"]


class ScanBody(Body):
    folders: (
        Annotated[
            list[Annotated[str, StringConstraints(min_length=1, max_length=4096)]], Field(max_length=100)
        ]
        | None
    ) = None


class ClustersBody(Body):
    k: Annotated[int, Field(ge=2, le=1000)] | None = None
    view: Name | None = None


class EvaluateBody(Body):
    view: Name | None = None


class LoginBody(Body):
    password: Annotated[str, StringConstraints(max_length=1000)]


class SessionOut(BaseModel):
    needed: bool
    logged_in: bool


class PlaylistOut(BaseModel):
    id: str
    name: str
    comment: str
    created_at: float
    changed_at: float
    n: int
    duration_s: float
    tracks: list[TrackOut] | None = None


class PlaylistsOut(BaseModel):
    playlists: list[PlaylistOut]


class ClipFacts(BaseModel):
    id: str
    name: str
    duration_s: float
    peaks: list[float]


class ClipOut(BaseModel):
    clip: ClipFacts
    expires_s: float


class JobOut(BaseModel):
    id: str
    kind: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    done: int
    total: int | None
    rate: float | None
    left_s: float | None
    message: str
    report: dict[str, Any] | None


class JobAnswer(BaseModel):
    job: JobOut


class JobsOut(BaseModel):
    jobs: list[JobOut]
