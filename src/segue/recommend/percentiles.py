"""How near a track is among all of the library: what share of it is less like the seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.recommend.combine import agreement
from segue.recommend.lookup import list_queries, require_queries, require_weights
from segue.recommend.result import Match
from segue.recommend.seeds import Queries
from segue.recommend.session import Recommender, Session

_COMPARED_WITH = 4_000  # tracks of the library, evenly spaced
_ALIKE = 2e-4  # scores that differ by less count as one: by so much they differ between processors


def usual_scores(
    session: Session, vectors: NDArray[Any], weights: Sequence[float] | None = None
) -> NDArray[np.float32]:
    """float32 (n,), rising: the scores of the library, or of evenly spaced tracks of it.

    Parameters
    ----------
    vectors : (1, dim), as ``Session.query_vectors`` gives them; with ``weights`` (n_seeds, dim),
        of each seed, for agreement
    """
    n = len(session.index.rows)
    sample = session.index.take(np.arange(0, n, -(-n // _COMPARED_WITH)))
    if weights is None:
        return np.sort(session.pair_scores(vectors, sample)[0])
    return np.sort(agreement(session.pair_scores(sample, vectors), weights))


def nearer_than(score: float, usual: NDArray[np.float32]) -> float:
    """The share of some scores that is truly lower, 0 to 1."""
    return float(np.searchsorted(usual, score - _ALIKE)) / len(usual)


def with_percentiles(
    session: Session,
    matches: Sequence[Match],
    vectors: NDArray[Any],
    weights: Sequence[float] | None = None,
) -> list[Match]:
    """The matches, each with the share of the library that is less alike; without it in views of windows."""
    if session.by_window or not matches:
        return list(matches)
    usual = usual_scores(session, vectors, weights)
    return [replace(match, nearer_than=nearer_than(match.score, usual)) for match in matches]


def score_quantiles(
    recommender: Recommender,
    queries: Queries,
    *,
    minus: Queries = (),
    agree: bool = False,
    weights: Sequence[float] | None = None,
    view: str | None = None,
) -> list[float]:
    """What share of the library is nearer to some seeds than some score: the scores at 0, 1, 2 to 100 %.

    Parameters and errors are those of ``similar``.
    """
    query_list, minus_list = require_queries(queries, 1), list_queries(minus)
    shares = require_weights(weights, len(query_list))

    def answer(session: Session) -> list[float]:
        session.require_one_vector_each("a percentile")
        seeds, away = session.groups(query_list), session.groups(minus_list)
        vectors = session.query_vectors(seeds, away, weights=shares, each=agree)
        usual = usual_scores(session, vectors, (shares or [1.0] * len(seeds)) if agree else None)
        return [round(float(score), 4) for score in np.quantile(usual, np.linspace(0, 1, 101))]

    return recommender.ask(answer, view)
