"""The tracks that sound most like some seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Where
from segue.errors import VectorError
from segue.recommend.filters import with_label
from segue.recommend.lookup import (
    all_seeds,
    interpretations,
    list_queries,
    require_queries,
    require_weights,
)
from segue.recommend.percentiles import with_percentiles
from segue.recommend.result import Recommendations
from segue.recommend.seeds import Queries, Query
from segue.recommend.session import Recommender, Session
from segue.recommend.unusual import left_out
from segue.track import Vector


def similar(  # noqa: PLR0913 - all that one may ask for, by name
    recommender: Recommender,
    queries: Queries,
    *,
    minus: Queries = (),
    agree: bool = False,
    weights: Sequence[float] | None = None,
    k: int = 10,
    same_artist: bool = True,
    label: str | None = None,
    where: Where | None = None,
    feedback: bool = True,
    everything: bool = False,
    percentiles: bool = False,
    view: str | None = None,
) -> Recommendations:
    """The k tracks that sound most like the queries together, nearest first.

    Parameters
    ----------
    queries : what to start from, one or several: a track, its id, path or title; an artist, album,
        playlist or folder by name, or for certain as ``artist:NAME``, ``album:NAME``,
        ``playlist:NAME``, ``folder:PATH``; ``recent``, the tracks played last; a file outside the
        library. Several tracks of one name count as much as one track.
    minus : likewise, what to move away from. The score is then the cosine with what remains of the
        queries' direction without half of theirs, and they are no answers.
    agree : find what is near to each of the queries, rather than to the middle of them. The score is
        then 1 - (mean of d^4)^(1/4) over the queries, where d is 1 less the score with one of them. Not in
        a view of windows.
    weights : how much each query counts; all alike unless given.
    same_artist : let tracks by a query's artist be answers.
    label : only tracks that a network has this word for, such as "Guitar"; short for
        ``where=Where(label="Guitar")``.
    where : only tracks that meet these conditions.
    feedback : let likes and dislikes change the order a little; a disliked track is no answer. Without it,
        the answer is as if there were none. The scores are the same either way.
    everything : let speech be an answer too, and what is unusually short or long for the library. It is one
        in any case where half of the seeds are such, or a condition asks for it.
    percentiles : also say what share of the library is less alike, in ``Match.nearer_than``; of at most 4000
        tracks of it, evenly spaced. Not in a view of windows.
    view : how tracks are compared, such as ``audioset/windows/raw``: a space, a granularity (tracks,
        windows, first10) and a transform (fitted, centered, raw); by default, all spaces together.

    Raises
    ------
    TrackNotFoundError, AmbiguousQueryError, EmptyLibraryError, AudioError
    UsageError
        Where nothing could ever meet a condition: no track has that genre, label, artist or album,
        or lies below that folder.
    """
    query_list, minus_list = require_queries(queries, k), list_queries(minus)
    shares = require_weights(weights, len(query_list))
    conditions = where if label is None else with_label(where, label)

    def answer(session: Session) -> Recommendations:
        if agree:
            session.require_one_vector_each("agreement of several seeds")
        seeds = session.groups(query_list)
        meanings, sounds = interpretations(query_list, seeds), all_seeds(seeds)
        away = session.groups(minus_list)
        leave_out = session.leave_out(sounds, conditions, everything=everything)
        vectors = session.query_vectors(seeds, away, weights=shares, each=agree)
        parts = (shares or [1.0] * len(seeds)) if agree else None
        matches = session.matches(
            vectors,
            k,
            allowed=session.allowed(sounds, same_artist=same_artist, where=conditions),
            without=[*sounds, *all_seeds(away)] if away else sounds,
            feedback=feedback,
            agree=parts,
            leave_out=leave_out,
        )
        if percentiles:
            matches = with_percentiles(session, matches, vectors, parts)
        shortfall = session.shortfall(len(matches), k, conditions, feedback=feedback)
        return Recommendations(tuple(matches), shortfall, meanings, left_out(leave_out))

    return recommender.ask(answer, view)


def similar_to_vector(
    recommender: Recommender,
    vector: Vector,
    *,
    k: int = 10,
    where: Where | None = None,
    feedback: bool = True,
    view: str | None = None,
) -> Recommendations:
    """The k tracks nearest to a vector, nearest first.

    Parameters
    ----------
    vector : float32 (dim,), as the view compares tracks: what ``Library.vector_of(track, view=view)`` gives,
        a mean of several such, or a sound's own vector in a raw view of one space.
    where, feedback, view : as for ``similar``.

    Raises
    ------
    EmptyLibraryError, UsageError
    VectorError
        Where the vector is of another size than the view's, or holds no direction.
    """
    require_queries(["vector"], k)

    def answer(session: Session) -> Recommendations:
        query, allowed = _query_of(session, np.asarray(vector)), session.allowed(where=where)
        matches = session.matches(query, k, allowed=allowed, feedback=feedback)
        shortfall = session.shortfall(len(matches), k, where, feedback=feedback)
        return Recommendations(tuple(matches), shortfall)

    return recommender.ask(answer, view)


def _query_of(session: Session, vector: NDArray[Any]) -> NDArray[Any]:
    """(1, dim): a vector that somebody gives. Raises VectorError where it is none of this view's."""
    index = session.index
    if vector.shape != (index.index.dim,):
        raise VectorError(
            f"the vector has the shape {vector.shape}; the view {index.spec} compares ({index.index.dim},)"
        )
    if index.transform is None:
        return vector[None]
    length = float(np.linalg.norm(vector))
    if not 0 < length < np.inf:
        raise VectorError("the vector is zero or not finite, so it has no direction")
    return np.asarray(vector[None] / length, np.float32)


def vector_of(recommender: Recommender, query: Query, *, view: str | None = None) -> Vector:
    """float32 (dim,): a track, or a file outside the library, as a view compares it.

    Raises
    ------
    TrackNotFoundError, AmbiguousQueryError, EmptyLibraryError, AudioError
    UsageError
        Where a view keeps one vector a window and not one a track.
    """

    def answer(session: Session) -> Vector:
        session.require_one_vector_each("a vector of a track")
        vector: Vector = session.vectors(session.seed(query))[0]
        return vector

    return recommender.ask(answer, view)
