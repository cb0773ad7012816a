"""Recommendations, searches and explanations as the service sends them: for OpenAPI and the player's types.

Routes send bytes of their own and never run these models; ``tests/test_serve_schema.py`` compares them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from segue.serve.api.request_models import EXAMPLE_ID, OTHER_ID
from segue.serve.api.track_models import PLAYLIST, TRACK, PlaylistSummary, Track, with_example

Score = Annotated[float, Field(description="Similarity: 1 is the same, larger is nearer")]


Versions = Annotated[
    list[Track], Field(description="Other copies of the same recording: in other formats, remasters")
]
_BIAS = {
    "value": -0.0126,
    "text": "close to Dusk Bell, which you like; close to Grey Tide, which you dislike",
    "liked": EXAMPLE_ID,
    "disliked": OTHER_ID,
}


class Bias(BaseModel):
    """What likes and dislikes did to the place of a track; its score is as it was."""

    model_config = with_example(**_BIAS)

    value: Annotated[float, Field(description="Added to the score where answers are put in order")]
    text: Annotated[str, Field(description="For people, such as: close to Dusk Bell, which you like")]
    liked: Annotated[str | None, Field(description="Id of the nearest track that is liked")]
    disliked: Annotated[str | None, Field(description="Id of the nearest track that is disliked")]


class LeftOut(BaseModel):
    """How many tracks were left out; `everything` brings them back."""

    model_config = with_example(kind="long", tracks=2, limit_s=1200.0, text="2 tracks as longer than 20:00")

    kind: Literal["speech", "short", "long"]
    tracks: int
    limit_s: Annotated[float | None, Field(description="The length that it is about")]
    text: str


class Match(BaseModel):
    score: Score
    bias: Annotated[Bias | None, Field(description="null where no like or dislike is near")]
    track: Track
    versions: Versions


class Recommendations(BaseModel):
    model_config = with_example(
        matches=[{"score": 0.9312, "bias": _BIAS, "track": TRACK, "versions": []}],
        shortfall="1 of 5: only one track meets the conditions",
        seeds=["12 tracks by Iron Vale"],
        left_out=[],
    )

    matches: list[Match]
    shortfall: Annotated[str | None, Field(description="Why there are fewer than k, where there are")]
    seeds: Annotated[list[str], Field(description="What each seed that is neither an id nor a clip means")]
    left_out: Annotated[list[LeftOut], Field(description="What would be among them, but is no usual music")]


_STEP = {"kind": "fade", "out_s": 239.7, "in_s": 0.1, "overlap_s": 8.4}


class Transition(BaseModel):
    """How a track leads into the next."""

    model_config = with_example(**_STEP)

    kind: Annotated[
        Literal["gapless", "cut", "fade", "crossfade"],
        Field(
            description="gapless: an album runs on; fade: the first dies away by itself; cut: it has ended"
        ),
    ]
    out_s: Annotated[float, Field(description="Where the first track is left, in its own time")]
    in_s: Annotated[float, Field(description="Where the second begins, in its own time")]
    overlap_s: Annotated[float, Field(description="How long both sound, up to out_s")]


class Playback(BaseModel):
    """How a track is to be played."""

    model_config = with_example(
        track=OTHER_ID, gain_db=-6.4, start_s=0.1, end_s=239.7, decay_s=8.4, ending="fade"
    )

    track: Annotated[str, Field(description="Its id")]
    gain_db: Annotated[float, Field(description="Makes it as loud as others: by ReplayGain, or as measured")]
    start_s: Annotated[
        float | None, Field(description="Where it is first audible; null where it cannot be read")
    ]
    end_s: Annotated[float | None, Field(description="Where it is last audible")]
    decay_s: Annotated[float | None, Field(description="How long it dies away before that")]
    ending: Literal["fade", "cold", "runs on"] | None


class Transitions(BaseModel):
    model_config = with_example(
        playbacks=[
            {
                "track": OTHER_ID,
                "gain_db": -6.4,
                "start_s": 0.1,
                "end_s": 239.7,
                "decay_s": 8.4,
                "ending": "fade",
            }
        ],
        transitions=[_STEP],
    )

    playbacks: list[Playback]
    transitions: Annotated[
        list[Transition | None], Field(description="From each track to the next; null where it is not known")
    ]


class TracksInOrder(Recommendations):
    """Tracks that are to be played one after the other."""

    model_config = with_example(
        matches=[{"score": 0.9312, "bias": _BIAS, "track": TRACK, "versions": []}],
        shortfall="1 of 5: only one track meets the conditions",
        seeds=["12 tracks by Iron Vale"],
        left_out=[],
        duration_s=203.4,
        transitions=[_STEP],
    )

    duration_s: Annotated[float, Field(description="Of all together")]
    transitions: Annotated[
        list[Transition | None] | None,
        Field(description="From each track to the next; null where they were not asked for"),
    ]


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
    versions: Versions


class SearchPage(BaseModel):
    model_config = with_example(
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
                "track": TRACK,
                "versions": [],
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


class NamedArtist(BaseModel):
    id: str
    name: str
    tracks: int
    cover: Annotated[str | None, Field(description="A track whose cover stands for the artist")]
    seed: Annotated[str, Field(description="Send this as a seed")]


class NamedAlbum(BaseModel):
    id: str
    name: str
    artist: str | None
    artist_id: Annotated[str, Field(description="Of the first of them")]
    n: Annotated[int, Field(description="Tracks")]
    cover: Annotated[str | None, Field(description="The track whose cover it has")]
    seed: Annotated[str, Field(description="Send this as a seed")]


class NamedCluster(BaseModel):
    number: int
    name: str
    size: int
    color: str


class NearName(BaseModel):
    name: Annotated[str, Field(description="Of a track, its artist and title")]
    kind: Literal["artist", "album", "title", "track"]


class GroupedSearch(BaseModel):
    """Some of each kind, the best matches first."""

    model_config = with_example(
        tracks=[TRACK], total=1,
        artists=[{
            "id": "ar-1c2d3e4f50617283", "name": "Iron Vale", "tracks": 12, "cover": OTHER_ID,
            "seed": "artist:Iron Vale",
        }],
        albums=[{
            "id": "al-9c1d2e3f40516273", "name": "Cinders", "artist": "Iron Vale",
            "artist_id": "ar-1c2d3e4f50617283", "n": 9, "cover": OTHER_ID,
            "seed": "album:Iron Vale - Cinders",
        }],
        playlists=[PLAYLIST], clusters=[{"number": 3, "name": "Iron", "size": 40, "color": "#7aa89f"}],
        near=[],
    )  # fmt: skip

    tracks: list[Track]
    total: Annotated[int, Field(description="Of the tracks, copies of one recording counted once")]
    artists: list[NamedArtist]
    albums: list[NamedAlbum]
    playlists: list[PlaylistSummary]
    clusters: list[NamedCluster]
    near: Annotated[
        list[NearName], Field(description="Where nothing has the words, names that are spelled almost so")
    ]


class JourneyStop(Match):
    """A track on the way; its score is its similarity to the start."""

    step: Annotated[Score | None, Field(description="Similarity to the track before; null for the first")]


class Journey(BaseModel):
    model_config = with_example(
        matches=[{"score": 1.0, "bias": _BIAS, "step": 1.0, "track": TRACK, "versions": []}],
        shortfall="1 of 12: no more of the library's 1 tracks lie between the two",
        seeds=["12 tracks by Iron Vale"],
        left_out=[],
    )

    matches: list[JourneyStop]
    shortfall: Annotated[str | None, Field(description="Why there are fewer than k, where there are")]
    seeds: Annotated[list[str], Field(description="What each stop that is neither an id nor a clip means")]
    left_out: Annotated[list[LeftOut], Field(description="What would be among them, but is no usual music")]


class SeedSuggestion(BaseModel):
    """Several tracks of one name, which together are a seed."""

    model_config = with_example(
        seed="artist:Iron Vale", kind="artist", name="Iron Vale", text="12 tracks by Iron Vale", tracks=12
    )

    seed: Annotated[str, Field(description="Send this as a seed")]
    kind: Literal["artist", "album", "playlist", "folder", "recent"]
    name: str
    text: Annotated[str, Field(description="For people, such as 12 tracks by Iron Vale")]
    tracks: int


class SeedSuggestions(BaseModel):
    seeds: list[SeedSuggestion]


class Aspect(BaseModel):
    """One side of the sound: timbre, harmony and melody, or rhythm."""

    name: str
    score: Annotated[float, Field(description="1: the same; 0: as far apart as two tracks usually are")]


class SpaceShare(BaseModel):
    """How much one space adds to the similarity of two sounds."""

    space: str
    share: Annotated[float, Field(description="What it adds to the cosine")]
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

    model_config = with_example(
        score=0.9, cosine=0.87, nearer_than=0.97,
        text="Clearly alike, nearer than 97 % of your library: both are dark.",
        aspects=[{"name": "timbre", "score": 0.84}, {"name": "rhythm", "score": 0.61}],
        parts=[{"space": "descriptors-1", "share": 0.9, "score": 0.9}],
        moments=[{"a_s": 2.97, "b_s": 8.92, "score": 0.92}],
        window_s=2.97,
        labels=[{"name": "metal", "a": 0.81, "b": 0.77}],
        features=[
            {
                "name": "centroid_hz_mean", "text": "both dark", "a": 1364.0, "b": 1362.9, "alike": True,
                "weight": 1.02,
            }
        ],
        bias=0.05,
        feedback="you like it",
    )  # fmt: skip

    score: Score
    cosine: Annotated[float, Field(description="Before it is allowed for how crowded their places are")]
    nearer_than: Annotated[
        float | None, Field(description="Share of the library that is less alike to the first, 0 to 1")
    ]
    text: Annotated[str, Field(description="The explanation as a sentence")]
    aspects: Annotated[list[Aspect], Field(description="Three, or none where nothing measures them")]
    parts: list[SpaceShare]
    moments: Annotated[list[MatchingMoment], Field(description="Windows that match best, the best first")]
    window_s: float
    labels: list[SharedLabel]
    features: list[SharedFeature]
    bias: Annotated[float, Field(description="What likes and dislikes add where the second is an answer")]
    feedback: Annotated[str, Field(description="Which likes and dislikes: close to X, which you like")]


class ScoreQuantiles(BaseModel):
    model_config = with_example(quantiles=[-0.4, 0.0, 0.9])

    quantiles: Annotated[list[float], Field(description="101 scores: at 0, 1, 2 to 100 % of the library")]


class Matrix(BaseModel):
    model_config = with_example(tracks=[TRACK, TRACK], scores=[[1.0, 0.62], [0.62, 1.0]])

    tracks: list[Track]
    scores: Annotated[list[list[float]], Field(description="A row and a column for each track")]
