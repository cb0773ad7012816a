"""The albums, and the artists, that sound most like some seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from segue.catalog import NO_ALBUM, NO_ARTIST, Album, Artist, Discography
from segue.errors import UsageError
from segue.recommend.lookup import all_seeds, interpretations, require_queries
from segue.recommend.seeds import Queries, Seed, SeedGroup
from segue.recommend.session import Recommender, Session
from segue.tags import VARIOUS_ARTISTS
from segue.track import Track, TrackId
from segue.views.view_index import ViewIndex

Collection = TypeVar("Collection", Album, Artist)


@dataclass(frozen=True, slots=True)
class AlbumMatch:
    """An album, and the cosine between the middle of its tracks and that of the seeds."""

    album: Album
    score: float


@dataclass(frozen=True, slots=True)
class ArtistMatch:
    """An artist, and the cosine between the middle of the artist's tracks and that of the seeds."""

    artist: Artist
    score: float


@dataclass(frozen=True, slots=True)
class SimilarAlbums:
    """Albums, the nearest first; ``meanings``: what the seeds were taken to mean."""

    matches: tuple[AlbumMatch, ...]
    meanings: tuple[SeedGroup, ...] = ()

    def __iter__(self) -> Iterator[AlbumMatch]:
        return iter(self.matches)

    def __len__(self) -> int:
        return len(self.matches)

    def __getitem__(self, place: int) -> AlbumMatch:
        return self.matches[place]


@dataclass(frozen=True, slots=True)
class SimilarArtists:
    """Artists, the nearest first; ``meanings``: what the seeds were taken to mean."""

    matches: tuple[ArtistMatch, ...]
    meanings: tuple[SeedGroup, ...] = ()

    def __iter__(self) -> Iterator[ArtistMatch]:
        return iter(self.matches)

    def __len__(self) -> int:
        return len(self.matches)

    def __getitem__(self, place: int) -> ArtistMatch:
        return self.matches[place]


@dataclass(frozen=True, slots=True)
class _Centers(Generic[Collection]):
    """The middles of albums, or of artists: float32 (n, dim), a row for each."""

    collections: tuple[Collection, ...]
    vectors: NDArray[Any]


class _CenterStore:
    """The middles of all albums and artists of the moment that was asked about last."""

    def __init__(self) -> None:
        self._of: tuple[Discography, ViewIndex] | None = None
        self._by_kind: dict[type, _Centers[Any]] = {}

    def get(self, session: Session, discography: Discography, kind: type[Collection]) -> _Centers[Collection]:
        moment = (discography, session.index)
        if self._of is None or any(a is not b for a, b in zip(self._of, moment, strict=True)):
            self._of, self._by_kind = moment, {}
        by_kind = self._by_kind
        if kind not in by_kind:
            collections: Mapping[str, Any] = discography.albums if kind is Album else discography.artists
            by_kind[kind] = _centers(session, [one for one in collections.values() if _is_named(one)])
        return by_kind[kind]


_STORES: WeakKeyDictionary[Recommender, _CenterStore] = WeakKeyDictionary()


def _is_named(collection: Album | Artist) -> bool:
    if isinstance(collection, Artist):
        return collection.name not in {NO_ARTIST, VARIOUS_ARTISTS}
    return collection.name != NO_ALBUM


def _centers(session: Session, collections: Sequence[Collection]) -> _Centers[Collection]:
    keys = session.catalog.tracks.keys_of({track for one in collections for track in one.tracks})
    places = {track: session.index.place(key) for track, key in keys.items()}
    placed, vectors = [], []
    for one in collections:
        own = [place for track in one.tracks if (place := places.get(track)) is not None]
        if own:
            placed.append(one)
            vectors.append(session.combine(session.index.take(own))[0])
    return _Centers(tuple(placed), np.array(vectors).reshape(len(placed), session.index.index.dim))


def similar_albums(
    recommender: Recommender, queries: Queries, *, k: int = 10, view: str | None = None
) -> SimilarAlbums:
    """The k albums that sound most like the queries together, nearest first.

    An album is where the middle of its tracks is. Albums that the queries are on are left out.

    Parameters
    ----------
    queries, view : as for ``similar``; not a view of windows, nor of bits

    Raises
    ------
    As ``similar``.
    """
    matches, meanings = _similar(recommender, queries, k, view, Album, _albums_of)
    return SimilarAlbums(tuple(AlbumMatch(album, score) for album, score in matches), meanings)


def similar_artists(
    recommender: Recommender, queries: Queries, *, k: int = 10, view: str | None = None
) -> SimilarArtists:
    """The k artists who sound most like the queries together, nearest first.

    An artist is where the middle of all the artist's tracks is. Artists of the queries are left out.

    Parameters
    ----------
    queries, view : as for ``similar``; not a view of windows, nor of bits

    Raises
    ------
    As ``similar``.
    """
    matches, meanings = _similar(recommender, queries, k, view, Artist, _artists_of)
    return SimilarArtists(tuple(ArtistMatch(artist, score) for artist, score in matches), meanings)


def _similar(
    recommender: Recommender,
    queries: Queries,
    k: int,
    view: str | None,
    kind: type[Collection],
    own_of: Callable[[Discography, set[TrackId]], set[str]],
) -> tuple[list[tuple[Collection, float]], tuple[SeedGroup, ...]]:
    query_list = require_queries(queries, k)

    def answer(session: Session) -> tuple[list[tuple[Collection, float]], tuple[SeedGroup, ...]]:
        session.require_one_vector_each("a comparison of albums and artists")
        if session.index.spec.metric == "hamming":
            raise UsageError("albums and artists have no middle in a view of binary vectors")
        groups = session.groups(query_list)
        discography = recommender.catalog.discography()
        centers = _STORES.setdefault(recommender, _CenterStore()).get(session, discography, kind)
        own = own_of(discography, _ids(all_seeds(groups)))
        scores = session.similarities(session.query_vectors(groups), centers.vectors)[0]
        order = np.argsort(-scores, kind="stable").tolist()
        others = [i for i in order if centers.collections[i].id not in own][:k]
        matches = [(centers.collections[i], float(scores[i])) for i in others]
        return matches, interpretations(query_list, groups)

    return recommender.ask(answer, view)


def _ids(seeds: Iterable[Seed]) -> set[TrackId]:
    return {seed.id for seed in seeds if isinstance(seed, Track)}


def _albums_of(discography: Discography, tracks: set[TrackId]) -> set[str]:
    return {album for track in tracks if (album := discography.album_of.get(track))}


def _artists_of(discography: Discography, tracks: set[TrackId]) -> set[str]:
    return {artist.id for artist in discography.artists.values() if not tracks.isdisjoint(artist.tracks)}
