"""Why two sounds are alike, at one moment of a library."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.catalog import SpaceVectors, Where
from segue.cluster.kmeans import directions
from segue.errors import UsageError
from segue.recommend.explanation import (
    Feature,
    Moment,
    Part,
    SharedLabel,
    Why,
    features_of,
    moments_of,
    parts_of,
    shared_labels,
    starts_of,
)
from segue.recommend.session import Asking, Heard, Seed
from segue.recommend.verbalize import sentence

_COMPARED_WITH = 4_000  # tracks of the library, for what is usual in it
_ALIGNED = 1.5  # times the shortest hop; spaces with sparser windows do not tell moments apart
_WEIGHED = 24  # labels whose frequency is looked up
_RARE_ENOUGH = 0.5  # of all tracks; a label of more tells nothing


def why(asking: Asking, a: Seed, b: Seed) -> Why:
    """What there is to say of the likeness of two sounds."""
    return Comparing(asking, asking.heard(a), asking.heard(b), _score(asking, a, b)).why()


def _score(asking: Asking, a: Seed, b: Seed) -> float:
    scores = asking.likeness(asking.place_of(a), asking.place_of(b))
    return float(scores.max(axis=1).mean() if asking.by_windows else scores[0, 0])


@dataclass(frozen=True, slots=True)
class Comparing:
    """Two sounds, their score, and the moment of the library at which they are compared."""

    asking: Asking
    a: Heard
    b: Heard
    score: float

    def why(self) -> Why:
        parts = self._parts()
        moments, window_s = self._moments()
        labels = self._labels()
        features = self._features()
        scaled = self.asking.index.view is not None
        text = sentence(self.score, parts, moments, labels, features, scaled=scaled)
        return Why(self.score, text, tuple(parts), tuple(moments), window_s, tuple(labels), tuple(features))

    def _spaces(self) -> dict[str, SpaceVectors]:
        """Those that are compared."""
        return self.asking.index.reading.chosen(self.asking.snapshot)

    def _parts(self) -> list[Part]:
        view, reading, spaces = self.asking.index.view, self.asking.index.reading, self._spaces()
        if view is None or reading.form != "tracks":
            return [Part(name, self.score, self.score) for name in spaces]
        a, b = (
            [_row(heard.pooled.get(name), space.spec.dim) for name, space in spaces.items()]
            for heard in (self.a, self.b)
        )
        return parts_of(view, list(spaces), a, b)

    def _moments(self) -> tuple[list[Moment], float]:
        """Windows that are alike, and how long they are."""
        spaces = self._spaces()
        there = {
            name: space.spec.hop_s
            for name, space in spaces.items()
            if space.spec.hop_s > 0
            and len(self.a.windows.get(name, ()))
            and len(self.b.windows.get(name, ()))
        }
        if not there:
            return [], 0.0
        finest = min(there, key=lambda name: (there[name], name))
        used = [name for name in there if there[name] <= _ALIGNED * there[finest]]
        spec = spaces[finest].spec
        a_s, b_s = (self._starts(heard, finest) for heard in (self.a, self.b))
        seen = self._seen(self.a, used, a_s), self._seen(self.b, used, b_s)
        return moments_of(self._likeness(*seen), a_s, b_s, 2 * spec.window_s), spec.window_s

    def _likeness(self, u: NDArray[Any], v: NDArray[Any]) -> NDArray[np.float32]:
        if self.asking.index.reading.form != "flattened":
            with np.errstate(invalid="ignore"):  # a window of zeros has no direction
                return self.asking.likeness(u, v)
        return np.asarray(directions(u, slice(None)) @ directions(v, slice(None)).T)  # as they are

    def _starts(self, heard: Heard, space: str) -> NDArray[np.float64]:
        spec = self.asking.snapshot.spaces[space].spec
        return starts_of(len(heard.windows[space]), spec.window_s, spec.hop_s, heard.duration_s)

    def _seen(self, heard: Heard, used: Sequence[str], starts_s: NDArray[np.float64]) -> NDArray[Any]:
        """(n, dim): what is heard at some times, as the index sees it; unused spaces at their mean."""
        rows = []
        for name, space in self._spaces().items():
            if name not in used:
                rows.append(np.full((len(starts_s), space.spec.dim), np.nan, np.float32))
                continue
            at = np.abs(self._starts(heard, name) - starts_s[:, None]).argmin(axis=1)
            rows.append(np.asarray(heard.windows[name], np.float32)[at])
        return rows[0] if self.asking.index.reading.form == "flattened" else self.asking.index.seen(rows)

    def _labels(self) -> list[SharedLabel]:
        """What networks call both, and not nearly everything."""
        catalog = self.asking.catalog
        total = max(1, len(catalog))
        worth = []
        for label in shared_labels(self.a.labels, self.b.labels)[:_WEIGHED]:
            share = 0.0
            with contextlib.suppress(UsageError):  # no track of the library has it
                share = len(catalog.keys_matching(Where(label=label.name))) / total
            if share <= _RARE_ENOUGH or total < 2 / _RARE_ENOUGH:
                worth.append((min(label.a, label.b) * -np.log(max(share, 1 / total)), label))
        return [label for _, label in sorted(worth, key=lambda pair: -pair[0])]

    def _features(self) -> list[Feature]:
        snapshot = self.asking.snapshot
        rows = np.flatnonzero(snapshot.keys >= 0)
        some = rows[:: max(1, -(-len(rows) // _COMPARED_WITH))]
        found: dict[str, Feature] = {}
        for name, space in snapshot.spaces.items():
            a, b = self.a.pooled.get(name), self.b.pooled.get(name)
            if a is None or b is None or not space.dimensions:
                continue
            library = np.asarray(space.vectors[some], np.float32)
            for feature in features_of(space.dimensions, _flat(a), _flat(b), library):
                found.setdefault(feature.text, feature)
        return sorted(found.values(), key=lambda feature: -feature.weight)


def _row(x: NDArray[Any] | None, dim: int) -> NDArray[np.float32]:
    return np.full((1, dim), np.nan, np.float32) if x is None else np.asarray(x, np.float32)[None]


def _flat(x: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(x, np.float32)
