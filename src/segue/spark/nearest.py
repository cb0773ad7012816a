"""The nearest neighbors of many rows: each worker searches all shards for the queries that it has."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segue.errors import UsageError
from segue.index.batches import use_threads
from segue.paths import expand_home
from segue.spark.index import ShardedIndex, build_index
from segue.spark.session import task_threads
from segue.spark.shards import Shards
from segue.spark.vectors import arrays_of, with_vectors

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

RECALL = 0.95
_RESULT = "id string, rank int, neighbor string, score float"
_QUERIES = 4096  # answered at a time: of more, more search the same lists, but k times as many names are held


def nearest(
    queries: DataFrame,
    index: DataFrame | str | Path,
    *,
    k: int = 10,
    recall: float = RECALL,
    exact: bool = False,
    vector: str | None = None,
    id_column: str | None = None,
    shards_at_once: int | None = None,
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
    shards_at_once : how many shards a task searches, by default all: fewer where a machine has no memory for
        all of them. The queries' ids must then differ. Each group of shards gives its own k rows a query,
        of which the k nearest are kept: the same answer.

    Returns
    -------
    DataFrame
        ``id`` of the query, ``rank`` from 1, ``neighbor``, an id of the index, ``score``, the cosine. A query
        has k rows, or as many as the index has, and itself is among them where the index holds it. A query
        without a vector that can be compared has one row, with null for all but its id.

    Raises
    ------
    UsageError
        Where the folder holds no index, a column is not clear, or an id is there twice.
    """
    if k < 1:
        raise UsageError(f"k is {k}, expected 1 or more")
    if shards_at_once is not None and shards_at_once < 1:
        raise UsageError(f"shards_at_once is {shards_at_once}, expected 1 or more")
    if not isinstance(index, str | Path):
        folder = _temporary()
        build_index(index, into=folder, vector=vector, id_column=id_column)
    else:
        folder = expand_home(index).absolute()
    shards = ShardedIndex.load(folder).shards
    rows, recall = with_vectors(queries, vector, id_column), 1.0 if exact else recall
    at_once = shards_at_once or len(shards)
    if at_once >= len(shards):
        return rows.mapInArrow(_stage(str(folder), shards, k, recall), _RESULT)
    groups = [shards[start : start + at_once] for start in range(0, len(shards), at_once)]
    return _merge(
        rows, [rows.mapInArrow(_stage(str(folder), names, k, recall), _RESULT) for names in groups], k
    )


def _merge(queries: DataFrame, runs: list[DataFrame], k: int) -> DataFrame:
    """The k nearest of each query among the k of each run; of equals, those of the first run.

    One exchange moves k rows a query and run. The tasks of one run follow those of another, so that at a
    time hardly more than one run's shards are in memory.
    """
    from pyspark.sql import Window, functions

    twice = queries.groupBy("id").count().where("count > 1").limit(1).collect()
    if twice:
        raise UsageError(f"the id {twice[0]['id']!r} is there twice; expected each once")
    all_runs = functools.reduce(
        lambda a, b: a.unionByName(b), (run.withColumn("run", functions.lit(i)) for i, run in enumerate(runs))
    )
    order = Window.partitionBy("id").orderBy(functions.desc_nulls_last("score"), "run", "rank")
    placed = all_runs.withColumn("place", functions.row_number().over(order)).where(f"place <= {k}")
    # A query without a vector has a row of each run.
    kept = placed.where("neighbor is not null or place = 1")
    rank = functions.when(functions.col("neighbor").isNotNull(), functions.col("place")).alias("rank")
    return kept.select("id", rank, "neighbor", "score")


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
    shards, threads = Shards.mapped(folder, names), task_threads()
    for batch in batches:
        starts = range(0, len(batch), _QUERIES)
        with use_threads(threads):  # finding what to limit takes as long as a hundred queries
            answers = [_answers(batch.slice(start, _QUERIES), shards, k, recall) for start in starts]
        yield from answers


def _answers(batch: pa.RecordBatch, shards: Shards, k: int, recall: float) -> pa.RecordBatch:
    import pyarrow as pa

    vectors, has_vector = arrays_of(batch, None)
    with_vector, without = np.flatnonzero(has_vector), np.flatnonzero(~has_vector)
    if len(with_vector) and shards.dim not in (0, vectors.shape[1]):
        raise UsageError(f"the queries have {vectors.shape[1]} numbers, the index {shards.dim}")
    rows, scores = shards.query(vectors[with_vector], k, recall)
    n = rows.shape[1]
    ids = batch.column("id").take(pa.array(np.concatenate([np.repeat(with_vector, n), without])))
    ranks = pa.array(np.tile(np.arange(1, n + 1, dtype=np.int32), len(with_vector)))
    answers = {"rank": ranks, "neighbor": shards.names(rows.ravel()), "score": pa.array(scores.ravel())}
    blank = {name: pa.nulls(len(without), column.type) for name, column in answers.items()}
    columns = {name: pa.concat_arrays([column, blank[name]]) for name, column in answers.items()}
    return pa.RecordBatch.from_pydict({"id": ids.cast(pa.string()), **columns})
