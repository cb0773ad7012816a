"""How good are a library's neighbors? Pure functions over arrays, and the verb that asks a library."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from segue.catalog.conditions import split_names
from segue.errors import LibraryError
from segue.progress import Progress, Silent
from segue.recommend.session import Recommender
from segue.track import Track, folded
from segue.views.view_index import ViewIndex

KS = (1, 5, 10)
_MOST_ASKED = 20_000  # tracks
_BLOCK = 500
_PAIRS = 20_000  # for what chance gives

LabelName = Literal["genre", "artist", "album"]


def precision_at(
    labels: Sequence[Set[str]],
    neighbors: NDArray[np.int64],
    ks: Sequence[int] = KS,
    asked: NDArray[np.int64] | None = None,
) -> dict[int, float]:
    """Share of the first k neighbors that have a label in common with the query, mean over queries.

    P@k = mean over i of |{j in N_k(i): L_j and L_i meet}| / k. Queries whose labels no other item has are
    left out, as they cannot be right; 0 where none is left.

    Parameters
    ----------
    labels : of each item, none, one or several
    neighbors : int64 (n_asked, >= max(ks)), the items nearest to each query, without the query itself
    asked : int64 (n_asked,), the item of each row of ``neighbors``; all items unless given
    """
    counts = Counter(label for own in labels for label in own)
    queries = range(len(labels)) if asked is None else asked.tolist()
    hits = [
        [not labels[query].isdisjoint(labels[j]) for j in row]
        for query, row in zip(queries, neighbors[:, : max(ks)].tolist(), strict=True)
        if any(counts[label] > 1 for label in labels[query])
    ]
    table = np.array(hits, np.float64).reshape(len(hits), max(ks))
    return {k: float(table[:, :k].mean()) if hits else 0.0 for k in ks}


def hubness(neighbors: NDArray[np.int64]) -> float:
    """Skewness of how often each item is a neighbor (Radovanovic et al. 2010, S_Nk).

    0 where all items are equally often neighbors; above 2 a few hubs are near everything.
    """
    counts = np.bincount(neighbors.ravel(), minlength=len(neighbors)).astype(np.float64)
    spread = counts.std()
    return float(((counts - counts.mean()) ** 3).mean() / spread**3) if spread else 0.0


def chance(labels: Sequence[Set[str]], asked: NDArray[np.int64]) -> float:
    """The share of random pairs of an asked item and another that have a label in common."""
    rng = np.random.default_rng(0)
    pairs = zip(
        rng.choice(asked, _PAIRS).tolist(), rng.integers(0, len(labels), _PAIRS).tolist(), strict=True
    )
    return float(np.mean([not labels[a].isdisjoint(labels[b]) for a, b in pairs if a != b]))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How often neighbors share a label.

    Attributes
    ----------
    view : how tracks were compared
    by : the label: genre, artist or album
    tracks, asked : how many there are, and how many were asked about
    precision : by k, as ``precision_at``
    chance : what random neighbors would give
    hubness : of the first ten neighbors, as ``hubness``
    at : s since the epoch
    """

    view: str
    by: LabelName
    tracks: int
    asked: int
    precision: dict[int, float]
    chance: float
    hubness: float
    at: float

    def as_record(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"precision": {str(k): value for k, value in self.precision.items()}}


def evaluate(
    recommender: Recommender,
    *,
    by: LabelName = "genre",
    view: str | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """How often tracks' neighbors share their genre, artist or album, what chance gives, and hubness.

    Parameters
    ----------
    by : the tag that makes a neighbor a right one; of an album, the artist's name counts too.
    view : how tracks are compared, as for ``similar``; not a view of windows.

    Raises
    ------
    LibraryError
        Where too few tracks have the tag.
    EmptyLibraryError, UsageError
    """
    session = recommender.session(view)
    session.require_one_vector_each("an evaluation")
    view_index = session.index
    keys = view_index.keys.tolist()
    tracks = session.catalog.tracks.by_keys(keys)
    labels = [_labels(tracks[key], by) if key in tracks else set[str]() for key in keys]
    asked = np.flatnonzero([bool(own) for own in labels])
    if len(asked) < 2 or len(keys) <= max(KS):
        raise LibraryError(
            f"{len(asked)} of {len(keys)} tracks have a tag {by!r}: an evaluation needs 2 of {max(KS) + 1}"
        )
    if len(asked) > _MOST_ASKED:
        asked = np.random.default_rng(0).choice(asked, _MOST_ASKED, replace=False)
    neighbors = _neighbors(view_index, asked, progress or Silent())
    precision = {k: round(value, 4) for k, value in precision_at(labels, neighbors, KS, asked).items()}
    return Evaluation(
        str(view_index.spec), by, len(keys), len(asked), precision,
        round(chance(labels, asked), 4), round(hubness(neighbors), 3), time.time(),
    )  # fmt: skip


def _neighbors(index: ViewIndex, asked: NDArray[np.int64], progress: Progress) -> NDArray[np.int64]:
    """int64 (n_asked, 10): the places of the items nearest to each that is asked about."""
    progress.begin(len(asked), "tracks")
    parts = []
    for start in range(0, len(asked), _BLOCK):
        progress.advance(start)
        parts.append(index.neighbors(asked[start : start + _BLOCK], max(KS)))
    return np.concatenate(parts)


def _labels(track: Track, by: LabelName) -> set[str]:
    tags = track.tags
    if by == "genre":
        return set(split_names("genre", tags.genre or ""))
    if by == "artist":
        return {folded(track.artist)} if track.artist else set()
    return {folded(f"{tags.album_artist or track.artist or ''}\0{tags.album}")} if tags.album else set()
