"""Run the benchmarks one after the other and write what they print to docs/measured.md.

Each runs in a process of its own with the environment that users have. Of each the page tells the command,
how long it took, and the load of the machine before and after. Peers take part where they are installed
(in a clone: ``pip install -e '.[bench]'``).

Usage: python benchmarks/all.py --quick|--full [--music FOLDER] [--only NAME,...] [--output FILE]
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "measured.md"
LONGEST_S = 3 * 3600
SHOWN = (
    "numpy", "faiss-cpu", "onnxruntime", "annoy", "hnswlib", "voyager", "usearch", "scann", "scikit-learn",
    "librosa", "umap-learn", "flask",
)  # fmt: skip


@dataclass(frozen=True)
class Benchmark:
    """A script of this folder; {music} and {folder}, which is empty at first, stand for folders."""

    name: str
    about: str
    quick: str
    full: str


BENCHMARKS = (
    Benchmark("start", "The start of commands", "{folder} --turns 3", "{folder} --tracks 10000 --turns 7"),
    Benchmark("trace_calls", "Calls and files on the way of a question", "{folder}", "{folder}"),
    Benchmark("scan_speed", "A scan beside a script of librosa's", "{music} 2", "{music} 5"),
    Benchmark(
        "index_kinds", "The index beside its peers, on data of several kinds",
        "flat sheets --rows 20000 --queries 200 --turns 2 --folder {folder}",
        "flat sheets heavy_tailed duplicates clustered --folder {folder}",
    ),
    Benchmark(
        "index_filters", "The index with filters and after changes",
        "--rows 50000 --queries 100 --folder {folder}", "--folder {folder}",
    ),
    Benchmark(
        "catalog_speed", "Lists, searches and filters",
        "{folder} --tracks 20000 --turns 2", "{folder} --tracks 1000000",
    ),
    Benchmark(
        "serve", "The service beside Flask and scikit-learn", "--tracks 10000 --seconds 3 --rates 200", "",
    ),
    Benchmark("busy_neighbor", "Beside a busy neighbor", "--tracks 2000", ""),
    Benchmark("spotify_table", "A table of songs", "--rows 100000 --folder {folder}", "--folder {folder}"),
    Benchmark("audioset_import", "AudioSet's features", "--segments 20000", ""),
    Benchmark("fma", "FMA's metadata", "--tracks 5000 --folder {folder}", "--folder {folder}"),
    Benchmark("mongo", "MongoDB", "--documents 5000", ""),
    Benchmark("map", "The map beside UMAP", "--rows 5000 --umap-up-to 2000", ""),
    Benchmark("clusters", "Groups beside scikit-learn's", "--rows 100000", ""),
    Benchmark("radio", "Two weeks of radio", "2000", ""),
)  # fmt: skip


def demo_music(folder: Path) -> Path:
    """The demo's pieces, for who names no music."""
    from segue.demo import write_demo

    write_demo(folder)
    return folder


def run(benchmark: Benchmark, arguments: str) -> tuple[str, bool]:
    """A section of the page, and whether all went well."""
    shown = f"python -m benchmarks.{benchmark.name} {arguments}".strip()
    command = [sys.executable, "-m", f"benchmarks.{benchmark.name}", *arguments.split()]
    # Scripts of this folder find each other by their names alone, as when they are run by their paths.
    paths = os.pathsep.join(map(str, [ROOT, ROOT / "benchmarks", ROOT / "src"]))
    before, started = os.getloadavg()[0], time.monotonic()
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=LONGEST_S, check=False, cwd=ROOT,
            env=os.environ | {"PYTHONPATH": paths},
        )  # fmt: skip
        text, ok = done.stdout.strip(), done.returncode == 0
        if not ok:
            text = f"{text}\n{done.stderr.strip()[-1500:]}\n(exit status {done.returncode})"
    except subprocess.TimeoutExpired:
        text, ok = f"stopped after {LONGEST_S / 3600:g} h", False
    took, after = time.monotonic() - started, os.getloadavg()[0]
    about = f"{took:.0f} s; load {before:.1f} before, {after:.1f} after."
    return f"## {benchmark.about}\n\n`{shown}`: {about}\n\n```text\n{text.strip()}\n```\n", ok


def machine() -> str:
    """What was measured on, and with which versions."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    versions = [f"{name} {found}" for name in SHOWN if (found := _version(name))]
    return (
        f"{date.today().isoformat()}, {processor}, {os.cpu_count()} cores, {platform.system()}, "  # noqa: DTZ011
        f"Python {platform.python_version()}, {', '.join(versions)}."
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument("--quick", action="store_true", help="small data: some minutes in all")
    size.add_argument("--full", action="store_true", help="the sizes that the documents tell of: hours")
    parser.add_argument("--music", type=Path, help="a folder of sounds (default: the demo's pieces)")
    parser.add_argument("--only", help="names, with commas between")
    parser.add_argument("--output", type=Path, default=PAGE)
    options = parser.parse_args(arguments)
    kind = "quick" if options.quick else "full"
    wanted = options.only.split(",") if options.only else [one.name for one in BENCHMARKS]
    sections, wrong = [], []
    with tempfile.TemporaryDirectory() as top:
        music = options.music or demo_music(Path(top) / "music")
        for benchmark in BENCHMARKS:
            if benchmark.name not in wanted:
                continue
            folder = Path(top) / benchmark.name
            folder.mkdir()
            given = getattr(benchmark, kind).format(music=music, folder=folder)
            print(f"{benchmark.name}: {benchmark.about}", flush=True)
            section, ok = run(benchmark, given)
            sections.append(section.replace(str(music), "MUSIC").replace(str(folder), "FOLDER"))
            wrong += [] if ok else [benchmark.name]
    head = f"# Measured\n\nWritten by `python benchmarks/all.py --{kind}`. {machine()}\n"
    note = "[Measurements](measurements.md) tells what such figures mean, and where others are better.\n"
    options.output.write_text("\n".join([head, note, *sections]), "utf-8")
    print(f"{len(sections) - len(wrong)} of {len(sections)} went well: {options.output}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
