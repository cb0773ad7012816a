"""What does not belong among songs: speech, skits and hour-long mixes.

Such tracks are no answers, unless a seed is one of them, a condition asks for them, or everything is wanted.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Catalog, Settings, Snapshot, SpaceVectors, Where, split_names
from segue.recommend.result import LeftOut
from segue.recommend.seeds import Seed
from segue.spec import decode_scores
from segue.track import Track, folded
from segue.views.view_index import ViewIndex

Kind = Literal["speech", "short", "long"]
KINDS: tuple[Kind, ...] = get_args(Kind)

DurationsAndGenres = Callable[[Iterable[int]], Mapping[int, tuple[float, str | None]]]
"""Of tracks, by their keys; as ``segue.catalog.TrackTables`` and ``TrackReader`` give them."""

SPEECH, MUSIC = "Speech", "Music"  # classes of AudioSet
_SPEECH_FROM = 0.4  # score of speech, where that of music is below half of it
_SPEECHINESS_FROM = 0.66  # of tables of songs: above it, tracks are probably made of spoken words alone
_SPEECH_GENRES = {
    "audiobook", "audiobooks", "audio book", "spoken word", "spoken", "speech", "podcast", "horbuch",
    "horspiel", "radio play", "audio drama", "comedy",
}  # fmt: skip
_SHORTEST_S, _LONGEST_S = 30.0, 1200.0  # of a library of songs
_SONGS_FROM_S = 90.0  # median length of a library of songs; where it is below, short is usual
_LONGEST_SHARE = 5.0  # of the median length, where that is longer
_KEPT = 50_000  # tracks whose facts are kept
_SAMPLE = 2000  # tracks whose median length is taken


@dataclass(frozen=True, slots=True)
class Limits:
    """What is usual.

    Attributes
    ----------
    speech : whether speech is
    shortest_s, longest_s : 0 and infinity where any length is
    """

    speech: bool
    shortest_s: float
    longest_s: float

    @classmethod
    def of(cls, settings: Settings, median_s: float) -> Limits:
        """By a library's settings and the median length of its tracks, 0 where none is known."""
        shortest, longest = settings.shortest_s, settings.longest_s
        return cls(
            settings.speech,
            (_SHORTEST_S if median_s >= _SONGS_FROM_S else 0.0) if shortest == "auto" else shortest,
            max(_LONGEST_S, _LONGEST_SHARE * median_s) if longest == "auto" else longest or np.inf,
        )

    def kind(self, duration_s: float, *, speech: bool) -> Kind | None:
        """What makes a track unusual, if anything; a length of 0 is unknown."""
        if speech and not self.speech:
            return "speech"
        if 0 < duration_s < self.shortest_s:
            return "short"
        return "long" if duration_s > self.longest_s else None


