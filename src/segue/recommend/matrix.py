"""How much some sounds are alike, each with each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.recommend.lookup import all_seeds, require_queries
from segue.recommend.result import Matrix
from segue.recommend.seeds import Queries, Query
from segue.recommend.session import Recommender, Session
from segue.track import Track

MOST_COMPARED = 2_000  # tracks of a matrix


def matrix(recommender: Recommender, queries: Queries, *, view: str | None = None) -> Matrix:
    """How much some sounds are alike, each with each.

    Raises
    ------
    TrackNotFoundError, AmbiguousQueryError, EmptyLibraryError, AudioError, UsageError
    """
    seeds = require_queries(queries)
    return recommender.ask(lambda session: _matrix(session, seeds), view)


def _matrix(session: Session, queries: Sequence[Query]) -> Matrix:
    seeds = all_seeds(session.groups(queries))
    if len(seeds) > MOST_COMPARED:
        raise UsageError(f"{len(seeds)} tracks were given to compare; at most {MOST_COMPARED} are possible")
    vectors = [session.vectors(seed) for seed in seeds]
    scores = _scores_by_window(session, vectors) if session.by_window else _scores(session, vectors)
    names = tuple(seed.display_name if isinstance(seed, Track) else seed.name for seed in seeds)
    tracks = tuple(seed if isinstance(seed, Track) else None for seed in seeds)
    return Matrix(names, tracks, np.asarray((scores + scores.T) / 2, np.float32))


def _scores(session: Session, vectors: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
    together = np.concatenate(vectors)
    return session.pair_scores(together, together)  # rounding is not quite the same both ways


def _scores_by_window(session: Session, vectors: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
    """Of each window the best of the other's, on average."""
    n = len(vectors)
    scores = np.zeros((n, n), np.float32)
    for i in range(n):
        for j in range(n):
            scores[i, j] = session.similarities(vectors[i], vectors[j]).max(axis=1).mean()
    return scores
