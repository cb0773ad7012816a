"""The clusters of a library: found in its index, named by its spaces, tags and labels, and kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Cluster, Clusters, Writer
from segue.catalog.clusters import ClusterRun, Tally
from segue.cluster import Clustering, cluster_rows
from segue.cluster.colors import distinct_colors
from segue.cluster.names import GroupFacts, name_groups
from segue.cluster.words import FEATURES, deviation_words, deviations, distinctive_labels
from segue.display.following import following
from segue.progress import Follow
from segue.recommend.session import Recommender, Session
from segue.track import Track
from segue.views.spec import RowSubset

_CENTRAL = 3  # tracks that stand for a cluster
_GENRES = 5
_NAMING_SHARE = 0.4  # of a cluster's tagged tracks, for a genre that names it
_NAMING_LIFT = 1.3  # times as frequent as in the library


def find_clusters(
    recommender: Recommender,
    writer: Writer,
    k: int | None = None,
    *,
    seed: int = 0,
    view: str | None = None,
    progress: Follow = None,
) -> Clusters:
    """Find groups of tracks that sound alike, name them, and keep them in place of those before.

    Versions of one recording count once, and are in one group.

    Parameters
    ----------
    k : how many; by default, as many as stand out most.
    seed : of all that is random.
    view : how tracks are compared, as for ``similar``.
    progress : follows the search, or ``True`` for a bar.

    Raises
    ------
    LibraryError, UsageError, EmptyLibraryError, LibraryWriteError
    """
    session = recommender.session(view)
    session.require_one_vector_each("clustering")
    snapshot, index = session.snapshot, session.index
    with following(progress) as follower:
        first, recordings = session.versions.split(index.keys)
        vectors = index.vectors if len(first) == len(index.keys) else index.vectors[first]
        clustering = cluster_rows(vectors, k, seed=seed, progress=follower)
        left_out = int(((snapshot.keys >= 0) & ~snapshot.missing).sum()) - len(index.rows)
        run = ClusterRun(str(index.spec), round(clustering.separation, 3), snapshot.stamp, left_out, seed)
        follower.note("naming the clusters and writing to disk")
        numbers = clustering.assignments[recordings]
        describe = ClusterDescriber(session, clustering, first, np.bincount(numbers).tolist())
        counted = np.isin(np.arange(len(numbers)), first)
        writer.put_clusters(index.keys, numbers + 1, describe, run, counted)
    return session.catalog.clusters.load(snapshot.stamp)


@dataclass(frozen=True, slots=True)
class ClusterDescriber:
    """Says what clusters are: their names, words, labels, genres and central tracks.

    Attributes
    ----------
    clustering : of one version of each recording
    items : int64 (n,), rising: which of the index's items those are
    sizes : tracks of each cluster, all versions counted
    """

    session: Session
    clustering: Clustering
    items: NDArray[np.int64]
    sizes: Sequence[int]

    def __call__(self, tallies: list[Tally]) -> list[Cluster]:
        words = [deviation_words(row) for row in self._deviations()]
        labels = _labels(tallies)
        central = [self._central(number) for number in range(len(tallies))]
        names = name_groups(
            [
                GroupFacts(*facts)
                for facts in zip(_telling_genres(tallies), labels, words, map(_example, central), strict=True)
            ]
        )
        tints = distinct_colors(len(tallies))
        return [
            Cluster(
                number=i + 1,
                name=names[i],
                size=self.sizes[i],
                words=tuple(words[i]),
                labels=tuple(labels[i]),
                central=tuple(track.id for track in central[i]),
                genres=_genres(tallies[i]),
                color=tints[i],
            )
            for i in range(len(tallies))
        ]

    def _deviations(self) -> NDArray[np.float64]:
        """float64 (k, n_features): the mean over the spaces that measure a feature, NaN where none does."""
        rows, numbers = self.session.index.rows[self.items], self.clustering.assignments
        k = len(self.clustering.centroids)
        each = [
            deviations(RowSubset(space.vectors, rows), space.dimensions, numbers, k)
            for space in self.session.snapshot.spaces.values()
        ]
        by_space = np.stack(each) if each else np.zeros((0, k, len(FEATURES)))
        measured = np.isfinite(by_space)
        total = np.where(measured, by_space, 0).sum(axis=0)
        with np.errstate(invalid="ignore"):
            return np.asarray(total / measured.sum(axis=0))

    def _central(self, number: int) -> list[Track]:
        members = np.flatnonzero(self.clustering.assignments == number)
        cosines = self.clustering.cosines[members]
        best = members[np.argsort(-cosines, kind="stable")[:_CENTRAL]]
        keys = self.session.index.keys[self.items[best]].tolist()
        tracks = self.session.catalog.tracks.by_keys(keys)
        return [tracks[key] for key in keys if key in tracks]


def _labels(tallies: Sequence[Tally]) -> list[list[str]]:
    """Of each cluster, the labels that tell it from the library."""
    have, analyzed = Counter[tuple[str, str]](), Counter[str]()
    for tally in tallies:
        have.update(tally.labels)
        analyzed.update(tally.analyzed)
    usual = {label: n / analyzed[label[0]] for label, n in have.items()}
    labels = []
    for tally in tallies:
        shares: dict[str, float] = {}
        normal: dict[str, float] = {}
        for (space, name), n in tally.labels.items():
            share = n / tally.analyzed[space]
            if share > shares.get(name, 0):
                shares[name], normal[name] = share, usual[space, name]
        labels.append(distinctive_labels(shares, normal))
    return labels


def _telling_genres(tallies: Sequence[Tally]) -> list[list[str]]:
    """Of each cluster, the genres in its tags that say what most of it is, and not what all are."""
    all_genres = sum((tally.genres for tally in tallies), Counter[str]())
    all_tagged = sum(tally.tagged for tally in tallies)
    return [
        [
            genre
            for genre, n in sorted(tally.genres.items(), key=lambda pair: (-pair[1], pair[0]))
            if n >= _NAMING_SHARE * tally.tagged
            and n * all_tagged >= _NAMING_LIFT * tally.tagged * all_genres[genre]
        ]
        for tally in tallies
    ]


def _example(central: Sequence[Track]) -> str | None:
    return next((track.artist or track.title for track in central), None)


def _genres(tally: Tally) -> tuple[tuple[str, float], ...]:
    most = sorted(tally.genres.items(), key=lambda pair: (-pair[1], pair[0]))[:_GENRES]
    return tuple((name, round(n / tally.tagged, 3)) for name, n in most)
