"""What clients send, as OpenAPI describes it; fields that nobody knows are refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from typing_extensions import TypeAliasType

from segue.recommend.evaluate import LabelName
from segue.recommend.length import LONGEST_MIN
from segue.recommend.radio import REACH, Steer
from segue.recommend.transitions import CROSSFADE_S, LONGEST_S
from segue.serve.http.inputs import LONGEST_ID, LONGEST_NAME, LONGEST_PATH, LONGEST_SEED, MOST_TRACKS, TEXT

Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME, pattern=TEXT)]
Seed = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ID, pattern=TEXT)]
SeedText = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_SEED, pattern=TEXT)]


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


# No number is a text, and no truth a number, though Python takes one for the other.
Whole = Annotated[int, Field(strict=True)]
Real = Annotated[float, Field(strict=True)]
Yes = Annotated[bool, Field(strict=True)]
Folder = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_PATH, pattern=TEXT)]
_End = Annotated[Real, Field(ge=0, le=1e6)] | None

# Named types of their own in OpenAPI, and so in the player.
Range = TypeAliasType("Range", Annotated[tuple[_End, _End], Field(description="[low, high]; null is open")])
Verdict = TypeAliasType("Verdict", Literal["like", "dislike", "skip"])

EXAMPLE_ID = "5f8d3c2b7a1e4d60"
OTHER_ID = "a09b1c2d3e4f5061"

_Names = Annotated[list[Name], Field(min_length=1, max_length=100)]


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _read_whole_numbers(cls, values: object) -> object:
        """In JSON, 5.0 is a whole number."""
        if not isinstance(values, dict):
            return values
        return {name: _whole(value) for name, value in values.items()}


def _with_example(**values: Any) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [values]})


class Conditions(Request):
    """A track must meet every condition that is given."""

    model_config = _with_example(genre="rock", years=[1990, 1999], not_label=["Speech"])

    genre: Name | None = None
    label: Annotated[Name | None, Field(description="A word that a network gives the track")] = None
    artist: Name | None = None
    album: Name | None = None
    folder: Name | None = None
    years: Range | None = None
    tempo: Annotated[Range | None, Field(description="Beats a minute")] = None
    duration_s: Annotated[Range | None, Field(description="Seconds")] = None
    cluster: Annotated[Whole | Name | None, Field(description="Number or name of a cluster")] = None
    not_genre: Annotated[_Names | None, Field(description="A track must have none of these")] = None
    not_artist: _Names | None = None
    not_label: _Names | None = None


_SEEDS = Field(
    min_length=1,
    max_length=100,
    description="Ids of tracks or clips, titles, artist:NAME, album:NAME, playlist:NAME, folder:NAME, recent",
)
_Feedback = Annotated[Yes, Field(description="Whether likes and dislikes may change the answer")]
_Everything = Annotated[
    Yes, Field(description="Also speech, and what is unusually short or long for the library")
]
_Most = Annotated[Whole, Field(ge=0, le=500)] | None
_View = Annotated[Name | None, Field(description="How to compare tracks; null is the library's default view")]


class SeedsRequest(Request):
    model_config = _with_example(seeds=[EXAMPLE_ID], k=5, where={"genre": "rock", "years": [1990, 1999]})

    seeds: Annotated[list[SeedText], _SEEDS]
    minus: Annotated[list[SeedText], Field(max_length=100, description="Move away from these")] = []
    k: Annotated[Whole, Field(ge=1, le=1000, description="How many tracks to recommend")] = 10
    where: Conditions | None = None
    same_artist: Annotated[Yes, Field(description="Whether the seeds' artists may be recommended")] = True
    feedback: _Feedback = True
    everything: _Everything = False
    view: _View = None


class SimilarRequest(SeedsRequest):
    model_config = _with_example(seeds=[EXAMPLE_ID, OTHER_ID], k=5, agree=True, weights=[2, 1])

    agree: Annotated[Yes, Field(description="Near to each of the seeds, not to the middle of them")] = False
    weights: Annotated[
        list[Annotated[Real, Field(gt=0, allow_inf_nan=False)]] | None,
        Field(max_length=100, description="How much each seed counts; null: all alike"),
    ] = None


_Transitions = Annotated[
    Yes, Field(description="Also how each track plays into the next; decodes the ends of files once")
]


_Minutes = Annotated[
    Annotated[Real, Field(gt=0, le=LONGEST_MIN)] | None, Field(description="How long it is, instead of k")
]


class PlaylistRequest(SeedsRequest):
    model_config = _with_example(seeds=[EXAMPLE_ID, OTHER_ID], k=25, variety=0.2)

    k: Annotated[Whole, Field(ge=1, le=500, description="How many tracks the playlist has")] = 25
    minutes: _Minutes = None
    variety: Annotated[Real, Field(ge=0, le=1, description="0: the nearest; 1: the most varied")] = 0.1
    per_artist: Annotated[_Most, Field(description="Most tracks of one artist; 0: any; null: as set")] = None
    per_album: Annotated[_Most, Field(description="Most tracks of one album; 0: any; null: as set")] = None
    transitions: _Transitions = False


class RadioRequest(SeedsRequest):
    model_config = _with_example(seeds=[EXAMPLE_ID], k=15, steer=["calmer"], reach=0.5)

    k: Annotated[Whole, Field(ge=1, le=200, description="How many tracks come next")] = 15
    minutes: _Minutes = None
    steer: Annotated[list[Steer], Field(max_length=10, description="What to go toward")] = []
    reach: Annotated[
        Real, Field(ge=0, le=1, description="0: the nearest fiftieth of the library; 1: its nearest fifth")
    ] = REACH
    previous: Annotated[
        list[Seed], Field(max_length=2000, description="What this radio gave already, the last at the end")
    ] = []
    transitions: _Transitions = False


class JourneyRequest(Request):
    model_config = _with_example(start=EXAMPLE_ID, end=OTHER_ID, k=8)

    start: SeedText
    end: SeedText
    via: Annotated[list[SeedText], Field(max_length=20, description="Stops on the way, in their order")] = []
    k: Annotated[Whole, Field(ge=2, le=200, description="How many tracks, with all stops")] = 12
    where: Conditions | None = None
    feedback: _Feedback = True
    everything: _Everything = False
    view: _View = None


_Length = Annotated[Real, Field(ge=0, le=1e6)] | Literal["auto"]
_Share = Annotated[Whole, Field(ge=0, le=500)] | Literal["auto"]


class SettingsChange(Request):
    """What is left out stays as it is."""

    model_config = _with_example(speech=False, longest_s=1800)

    speech: Annotated[Yes, Field(description="Whether speech may be an answer to music")] = False
    shortest_s: Annotated[_Length, Field(description="Of an answer; 0: any; auto: what is usual")] = "auto"
    longest_s: Annotated[_Length, Field(description="Of an answer; 0: any; auto: what is usual")] = "auto"
    per_artist: Annotated[_Share, Field(description="Of a playlist; 0: any; auto: a fifth")] = "auto"
    per_album: Annotated[_Share, Field(description="Of a playlist; 0: any; auto: an eighth")] = "auto"
    watch: Annotated[Yes, Field(description="Whether the scanned folders are followed")] = False


class MatrixRequest(Request):
    model_config = _with_example(tracks=[EXAMPLE_ID, OTHER_ID])

    tracks: Annotated[list[Seed], Field(min_length=1, max_length=200)]
    view: _View = None


class TransitionsRequest(Request):
    model_config = _with_example(tracks=[EXAMPLE_ID, OTHER_ID], crossfade_s=5)

    tracks: Annotated[list[Seed], Field(min_length=1, max_length=100, description="In their order")]
    crossfade_s: Annotated[
        Real, Field(ge=0, le=LONGEST_S, description="How long two tracks may sound at once")
    ] = CROSSFADE_S


class TrackIds(Request):
    model_config = _with_example(tracks=[EXAMPLE_ID, OTHER_ID])

    tracks: Annotated[list[Seed], Field(max_length=1000)]


class PlayQueueChange(Request):
    model_config = _with_example(tracks=[EXAMPLE_ID, OTHER_ID], current=1, position_s=61.5, player="phone")

    tracks: Annotated[list[Seed], Field(max_length=MOST_TRACKS, description="In the order they play")]
    current: Annotated[Whole, Field(ge=0, le=MOST_TRACKS, description="Place of the one that plays")] = 0
    position_s: Annotated[Real, Field(ge=0, le=1e6, description="Within that track")] = 0
    player: Annotated[str, StringConstraints(max_length=LONGEST_NAME, pattern=TEXT)] = ""


class NewPlaylist(Request):
    model_config = _with_example(name="Late evening", tracks=[EXAMPLE_ID, OTHER_ID])

    name: Name
    tracks: Annotated[list[Seed], Field(max_length=MOST_TRACKS)] = []


class PlaylistChange(Request):
    """What is left out, or null, stays as it is."""

    model_config = _with_example(name="Early morning")

    name: Name | None = None
    tracks: Annotated[list[Seed] | None, Field(max_length=MOST_TRACKS)] = None
    public: Annotated[Yes | None, Field(description="Whether all users of the library see it")] = None
    as_of: Annotated[
        float | None,
        Field(
            description="The playlist's changed_at as you know it: where name or tracks were changed "
            "since, nothing is, and the answer is 409 with the code changed_meanwhile"
        ),
    ] = None


class FeedbackRequest(Request):
    model_config = _with_example(track=OTHER_ID, verdict="like", seed=EXAMPLE_ID)

    track: Seed
    verdict: Verdict
    seed: Annotated[Seed | None, Field(description="What the track was an answer to, if anything")] = None


class ScanRequest(Request):
    model_config = _with_example(folders=["/music"])

    folders: Annotated[
        list[Folder] | None,
        Field(min_length=1, max_length=100, description="null: all folders that were scanned before"),
    ] = None
    upgrade: Annotated[
        Yes, Field(description="Also make the vectors of newer versions of the library's embedders")
    ] = False


class ClustersRequest(Request):
    model_config = _with_example(k=12)

    k: Annotated[Whole | None, Field(ge=2, le=1000, description="null: as many as suit the library")] = None
    view: _View = None


class EvaluationRequest(Request):
    model_config = _with_example(by="album", against="musicnn-1")

    by: Annotated[LabelName, Field(description="The tag that makes a neighbor a right one")] = "genre"
    view: _View = None
    against: Annotated[Name | None, Field(description="Another view, to compare with on the same tracks")] = (
        None
    )
