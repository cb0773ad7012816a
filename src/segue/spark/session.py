"""A session of Spark, from what is installed: a cluster, Spark on this machine, or Sail."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from segue.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@contextlib.contextmanager
def spark_session(master: str | None) -> Iterator[SparkSession]:
    """A session, for as long as the block runs.

    Parameters
    ----------
    master : ``sc://HOST:PORT`` of a Spark Connect server; ``spark://HOST:PORT`` or ``local[*]``, which need
        PyPI's pyspark and Java; by default Sail on this machine, where PyPI's pysail is installed, else
        ``local[*]``

    Raises
    ------
    UsageError
        Where what is needed is not installed.
    """
    if find_spec("pyspark") is None:
        raise MissingExtraError("Spark", "spark")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        with (
            _sail() if master is None and find_spec("pysail") else _of_master(master or "local[*]") as session
        ):
            yield session


@contextlib.contextmanager
def _of_master(master: str) -> Iterator[SparkSession]:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder
    session = builder.remote(master).create() if master.startswith("sc://") else _on_java(builder, master)
    try:
        yield session
    finally:
        session.stop()


def _on_java(builder: Any, master: str) -> SparkSession:
    if find_spec("pyspark.java_gateway") is None or find_spec("py4j") is None:
        raise UsageError(
            f"--master {master} needs PyPI's pyspark and Java 17; without Java, install PyPI's pysail "
            "and leave --master out"
        )
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    try:
        session: SparkSession = builder.master(master).appName("segue").getOrCreate()
    except Exception as error:  # of Java's gateway, which names no class of its own
        raise UsageError(f"Spark does not start; it needs Java 17 or newer (JAVA_HOME): {error}") from error
    return session


@contextlib.contextmanager
def _sail() -> Iterator[SparkSession]:
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    os.environ.setdefault("RUST_LOG", "error")
    server = SparkConnectServer()
    server.start(background=True)
    session = SparkSession.builder.remote(f"sc://127.0.0.1:{server.listening_address[1]}").create()
    try:
        yield session
    finally:
        session.stop()
        server.stop()
