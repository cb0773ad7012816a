"""The library, its map, groups and jobs as the service sends them: for OpenAPI and the player's types.

Routes send bytes of their own and never run these models; ``tests/test_serve_schema.py`` compares them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from segue.recommend.evaluate import LabelName
from segue.serve.api.request_models import EXAMPLE_ID, OTHER_ID, Verdict
from segue.serve.api.track_models import TRACK, EpochS, Track, with_example


class Health(BaseModel):
    model_config = with_example(status="ok", version="0.1.0", tracks=8204, format=3)

    status: Literal["ok"]
    version: str
    tracks: int
    format: Annotated[int, Field(description="Of the library on disk")]


class Folders(BaseModel):
    model_config = with_example(folders=["/home/me/Music"], any=True, scanned=[])

    folders: list[str]
    any: Annotated[bool, Field(description="Whether any folder of this machine may be scanned")]
    scanned: Annotated[list[str], Field(description="Before")]


class LibraryMap(BaseModel):
    """Columns: the i-th value of each is about the i-th track."""

    model_config = with_example(
        ids=[OTHER_ID], x=[0.42], y=[-0.17], cluster=[3], genre=[0], year=[1994],
        titles=["Eternal Forge"], artists=["Iron Vale"], genres=["Metal"],
    )  # fmt: skip

    ids: list[str]
    x: list[float]
    y: list[float]
    cluster: list[int | None]
    genre: Annotated[list[int | None], Field(description="Places in `genres`")]
    year: list[int | None]
    titles: list[str]
    artists: list[str]
    genres: Annotated[list[str], Field(description="The most frequent ones")]


class DescriptorNames(BaseModel):
    model_config = with_example(names=["tempo_bpm", "loudness_lufs"])

    names: list[str]


class DescriptorValues(BaseModel):
    model_config = with_example(name="tempo_bpm", values=[143.6])

    name: str
    values: Annotated[list[float | None], Field(description="The i-th is of the i-th track of the map")]


class Cluster(BaseModel):
    model_config = with_example(
        number=3, name="loud, dense", size=212, words=[["loud", 1.8], ["dense", 1.1]], labels=["metal"],
        genres=[["Metal", 0.71]], central=[TRACK], color="#b5523a",
    )  # fmt: skip

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


class Figure(BaseModel):
    """A mean over queries, and between what it would be with other albums, in 95 of 100 cases."""

    value: float
    low: float
    high: float


class Comparison(BaseModel):
    """What another view gives for the same queries."""

    view: str
    precision: dict[str, Figure]
    average_precision: Figure
    gain: Annotated[
        dict[str, Figure],
        Field(description="The evaluated view's less this one's: by k, and `average_precision`"),
    ]


class Evaluation(BaseModel):
    model_config = with_example(
        view="all", by="genre", tracks=8204, asked=2000,
        precision={"1": {"value": 0.58, "low": 0.55, "high": 0.61}},
        average_precision={"value": 0.21, "low": 0.19, "high": 0.23}, chance=0.12, hubness=0.3,
        same_album=0.18, copies=0.0, index_recall=0.993, query_us=84.0, at=1_764_400_000.0,
        tag_fit="used: .446 of the 5 nearest are of one album and artist, by sound alone .418",
        against={
            "view": "musicnn-1", "precision": {"1": {"value": 0.51, "low": 0.48, "high": 0.54}},
            "average_precision": {"value": 0.17, "low": 0.15, "high": 0.19},
            "gain": {"1": {"value": 0.07, "low": 0.05, "high": 0.09}},
        },
    )  # fmt: skip

    view: str
    by: Annotated[LabelName, Field(description="The tag that makes a neighbor a right one")]
    tracks: int
    asked: Annotated[int, Field(description="Tracks whose neighbors were looked at")]
    precision: Annotated[
        dict[str, Figure], Field(description="By k: the share of the k nearest tracks with the tag in common")
    ]
    average_precision: Annotated[Figure, Field(description="The mean of it, over the 100 nearest")]
    chance: Annotated[float, Field(description="The share of random pairs with the tag in common")]
    hubness: Annotated[float, Field(description="Large where a few tracks are near everything")]
    same_album: Annotated[
        float | None, Field(description="Share of the ten nearest tracks that are of the track's own album")
    ]
    copies: Annotated[
        float, Field(description="Share of the ten nearest that are versions of the query's recording")
    ]
    index_recall: Annotated[float, Field(description="Share of the truly ten nearest that the index finds")]
    query_us: Annotated[float, Field(description="Median time of a query of the index, microseconds")]
    at: EpochS
    tag_fit: Annotated[
        str | None,
        Field(description="What tags do to the view, where figures of tags it has seen are too good"),
    ]
    against: Comparison | None


class LibrarySpace(BaseModel):
    name: str
    dim: int
    license: str
    tracks: int
    compared: Annotated[bool, Field(description="Whether recommendations use it; not so an older version")]


class LibraryUpgrade(BaseModel):
    older: Annotated[str, Field(description="The space that tracks have")]
    newer: Annotated[str, Field(description="The space of the newer version, which they lack")]
    tracks: int


class LibraryStatus(BaseModel):
    model_config = with_example(
        path_name="library", tracks=8204, missing=3, away=0, failures=2, duration_s=1_972_340.5,
        spaces=[{"name": "musicnn-1", "dim": 200, "license": "ISC", "tracks": 8204, "compared": True}],
        upgrades=[{"older": "mn04-1", "newer": "mn04-2", "tracks": 8204}],
        views=["all", "all/sound", "musicnn-1"],
        tags="Segue compares tracks by sound alone: your tags name too few albums to learn from.",
        sources=["fma"], folders=["music"], has_map=True, clusters=14, writable=True, command="segue",
    )  # fmt: skip

    path_name: str
    tracks: int
    missing: int
    away: Annotated[
        int, Field(description="Of the missing: gone with all of a folder or disk, which may not be mounted")
    ]
    failures: int
    duration_s: float
    spaces: list[LibrarySpace]
    upgrades: Annotated[
        list[LibraryUpgrade], Field(description="Newer versions that a scan with `upgrade` would add")
    ]
    views: list[str]
    tags: Annotated[str | None, Field(description="What the library's own tags do to its default view")]
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
    model_config = with_example(
        genres=[{"name": "Metal", "n": 412}], labels=[{"name": "guitar", "n": 2190}],
        years={"min": 1958, "max": 2025}, artists=611, albums=803,
    )  # fmt: skip

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
    model_config = with_example(
        failures=[{"path": "music/broken.mp3", "kind": "DecodeError", "reason": "no frame of MP3 in it"}],
        total=1,
    )

    failures: list[Failure]
    total: int


class Settings(BaseModel):
    model_config = with_example(
        speech=False, shortest_s="auto", longest_s=1800.0, per_artist="auto", per_album=0,
        watch=True, shortest_now_s=30.0, longest_now_s=1800.0, watch_now=True,
    )  # fmt: skip

    speech: Annotated[bool, Field(description="Whether speech may be an answer to music")]
    shortest_s: Annotated[float | Literal["auto"], Field(description="Of an answer; 0: any")]
    longest_s: Annotated[float | Literal["auto"], Field(description="Of an answer; 0: any")]
    per_artist: Annotated[int | Literal["auto"], Field(description="Most of one in a playlist; 0: any")]
    per_album: Annotated[int | Literal["auto"], Field(description="Most of one in a playlist; 0: any")]
    watch: Annotated[bool, Field(description="Whether the scanned folders are followed")]
    shortest_now_s: Annotated[float, Field(description="What shortest_s comes to in this library")]
    longest_now_s: Annotated[float | None, Field(description="Likewise; null: any length")]
    watch_now: Annotated[bool, Field(description="Whether they are; --watch and --no-watch win over watch")]


class Copy(BaseModel):
    """A file of a recording."""

    model_config = with_example(track=TRACK, codec="flac", size=24_100_000, identical=False)

    track: Track
    codec: str
    size: Annotated[int, Field(description="Bytes")]
    identical: Annotated[bool, Field(description="Whether a file before it has the same bytes")]


class Duplicate(BaseModel):
    """A recording with several files, the best first."""

    copies: list[Copy]


class DuplicatePage(BaseModel):
    model_config = with_example(
        recordings=[
            {
                "copies": [
                    {"track": TRACK, "codec": "flac", "size": 24_100_000, "identical": False},
                    {"track": TRACK, "codec": "mp3", "size": 3_900_000, "identical": False},
                ]
            }
        ],
        total=1,
        extra_bytes=3_900_000,
    )

    recordings: list[Duplicate]
    total: int
    extra_bytes: Annotated[int, Field(description="The size of all files but the best of each recording")]


class Model(BaseModel):
    """A network that others published."""

    model_config = with_example(
        name="musicnn", title="MusiCNN", purpose="genres and moods", license="ISC",
        reference="https://arxiv.org/abs/1909.06654", size_bytes=3_200_000, sha256="f38a" * 16, state="ready",
        reason="the file is damaged",
    )  # fmt: skip

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


class PlayQueue(BaseModel):
    """A queue as a player left it."""

    model_config = with_example(
        tracks=[TRACK], current=0, position_s=61.5, player="phone", changed_at=1_764_400_000.0
    )

    tracks: list[Track]
    current: Annotated[int, Field(description="Place of the track that plays")]
    position_s: float
    player: Annotated[str, Field(description="What saved it")]
    changed_at: Annotated[EpochS | None, Field(description="null where no queue was saved")]


class Feedback(BaseModel):
    model_config = with_example(seed=EXAMPLE_ID, track=OTHER_ID, verdict="like")

    seed: Annotated[str | None, Field(description="What the track was an answer to")]
    track: str
    verdict: Verdict


class DatedFeedback(Feedback):
    model_config = with_example(seed=EXAMPLE_ID, track=OTHER_ID, verdict="like", at=1_764_400_000.0)

    at: EpochS


class FeedbackList(BaseModel):
    feedback: list[DatedFeedback]


class Job(BaseModel):
    """Long work, and how far it is."""

    model_config = with_example(
        id="0b1c2d3e", kind="scan", state="done", done=8204, total=8204, rate=41.5, left_s=0.0,
        message="music/Cinders/03.flac", report={"added": 12, "unchanged": 8190, "failed": 2},
    )  # fmt: skip

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
    changes: Annotated[int, Field(description="Grows whenever tracks of the library have changed")]
