"""Run the benchmarks one after the other and write what they print to a page of docs/.

Each runs in a process of its own with the environment that users have. Of each the page tells the command,
how long it took, of wall and of processors, and the load of the machine before and after. Peers take part
where they are installed; in a clone, ``pip install -e '.[bench]'`` brings all. The page is written after each
benchmark, so Ctrl-C keeps what is done. With --only and no --output, the page goes to standard output, and
those of docs/ stay.

Two runs, before a change and after it, are compared by ``python benchmarks/compare.py OLD.md NEW.md``.

Usage: python benchmarks/all.py --quick|--full [--music FOLDER] [--only NAME,...] [--output FILE]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from page_tables import is_installed

ROOT = Path(__file__).resolve().parents[1]
PAGES = {"quick": "measured.md", "full": "measured_full.md"}  # in docs/
TITLES = {"quick": "Measured", "full": "Measured at full size"}
LONGEST_S = {"quick": 600, "full": 3 * 3600}
ENDING_S = 20  # for a benchmark and what it has started to end by themselves
SHOWN = (
    "numpy", "faiss-cpu", "onnxruntime", "annoy", "annoy-binary", "hnswlib", "rabitqlib", "scann",
    "usearch", "voyager", "scikit-learn", "librosa", "umap-learn", "flask", "pymongo",
)  # fmt: skip


@dataclass(frozen=True)
class Benchmark:
    """A script of this folder; {music} and {folder}, which is empty at first, stand for folders."""

    name: str
    about: str
    peers: str
    quick: str
    full: str
    needs: tuple[str, ...] = ()  # packages without which it says nothing, by the names they are imported by


NO_PEERS = "none"
BENCHMARKS = (
    Benchmark(
        "start", "The start of commands", "what Python and packages take without Segue",
        "{folder} --turns 5", "{folder} --tracks 10000 --turns 7",
    ),
    Benchmark(
        "trace_calls", "Calls and files on the way of a question", NO_PEERS,
        "{folder} --music {music}", "{folder} --music {music}",
    ),
    Benchmark(
        "scan_speed", "A scan beside a script of librosa's", "librosa",
        "{music} 2", "{music} 5", ("librosa",),
    ),
    Benchmark(
        "index_kinds", "The index beside its peers, on data of several kinds",
        "Annoy, RaBitQ, hnswlib, Voyager, USearch, Faiss HNSW, ScaNN",
        "flat sheets --rows 20000 --queries 200 --turns 2 --folder {folder}",
        "flat sheets heavy_tailed duplicates clustered --folder {folder}",
    ),
    Benchmark(
        "index_filters", "The index with filters and after changes", "NumPy",
        "--rows 50000 --queries 100 --folder {folder}", "--folder {folder}",
    ),
    Benchmark(
        "catalog_speed", "Lists, searches and filters", NO_PEERS,
        "{folder} --tracks 20000 --turns 5", "{folder} --tracks 1000000",
    ),
    Benchmark(
        "serve", "The service beside Flask and scikit-learn", "Flask with scikit-learn",
        "--tracks 10000 --seconds 5 --rates 200", "", ("fastapi", "psutil"),
    ),
    Benchmark(
        "busy_neighbor", "Beside a busy neighbor", "BLAS as it comes, with all threads",
        "--tracks 1000 --turns 3", "",
    ),
    Benchmark(
        "spotify_table", "A table of songs", NO_PEERS, "--rows 50000 --folder {folder}", "--folder {folder}",
    ),
    Benchmark("audioset_import", "AudioSet's features", NO_PEERS, "--segments 20000", ""),
    Benchmark("fma", "FMA's metadata", NO_PEERS, "--tracks 5000 --folder {folder}", "--folder {folder}"),
    Benchmark(
        "mongo", "MongoDB", "the server, which only reads", "--documents 5000", "", ("pymongo", "pytest"),
    ),
    Benchmark(
        "map", "The map beside UMAP", "principal components, UMAP",
        "--rows 4000 --umap-up-to 4000", "", ("sklearn",),
    ),
    Benchmark(
        "clusters", "Groups beside scikit-learn's", "scikit-learn's MiniBatchKMeans", "--rows 100000", "",
        ("sklearn",),
    ),
    Benchmark("radio", "Two weeks of radio", "the nearest tracks alone", "2000", "5000"),
)  # fmt: skip


def run(benchmark: Benchmark, arguments: str, longest_s: float = LONGEST_S["full"]) -> tuple[str, bool]:
    """A section of the page, and whether all went well."""
    shown = f"python -m benchmarks.{benchmark.name} {arguments}".strip()
    head = f"## {benchmark.about}\n\n`{shown}`"
    if absent := [package for package in benchmark.needs if not is_installed(package)]:
        return f"{head}\n\nLeft out: {' and '.join(absent)} not installed.\n", True
    before, started, computed = os.getloadavg()[0], time.monotonic(), children_cpu_s()
    status, text, errors = _result(
        [sys.executable, "-m", f"benchmarks.{benchmark.name}", *arguments.split()], longest_s
    )
    took, after = time.monotonic() - started, os.getloadavg()[0]
    cpu_s = children_cpu_s() - computed
    about = (
        f"{head}: {took:.0f} s, {cpu_s:.0f} s of a processor; load {before:.1f} before, "
        f"{after:.1f} after. Peers: {benchmark.peers}.\n\n"
    )
    if status == 0:
        return f"{about}{text.strip()}\n", True
    reason = "stopped after" if status is None else "failed after"
    status_line = "" if status is None else f"\n(exit status {status})"
    why = f"**This benchmark {reason} {took:.0f} s.**\n\n```text\n{errors.strip()[-1500:]}{status_line}\n```"
    return f"{about}{text.strip()}\n\n{why}\n", False


def _result(command: Sequence[str], longest_s: float) -> tuple[int | None, str, str]:
    """Exit status (none where it took too long), output and errors of a command; nothing of it stays."""
    paths = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        env=os.environ | {"PYTHONPATH": paths}, start_new_session=True,
    )  # fmt: skip
    try:
        text, errors = process.communicate(timeout=longest_s)
        return process.returncode, text, errors
    except subprocess.TimeoutExpired:
        _end(process)
        text, errors = process.communicate()
        return None, text, errors
    except KeyboardInterrupt:
        _end(process)
        raise


def children_cpu_s() -> float:
    """Seconds of processors that ended processes of ours have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _end(process: subprocess.Popen[str]) -> None:
    """End a benchmark and what it has started, which are a session of their own."""
    with contextlib.suppress(ProcessLookupError):  # all have ended
        os.killpg(process.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(ENDING_S)
        os.killpg(process.pid, signal.SIGKILL)


def machine() -> str:
    """What was measured on, and with which versions."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    versions = [f"{name} {found}" for name in SHOWN if (found := _version(name))]
    return (
        f"{processor}, {os.cpu_count()} cores, {memory_gb:.0f} GB, {platform.system()}, "
        f"Python {platform.python_version()}, {', '.join(versions)}"
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def page(kind: str, sections: Sequence[str], total: int, wrong: Sequence[str]) -> str:
    """The page, of so many benchmarks as are done."""
    done = f" {len(sections)} of {total} benchmarks are done." if len(sections) < total else ""
    failed = f" These failed: {', '.join(wrong)}." if wrong else ""
    today = date.today().isoformat()  # noqa: DTZ011 - of whoever measures
    return "\n".join([
        f"# {TITLES[kind]}",
        "",
        f"Written by `python benchmarks/all.py --{kind}` on {today}; do not edit it.{done}{failed}",
        "[Measurements](measurements.md) tells what was tried, and what the figures mean.",
        "",
        f"Machine: {machine()}. Where the load is above the number of cores, programs waited.",
        "",
        *sections,
    ])  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument(
        "--quick", dest="kind", action="store_const", const="quick", help="small data: minutes in all"
    )
    size.add_argument(
        "--full", dest="kind", action="store_const", const="full", help="large data: half an hour or more"
    )
    parser.add_argument("--music", type=Path, help="a folder of sounds (default: the demo's pieces)")
    parser.add_argument("--only", help="names, with commas between")
    parser.add_argument("--output", type=Path, help="the page (default: one of docs/)")
    options = parser.parse_args(arguments)
    chosen = chosen_of(options.only, parser)
    output = options.output or (None if options.only else ROOT / "docs" / PAGES[options.kind])
    with tempfile.TemporaryDirectory() as top:
        text, wrong = measured(chosen, options.kind, options.music, Path(top), output)
    if not output:
        print(text)
    if wrong:
        print(f"failed: {', '.join(wrong)}", file=sys.stderr)
    return 1 if wrong else 0


def chosen_of(only: str | None, parser: argparse.ArgumentParser) -> list[Benchmark]:
    names = [benchmark.name for benchmark in BENCHMARKS]
    wanted = only.split(",") if only else names
    if unknown := sorted(set(wanted) - set(names)):
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(names)}")
    return [benchmark for benchmark in BENCHMARKS if benchmark.name in wanted]


def measured(
    chosen: Sequence[Benchmark], kind: str, music: Path | None, top: Path, output: Path | None
) -> tuple[str, list[str]]:
    """The page, which is written after each benchmark, and the names of those that did not go well."""
    sections: list[str] = []
    wrong: list[str] = []
    text = ""
    try:
        for benchmark in chosen:
            given = getattr(benchmark, kind)
            if "{music}" in given and music is None:
                music = demo_music(top / "music")
            folder = top / benchmark.name
            folder.mkdir()
            given = given.format(music=music, folder=folder)
            print(f"{benchmark.name}: {benchmark.about}", file=sys.stderr, flush=True)
            section, ok = run(benchmark, given, LONGEST_S[kind])
            for path, word in ((music, "MUSIC"), (folder, "FOLDER"), (top, "FOLDER"), (ROOT, ".")):
                section = section.replace(str(path), word) if path else section
            sections.append(section)
            wrong += [] if ok else [benchmark.name]
            text = page(kind, sections, len(chosen), wrong)
            if output:
                output.write_text(text, "utf-8")
    except KeyboardInterrupt:
        wrong += [f"{benchmark.name} and what follows it, which Ctrl-C left out"]
    print(f"{len(sections)} of {len(chosen)} benchmarks ran: {output or 'see below'}", file=sys.stderr)
    return text, wrong


def demo_music(folder: Path) -> Path:
    """The demo's pieces, for who names no music."""
    from segue.demo import write_demo

    write_demo(folder)
    return folder


if __name__ == "__main__":
    sys.exit(main())
