"""What a library's own tags teach its view: tracks of one album and artist should be near each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Catalog
from segue.track import Float32, Vectors
from segue.views.index_facts import K, TagFit
from segue.views.transform import whitener_within

FOLDS = 5
LEAST_GAIN = 0.01  # of the share of right tracks
LEAST_ALBUMS = 10  # of two tracks and more by one artist
LEAST_GROUPS = 5  # of albums that share no artist
_ENOUGH = 8_192  # tracks that are looked at, at the most; whole albums
_MOST_ASKED = 2_048  # tracks whose nearest are found
_RESAMPLES = 2_000
_INTERVAL = (2.5, 97.5)  # percent

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TrackTags:
    """The artists and albums of some tracks, as numbers.

    Attributes
    ----------
    artists, albums : int64 (n,), the same number for the same name; -1 where there is none
    """

    artists: Ints
    albums: Ints

    @classmethod
    def of(cls, artists: Sequence[str | None], albums: Sequence[str | None]) -> TrackTags:
        return cls(_to_numbers(artists), _to_numbers(albums))

    def __len__(self) -> int:
        return len(self.artists)

    def take(self, places: Ints) -> TrackTags:
        return TrackTags(self.artists[places], self.albums[places])

    @property
    def classes(self) -> Ints:
        """int64 (n,): the same number for the same album by the same artist; -1 where one is not known."""
        both = np.stack([self.artists, self.albums], axis=1)
        has_both = (both >= 0).all(axis=1)
        numbers = np.full(len(self), -1, np.int64)
        numbers[has_both] = np.unique(both[has_both], axis=0, return_inverse=True)[1].ravel()
        return numbers


def _to_numbers(names: Sequence[str | None]) -> Ints:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(x, len(numbers)) if x else -1 for x in names], np.int64)


def tags_of(catalog: Catalog, keys: NDArray[np.int64]) -> TrackTags:
    """The tags of some tracks."""
    return TrackTags.of(*catalog.tracks.artists_and_albums(keys.tolist()))


def fit_on_tags(vectors: Vectors, tags: TrackTags) -> tuple[Float32 | None, TagFit]:
    """By what a view's vectors are to be multiplied, and whether that helps; none where it does not.

    Vectors of one album and artist are drawn together: all are multiplied by C^(-1/2), where C is the mean
    covariance of the vectors of an album's tracks by one artist, shrunk, the more the fewer there are (Hatch,
    Kajarekar and Stolcke 2006). That is done only where it helps tracks of albums and artists that were not
    in the fit: where the gain is a hundredth at least, and its whole 95 % interval lies above 0.

    Parameters
    ----------
    vectors : float32 (n, dim), of length 1, as the view compares tracks by their sound
    tags : of the n tracks
    """
    places = _whole_albums(tags)
    labels = tags.take(places)
    n_albums = len(np.unique(labels.classes[labels.classes >= 0]))
    groups = artist_groups(labels)
    if n_albums < LEAST_ALBUMS or len(np.unique(groups)) < LEAST_GROUPS:
        return None, TagFit(used=False, albums=n_albums)
    u, others = vectors[places].astype(np.float64), vectors[_others(len(tags), places)].astype(np.float64)
    fit = _validate(u, others, labels, groups)
    return (_drawing_together(u, labels.classes).astype(np.float32) if fit.used else None), fit


def _whole_albums(tags: TrackTags) -> Ints:
    """int64 (m,), rising: tracks of albums with two and more by one artist; of many albums some."""
    classes = tags.classes
    tagged = np.flatnonzero(classes >= 0)
    counts = np.bincount(classes[tagged]) if len(tagged) else np.zeros(0, np.int64)
    albums = np.flatnonzero(counts > 1)
    order = np.random.default_rng(0).permutation(albums)
    sample = order[np.cumsum(counts[order]) <= _ENOUGH]
    return tagged[np.isin(classes[tagged], sample)]


def _others(n: int, places: Ints) -> Ints:
    """int64 (m,): of n tracks those that are not at some places; of many some."""
    others = np.setdiff1d(np.arange(n), places)
    if len(others) <= _ENOUGH:
        return others
    return np.random.default_rng(0).choice(others, _ENOUGH, replace=False)


def artist_groups(tags: TrackTags) -> Ints:
    """int64 (n,): the same number for tracks whose albums are linked by artists, and artists by albums.

    A group of more than a fifth of all, such as samplers make of a library, falls apart into its albums.
    """
    group = tags.albums.copy()
    for _ in range(len(group)):
        before = group.copy()
        for names in (tags.artists, tags.albums):
            least = np.full(names.max(initial=-1) + 1, np.iinfo(np.int64).max)
            np.minimum.at(least, names, group)
            group = least[names]
        if np.array_equal(group, before):
            break
    sizes = np.bincount(group, minlength=len(group) + 1)
    large = sizes[group] > len(group) / FOLDS
    return np.unique(np.where(large, -1 - tags.albums, group), return_inverse=True)[1].ravel()


def split_folds(groups: Ints) -> Ints:
    """int64 (n,): the fold of each track, groups kept whole, folds about equally large."""
    sizes = np.bincount(groups)
    loads = np.zeros(FOLDS)
    folds = np.zeros(len(sizes), np.int64)
    for group in np.argsort(-sizes, kind="stable"):
        folds[group] = loads.argmin()
        loads[folds[group]] += sizes[group]
    return folds[groups]


def _validate(u: NDArray[np.float64], others: NDArray[np.float64], tags: TrackTags, groups: Ints) -> TagFit:
    """The precision among tracks whose albums and artists the fit does not know, beside that without a fit.

    Parameters
    ----------
    u : (n, dim), vectors of the tracks with these tags, of these groups
    others : (m, dim), of the library's other tracks, which may be nearer
    """
    classes, folds = tags.classes, split_folds(groups)
    queries = np.arange(len(u))
    if len(queries) > _MOST_ASKED:
        queries = np.sort(np.random.default_rng(0).choice(queries, _MOST_ASKED, replace=False))
    without, with_tags = np.zeros(len(u)), np.zeros(len(u))
    for fold in range(FOLDS):
        test = folds == fold
        train = ~test & ~np.isin(tags.artists, tags.artists[test]) & ~np.isin(tags.albums, tags.albums[test])
        fold_queries = queries[test[queries]]
        if not len(fold_queries):
            continue
        # A fit on few tracks evens out how those vary, whatever their tags are. Others then stand apart from
        # them, and so near each other: tracks that the fit knows are no answers, or any tags would help.
        rest = np.flatnonzero(~train)
        places, matrix = rest.searchsorted(fold_queries), _drawing_together(u[train], classes[train])
        without[fold_queries] = _precision(u[rest], others, classes[rest], places)
        with_tags[fold_queries] = _precision(u[rest] @ matrix, others @ matrix, classes[rest], places)
    without, with_tags = without[queries], with_tags[queries]
    low, high = _interval(with_tags - without, groups[queries])
    helps = low > 0 and with_tags.mean() - without.mean() >= LEAST_GAIN
    n_albums = len(np.unique(classes))
    return TagFit(bool(helps), n_albums, float(without.mean()), float(with_tags.mean()), low, high)


def _drawing_together(u: NDArray[np.float64], classes: Ints) -> NDArray[np.float64]:
    """(dim, dim), A with A @ A.T = C^-1, C being the mean covariance within a class, shrunk."""
    numbers, sizes = np.unique(classes, return_inverse=True, return_counts=True)[1:]
    sums = np.zeros((len(sizes), u.shape[1]))
    np.add.at(sums, numbers.ravel(), u)
    apart = u - (sums / sizes[:, None])[numbers.ravel()]
    n = max(1, len(u) - len(sizes))  # degrees of freedom
    return whitener_within(apart.T @ apart / n, n)


def _precision(
    u: NDArray[np.float64], others: NDArray[np.float64], classes: Ints, queries: Ints
) -> NDArray[np.float64]:
    """(n_queries,): the share of the five nearest, of ``u`` and ``others``, that are of the same class.

    Of fewer where there are no five.
    """
    x = np.concatenate([u, others])
    unit = np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12), np.float32)
    classes = np.concatenate([classes, np.full(len(others), -1)])
    k = min(K, len(unit) - 1)
    shares = np.empty(len(queries))
    for start in range(0, len(queries), 256):
        block = queries[start : start + 256]
        cosines = unit[block] @ unit.T
        cosines[np.arange(len(block)), block] = -np.inf
        nearest = np.argpartition(-cosines, k, axis=1)[:, :k]
        shares[start : start + 256] = (classes[nearest] == classes[block][:, None]).mean(axis=1)
    return shares


def _interval(gains: NDArray[np.float64], groups: Ints) -> tuple[float, float]:
    """The 95 % interval of the mean, by bootstrap over whole groups (Efron 1979)."""
    numbers = np.unique(groups, return_inverse=True)[1].ravel()
    sums, counts = np.bincount(numbers, gains), np.bincount(numbers)
    picks = np.random.default_rng(0).integers(0, len(sums), (_RESAMPLES, len(sums)))
    low, high = np.percentile(sums[picks].sum(axis=1) / counts[picks].sum(axis=1), _INTERVAL)
    return float(low), float(high)
