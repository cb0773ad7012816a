"""The ten nearest of many rows on Spark: by its join, its LSH and a function in NumPy, and by Segue.

Each way runs in a session of its own, one after the other, on the same rows (index_data.clustered, cosine).
Time is of the whole question, with the index built in it; CPU time and memory (RSS, so shared pages count for
each) are of all processes, Java too, without the start of the session. Segue's index answers for all rows,
its blocks for as many as make ten thousand million pairs, the others for fewer queries.

Usage: PYTHONPATH=.venv/classic-spark:src python benchmarks/spark.py 10000 100000
           [--queries 500] [--ways segue blocks join lsh udf] [--cores 2] [--dim 128]
           [--shards 1]
"""

import argparse
import functools
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
from index_data import clustered
from numpy.typing import NDArray

K = 10
RECALL = 0.95
CHECKED = 200  # queries whose true neighbors are known
MOST_PAIRS = 10**10  # that blocks compare


class Meter:
    """CPU s and the most memory of this process and all it started, while the block runs, less its own."""

    def __enter__(self) -> "Meter":
        self._stop, self.peak_mb, self._own_s = threading.Event(), 0.0, 0.0
        self._cpu: dict[tuple[int, float], float] = {}
        self._before = dict(self._sample())
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall_s = time.monotonic() - self._began
        self._stop.set()
        self._thread.join()
        self._sample()
        spent_s = sum(spent - self._before.get(one, 0.0) for one, spent in self._cpu.items())
        self.cpu_s = spent_s - self._own_s

    def _watch(self) -> None:
        while not self._stop.wait(0.5):
            self._sample()
        self._own_s = time.thread_time()

    def _sample(self) -> dict[tuple[int, float], float]:
        memory = 0
        for one in (me := psutil.Process(), *me.children(recursive=True)):
            try:
                spent = one.cpu_times()
                self._cpu[one.pid, one.create_time()] = spent.user + spent.system
                memory += one.memory_info().rss
            except psutil.Error:
                continue
        self.peak_mb = max(self.peak_mb, memory / 1e6)
        return self._cpu


