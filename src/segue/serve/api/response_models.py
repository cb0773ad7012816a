"""What the service answers, as OpenAPI describes it and the player's types are generated from.

Routes send bytes of their own and never run these models; ``tests/test_serve_schema.py`` compares them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from segue.serve.api.request_models import OTHER_ID, Verdict

EpochS = Annotated[float, Field(description="Seconds since 1970")]
Score = Annotated[float, Field(description="Similarity: 1 is the same, larger is nearer")]
_TRACK = {  # FastAPI leaves nulls out of examples: every field has a value
    "id": OTHER_ID, "title": "Eternal Forge", "artist": "Iron Vale", "album": "Cinders",
    "album_artist": "Iron Vale", "genre": "Metal", "year": 1994, "duration_s": 241.3,
    "path": "music/Cinders/03.flac", "url": "https://example.org/eternal-forge", "source": "fma",
    "has_file": True, "missing": False, "cluster": 3,
}  # fmt: skip
_SHORTFALL = "1 of 5: only one track meets the conditions"


def _with_example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


class Health(BaseModel):
    status: Literal["ok"]
    version: str
    tracks: int
    format: Annotated[int, Field(description="Of the library on disk")]


class Track(BaseModel):
    """A track of the library; its path is for reading, and opens nothing."""

    model_config = _with_example(**_TRACK)

    id: str
    title: str
    artist: str | None
    album: str | None
    album_artist: str | None
    genre: str | None
    year: int | None
    duration_s: Annotated[float, Field(description="0 where it is unknown")]
    path: Annotated[str | None, Field(description="From a scanned folder on; null where there is no file")]
    url: Annotated[str | None, Field(description="Where it can be heard")]
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
    track: Track
    tags: Tags
    labels: Annotated[
        dict[str, dict[str, float]],
        Field(description="For each network's space, the words that it gives the track, with scores"),
    ]
    descriptors: Annotated[dict[str, float | None], Field(description="Measured values by name")]
    details: FileDetails


class Peaks(BaseModel):
    peaks: Annotated[list[float], Field(description="Largest amplitude of each part, 0 to 1")]
    duration_s: float


class Match(BaseModel):
    score: Score
    track: Track


class Recommendations(BaseModel):
    model_config = _with_example(
        matches=[{"score": 0.9312, "track": _TRACK}],
        shortfall="1 of 5: only one track meets the conditions",
        seeds=["12 tracks by Iron Vale"],
    )

    matches: list[Match]
    shortfall: Annotated[str | None, Field(description="Why there are fewer than k, where there are")]
    seeds: Annotated[list[str], Field(description="What each seed that is neither an id nor a clip means")]


class Reason(BaseModel):
    """Why a track answers a part of a search."""

    kind: Literal["title", "artist", "album", "genre", "file", "label", "mood", "sound"]
    words: Annotated[str, Field(description="Of the search")]
    name: Annotated[str | None, Field(description="The label, what is measured of the mood, or the model")]
    score: Annotated[
        float | None, Field(description="Of the label, 0 to 1, or the cosine of sound and words")
    ]
    text: str


class SearchMatch(BaseModel):
    score: Annotated[float, Field(description="1 where the tags hold all words, else how well it sounds so")]
    reasons: list[Reason]
    track: Track


class SearchPage(BaseModel):
    model_config = _with_example(
        matches=[
            {
                "score": 0.81,
                "reasons": [
                    {
                        "kind": "label",
                        "words": "rain",
                        "name": "Rain",
                        "score": 0.66,
                        "text": "label Rain 0.66",
                    }
                ],
                "track": _TRACK,
            }
        ],
        total=1,
        meanings=["rain: label Rain"],
        hints=["to search by what words mean, in 16 languages: pip install '.[words]' in Segue's folder"],
    )

    matches: list[SearchMatch]
    total: int
    meanings: Annotated[list[str], Field(description="What was looked for in the sound")]
    hints: Annotated[list[str], Field(description="What keeps the search from finding more, and what to do")]


class JourneyStop(Match):
    """A track on the way; its score is its similarity to the start."""

    step: Annotated[Score | None, Field(description="Similarity to the track before; null for the first")]


class Journey(BaseModel):
    matches: list[JourneyStop]
    shortfall: Annotated[str | None, Field(description="Why there are fewer than k, where there are")]
    seeds: Annotated[list[str], Field(description="What each stop that is neither an id nor a clip means")]


class SeedSuggestion(BaseModel):
    """Several tracks of one name, which together are a seed."""

    seed: Annotated[str, Field(description="Send this as a seed")]
    kind: Literal["artist", "album", "playlist", "folder", "recent"]
    name: str
    text: Annotated[str, Field(description="For people, such as 12 tracks by Iron Vale")]
    tracks: int


class SeedSuggestions(BaseModel):
    seeds: list[SeedSuggestion]


class SpaceShare(BaseModel):
    """How much one space adds to the similarity of two sounds."""

    space: str
    share: Annotated[float, Field(description="Part of the whole score, in score units")]
    score: Annotated[float | None, Field(description="In this space alone; null where a track lacks it")]


class MatchingMoment(BaseModel):
    a_s: float
    b_s: float
    score: Score


class SharedLabel(BaseModel):
    name: str
    a: float
    b: float


class SharedFeature(BaseModel):
    name: str
    text: str
    a: float
    b: float
    alike: bool
    weight: float


class Explanation(BaseModel):
    """Why two sounds are alike, or are not."""

    score: Score
    text: Annotated[str, Field(description="The explanation as a sentence")]
    parts: list[SpaceShare]
    moments: Annotated[list[MatchingMoment], Field(description="Windows that match best, the best first")]
    window_s: float
    labels: list[SharedLabel]
    features: list[SharedFeature]


class Matrix(BaseModel):
    tracks: list[Track]
    scores: Annotated[list[list[float]], Field(description="A row and a column for each track")]


class Clip(BaseModel):
    id: str
    name: str
    duration_s: float
    peaks: list[float]


class ClipAnswer(BaseModel):
    clip: Clip
    expires_s: Annotated[float, Field(description="How long the clip is kept")]


class PlaylistSummary(BaseModel):
    id: str
    name: str
    comment: str
    created_at: EpochS
    changed_at: EpochS
    n: Annotated[int, Field(description="Tracks that are still in the library")]
    duration_s: float


class Playlist(PlaylistSummary):
    tracks: list[Track]


class Playlists(BaseModel):
    playlists: list[PlaylistSummary]


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
