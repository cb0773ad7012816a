"""One moment of a library: its tracks, their vectors, and the index through which they are compared.

A ``Recommender`` opens sessions on a catalog; the verbs beside this file ask them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from segue.advice import command
from segue.catalog import Catalog, Opinions, Settings, Snapshot, TrackReader, Where
from segue.errors import EmptyLibraryError, UsageError
from segue.index.metric import distances, prepare_queries
from segue.progress import Progress
from segue.recommend import filters
from segue.recommend.combine import agreement, away_from, best_by_track, center, majority
from segue.recommend.feedback import Preferences
from segue.recommend.lookup import resolve_seed
from segue.recommend.result import Match
from segue.recommend.seeds import (
    AnalyzedSound,
    Chooser,
    Query,
    Seed,
    SeedGroup,
    analysis_of_track,
    space_vectors,
)
from segue.recommend.unusual import FactsStore, LeaveOut, TrackFacts
from segue.recordings import Versions, VersionStore, numbers_to_fold
from segue.spec import COSINE, Embedder, Prior
from segue.track import Track, TrackId
from segue.views.view_index import ViewIndex, ViewIndexes

_ATTEMPTS = 20  # at an answer while others write
_ID_LENGTH = 16  # of a file's track; what is no id of this length is looked up as any other text
_MOST_BY_WINDOW = 20  # sounds of a group, each of which has many windows

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Session:
    """Seeds to vectors, vectors to the nearest tracks, distances to scores: of one moment of the library."""

    catalog: Catalog
    snapshot: Snapshot
    index: ViewIndex
    embedders: Callable[[], Sequence[Embedder]]
    versions: Versions
    facts: TrackFacts
    opinions: Opinions | None
    settings: Settings
    tracks: TrackReader
    choose: Chooser | None = None
    _keys: dict[TrackId, int] = field(default_factory=dict)

    def group(self, query: Query) -> SeedGroup:
        """What a query means. Raises TrackNotFoundError, AmbiguousQueryError, AudioError."""
        name = query.id if isinstance(query, Track) else query
        if isinstance(name, str) and len(name) == _ID_LENGTH and (own := self.tracks.by_id(name)):
            key, track = own
            self._keys[track.id] = key
            return SeedGroup((track,))
        return resolve_seed(query, self.catalog, self._embedders_of_view, choose=self.choose)

    def groups(self, queries: Sequence[Query]) -> list[SeedGroup]:
        return [self.group(query) for query in queries]

    def seed(self, query: Query) -> Seed:
        """The one sound that a query means; of several tracks, the middle one. Raises as ``group``."""
        group = self.group(query)
        if len(group.seeds) == 1:
            return group.seeds[0]
        self.require_one_vector_each(f"one of the {group.text}")
        vectors = self.group_vectors(group)
        return group.seeds[int(self.similarities(self.combine(vectors), vectors)[0].argmax())]

    def keys_of(self, seeds: Sequence[Seed]) -> dict[TrackId, int]:
        """Those of the seeds that are tracks of the library, by their ids."""
        ids = [seed.id for seed in seeds if isinstance(seed, Track)]
        unknown = [track_id for track_id in ids if track_id not in self._keys]
        self._keys.update(self.catalog.tracks.keys_of(unknown) if unknown else {})
        return {track_id: self._keys[track_id] for track_id in ids if track_id in self._keys}

    def leave_out(self, seeds: Sequence[Seed], where: Where | None, *, everything: bool) -> LeaveOut | None:
        """What takes out of answers what is unusual; none where everything is wanted."""
        if everything:
            return None
        keys, read = list(self.keys_of(seeds).values()), self.tracks.durations_and_genres
        return LeaveOut(self.facts, self.settings, self.index, seeds, keys, where, read)

    def _embedders_of_view(self) -> list[Embedder]:
        return [embedder for embedder in self.embedders() if embedder.spec.space in self.index.spaces]

    def analysis(self, seed: Seed) -> AnalyzedSound:
        """All that is known of a seed's sound."""
        return analysis_of_track(self.catalog, self.snapshot, seed) if isinstance(seed, Track) else seed

    def vectors(self, seed: Seed) -> NDArray[Any]:
        """(1, dim), or by windows (n_windows, dim): a seed as the index compares it. Raises LibraryError."""
        if isinstance(seed, Track) and not self.by_window:
            place = self.index.place(self.keys_of([seed]).get(seed.id, -1))
            if place is not None:
                vectors = self.index.take([place])
                return vectors if self.index.spec.metric == "hamming" else np.asarray(vectors, np.float32)
        spaces, is_track = self.index.spaces_of(self.snapshot), isinstance(seed, Track)
        sound, granularity = self.analysis(seed), self.index.spec.granularity
        return self.index.project(space_vectors(sound, spaces, granularity, in_library=is_track))

    def group_vectors(self, group: SeedGroup) -> NDArray[Any]:
        """(n, dim): a vector for each sound of a group; by windows, those of some sounds from all of it."""
        if len(group.seeds) == 1:
            return self.vectors(group.seeds[0])
        if self.by_window:
            sample = group.seeds[:: -(-len(group.seeds) // _MOST_BY_WINDOW)]
            return np.concatenate([self.vectors(seed) for seed in sample])
        tracks = [seed for seed in group.seeds if isinstance(seed, Track)]
        if self.index.transform is not None and len(tracks) == len(group.seeds) > 1:
            places = self.places(tracks)
            if len(places) == len(tracks):
                return self.index.take(places)
        return np.concatenate([self.vectors(seed) for seed in group.seeds])

    def query_vectors(
        self,
        seeds: Sequence[SeedGroup],
        minus: Sequence[SeedGroup] = (),
        *,
        weights: Sequence[float] | None = None,
        each: bool = False,
    ) -> NDArray[Any]:
        """(1, dim), what lies between the seeds, away from the unwanted; by windows, all their windows.

        Each group counts as one sound, or by its weight. Raises LibraryError, UsageError.

        With ``each`` (n_seeds, dim), of each seed, instead of what lies between them.
        """
        together = self._centers(seeds)
        unwanted = self._centers(minus) if minus else None
        if self.index.spec.metric == "hamming":  # each bit as most seeds have it
            if unwanted is not None or each or weights:
                raise UsageError("minus, agree and weights are not defined for hamming (binary) vectors")
            return majority(together)
        if not each:
            together = self.combine(together, weights)
        return together if unwanted is None else away_from(together, unwanted, affine=self.is_affine)

    def _centers(self, groups: Sequence[SeedGroup]) -> NDArray[Any]:
        """(n_groups, dim); by windows, and of bits, the vectors of all sounds."""
        vectors = [self.group_vectors(group) for group in groups]
        if self.index.spec.metric != "hamming":
            vectors = [self.combine(x) for x in vectors]
        return vectors[0] if len(vectors) == 1 else np.concatenate(vectors)

    def combine(self, vectors: NDArray[Any], weights: Sequence[float] | None = None) -> NDArray[Any]:
        """(1, dim): what lies between some tracks' vectors, (n, dim); by windows, all of them."""
        if self.by_window or len(vectors) == 1:
            return vectors
        if self.is_affine:
            return np.asarray(np.average(vectors, axis=0, weights=weights)[None], vectors.dtype)
        return center(vectors, weights)

    def track_vectors(self, tracks: Sequence[Track]) -> NDArray[Any]:
        """(n, dim): tracks that are in the index, as it compares them."""
        return self.index.take(self.places(tracks))

    def places(self, tracks: Sequence[Track]) -> list[int]:
        """Where tracks stand among the index's items, without those that are not among them."""
        keys = self.keys_of(tracks)
        places = [self.index.place(keys[track.id]) for track in tracks if track.id in keys]
        return [place for place in places if place is not None]

    @property
    def by_window(self) -> bool:
        """Whether a track has many vectors here, one a window."""
        return self.index.spec.granularity == "windows"

    @property
    def is_affine(self) -> bool:
        """Whether vectors are points, not directions."""
        return self.index.transform is None and self.index.spec.metric != COSINE

    def require_one_vector_each(self, what: str) -> None:
        """Raises UsageError where a track has many vectors here."""
        if self.by_window:
            raise UsageError(
                f"{what} needs one vector a track; the view {self.index.spec} has one a window: "
                f"use the view {self.index.spec.spaces[0]}"
            )

    def scores(self, distances: NDArray[np.float32]) -> NDArray[np.float32]:
        """The one conversion from an index's distances, small is near, to scores, large is near.

        The cosine, in a fitted view scaled by how crowded both places are; the product itself; for other
        metrics 1 / (1 + distance), which is 1 for the same vector.
        """
        metric = self.index.spec.metric
        if self.index.transform is not None:
            return np.minimum(-distances, 1)  # of length 1, compared by the product
        if metric == COSINE:
            return np.asarray(1 - distances, np.float32)
        return np.asarray(-distances if metric == "dot" else 1 / (1 + distances), np.float32)

    def pair_scores(self, u: NDArray[Any], v: NDArray[Any]) -> NDArray[np.float32]:
        """float32 (m, n): scores of all pairs, (m, dim), (n, dim), as ``matches`` gives them."""
        return self.similarities(u, v) if self.index.scales is None else self.index.scores(u, v)

    def similarities(self, u: NDArray[Any], v: NDArray[Any]) -> NDArray[np.float32]:
        """float32 (m, n): how near vectors are, (m, dim), (n, dim), wherever in the library they lie."""
        if self.index.transform is not None:
            return np.asarray(u @ v.T, np.float32)
        metric = self.index.index.metric
        return self.scores(distances(prepare_queries(u, metric), v, metric))

    def allowed(
        self, seeds: Sequence[Seed] = (), *, same_artist: bool = True, where: Where | None = None
    ) -> NDArray[np.bool_] | None:
        """bool over the index's items, which may be answers; none where all may."""
        if same_artist and not where:
            return None
        without = () if same_artist else [x.artist for x in seeds if isinstance(x, Track) and x.artist]
        return filters.allowed_items(where, without, self.catalog, self.snapshot, self.index)

    def matches(
        self,
        queries: NDArray[Any],
        k: int,
        *,
        allowed: NDArray[np.bool_] | None = None,
        without: Sequence[Seed] = (),
        feedback: bool = False,
        agree: Sequence[float] | None = None,
        leave_out: LeaveOut | None = None,
        counted: int | None = None,
    ) -> list[Match]:
        """The k nearest tracks, best first, each recording once.

        Parameters
        ----------
        queries : (1, dim), or by windows (n_windows, dim)
        allowed : bool over the index's items, which of them may be answers
        without : seeds, which are no answers, nor are other versions of them
        feedback : let likes and dislikes change the order, and leave out what is disliked
        agree : weights of the queries, where tracks are to be near to each
        leave_out : takes out what is unusual; counts it among ``counted`` answers, or k
        """
        preferences = self.preferences(without) if feedback else None
        unwanted = {seed.id: seed.content_hash for seed in without if isinstance(seed, Track)}
        own = self.keys_of(without).values()
        contents = set(unwanted.values())  # also of files that are gone, which have no versions
        qualified = len(self.index.rows) if allowed is None else int(np.count_nonzero(allowed))
        matches: list[Match] = []
        numbers = numbers_to_fold(k, len(contents), by_window=self.by_window)
        for n in (*(preferences.numbers(k, numbers) if preferences else numbers), qualified):
            if agree is None:
                keys, scores = self.nearest(queries, min(n, qualified), allowed)
            else:
                keys, scores = self._nearest_to_each(queries, agree, min(n, qualified), allowed)
            if leave_out is not None:
                keys, scores = leave_out(keys, scores, counted or k)
            if preferences is not None:
                keys, scores = preferences.order(keys, scores)
            nearest = zip(keys.tolist(), scores.tolist(), strict=True)
            folded = self.versions.fold(nearest, self.index, allowed=allowed, without=own)
            matches = self._matches(folded[: k + 16 + len(contents)], k, contents)
            if len(matches) >= k or n >= qualified:
                break
        return matches if preferences is None else preferences.explain(matches)

    def preferences(self, seeds: Sequence[Seed], *, moves: bool = True) -> Preferences | None:
        """What is liked and disliked, as ``Preferences.of``; none where nothing is."""
        return None if self.opinions is None else Preferences.of(self, self.opinions, seeds, moves=moves)

    def _matches(
        self, folded: Sequence[tuple[tuple[int, ...], float]], k: int, unwanted: set[str]
    ) -> list[Match]:
        """The first k of some recordings, with their other versions, without contents that are unwanted."""
        matches: list[Match] = []
        for start in range(0, len(folded), k):  # mostly the first k are all that is read
            part = folded[start : start + k]
            tracks = self.tracks.by_keys({key for group, _ in part for key in group})
            for (best, *others), score in part:
                if best in tracks and tracks[best].content_hash not in unwanted:
                    versions = tuple(tracks[key] for key in others if key in tracks)
                    matches.append(Match(tracks[best], score, versions=versions))
            if len(matches) >= k:
                break
        return matches[:k]

    def nearest(
        self, queries: NDArray[Any], n: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Keys of the nearest tracks and their scores, (<= n,) each, best first."""
        keys, scores = self.nearest_each(queries, n, allowed)
        return best_by_track(keys, scores) if self.by_window else (keys[0], scores[0])

    def _nearest_to_each(
        self, queries: NDArray[Any], weights: Sequence[float], n: int, allowed: NDArray[np.bool_] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """As ``nearest``, by agreement of the queries, of the tracks near one of them or their middle."""
        vectors = np.concatenate([self.combine(queries, weights), queries])
        places = np.unique(np.concatenate([self.index.query(x[None], n, allowed)[0][0] for x in vectors]))
        scores = agreement(self.pair_scores(self.index.take(places), queries), weights)
        order = np.argsort(-scores, kind="stable")[:n]
        return self.index.keys[places[order]], scores[order]

    def nearest_each(
        self, queries: NDArray[Any], n: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Keys of the items nearest to each query and their scores, (n_queries, <= n) each, best first."""
        places, distances = self.index.query(queries, n, allowed)
        return self.index.keys[places], self.scores(distances)

    def shortfall(
        self, n: int, k: int, where: Where | None, reason: str = "qualify", *, feedback: bool = False
    ) -> str | None:
        """Why there are n answers and not k."""
        if n >= k:
            return None
        library = self.catalog, self.snapshot, self.index.rows
        return filters.describe_shortfall(*library, n, k, where, reason, feedback=feedback)


class Recommender:
    """Answers questions about a catalog, each of one moment, also while others write.

    Parameters
    ----------
    embedders : gives those that make vectors of sounds outside; asked when there is such a sound
    priors : what is known of spaces beforehand, for views fitted here, beside what the embedders know
    choose : asks which one is meant, where a text may mean several
    """

    def __init__(
        self,
        catalog: Catalog,
        embedders: Callable[[], Sequence[Embedder]],
        priors: Callable[[], dict[str, Prior | None]],
        choose: Chooser | None = None,
    ) -> None:
        self.catalog = catalog
        self.embedders = embedders
        self.choose = choose
        self.indexes = ViewIndexes(catalog.root / "index", priors, catalog)
        self.versions = VersionStore(catalog.root / "index")
        self.facts = FactsStore(catalog)

    def ask(self, answer: Callable[[Session], Answer], view: str | None = None) -> Answer:
        """An answer of one moment: asked again where somebody wrote to the library meanwhile.

        Raises
        ------
        EmptyLibraryError
        UsageError
            Where there is no such view.
        """
        for _ in range(_ATTEMPTS):
            version = self.catalog.version()
            result = answer(self.session(view))
            # What was written meanwhile may have given a track another vector.
            if self.catalog.version() == version:
                break
        return result

    def session(self, view: str | None = None) -> Session:
        """The library as it is now. Raises as ``ask``."""
        snapshot = self.snapshot()
        index = self.indexes.get(snapshot, view)
        versions = self.find_versions(snapshot, index if view is None else None)
        facts = self.facts.of(snapshot)
        opinions, settings = self.catalog.opinions(), self.catalog.current_settings()
        now = snapshot, index, self.embedders, versions, facts, opinions, settings
        return Session(self.catalog, *now, TrackReader(self.catalog.tracks), self.choose)

    def find_versions(
        self, snapshot: Snapshot, index: ViewIndex | None = None, progress: Progress | None = None
    ) -> Versions:
        """Which tracks of a snapshot are of one recording; ``index`` is of the default view, if at hand."""
        return self.versions.get(
            self.catalog, snapshot, lambda: index or self.indexes.get(snapshot, progress=progress), progress
        )

    def snapshot(self) -> Snapshot:
        """All vectors as they are now. Raises EmptyLibraryError where there is no track."""
        snapshot = self.catalog.snapshot()
        if not len(snapshot.keys) or (snapshot.keys[-1] < 0 and snapshot.keys.max() < 0):
            add = command("scan FOLDER", library=self.catalog.root)
            where = f"the library in {self.catalog.root}"
            raise EmptyLibraryError(f"{where} has no tracks yet; add some with: {add}")
        return snapshot
