"""What a query means, for those who want to know before they ask."""

from __future__ import annotations

from pathlib import Path

from segue.catalog import Selection
from segue.recommend import lookup
from segue.recommend.seeds import AnalyzedSound, Query, SeedGroup
from segue.recommend.seeds import analyze as analyze_sound
from segue.recommend.session import Recommender
from segue.sound import Excerpts
from segue.spec import Embedder
from segue.track import Track


def find(recommender: Recommender, query: Query) -> Track:
    """The one track that a query means: an id, a path, a title, or other text.

    Raises
    ------
    TrackNotFoundError
    AmbiguousQueryError
        Where several tracks match; they are in its ``matches``.
    """
    return lookup.find_track(recommender.catalog, query, recommender.choose)


def seed_group(recommender: Recommender, query: Query, *, paths: bool = True) -> SeedGroup:
    """What a query means: a track, a sound, or the tracks of an artist, an album, a playlist or a folder.

    Parameters
    ----------
    paths : whether a text may be a path of this machine.

    Raises
    ------
    TrackNotFoundError, AmbiguousQueryError, AudioError
    """
    return lookup.resolve_seed(
        query,
        recommender.catalog,
        lambda: _usable_embedders(recommender),
        choose=recommender.choose,
        paths=paths,
    )


def suggest_seeds(recommender: Recommender, text: str, *, limit: int = 8) -> list[Selection]:
    """Artists, albums and playlists whose name holds every word of a text; the exact ones first."""
    return lookup.suggest_seeds(recommender.catalog, text, limit)


def analyze(recommender: Recommender, source: str | Path | Excerpts) -> AnalyzedSound:
    """A file outside the library, analyzed once to be asked about several times. Raises AudioError.

    Parameters
    ----------
    source : its path, or what ``segue.audio.load`` gave for it
    """
    return analyze_sound(source, _usable_embedders(recommender))


def _usable_embedders(recommender: Recommender) -> list[Embedder]:
    """Those whose spaces the library has."""
    spaces = recommender.catalog.spaces()
    return [embedder for embedder in recommender.embedders() if embedder.spec.space in spaces]
