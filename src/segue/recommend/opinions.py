"""Likes and dislikes: giving them, and taking them back."""

from __future__ import annotations

from segue.catalog import Feedback, Verdict
from segue.recommend.lookup import find_track, list_queries
from segue.recommend.seeds import Queries
from segue.recommend.session import Recommender
from segue.track import Track


def like(recommender: Recommender, queries: Queries, *, seed: str = "") -> list[Track]:
    """Like tracks: they and what sounds like them move up a little among answers; which tracks these are.

    Parameters
    ----------
    queries : one or several tracks, each by its id, path or title.
    seed : the id of what they were an answer to, if of anything.

    Raises
    ------
    TrackNotFoundError, AmbiguousQueryError
    LibraryWriteError
        Where the library is read-only.
    """
    return _give(recommender, queries, "like", seed)


def dislike(recommender: Recommender, queries: Queries, *, seed: str = "") -> list[Track]:
    """Dislike tracks: they are answers no more, and what sounds like them moves down. As ``like``."""
    return _give(recommender, queries, "dislike", seed)


def _give(recommender: Recommender, queries: Queries, verdict: Verdict, seed: str) -> list[Track]:
    tracks = [find_track(recommender.catalog, query, recommender.choose) for query in list_queries(queries)]
    recommender.catalog.feedback.give([track.id for track in tracks], verdict, seed=seed)
    return tracks


def take_back(recommender: Recommender, queries: Queries) -> list[Feedback]:
    """Forget what is liked or disliked of some tracks; what there was, the last given first. As ``like``."""
    tracks = [find_track(recommender.catalog, query, recommender.choose) for query in list_queries(queries)]
    return recommender.catalog.feedback.take_back([track.id for track in tracks])
