"""Segue on Spark: files to embeddings, embeddings to neighbors, and back to a library.

Only DataFrames are used, so it runs on Spark, on Spark Connect and on Sail alike. Which of them is the user's
choice: the session that they give brings it along.
"""

from __future__ import annotations

from segue.spark.embed import embed, embeddings
from segue.spark.files import files
from segue.spark.formats import register
from segue.spark.index import build_index
from segue.spark.library import library
from segue.spark.nearest import nearest
from segue.spark.recommend import recommend
from segue.spark.session import spark_session
from segue.spark.shards import Shards

__all__ = [
    "Shards",
    "build_index",
    "embed",
    "embeddings",
    "files",
    "library",
    "nearest",
    "recommend",
    "register",
    "spark_session",
]
