"""The nearest neighbors of many rows: each worker searches all shards for the queries that it has."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from segue.errors import UsageError
from segue.spark.index import ShardedIndex, build_index
from segue.spark.shards import Shards
from segue.spark.vectors import arrays_of, with_vectors

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

RECALL = 0.95
_RESULT = "id string, rank int, neighbor string, score float"
_QUERIES = 256  # at a time, as many as an index answers in one thread


def nearest(
    queries: DataFrame,
    index: DataFrame | str | Path,
    *,
    k: int = 10,
    recall: float = RECALL,
    exact: bool = False,
    vector: str | None = None,
    id_column: str | None = None,
) -> DataFrame:
    """The k rows of an index that are nearest to each query, by the cosine.

    Parameters
    ----------
    queries : rows with an id and a vector
    index : a folder that ``build_index`` filled, or rows with an id and a vector, of which one is made for
        this program, in a temporary folder that the workers must have at the same place
    recall : share of the truly nearest rows to find, on average
    exact : compare with every row: a recall of 1
    vector : the column of vectors: an array of numbers, or a struct with one, as ``embed`` makes them; needed
        where there are several
    id_column : by default ``id``, ``path`` or ``_id``, the first that is there

    Returns
    -------
    DataFrame
        ``id`` of the query, ``rank`` from 1, ``neighbor``, an id of the index, ``score``, the cosine. A query
        has k rows, or as many as the index has, and itself is among them where the index holds it. A query
        without a vector that can be compared has one row, with null for all but its id.

    Raises
    ------
    UsageError
        Where the folder holds no index, or a column is not clear.
    """
    if k < 1:
        raise UsageError(f"k is {k}, expected 1 or more")
    if not isinstance(index, str | Path):
        folder = _temporary()
        build_index(index, into=folder, vector=vector, id_column=id_column)
    else:
        folder = Path(index).expanduser().absolute()
    shards = ShardedIndex.load(folder).shards
    rows = with_vectors(queries, vector, id_column)
    return rows.mapInArrow(_stage(str(folder), shards, k, 1.0 if exact else recall), _RESULT)


def _temporary() -> Path:
    """A folder that goes with this program."""
    folder = Path(tempfile.mkdtemp(prefix="segue-spark-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _stage(
    folder: str, names: tuple[str, ...], k: int, recall: float
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def stage(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from search_part(batches, folder, names, k, recall)

    return stage


def search_part(
    batches: Iterable[pa.RecordBatch], folder: str, names: tuple[str, ...], k: int, recall: float
) -> Iterator[pa.RecordBatch]:
    """Answers of ``nearest`` for some queries.

    Raises
    ------
    UsageError
        Where the queries' vectors are of another length than the index's.
    """
    shards = Shards.mapped(folder, names)
    for batch in batches:
        for start in range(0, len(batch), _QUERIES):
            with threadpool_limits(1):  # a task has one core
                answers = _answers(batch.slice(start, _QUERIES), shards, k, recall)
            yield answers


def _answers(batch: pa.RecordBatch, shards: Shards, k: int, recall: float) -> pa.RecordBatch:
    import pyarrow as pa

    ids, vectors, there = arrays_of(batch, None)
    asked = np.flatnonzero(there)
    if len(asked) and shards.dim not in (0, vectors.shape[1]):
        raise UsageError(f"the queries have {vectors.shape[1]} numbers, the index {shards.dim}")
    rows, scores = shards.query(vectors[asked], k, recall)
    n = rows.shape[1]
    without = [ids[i] for i in np.flatnonzero(~there).tolist()]
    blank = [None] * len(without)
    columns = {
        "id": [ids[i] for i in np.repeat(asked, n).tolist()] + without,
        "rank": list(np.tile(np.arange(1, n + 1), len(asked)).tolist()) + blank,
        "neighbor": shards.names(rows.ravel()) + blank,
        "score": scores.ravel().tolist() + blank,
    }
    types = [("id", pa.string()), ("rank", pa.int32()), ("neighbor", pa.string()), ("score", pa.float32())]
    return pa.RecordBatch.from_pydict(columns, schema=pa.schema(types))
