"""Why two sounds are alike or not: which spaces, which moments, which words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.cluster.words import FEATURES, MIN_DEVIATION, FeatureWords
from segue.display.html import note, table, together
from segue.recommend.aspects import Aspect
from segue.sound import ExcerptPlan
from segue.spec import family_of
from segue.texts import clock
from segue.track import Vector, Vectors
from segue.views.transform import ViewTransform

MOMENTS = 3
BOTH_FROM = 0.75  # standard deviations from the library's mean; of two that are less, "both" says little
APART_FROM = 1.5  # standard deviations between two tracks that differ in something
_THINGS = ("loudness", "attacks", "beat", "speech", "voice")
_COUNTED = ("beat", "voice")


@dataclass(frozen=True, slots=True)
class SpaceShare:
    """What a space has to do with the score.

    Attributes
    ----------
    share : what it adds to the cosine; all shares together are the cosine
    score : the cosine by this space alone; ``None`` where one of the two has no vector in it
    """

    space: str
    share: float
    score: float | None


@dataclass(frozen=True, slots=True)
class MatchingWindows:
    """A window of each that are alike.

    Attributes
    ----------
    a_s, b_s : s, where they begin
    score : their cosine in the view
    """

    a_s: float
    b_s: float
    score: float


@dataclass(frozen=True, slots=True)
class SharedLabel:
    """A word that networks have for both, and how sure they are of each, 0 to 1."""

    name: str
    a: float
    b: float


@dataclass(frozen=True, slots=True)
class Feature:
    """Something measured that both have, or that tells them difference.

    Attributes
    ----------
    name : of the dimension
    text : what there is to say: ``both fast``, or ``the first is fast, the second slow``
    a, b : the values
    alike : whether it is what they have in common
    weight : how much there is to it, in the library's standard deviations
    """

    name: str
    text: str
    a: float
    b: float
    alike: bool
    weight: float


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """What there is to say of the similarity of two sounds.

    Attributes
    ----------
    score : as ``Match.score``
    cosine : of the two vectors, before it is allowed for how crowded their places are
    nearer_than : the share of the library, 0 to 1, whose score with the first is lower than the second's;
        none in a view of windows
    aspects : timbre, harmony and melody, rhythm; none where nothing measures them
    text : one plain sentence
    parts : the spaces, the one that adds most first
    moments : windows that are most alike, best first; none where there is no sound behind the tracks
    window_s : how long the windows are
    labels : what networks call both, the most telling first
    features : what is measured of both, the most telling first
    bias, feedback : what likes and dislikes do to the second's place among answers to the first, and which
        they are; 0 and empty where they do nothing
    """

    score: float
    cosine: float
    nearer_than: float | None
    text: str
    aspects: tuple[Aspect, ...]
    parts: tuple[SpaceShare, ...]
    moments: tuple[MatchingWindows, ...]
    window_s: float
    labels: tuple[SharedLabel, ...]
    features: tuple[Feature, ...]
    bias: float = 0.0
    feedback: str = ""

    def __repr__(self) -> str:
        return f"<Explanation: {self.score:.2f}. {self.text}>"

    def _repr_html_(self) -> str:
        parts = [note(self.text), note(f"score {self.score:.2f}")]
        parts += [table(head, rows, right=head[1:3]) for head, rows in self._tables() if rows]
        mine = f"your likes and dislikes: {self.bias:+.2f} ({self.feedback})"
        return together([*parts, note(mine)] if self.feedback else parts)

    def _tables(self) -> list[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
        return [
            (("aspect", "score"), [(x.name, f"{x.score:.2f}") for x in self.aspects]),
            (("space", "contribution"), [(x.space, f"{x.share:+.2f}") for x in self.parts]),
            (
                ("in the first at", "in the second at", "score"),
                [(clock(x.a_s), clock(x.b_s), f"{x.score:.2f}") for x in self.moments],
            ),
            (
                ("shared label", "first", "second"),
                [(x.name, f"{x.a:.2f}", f"{x.b:.2f}") for x in self.labels],
            ),
            (
                ("measurement", "first", "second", "meaning"),
                [(x.name, f"{x.a:.5g}", f"{x.b:.5g}", x.text) for x in self.features],
            ),
        ]


def share_by_space(
    view: ViewTransform, spaces: Sequence[str], a: Sequence[Vectors], b: Sequence[Vectors]
) -> list[SpaceShare]:
    """What each space adds to the cosine of two tracks in a view, the most first.

    A view's vector is the sum of one for each space, u = (u_1 + u_2 + ...) / |u_1 + u_2 + ...|, so the
    cosine u.v is the sum over the spaces of (u_s.v + u.v_s) / 2.

    Parameters
    ----------
    a, b : of each space, (1, dim); NaN where there is no vector
    """
    mine, theirs = _summands(view, a), _summands(view, b)
    u, v = _unit(mine.sum(axis=0)), _unit(theirs.sum(axis=0))
    length_u, length_v = (max(float(np.linalg.norm(x.sum(axis=0))), 1e-12) for x in (mine, theirs))
    shares = (mine @ v / length_u + theirs @ u / length_v) / 2
    parts = [
        SpaceShare(name, float(share), _cosine(x, y))
        for name, share, x, y in zip(spaces, shares, mine, theirs, strict=True)
    ]
    return sorted(parts, key=lambda part: -part.share)


def _summands(view: ViewTransform, track: Sequence[Vectors]) -> Vectors:
    """float32 (n_spaces, n_components)."""
    edges = np.cumsum([0] + [x.shape[1] for x in track])
    return np.stack([
        np.nan_to_num(np.asarray(x[0], np.float32) - view.mean[i:j]) @ view.projection[i:j]
        for x, i, j in zip(track, edges[:-1], edges[1:], strict=True)
    ])  # fmt: skip


def _unit(x: Vector) -> Vector:
    return x / max(float(np.linalg.norm(x)), 1e-12)


def _cosine(u: Vector, v: Vector) -> float | None:
    if not u.any() or not v.any():
        return None
    return float(np.clip(_unit(u) @ _unit(v), -1, 1))


def window_starts(n: int, window_s: float, hop_s: float, duration_s: float) -> NDArray[np.float64]:
    """float64 (n,), s: where each of a track's windows begins.

    Of tracks over two minutes they are of 12 excerpts that are spread over the whole.
    """
    plan = ExcerptPlan()
    each = n // plan.count
    if duration_s <= plan.whole_up_to_s or not each or n % plan.count:
        return np.arange(n, dtype=np.float64) * hop_s
    firsts = (np.arange(plan.count) + 0.5) * duration_s / plan.count - plan.length_s / 2
    return np.asarray((firsts[:, None] + np.arange(each) * hop_s).ravel())


def matching_windows(
    scores: NDArray[np.float32], a_s: NDArray[np.float64], b_s: NDArray[np.float64], apart_s: float
) -> list[MatchingWindows]:
    """The pairs of windows of the largest scores, none of them near one that came before.

    Parameters
    ----------
    scores : (n_a, n_b)
    a_s, b_s : s, where the windows begin
    apart_s : how far two moments of one track are difference at least
    """
    left = np.where(np.isfinite(scores), scores, -np.inf)
    pairs: list[MatchingWindows] = []
    while len(pairs) < MOMENTS and left.size and np.isfinite(left.max()):
        i, j = divmod(int(left.argmax()), left.shape[1])
        pairs.append(MatchingWindows(round(float(a_s[i]), 2), round(float(b_s[j]), 2), float(scores[i, j])))
        left[np.abs(a_s - a_s[i]) < apart_s] = -np.inf
        left[:, np.abs(b_s - b_s[j]) < apart_s] = -np.inf
    return pairs


def shared_labels(
    a: Mapping[str, Mapping[str, float]], b: Mapping[str, Mapping[str, float]]
) -> list[SharedLabel]:
    """Words that a network has for both; of several networks, from the one that is surest of both."""
    labels: dict[str, SharedLabel] = {}
    pairs = [(a[x], b[y]) for x in a for y in b if family_of(x) == family_of(y)]
    for of_a, of_b in pairs:
        for name in of_a.keys() & of_b.keys():
            label = SharedLabel(name, of_a[name], of_b[name])
            before = labels.get(name.casefold())
            if before is None or min(label.a, label.b) > min(before.a, before.b):
                labels[name.casefold()] = label
    return sorted(labels.values(), key=lambda label: (-min(label.a, label.b), label.name))


def compare_features(
    names: Sequence[str], a: NDArray[np.floating], b: NDArray[np.floating], library: NDArray[np.floating]
) -> list[Feature]:
    """What a space measures that both tracks are, or only one, the most telling first.

    Parameters
    ----------
    names : of the dimensions
    a, b : (dim,)
    library : (n, dim), rows to compare with; NaN is left out
    """
    features = [_compare_feature(word, word.columns(names), names, a, b, library) for word in FEATURES]
    return sorted((x for x in features if x is not None), key=lambda x: -x.weight)


def _compare_feature(
    word: FeatureWords,
    columns: list[int],
    names: Sequence[str],
    a: NDArray[np.floating],
    b: NDArray[np.floating],
    library: NDArray[np.floating],
) -> Feature | None:
    if not columns:
        return None
    usual = library[:, columns].astype(np.float64).mean(axis=1)
    usual = usual[np.isfinite(usual)]
    x, y = (float(np.mean(row[columns], dtype=np.float64)) for row in (a, b))
    spread = float(usual.std()) if len(usual) > 1 else 0.0
    if not np.isfinite([x, y]).all() or spread <= 1e-6 * max(abs(x), abs(y), 1e-6):
        return None
    far_a, far_b = ((value - float(usual.mean())) / spread for value in (x, y))
    difference = abs(far_a - far_b)
    least = min(abs(far_a), abs(far_b))
    name = names[columns[0]] if len(columns) == 1 else word.dimensions[0].rstrip("*_")
    both = word.more if far_a > 0 else word.less
    if far_a * far_b > 0 and least >= BOTH_FROM and difference < APART_FROM and both:
        said = f"both {_is(both)}".replace("both is ", "both ").replace("both has ", "both with ")
        return Feature(name, said, x, y, True, round(least, 2))
    text = _difference(word, far_a, far_b) if difference >= APART_FROM else None
    return Feature(name, text, x, y, False, round(difference, 2)) if text else None


def _difference(word: FeatureWords, far_a: float, far_b: float) -> str | None:
    """How two tracks differ that are so far from the usual; ``None`` where there is no word for it."""
    a, b = (
        None if abs(far) < MIN_DEVIATION else word.more if far > 0 else word.less for far in (far_a, far_b)
    )
    if a and b:
        second = _is(b) if _is(a)[:3] != _is(b)[:3] else _is(b)[3:].lstrip()
        return f"the first {_is(a)}, the second {second}" if a != b else None
    if a or b:
        return f"only the {'first' if a else 'second'} {_is(a or b or '')}"
    return None


def _is(word: str) -> str:
    """What a track is or has: ``is fast``, ``has sharp attacks``."""
    if word.rsplit(" ", 1)[-1] not in _THINGS:
        return f"is {word}"
    return f"has {_thing(word)}"


def _thing(word: str) -> str:
    bare = word.removeprefix("with ")
    return f"a {bare}" if bare.endswith(_COUNTED) else bare
