"""Why two sounds are alike or not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.catalog import SpaceVectors, Where
from segue.cluster.kmeans import unit_rows
from segue.errors import UsageError
from segue.recommend.aspects import Aspect, compare_aspects
from segue.recommend.explanation import (
    Explanation,
    Feature,
    MatchingWindows,
    SharedLabel,
    SpaceShare,
    compare_features,
    matching_windows,
    share_by_space,
    shared_labels,
    window_starts,
)
from segue.recommend.percentiles import nearer_than, usual_scores
from segue.recommend.result import Match
from segue.recommend.seeds import AnalyzedSound, Query
from segue.recommend.session import Recommender, Session
from segue.recommend.verbalize import verbalize
from segue.track import Track, Vector, Vectors

_COMPARED_WITH = 4_000  # tracks of the library, for what is usual in it
_ALIGNED = 1.5  # times the shortest hop; spaces with sparser windows do not tell moments apart
_WEIGHED = 24  # labels whose frequency is looked up
_RARE_ENOUGH = 0.5  # of all tracks; a label of more tells nothing


def explain(recommender: Recommender, a: Query, b: Query, *, view: str | None = None) -> Explanation:
    """Why two sounds are alike or not: by which spaces, in which windows, in which words.

    Raises
    ------
    TrackNotFoundError, AmbiguousQueryError, EmptyLibraryError, AudioError, UsageError
    """
    return recommender.ask(lambda session: _explain(session, a, b), view)


def _explain(session: Session, a: Query, b: Query) -> Explanation:
    one, other = session.seed(a), session.seed(b)
    u, v = session.vectors(one), session.vectors(other)
    scores, cosines = session.pair_scores(u, v), session.similarities(u, v)
    score, cosine = (float(x.max(axis=1).mean() if session.by_window else x[0, 0]) for x in (scores, cosines))
    share = None if session.by_window else nearer_than(score, usual_scores(session, u))
    explanation = Comparison(
        session, session.analysis(one), session.analysis(other), score, cosine, share
    ).explain()
    preferences = session.preferences([one])
    if preferences is None or not isinstance(other, Track):
        return explanation
    if session.index.place(session.catalog.tracks.keys_of([other.id]).get(other.id, -1)) is None:
        return explanation  # a track whose file is gone is no answer
    (match,) = preferences.explain([Match(other, score)])
    return replace(explanation, bias=match.bias.value if match.bias else 0.0, feedback=match.feedback)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sounds, their score, and the moment of the library at which they are compared.

    Attributes
    ----------
    score, cosine, nearer_than : as in ``Explanation``
    """

    session: Session
    a: AnalyzedSound
    b: AnalyzedSound
    score: float
    cosine: float
    nearer_than: float | None

    def explain(self) -> Explanation:
        moments, window_s = self._moments()
        explanation = Explanation(
            self.score, self.cosine, self.nearer_than, "", tuple(self._aspects()), tuple(self._parts()),
            tuple(moments), window_s, tuple(self._labels()), tuple(self._features()),
        )  # fmt: skip
        scaled = self.session.index.transform is not None
        return replace(explanation, text=verbalize(explanation, scaled=scaled))

    def _spaces(self) -> dict[str, SpaceVectors]:
        """Those that are compared."""
        return self.session.index.spaces_of(self.session.snapshot)

    def _parts(self) -> list[SpaceShare]:
        index, spaces = self.session.index, self._spaces()
        if index.transform is None or index.spec.granularity != "tracks":
            return [SpaceShare(name, self.cosine, self.cosine) for name in spaces]
        a, b = (
            [_row(sound.pooled.get(name), space.spec.dim) for name, space in spaces.items()]
            for sound in (self.a, self.b)
        )
        return share_by_space(index.transform, list(spaces), a, b)

    def _moments(self) -> tuple[list[MatchingWindows], float]:
        """Windows that are alike, and how long they are."""
        spaces = self._spaces()
        hops = {
            name: space.spec.hop_s
            for name, space in spaces.items()
            if space.spec.hop_s > 0
            and len(self.a.windows.get(name, ()))
            and len(self.b.windows.get(name, ()))
        }
        if not hops:
            return [], 0.0
        finest = min(hops, key=lambda name: (hops[name], name))
        used = [name for name in hops if hops[name] <= _ALIGNED * hops[finest]]
        spec = spaces[finest].spec
        a_s, b_s = (self._starts(sound, finest) for sound in (self.a, self.b))
        a, b = self._window_vectors(self.a, used, a_s), self._window_vectors(self.b, used, b_s)
        return matching_windows(self._similarities(a, b), a_s, b_s, 2 * spec.window_s), spec.window_s

    def _similarities(self, u: NDArray[Any], v: NDArray[Any]) -> NDArray[np.float32]:
        if self.session.index.spec.granularity != "first10":
            with np.errstate(invalid="ignore"):  # a window of zeros has no direction
                return self.session.similarities(u, v)
        return np.asarray(unit_rows(u, slice(None)) @ unit_rows(v, slice(None)).T)  # as they are

    def _starts(self, sound: AnalyzedSound, space: str) -> NDArray[np.float64]:
        spec = self.session.snapshot.spaces[space].spec
        return window_starts(len(sound.windows[space]), spec.window_s, spec.hop_s, sound.duration_s)

    def _window_vectors(
        self, sound: AnalyzedSound, used: Sequence[str], starts_s: NDArray[np.float64]
    ) -> NDArray[Any]:
        """(n, dim): the windows at some times, as the index compares them; unused spaces at their mean."""
        rows = []
        for name, space in self._spaces().items():
            if name not in used:
                rows.append(np.full((len(starts_s), space.spec.dim), np.nan, np.float32))
                continue
            at = np.abs(self._starts(sound, name) - starts_s[:, None]).argmin(axis=1)
            rows.append(np.asarray(sound.windows[name], np.float32)[at])
        return (
            rows[0] if self.session.index.spec.granularity == "first10" else self.session.index.project(rows)
        )

    def _labels(self) -> list[SharedLabel]:
        """What networks call both, and not nearly everything."""
        catalog = self.session.catalog
        total = max(1, len(catalog.tracks))
        worth = []
        for label in shared_labels(self.a.labels, self.b.labels)[:_WEIGHED]:
            share = 0.0
            with contextlib.suppress(UsageError):  # no track of the library has it
                share = len(catalog.tracks.keys_matching(Where(label=label.name))) / total
            if share <= _RARE_ENOUGH or total < 2 / _RARE_ENOUGH:
                worth.append((min(label.a, label.b) * -np.log(max(share, 1 / total)), label))
        return [label for _, label in sorted(worth, key=lambda pair: -pair[0])]

    def _features(self) -> list[Feature]:
        features: dict[str, Feature] = {}
        for space in self._named_spaces():
            for feature in compare_features(*space):
                features.setdefault(feature.text, feature)
        return sorted(features.values(), key=lambda feature: -feature.weight)

    def _aspects(self) -> list[Aspect]:
        return next(filter(None, (compare_aspects(*space) for space in self._named_spaces())), [])

    def _named_spaces(self) -> Iterator[tuple[Sequence[str], Vector, Vector, Vectors]]:
        """Of each space that names its dimensions and has both: the names, both, and other tracks."""
        snapshot = self.session.snapshot
        rows = np.flatnonzero(snapshot.keys >= 0)
        sample = rows[:: max(1, -(-len(rows) // _COMPARED_WITH))]
        for name, space in snapshot.spaces.items():
            a, b = self.a.pooled.get(name), self.b.pooled.get(name)
            if a is not None and b is not None and space.dimensions:
                library = np.asarray(space.vectors[sample], np.float32)
                yield space.dimensions, _flat(a), _flat(b), library


def _row(x: NDArray[Any] | None, dim: int) -> NDArray[np.float32]:
    return np.full((1, dim), np.nan, np.float32) if x is None else np.asarray(x, np.float32)[None]


def _flat(x: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(x, np.float32)
