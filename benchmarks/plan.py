"""Are the estimates of segue plan right? Measured rates against work of three sizes, in CPU time of a core.

Usage: python benchmarks/plan.py [--dim 64] [--rows 60000 120000 300000] [--embedder descriptors]
"""

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from segue.embed.registry import make_embedders
from segue.index.batches import use_threads
from segue.ingest.embed_files import embed_files
from segue.spark.plan import Rates, Work, build_s, embed_s, query_s
from segue.spark.rates import Extent, measure, measure_indexes, write_music
from segue.spec import Embedder

QUERIES = 10_000
MINUTES = (1.0, 3.0, 5.0)
FILES = 3
TURNS = 5


def indexes(folder: Path, sizes: Sequence[int], dim: int, rates: Rates) -> None:
    for rows, took in zip(
        sizes, measure_indexes(folder, Extent(rows=tuple(sizes)), dim, seed=1), strict=True
    ):
        work = Work(tracks=rows, dim=dim)
        tell(f"build of {rows:,} x {dim}", build_s(work, rates), took.build_s)
        planned = QUERIES * query_s(work, rates)
        tell(f"{QUERIES:,} queries in {rows:,} x {dim}", planned, QUERIES * took.query_us / 1e6)


def embedding(folder: Path, models: Sequence[str], rates: Rates) -> None:
    paths = {minutes: folder / f"{minutes}.mp3" for minutes in MINUTES}
    for minutes, path in paths.items():
        write_music(path, minutes)
    embedders = make_embedders(models)
    turns = [
        {minutes: embed_files_s(path, embedders) for minutes, path in paths.items()} for _ in range(TURNS)
    ]
    for minutes in MINUTES:  # the least of the turns counts, as in the rates
        planned = embed_s(Work(tracks=FILES, minutes=minutes), rates)
        tell(f"{FILES} tracks of {minutes:.0f} min", planned, min(turn[minutes] for turn in turns))


def embed_files_s(path: Path, embedders: Sequence[Embedder]) -> float:
    began = time.process_time()
    list(embed_files([path] * FILES, embedders))
    return time.process_time() - began


def tell(what: str, planned_s: float, took_s: float) -> None:
    print(f"| {what} | {planned_s:.2f} | {took_s:.2f} | {planned_s / took_s:.2f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--rows", type=int, nargs="+", default=[60_000, 120_000, 300_000])
    parser.add_argument("--embedder", nargs="+", default=["descriptors"])
    options = parser.parse_args()
    began = time.monotonic(), time.process_time()
    rates = measure(options.dim, options.embedder)
    print(rates)
    print(f"measured in {time.monotonic() - began[0]:.0f} s, {time.process_time() - began[1]:.0f} s of CPU; "
          f"load {os.getloadavg()[0]:.0f}")  # fmt: skip
    print("| work | planned, CPU s | took | ratio |\n|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder, use_threads(1):
        embedding(Path(folder), options.embedder, rates)
        indexes(Path(folder), options.rows, options.dim, rates)


if __name__ == "__main__":
    main()
