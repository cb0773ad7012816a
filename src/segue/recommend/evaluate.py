"""How good are a library's neighbors, by its own tags?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from segue.catalog.names import split_names
from segue.display.following import following
from segue.errors import LibraryError, UsageError
from segue.progress import Follow, Progress
from segue.recommend.retrieval_metrics import (
    KS,
    answerable,
    average_precision,
    bootstrap,
    chance,
    hits,
    hubness,
    interval,
    n_relevant,
)
from segue.recommend.session import Recommender, Session
from segue.track import Track, folded
from segue.views.view_index import ViewIndex

_MOST_ASKED = 20_000  # tracks
_BLOCK = 500
_DEPTH = 100  # neighbors that average precision looks at
_TIMED = 200  # queries of the index
_DECIMALS = 4

LabelName = Literal["genre", "artist", "album"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over queries, and between what it would be with other albums, in 95 of 100 cases."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What another view gives for the same queries, and how much more the evaluated one does.

    Attributes
    ----------
    view : the other
    precision, average_precision : the other's
    gain : the evaluated view's less the other's, query by query: by k, and ``average_precision``
    """

    view: str
    precision: dict[int, Figure]
    average_precision: Figure
    gain: dict[str, Figure]


@dataclass(frozen=True, slots=True, repr=False)
class Evaluation:
    """How often neighbors share a label.

    Attributes
    ----------
    view : how tracks were compared
    by : the label: genre, artist or album
    tracks, asked : how many there are, and how many were asked about
    precision : by k, the share of the k nearest that have the label
    average_precision : the mean of it over the 100 nearest
    chance : what random neighbors would give
    hubness : skewness of how often tracks are among the ten nearest; above 2 a few are near everything
    same_album : the share of the ten nearest that are of the query's album; none where there are no albums
    copies : the share of the ten nearest tracks that are other versions of the query's recording; all other
        figures are of one version of each recording
    index_recall : the share of the truly ten nearest that the index finds
    query_us : median time of one query of the index, microseconds
    at : s since the epoch
    tag_fit : what tags do to the view, by cross-validation, where it has learned from them
    against : another view, where one was asked for
    """

    view: str
    by: LabelName
    tracks: int
    asked: int
    precision: dict[int, Figure]
    average_precision: Figure
    chance: float
    hubness: float
    same_album: float | None
    copies: float
    index_recall: float
    query_us: float
    at: float
    tag_fit: str | None = None
    against: Comparison | None = None

    def __repr__(self) -> str:
        shares = ", ".join(f"{figure.value:.2f} of {k}" for k, figure in self.precision.items())
        return f"<Evaluation of {self.view} by {self.by}: {shares} nearest; by chance {self.chance:.2f}>"

    def as_record(self) -> dict[str, Any]:
        """For JSON."""
        record: dict[str, Any] = _with_text_keys(asdict(self))
        return record


