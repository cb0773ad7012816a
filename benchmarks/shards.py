"""A large index in shards, built shard by shard and searched in one process from mapped files, on one core.

Told are: CPU seconds of the build; bytes of the indexes; CPU time of single queries that are not among the
rows, and the share of the ten truly nearest that they find.

Usage: python -m benchmarks.shards [--rows 10000000] [--dim 128] [--shard-rows 1000000] [--folder DIR]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.index_data import clustered
from segue.index.exact import k_smallest
from segue.spark.index import build_part, commit
from segue.spark.shards import Shards

K = 10
BLOCK = 100_000


def build(x: NDArray[np.float32], shard_rows: int, folder: Path) -> float:
    """CPU seconds of an index over rows that are called by their numbers."""
    began, made = time.process_time(), []
    n_shards = -(-len(x) // shard_rows)
    for shard in range(n_shards):
        numbers = np.arange(shard, len(x), n_shards)
        vectors = pa.FixedSizeListArray.from_arrays(pa.array(x[numbers].ravel()), x.shape[1])
        columns = {
            "id": [f"{number:09}" for number in numbers.tolist()],
            "vector": vectors.cast(pa.list_(pa.float32())),
            "shard": np.full(len(numbers), shard, np.int32),
        }
        batch = pa.RecordBatch.from_pydict(columns)
        made += [row for part in build_part([batch], str(folder), "benchmark") for row in part.to_pylist()]
        print(f"shard {shard + 1} of {n_shards}: {time.process_time() - began:.0f} s", flush=True)
    commit(folder, "benchmark", made)
    return time.process_time() - began


def nearest(x: NDArray[np.float32], queries: NDArray[np.float32]) -> list[set[str]]:
    """The ids of the truly nearest of each query, by the cosine."""
    units = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    best = np.full((len(queries), K), np.inf, np.float32)
    names = np.zeros((len(queries), K), np.int64)
    for start in range(0, len(x), BLOCK):
        rows = np.asarray(x[start : start + BLOCK])
        distances = np.asarray(1 - (units @ rows.T) / np.linalg.norm(rows, axis=1), np.float32)
        columns, near = k_smallest(distances, K)
        both, all_names = np.concatenate([best, near], 1), np.concatenate([names, columns + start], 1)
        places, best = k_smallest(both, K)
        names = np.take_along_axis(all_names, places, 1)
    return [{f"{number:09}" for number in row} for row in names.tolist()]


def ask(shards: Shards, queries: NDArray[np.float32], truth: list[set[str]], recall: float) -> None:
    times, found = [], 0
    for _ in range(2):  # the first turn brings the pages
        times, found = [], 0
        for query, right in zip(queries, truth, strict=True):
            began = time.thread_time()
            answer = shards.nearest(query, K, recall=recall)
            times.append((time.thread_time() - began) * 1000)
            found += len(right & {name for name, _ in answer})
    p50, p95 = np.percentile(times, [50, 95])
    share = found / (K * len(queries))
    print(f"recall {recall:.2f} asked for: {share:.3f} found, p50 {p50:.2f} ms, p95 {p95:.2f} ms", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--shard-rows", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "segue-shards")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    path = options.folder / "rows.npy"
    if not path.exists():
        np.save(path, clustered(options.rows + options.queries, options.dim, seed=1))
    every = np.load(path, mmap_mode="r")
    x, queries = every[: options.rows], np.array(every[options.rows :])
    with threadpool_limits(1):
        print(f"built in {build(x, options.shard_rows, options.folder):.0f} CPU s")
        truth = nearest(x, queries)
        shards = Shards.open(options.folder)
        size = sum(file.stat().st_size for file in options.folder.glob("*.index"))
        print(f"{len(shards):,} rows in {shards.n_shards} shards; indexes {size / 1e6:.0f} MB")
        for recall in (0.9, 0.95):
            ask(shards, queries, truth, recall)


if __name__ == "__main__":
    main()
