"""Sail, which needs no Java, for tests of Segue on Spark; frames, and answers by hand."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
import pytest

pa = pytest.importorskip("pyarrow")
sail = pytest.importorskip("pysail.spark")


@contextlib.contextmanager
def sail_session() -> Iterator[Any]:
    """A session of Spark Connect on a server of its own."""
    main = sys.modules["__main__"]  # Spark Connect wants its file, which a worker of pytest's has not
    with pytest.MonkeyPatch.context() as patched:
        if not hasattr(main, "__file__"):
            patched.setattr(main, "__file__", __file__, raising=False)
        import_module("pyspark.sql.connect.session")
    from pyspark.sql import SparkSession

    server = sail.SparkConnectServer()
    server.start(background=True)
    session = SparkSession.builder.remote(f"sc://127.0.0.1:{server.listening_address[1]}").create()
    yield session
    session.stop()
    server.stop()


def frame(session: Any, vectors: list[Any], ids: list[str] | None = None) -> Any:
    if not vectors:
        return session.createDataFrame([], "id string, vector array<float>")
    names = ids or [f"t{i:03d}" for i in range(len(vectors))]
    types = pa.schema([("id", pa.string()), ("vector", pa.list_(pa.float32()))])
    return session.createDataFrame(pa.table({"id": names, "vector": vectors}, schema=types))


def nearest_by_hand(x: np.ndarray, i: int, k: int) -> list[str]:
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    return [f"t{j:03d}" for j in np.argsort(-(units @ units[i]), kind="stable")[:k]]
