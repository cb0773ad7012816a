"""Formats that Spark reads and writes once a session knows them: "segue" and "mongodb"."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def register(session: SparkSession) -> None:
    """Let a session read libraries, ``format("segue")``, and read and write MongoDB, ``format("mongodb")``.

    Conditions of a query go to MongoDB where it can decide them; for that, Spark's setting
    ``spark.sql.python.filterPushdown.enabled`` is switched on in this session.
    """
    from segue.spark.library_source import LibrarySource
    from segue.spark.mongo import MongoSource

    session.conf.set("spark.sql.python.filterPushdown.enabled", "true")
    for source in (LibrarySource, MongoSource):
        session.dataSource.register(source)