def session_of(cores: int) -> Any:
    import sys

    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master(f"local[{cores}]").appName("nearest")
    settings = {
        "spark.ui.enabled": "false", "spark.driver.memory": "4g", "spark.sql.shuffle.partitions": "8",
        "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1", "spark.log.level": "ERROR",
    }  # fmt: skip
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def by_segue(session: Any, rows: Any, queries: Any, folder: Path, shards: int = 1) -> Any:
    from segue import spark

    spark.build_index(rows, into=folder / "index", shard_rows=-(-rows.count() // shards))
    return spark.nearest(queries, folder / "index", k=K, recall=RECALL)


def by_blocks(session: Any, rows: Any, queries: Any, folder: Path) -> Any:
    from segue import spark

    return spark.nearest(queries, rows, k=K, exact=True)


def by_join(session: Any, rows: Any, queries: Any, folder: Path) -> Any:
    from pyspark.sql import functions

    base = rows.select(functions.col("id").alias("neighbor"), functions.col("vector").alias("other"))
    score = functions.expr("vector_cosine_similarity(vector, other)")
    return queries.nearestByJoin(base, score, K, "exact", "similarity").select("id", "neighbor")


def by_udf(session: Any, rows: Any, queries: Any, folder: Path) -> Any:
    """All pairs by crossJoin, their cosines by a function in NumPy over Arrow's columns."""
    from pyspark.sql import Window, functions

    @functions.pandas_udf("float")
    def cosine(one: pd.Series, other: pd.Series) -> pd.Series:
        a, b = np.stack(one.to_numpy()), np.stack(other.to_numpy())
        return pd.Series((a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1)))

    base = rows.select(functions.col("id").alias("neighbor"), functions.col("vector").alias("other"))
    pairs = queries.crossJoin(base).withColumn("score", cosine("vector", "other"))
    order = Window.partitionBy("id").orderBy(functions.desc("score"))
    ranked = pairs.select("id", "neighbor", functions.row_number().over(order).alias("rank"))
    return ranked.where(ranked.rank <= K).select("id", "neighbor")


def by_lsh(session: Any, rows: Any, queries: Any, folder: Path) -> Any:
    """Spark ML's random projections, of unit vectors, asked for one query after the other, as it has it."""
    from pyspark.ml.feature import BucketedRandomProjectionLSH, Normalizer
    from pyspark.ml.functions import array_to_vector

    units = Normalizer(inputCol="raw", outputCol="unit")
    base = units.transform(rows.withColumn("raw", array_to_vector("vector"))).select("id", "unit").cache()
    lsh = BucketedRandomProjectionLSH(inputCol="unit", outputCol="hashes", bucketLength=1.0, numHashTables=8)
    model = lsh.setSeed(1).fit(base)
    hashed = model.transform(base).cache()
    wanted = units.transform(queries.withColumn("raw", array_to_vector("vector"))).select("id", "unit")
    found = [
        (query.id, near.id)
        for query in wanted.collect()
        for near in model.approxNearestNeighbors(hashed, query.unit, K).collect()
    ]
    return session.createDataFrame(found, "id string, neighbor string")


WAYS: dict[str, Callable[..., Any]] = {
    "segue": by_segue, "blocks": by_blocks, "join": by_join, "lsh": by_lsh, "udf": by_udf
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", type=int, nargs="+")
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--shards", type=int, default=1, help="of Segue's index")
    options = parser.parse_args()
    print(f"{options.cores} cores, load {os.getloadavg()[0]:.0f}, {K} nearest, {options.dim} numbers")
    print("| rows | way | queries | wall, s | CPU, s | us CPU a query | recall | peak, MB |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for n in options.rows:
        x = clustered(n, options.dim, seed=1)
        for way in options.ways:
            some = {"segue": n, "blocks": MOST_PAIRS // n}.get(way, options.queries)
            queries = min(n, some)
            run(way, x, queries, options.cores, options.shards)


def run(way: str, x: NDArray[np.float32], n_queries: int, cores: int, shards: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="segue-bench-"))
    session = session_of(cores)
    try:
        rows = parquet(session, x, folder / "rows")
        queries = parquet(session, x[:n_queries], folder / "queries")
        rows.count(), queries.count()
        with Meter() as meter:
            ask = functools.partial(by_segue, shards=shards) if way == "segue" else WAYS[way]
            found = ask(session, rows, queries, folder).select("id", "neighbor").toArrow()
        print(f"| {len(x):,} | {way} | {n_queries:,} | {meter.wall_s:.1f} | {meter.cpu_s:.1f} "
              f"| {meter.cpu_s / n_queries * 1e6:,.0f} | {recall_of(found, x, n_queries):.3f} "
              f"| {meter.peak_mb:,.0f} |", flush=True)  # fmt: skip
    finally:
        session.stop()
        shutil.rmtree(folder, ignore_errors=True)


def parquet(session: Any, x: NDArray[np.float32], path: Path) -> Any:
    import pyarrow.parquet as pq

    path.mkdir()
    for i, rows in enumerate(np.array_split(np.arange(len(x)), 8)):
        vectors = pa.FixedSizeListArray.from_arrays(pa.array(x[rows].ravel()), x.shape[1])
        table = pa.table(
            {"id": pa.array(rows).cast(pa.string()), "vector": vectors.cast(pa.list_(pa.float32()))}
        )
        pq.write_table(table, path / f"{i}.parquet")
    return session.read.parquet(str(path))


def recall_of(found: pa.Table, x: NDArray[np.float32], n_queries: int) -> float:
    """The share of the true neighbors that were found, over some queries."""
    checked = range(0, n_queries, max(1, n_queries // CHECKED))
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    answers: dict[int, set[int]] = {i: set() for i in checked}
    for name, neighbor in zip(found["id"].to_pylist(), found["neighbor"].to_pylist(), strict=True):
        if int(name) in answers:
            answers[int(name)].add(int(neighbor))
    hits = 0
    for i in checked:
        hits += len(answers[i] & set(np.argsort(-(units @ units[i]), kind="stable")[:K].tolist()))
    return hits / (K * len(answers))


if __name__ == "__main__":
    main()
