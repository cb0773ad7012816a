"""What sounds like this? A file for each verb: pure functions on top, the verb below."""

from __future__ import annotations

from segue.recommend.result import Match, Matrix, Recommendations
from segue.recommend.session import Recommender

__all__ = ["Match", "Matrix", "Recommendations", "Recommender"]