class TrackFacts:
    """Lengths of a snapshot's tracks and whether they are speech: looked up when asked for, and kept."""

    def __init__(self, catalog: Catalog, snapshot: Snapshot) -> None:
        self.stamp = snapshot.stamp
        self.catalog = catalog
        self._scored = [
            (space, [space.label_names.index(SPEECH), space.label_names.index(MUSIC)])
            for space in snapshot.spaces.values()
            if space.scores is not None and {SPEECH, MUSIC} <= set(space.label_names)
        ]
        self._measured = [s for s in snapshot.spaces.values() if "speechiness" in s.dimensions]
        self._by_key: dict[int, tuple[float, bool]] = {}
        durations = sorted(catalog.tracks.sample_durations(_SAMPLE)) or [0.0]
        self.median_s = (durations[(len(durations) - 1) // 2] + durations[len(durations) // 2]) / 2

    def kinds(
        self,
        keys: NDArray[np.int64],
        index: ViewIndex,
        limits: Limits,
        read: DurationsAndGenres | None = None,
    ) -> list[Kind | None]:
        """What makes each track of an index unusual, if anything; ``read`` is asked what is not known yet."""
        listed = keys.tolist()
        missing = list({key for key in listed if key not in self._by_key})
        if missing:
            if len(self._by_key) > _KEPT:
                self._by_key = {}
                missing = list(set(listed))
            self._look_up(
                np.array(missing, np.int64), index, read or self.catalog.tracks.durations_and_genres
            )
        facts = [self._by_key[key] for key in listed]
        return [limits.kind(duration_s, speech=speech) for duration_s, speech in facts]

    def limits(self, settings: Settings) -> Limits:
        """What is usual, by the library's settings and its median track."""
        return Limits.of(settings, self.median_s)

    def any_unusual(self, keys: NDArray[np.int64], index: ViewIndex, settings: Settings) -> bool:
        """Whether a track of some would be left out of an answer."""
        return any(self.kinds(keys, index, self.limits(settings)))

    def _look_up(self, keys: NDArray[np.int64], index: ViewIndex, read: DurationsAndGenres) -> None:
        places = index.places(keys)
        rows = np.full(len(keys), -1, np.int64)
        rows[places >= 0] = np.asarray(index.rows)[places[places >= 0]]
        spoken = self._speech(rows)
        facts = read(keys.tolist())
        for key, is_speech in zip(keys.tolist(), spoken.tolist(), strict=True):
            duration, genre = facts.get(key, (0.0, None))
            self._by_key[key] = duration, is_speech or is_speech_genre(genre)

    def _speech(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """bool (n,): what networks, or tables of songs, say is speech."""
        spoken = np.zeros(len(rows), np.bool_)
        valid = rows >= 0
        for space, columns in self._scored:
            spoken[valid] |= _scored_as_speech(space, rows[valid], columns)
        for space in self._measured:
            values = np.asarray(space.vectors[rows[valid], space.dimensions.index("speechiness")], np.float32)
            spoken[valid] |= values > _SPEECHINESS_FROM
        return spoken


class FactsStore:
    """The facts of a catalog's tracks, kept while its vectors stay as they are."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._facts: TrackFacts | None = None

    def of(self, snapshot: Snapshot) -> TrackFacts:
        facts = self._facts
        if facts is None or facts.stamp != snapshot.stamp:
            facts = self._facts = TrackFacts(self._catalog, snapshot)
        return facts


def _scored_as_speech(
    space: SpaceVectors, rows: NDArray[np.int64], columns: Sequence[int]
) -> NDArray[np.bool_]:
    assert space.scores is not None
    scores = decode_scores(np.asarray(space.scores[rows][:, columns]))
    return is_speech_score(scores[:, 0], scores[:, 1])


def is_speech_score(speech: NDArray[np.floating], music: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Whether a network finds speech and hardly any music."""
    return np.asarray((speech >= _SPEECH_FROM) & (music < speech / 2))


@functools.lru_cache(maxsize=4096)  # a library has few, and each answer asks for those of its tracks
def is_speech_genre(genre: str | None) -> bool:
    return bool(genre) and not _SPEECH_GENRES.isdisjoint(split_names("genre", genre or ""))


class LeaveOut:
    """Takes what is unusual out of answers, and remembers what it took out.

    Parameters
    ----------
    seeds, where : what half of the seeds are, or conditions ask for, stays in
    keys : of the seeds that are tracks
    read : gives what is not known of tracks yet
    """

    def __init__(
        self,
        facts: TrackFacts,
        settings: Settings,
        index: ViewIndex,
        seeds: Sequence[Seed],
        keys: Sequence[int],
        where: Where | None,
        read: DurationsAndGenres,
    ) -> None:
        self._read = read
        self._facts, self._limits, self._index = facts, facts.limits(settings), index
        self._seeds, self._asked_kinds = np.array(keys, np.int64), _asked_for(where)
        self._sounds = [
            self._limits.kind(seed.duration_s, speech=_sounds_like_speech(seed.labels))
            for seed in seeds
            if not isinstance(seed, Track)
        ]
        self._kind_by_key: dict[int, Kind] = {}

    def __call__(
        self, keys: NDArray[np.int64], scores: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Without what is unusual; what would have been among the first k answers is remembered."""
        # Seeds and answers are looked up together.
        listed = np.concatenate([self._seeds, keys])
        kinds = self._facts.kinds(listed, self._index, self._limits, self._read)
        n_seeds = len(self._seeds)
        usual = self._asked_kinds | _of_half(kinds[:n_seeds] + self._sounds)
        unwanted = [None if kind in usual else kind for kind in kinds[n_seeds:]]
        if not any(unwanted):
            return keys, scores
        kept = np.array([kind is None for kind in unwanted], np.bool_)
        n_answers = np.cumsum(kept & ~np.isin(keys, self._seeds))
        for key, kind, n in zip(keys.tolist(), unwanted, n_answers.tolist(), strict=True):
            if kind is not None and n < k:
                self._kind_by_key[key] = kind
        return keys[kept], scores[kept]

    def counts(self) -> tuple[LeftOut, ...]:
        """How many tracks were left out, and as what."""
        if not self._kind_by_key:
            return ()
        limits = {"short": self._limits.shortest_s, "long": self._limits.longest_s}
        n_by_kind = {kind: sum(taken == kind for taken in self._kind_by_key.values()) for kind in KINDS}
        return tuple(LeftOut(kind, n, limits.get(kind)) for kind, n in n_by_kind.items() if n)


def left_out(leave_out: LeaveOut | None) -> tuple[LeftOut, ...]:
    """What was left out of an answer, if anything might be."""
    return () if leave_out is None else leave_out.counts()


def _of_half(kinds: Sequence[Kind | None]) -> set[Kind]:
    """What half of some sounds are, at least."""
    return {kind for kind in set(kinds) if kind and 2 * kinds.count(kind) >= len(kinds)}


def _asked_for(where: Where | None) -> set[Kind]:
    """What conditions ask for."""
    kinds: set[Kind] = set()
    if where is not None and where.duration_s is not None:
        kinds |= {"short", "long"}
    if where is not None and (is_speech_genre(where.genre) or folded(where.label or "") == folded(SPEECH)):
        kinds.add("speech")
    return kinds


def _sounds_like_speech(labels: Mapping[str, Mapping[str, float]]) -> bool:
    scores = [np.array([x.get(SPEECH, 0.0), x.get(MUSIC, 0.0)]) for x in labels.values()]
    return any(bool(is_speech_score(x[:1], x[1:])[0]) for x in scores)
