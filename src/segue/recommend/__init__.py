"""Nearest rows to recommendations for people: pure functions over vectors, scores and tracks."""

from segue.recommend.explanation import Feature, Moment, Part, SharedLabel, Why
from segue.recommend.journey import between, evenly, waypoints
from segue.recommend.playlist import groups_of, in_order, varied
from segue.recommend.result import Match, Matrix, Recommendations
from segue.recommend.similar import away_from, best_by_track, centre_of, distinct

__all__ = [
    "Feature",
    "Match",
    "Matrix",
    "Moment",
    "Part",
    "Recommendations",
    "SharedLabel",
    "Why",
    "away_from",
    "best_by_track",
    "between",
    "centre_of",
    "distinct",
    "evenly",
    "groups_of",
    "in_order",
    "varied",
    "waypoints",
]