def evaluate(
    recommender: Recommender,
    *,
    by: LabelName = "genre",
    view: str | None = None,
    against: str | None = None,
    progress: Follow = None,
) -> Evaluation:
    """How often tracks' neighbors share their genre, artist or album, with intervals.

    Where the view has learned from the library's tags, figures by artist and album are too good: ``tag_fit``
    has some of albums and artists that were held out, and the view ``all/sound`` knows no tags.

    Intervals are of albums drawn again and again, as tracks of one album are alike; of artists, or tracks,
    where there are no albums.

    Parameters
    ----------
    by : the tag that makes a neighbor a right one; of an album, the artist's name counts too.
    view : how tracks are compared, as for ``similar``; not a view of windows.
    against : another view, which answers the same queries.
    progress : follows the queries, or ``True`` for a bar.

    Raises
    ------
    LibraryError
        Where too few tracks have the tag.
    EmptyLibraryError, UsageError
    """
    if by not in get_args(LabelName):
        raise UsageError(f"by is {by!r}, expected one of: {', '.join(get_args(LabelName))}")
    other = None
    with following(progress) as follower:
        own = _Answers.of(recommender.session(view), by, follower)
        if against is not None:
            other = _Answers.of(recommender.session(against), by, follower, own.queries)
    index = own.index.index
    timed = index.evaluate(own.index.take(own.asked[:_TIMED]), recalls=(0.99,))[0]
    figures = _figures(own.values, own.groups)
    return Evaluation(
        str(own.index.spec), by, len(own.labels), own.n_tagged,
        dict(zip(KS, figures, strict=False)), figures[-1],
        round(chance(own.labels, own.asked), _DECIMALS), round(hubness(own.nearest), 3),
        own.share_of_album(), own.copies,
        round(timed.recall, _DECIMALS), round(timed.p50_us, 1), time.time(),
        str(own.index.tag_fit) if own.index.tag_fit and own.index.tag_fit.used else None,
        None if other is None else _compare(own, other),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Answers:
    """What a view answers to tracks whose tag others have.

    Attributes
    ----------
    index : the view's
    tracks, labels : of each item of the index
    n_tagged : how many were asked about, with those whose tag nobody else has
    asked : int64 (n,), the items asked about, one of each recording
    queries : int64 (n,), their keys
    groups : int64 (n,), which are of one album
    nearest : int64 (n, 10), items, one of each recording
    copies : share of the ten nearest of all items that are of the query's recording
    values : float64 (n, 4), P@1, P@5, P@10 and the average precision of each
    """

    index: ViewIndex
    tracks: Sequence[Track | None]
    labels: Sequence[set[str]]
    n_tagged: int
    asked: NDArray[np.int64]
    queries: NDArray[np.int64]
    groups: NDArray[np.int64]
    nearest: NDArray[np.int64]
    values: NDArray[np.float64]
    copies: float

    @classmethod
    def of(
        cls, session: Session, by: LabelName, progress: Progress, queries: NDArray[np.int64] | None = None
    ) -> _Answers:
        """Those of a session's view; to the same queries as another's, where they are given."""
        session.require_one_vector_each("an evaluation")
        index = session.index
        keys = index.keys.tolist()
        by_key = session.catalog.tracks.by_keys(keys)
        tracks = [by_key.get(key) for key in keys]
        first = _one_of_each_recording(session)
        labels = [
            _labels(track, by) if track and is_first else set[str]()
            for track, is_first in zip(tracks, first.tolist(), strict=True)
        ]
        tagged = np.flatnonzero([bool(own) for own in labels])
        if queries is not None:
            tagged = tagged[np.isin(index.keys[tagged], queries)]
        asked = answerable(labels, _sample(tagged))
        n = int(first.sum())
        if len(asked) < 2 or n <= max(KS):
            raise LibraryError(
                f"{len(tagged)} of {n} tracks have a tag {by!r}, and {len(asked)} share theirs with "
                f"another track: an evaluation needs {max(KS) + 1} tracks, and two with the same tag"
            )
        neighbors = _neighbors(index, asked, min(_DEPTH, n - 1), progress, None if first.all() else first)
        right = hits(labels, asked, neighbors)
        shares = [right[:, :k].mean(axis=1) for k in KS]
        values = np.stack([*shares, average_precision(right, n_relevant(labels, asked))], axis=1)
        groups = np.unique([_group(tracks[i], i) for i in asked.tolist()], return_inverse=True)[1]
        nearest = neighbors[:, : max(KS)]
        n_tagged = min(len(tagged), _MOST_ASKED)
        copies = 0.0 if first.all() else _share_of_versions(session, asked, progress)
        return cls(index, tracks, labels, n_tagged, asked, index.keys[asked], groups, nearest, values, copies)

    def share_of_album(self) -> float | None:
        """Of the ten nearest, those of the query's album; none where no query has one."""
        albums = [_labels(track, "album") if track else set[str]() for track in self.tracks]
        rows = np.array([bool(albums[i]) for i in self.asked.tolist()])
        return _share(hits(albums, self.asked[rows], self.nearest[rows])) if rows.any() else None


def _one_of_each_recording(session: Session) -> NDArray[np.bool_]:
    """Over the view's items, which are the first version of their recording."""
    first = np.zeros(len(session.index.keys), np.bool_)
    first[session.versions.one_each(session.index.keys)] = True
    return first


def _share_of_versions(session: Session, asked: NDArray[np.int64], progress: Progress) -> float:
    """Of the ten nearest items of each, those that are of its recording."""
    keys, versions = session.index.keys.tolist(), session.versions
    recordings = np.array([versions.recording_of(key) for key in keys], np.int64)
    nearest = _neighbors(session.index, asked, max(KS), progress)
    return _share(recordings[nearest] == recordings[asked][:, None])


def _sample(items: NDArray[np.int64]) -> NDArray[np.int64]:
    if len(items) <= _MOST_ASKED:
        return items
    return np.sort(np.random.default_rng(0).choice(items, _MOST_ASKED, replace=False))


def _neighbors(
    index: ViewIndex,
    asked: NDArray[np.int64],
    k: int,
    progress: Progress,
    where: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """int64 (n_asked, k): the places of the items nearest to each that is asked about."""
    progress.begin(len(asked), "tracks")
    parts = []
    for start in range(0, len(asked), _BLOCK):
        progress.advance(start)
        parts.append(index.neighbors(asked[start : start + _BLOCK], k, where))
    return np.concatenate(parts)


def _figures(values: NDArray[np.float64], groups: NDArray[np.int64]) -> list[Figure]:
    low, high = interval(bootstrap(values, groups))
    return [
        Figure(*(round(float(x), _DECIMALS) for x in figure))
        for figure in zip(values.mean(axis=0), low, high, strict=True)
    ]


def _compare(own: _Answers, other: _Answers) -> Comparison:
    """The other's figures, and the differences over the queries that both answer."""
    if not len(np.intersect1d(own.queries, other.queries)):
        raise UsageError(f"the views {own.index.spec} and {other.index.spec} have no track in common")
    mine = np.flatnonzero(np.isin(own.queries, other.queries))
    theirs = {key: i for i, key in enumerate(other.queries.tolist())}
    at = [theirs[key] for key in own.queries[mine].tolist()]
    groups = np.unique(own.groups[mine], return_inverse=True)[1]
    figures = _figures(other.values, other.groups)
    gains = _figures(own.values[mine] - other.values[at], groups)
    names = [*map(str, KS), "average_precision"]
    precision = dict(zip(KS, figures, strict=False))
    return Comparison(str(other.index.spec), precision, figures[-1], dict(zip(names, gains, strict=True)))


def _share(right: NDArray[np.bool_]) -> float:
    return round(float(right.mean()), _DECIMALS)


def _group(track: Track | None, item: int) -> str:
    """What tracks are drawn together: those of an album, or else of an artist."""
    own = next(filter(None, (_labels(track, "album"), _labels(track, "artist"))), None) if track else None
    return min(own) if own else f"\0{item}"


def _labels(track: Track, by: LabelName) -> set[str]:
    tags = track.tags
    if by == "genre":
        return set(split_names("genre", tags.genre or ""))
    if by == "artist":
        return set(map(folded, track.artists))
    return {folded(f"{tags.album_artist or track.artist or ''}\0{tags.album}")} if tags.album else set()


def _with_text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _with_text_keys(x) for name, x in value.items()}
    return value
