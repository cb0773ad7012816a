"""What embedding through Spark costs beside ``segue scan``, and what a second worker brings.

The same files by ``segue scan`` and by ``spark.embed``, with one core and with two, each from nothing. CPU
time is of all processes, Java's and the start of Python's workers included, without the start of the session.

Usage: PYTHONPATH=.venv/classic-spark:src:. python -m benchmarks.spark_embed FOLDER [--embedder descriptors]
           [--shard-files 16] [--rounds 2] [--cores 1 2]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from spark import Meter, session_of


def by_scan(folder: Path, embedders: list[str], cores: int, home: Path) -> Meter:
    chosen = [part for name in embedders for part in ("-e", name)]
    options = [*chosen, "--no-pull", "-j", str(cores), "-q"]
    command = [sys.executable, "-m", "segue", "-l", str(home / "library"), "scan", *options, str(folder)]
    with Meter() as meter:
        subprocess.run(command, check=True)
    return meter


def by_spark(folder: Path, embedders: list[str], cores: int, home: Path, shard_files: int) -> Meter:
    from segue import spark

    session = session_of(cores)
    try:
        tracks = spark.files(session, folder, recursive=True).cache()
        tracks.count()
        with Meter() as meter:
            done = spark.embed(tracks, embedders, into=home / "embeddings", shard_files=shard_files)
            failed = done.where("error is not null").count()
        if failed:
            raise SystemExit(f"{failed} files failed")
    finally:
        session.stop()
    return meter


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--embedder", action="append")
    parser.add_argument("--shard-files", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    embedders = options.embedder or ["descriptors"]
    print(f"{', '.join(embedders)}, load {os.getloadavg()[0]:.1f}")
    print("| by | cores | wall, s | CPU, s | peak, MB |\n|---|---|---|---|---|", flush=True)
    for _ in range(options.rounds):
        for cores in options.cores:
            for name in ("scan", "spark"):
                with tempfile.TemporaryDirectory() as home:
                    if name == "scan":
                        meter = by_scan(options.folder, embedders, cores, Path(home))
                    else:
                        meter = by_spark(options.folder, embedders, cores, Path(home), options.shard_files)
                row = f"{meter.wall_s:.1f} | {meter.cpu_s:.1f} | {meter.peak_mb:,.0f}"
                print(f"| {name} | {cores} | {row} |", flush=True)


if __name__ == "__main__":
    main()
