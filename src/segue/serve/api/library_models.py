"""The library, its map, groups and jobs as the service sends them: for OpenAPI and the player's types.

Routes send bytes of their own and never run these models; ``tests/test_serve_schema.py`` compares them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from segue.serve.api.request_models import Verdict
from segue.serve.api.track_models import EpochS, Track


class Health(BaseModel):
    status: Literal["ok"]
    version: str
    tracks: int
    format: Annotated[int, Field(description="Of the library on disk")]


class LibraryMap(BaseModel):
    """Columns: the i-th value of each is about the i-th track."""

    ids: list[str]
    x: list[float]
    y: list[float]
    cluster: list[int | None]
    genre: Annotated[list[int | None], Field(description="Places in `genres`")]
    year: list[int | None]
    titles: list[str]
    artists: list[str]
    genres: Annotated[list[str], Field(description="The most frequent ones")]


class Cluster(BaseModel):
    number: int
    name: str
    size: int
    words: Annotated[
        list[tuple[str, float]],
        Field(description="What sets it apart, with the distance from the library's mean in deviations"),
    ]
    labels: list[str]
    genres: Annotated[list[tuple[str, float]], Field(description="With their shares of its tracks")]
    central: Annotated[list[Track], Field(description="The tracks nearest to its middle")]
    color: Annotated[str, Field(description="#rrggbb")]


class Clusters(BaseModel):
    clusters: list[Cluster]
    view: str
    separation: Annotated[float, Field(description="How far apart the clusters are")]
    new: Annotated[int, Field(description="Tracks that came since")]
    stale: Annotated[bool, Field(description="Whether anything has changed since")]


class Evaluation(BaseModel):
    view: str
    tracks: int
    asked: Annotated[int, Field(description="Tracks whose neighbors were looked at")]
    precision: Annotated[
        dict[str, float], Field(description="By k: the share of the k nearest tracks with a genre in common")
    ]
    chance: Annotated[float, Field(description="The same for random pairs")]
    hubness: Annotated[float, Field(description="Large where a few tracks are near everything")]
    at: EpochS


class LibrarySpace(BaseModel):
    name: str
    dim: int
    license: str
    tracks: int


class LibraryStatus(BaseModel):
    path_name: str
    tracks: int
    missing: int
    failures: int
    duration_s: float
    spaces: list[LibrarySpace]
    views: list[str]
    sources: list[str]
    folders: list[str]
    has_map: bool
    clusters: int
    writable: bool
    command: Annotated[str, Field(description="How to run Segue on the service's machine, such as `segue`")]


class Facet(BaseModel):
    name: str
    n: int


class YearRange(BaseModel):
    min: int | None
    max: int | None


class Facets(BaseModel):
    genres: list[Facet]
    labels: list[Facet]
    years: YearRange
    artists: int
    albums: int


class Failure(BaseModel):
    path: str
    kind: str
    reason: str


class FailurePage(BaseModel):
    failures: list[Failure]
    total: int


class Model(BaseModel):
    """A network that others published."""

    name: str
    title: str
    purpose: str
    license: str
    reference: str
    size_bytes: int
    sha256: str
    state: Literal["ready", "missing", "outdated", "damaged"]
    reason: Annotated[str | None, Field(description="Why it is not ready")]


class Models(BaseModel):
    models: list[Model]


class Feedback(BaseModel):
    seed: str
    track: str
    verdict: Verdict


class DatedFeedback(Feedback):
    at: EpochS


class FeedbackList(BaseModel):
    feedback: list[DatedFeedback]


class Job(BaseModel):
    """Long work, and how far it is."""

    id: str
    kind: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    done: int
    total: int | None
    rate: Annotated[float | None, Field(description="Items a second")]
    left_s: Annotated[float | None, Field(description="Estimated time until it is done")]
    message: str
    report: Annotated[dict[str, Any] | None, Field(description="What came of it; depends on the kind")]


class JobAnswer(BaseModel):
    job: Job


class Jobs(BaseModel):
    jobs: list[Job]


class Session(BaseModel):
    needed: Annotated[bool, Field(description="Whether the service wants a password")]
    logged_in: bool
