"""How likes and dislikes change the order of answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from segue.recommend.result import Bias, Match
from segue.recommend.seeds import Seed
from segue.spec import COSINE
from segue.track import Track

if TYPE_CHECKING:
    from segue.catalog import Catalog, Opinions
    from segue.recordings import Versions
    from segue.views.view_index import ViewIndex

LIKED = 0.05  # of a score, at the most, for what is like a liked track
DISLIKED = 0.10  # likewise, against what is like a disliked one
FROM = 0.3  # the cosine from which two tracks count as close
TOLD = 0.01  # of a score: less than that is not told
CANDIDATES = 100  # whose order is changed, or four times as many as are asked for
_MOST = 2_000  # likes that move others, and dislikes; the last given

Scores = NDArray[np.float32]
Keys = NDArray[np.int64]


class Compared(Protocol):
    """What is used of a ``Session``."""

    @property
    def catalog(self) -> Catalog: ...
    @property
    def index(self) -> ViewIndex: ...
    @property
    def versions(self) -> Versions: ...
    @property
    def by_window(self) -> bool: ...
    def similarities(self, u: NDArray[Any], v: NDArray[Any]) -> Scores: ...


def closeness(cosines: Scores) -> Scores:
    """0 up to a cosine of 0.3, 1 for the same sound, and evenly in between."""
    return np.asarray(np.clip((cosines - FROM) / (1 - FROM), 0, 1), np.float32)


def biases(to_liked: Scores, to_disliked: Scores) -> Scores:
    """float32 (n,): what is added to scores where candidates are put in order.

    0.05 h(l) - 0.10 h(d): l the cosine with the nearest liked track, d that with the nearest disliked one, h
    their ``closeness``. It is between -0.10 and 0.05, so two candidates whose scores are 0.15 apart keep
    their order.

    Parameters
    ----------
    to_liked, to_disliked : (n, n_liked) and (n, n_disliked), cosines; either may have no columns
    """
    return LIKED * _largest(to_liked) - DISLIKED * _largest(to_disliked)


def _largest(cosines: Scores) -> Scores:
    """float32 (n,): the closeness to the nearest."""
    return np.asarray(closeness(cosines).max(axis=1, initial=0), np.float32)


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a listener likes and dislikes, as one view compares it.

    Attributes
    ----------
    left_out : int64 (n,), keys of the disliked tracks and of other versions of them
    liked, disliked : the tracks that move others
    """

    session: Compared
    left_out: Keys
    liked: Judged
    disliked: Judged

    @classmethod
    def of(cls, session: Compared, opinions: Opinions, seeds: Sequence[Seed], *, moves: bool) -> Preferences:
        """Opinions as a session's view compares them, without those on seeds.

        Parameters
        ----------
        moves : whether the order of answers changes; disliked tracks are no answers in any case.
        """
        tracks = session.catalog.tracks
        own = [seed for seed in seeds if isinstance(seed, Track)]
        own_keys = list(tracks.keys_of([track.id for track in own]).values())
        liked, disliked = (x[~np.isin(x, own_keys)] for x in (opinions.liked, opinions.disliked))
        copies = tracks.keys_with_contents(
            set(opinions.disliked_contents) - {track.content_hash for track in own} - {""}
        )
        n = _MOST if moves and _compares_by_cosine(session) else 0
        versions = [key for one in np.union1d(disliked, copies) for key in session.versions.versions_of(one)]
        left_out = np.unique(np.array(versions, np.int64))
        return cls(session, left_out, Judged.of(session, liked[:n]), Judged.of(session, disliked[:n]))

    def numbers(self, k: int, usual: Sequence[int]) -> list[int]:
        """How many of the nearest are looked at for k answers whose order changes, at first and then."""
        first = max(usual[0], CANDIDATES, 4 * k)
        return [first, first + usual[-1] + len(self.left_out)]

    def allowed(self, allowed: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
        """bool over the view's items: which of those that may be answers are not disliked."""
        others = ~np.isin(self.session.index.keys, self.left_out)
        return others if allowed is None else allowed & others

    def order(self, keys: Keys, scores: Scores) -> tuple[Keys, Scores]:
        """Candidates without what is disliked, the largest sum of score and bias first."""
        kept = ~np.isin(keys, self.left_out)
        keys, scores = keys[kept], scores[kept]
        if self._moves:
            order = np.argsort(-(scores + biases(*self._cosines(keys))), kind="stable")
            keys, scores = keys[order], scores[order]
        return keys, scores

    def explain(self, matches: Sequence[Match]) -> list[Match]:
        """Matches with what moved them; what moved one by less than 0.01 is not told."""
        if not matches or not self._moves:
            return list(matches)
        tracks = self.session.catalog.tracks
        keys = tracks.keys_of([match.track.id for match in matches])
        to_liked, to_disliked = self._cosines(np.array([keys[m.track.id] for m in matches], np.int64))
        values = biases(to_liked, to_disliked).tolist()
        liked = self.liked.nearest(to_liked, TOLD / LIKED)
        disliked = self.disliked.nearest(to_disliked, TOLD / DISLIKED)
        named = tracks.by_keys({key for key in [*liked, *disliked] if key is not None})
        return [
            match
            if like is None and dislike is None
            else replace(match, bias=Bias(round(value, 4), named.get(like or -1), named.get(dislike or -1)))
            for match, value, like, dislike in zip(matches, values, liked, disliked, strict=True)
        ]

    @property
    def _moves(self) -> bool:
        return bool(len(self.liked.keys) or len(self.disliked.keys))

    def _cosines(self, keys: Keys) -> tuple[Scores, Scores]:
        """Of some tracks with those that are liked, and with those that are disliked."""
        vectors = self.session.index.take(self.session.index.places(keys))
        return self.liked.cosines(self.session, vectors), self.disliked.cosines(self.session, vectors)


@dataclass(frozen=True, slots=True)
class Judged:
    """Tracks that are liked, or disliked: their keys, int64 (n,), and their vectors, (n, dim)."""

    keys: Keys
    vectors: NDArray[Any]

    @classmethod
    def of(cls, session: Compared, keys: Keys) -> Judged:
        """Those of some tracks that the view has."""
        places = session.index.places(keys)
        in_view = places >= 0
        if not in_view.any():
            return cls(keys[:0], np.zeros((0, 0), np.float32))
        return cls(keys[in_view], session.index.take(places[in_view]))

    def cosines(self, session: Compared, vectors: NDArray[Any]) -> Scores:
        """float32 (n_vectors, n)."""
        if not len(self.keys) or not len(vectors):
            return np.zeros((len(vectors), len(self.keys)), np.float32)
        return session.similarities(vectors, self.vectors)

    def nearest(self, cosines: Scores, least: float) -> list[int | None]:
        """For each row of cosines the key of the nearest; none where its closeness is below ``least``."""
        if not len(self.keys):
            return [None] * len(cosines)
        close = _largest(cosines) >= least
        return [
            int(key) if near else None
            for key, near in zip(self.keys[cosines.argmax(axis=1)], close, strict=True)
        ]


def _compares_by_cosine(session: Compared) -> bool:
    """Whether a track has one vector in the view, and scores are cosines."""
    index = session.index
    return not session.by_window and (index.transform is not None or index.spec.metric == COSINE)
