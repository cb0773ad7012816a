"""Everything whose name holds some words: tracks, artists, albums, playlists, clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from segue.catalog import Cluster, Playlist, Selection, ranked
from segue.catalog.near_names import NameKind
from segue.errors import UsageError
from segue.recommend.lookup import ask_for
from segue.recommend.session import Recommender
from segue.track import Track, clean

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class GroupedSearch:
    """Some of each kind, the best matches first.

    Attributes
    ----------
    total : how many tracks there are, copies of one recording counted once
    artists, albums : with the keys of their tracks
    near : where nothing has the words, names that are spelled almost so, and what each is
    """

    tracks: tuple[Track, ...] = ()
    total: int = 0
    artists: tuple[Selection, ...] = ()
    albums: tuple[Selection, ...] = ()
    playlists: tuple[Playlist, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    near: tuple[tuple[str, NameKind], ...] = ()

    @property
    def hints(self) -> tuple[str, ...]:
        """Sentences for people where nothing has the words, as ``SearchResult.hints``."""
        return tuple(filter(None, [ask_for(self.near)]))

    def __bool__(self) -> bool:
        return bool(self.tracks or self.artists or self.albums or self.playlists or self.clusters)


def search_grouped(recommender: Recommender, text: str, *, limit: int = 6) -> GroupedSearch:
    """The tracks, artists, albums, playlists and clusters whose names hold every word of a text.

    Words count from their beginning, case and accents aside. First comes what is called so, then what begins
    so. ``search`` also finds tracks that sound like the words.

    Parameters
    ----------
    limit : most of each kind

    Raises
    ------
    UsageError
        Where limit is below 1.
    """
    if limit < 1:
        raise UsageError(f"limit is {limit}, expected at least 1")
    words, catalog = clean(text).strip(), recommender.catalog
    if not words:
        return GroupedSearch()
    tracks, total = _tracks(recommender, words, limit)
    clusters = catalog.clusters.load(catalog.snapshot().stamp)
    matches = GroupedSearch(
        tracks,
        total,
        tuple(catalog.selections.artists_with_words(words, limit)),
        tuple(catalog.selections.albums_with_words(words, limit)),
        tuple(ranked(catalog.playlists.all(), words, lambda playlist: playlist.name)[:limit]),
        tuple(ranked(clusters, words, lambda cluster: cluster.name)[:limit]),
    )
    return matches or GroupedSearch(near=tuple(catalog.tracks.near_names(words)))


def rank_by_name(items: Iterable[_T], text: str, name_of: Callable[[_T], str]) -> list[_T]:
    """The items whose names hold every word of a text, in ``search_grouped``'s order; none for no words."""
    words = clean(text).strip()
    return ranked(items, words, name_of) if words else []


def _tracks(recommender: Recommender, text: str, limit: int) -> tuple[tuple[Track, ...], int]:
    """Each recording once."""
    catalog = recommender.catalog
    keys = catalog.tracks.keys_with_words(text)
    if not len(keys):
        keys = catalog.tracks.keys_with_letters(text)
    if not len(keys):
        return (), 0
    firsts = keys[recommender.find_versions(catalog.snapshot()).one_each(keys)]
    tracks = catalog.tracks.by_keys(firsts[:limit])
    return tuple(tracks[key] for key in firsts[:limit].tolist() if key in tracks), len(firsts)
