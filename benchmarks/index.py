"""Segue's index against Annoy's and others', on the same vectors in one run.

Each index is built and asked in a process of its own. Told are: of the build, CPU seconds of all threads and
the most memory that no file stands behind; bytes on disk; the same kind of memory that opening and asking
add; what four processes that all ask take together (the sum of their PSS, beyond what they had before); the
first query after the file's pages were dropped from the system's cache; p50 of single queries on one thread.
Recall@10 is against exact search. The time at a recall is read off each index's own curve (log time, linear
in between), and told as a ratio to Annoy's.

Usage: python benchmarks/index.py CASE... [--folder DIR] [--rows N] [--queries N] [--plot FILE] [--json FILE]

Cases: a 1M x 128 bytes cosine; b 200k x 1280 bytes cosine; c 1.2M x 12 floats euclidean; d 4M x 40 floats
cosine; peers 200k x 128 bytes cosine with more indexes beside Annoy; small 20k x 64 floats cosine.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# BLAS and OpenMP read these once; a process that asks has one thread, one that builds has all.
if {"--ask", "--share"} & set(sys.argv):
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import index_peers as peers
import numpy as np
from index_data import as_bytes, cached, clustered, frames
from memory import Peak, memory

SEED = 2026
RECALLS = (0.9, 0.95, 0.99)
PROCESSES = 4  # that ask at the same time
USERS, HEADLINE_RECALL = 70_000_000, 0.95


@dataclass(frozen=True)
class Case:
    make: Callable[[int], Any]  # rows and, after them, queries
    rows: int
    metric: str
    trees: int  # of Annoy
    more: bool = False  # other peers too


def bytes_of(dim: int) -> Callable[[int], Any]:
    return lambda n: as_bytes(clustered(n, dim, seed=SEED))


def floats_of(dim: int) -> Callable[[int], Any]:
    return lambda n: clustered(n, dim, seed=SEED)


CASES = {
    "a": Case(bytes_of(128), 1_000_000, "cosine", 50),
    "b": Case(lambda n: frames(n, 10, seed=SEED), 200_000, "cosine", 50),
    "c": Case(floats_of(12), 1_200_000, "euclidean", 50),
    "d": Case(floats_of(40), 4_000_000, "cosine", 50),
    "peers": Case(bytes_of(128), 200_000, "cosine", 50, more=True),
    "small": Case(floats_of(64), 20_000, "cosine", 50, more=True),
}


def peers_of(case: Case) -> dict[str, Any]:
    found = [peers.Segue(case.metric), peers.Annoy(case.metric, case.trees)]
    if case.more:
        others = (peers.Hnswlib, peers.Usearch, peers.Voyager, peers.FaissHnsw, peers.Scann)
        found += [other(case.metric) for other in others]
    return {peer.name: peer for peer in found}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", nargs="+", choices=CASES)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "segue-index-benchmark")
    parser.add_argument("--rows", type=int, help="instead of the case's own number")
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--only", help="peers, with commas between")
    parser.add_argument("--again", action="store_true", help="ask again what an earlier run has built")
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--build", metavar="PEER", help=argparse.SUPPRESS)
    parser.add_argument("--ask", metavar="PEER", help=argparse.SUPPRESS)
    parser.add_argument("--share", metavar="PEER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.build or options.ask or options.share:
        print(json.dumps(_share(options) if options.share else _part(options)))
        return
    results = {name: _run(name, options) for name in options.cases}
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))
    if options.plot:
        plot(results, options.plot)


def _run(name: str, options: argparse.Namespace) -> dict[str, Any]:
    case = CASES[name]
    data, _, truth = _data(name, options)
    n = len(data) - options.queries
    print(
        f"\n{name}: {n} x {data.shape[1]} {data.dtype}, {case.metric}, {options.queries} queries", flush=True
    )
    del data, truth
    found = {}
    for peer in peers_of(case):
        if options.only and peer not in options.only.split(","):
            continue
        try:
            if not _built(options.folder, name, peer).exists() or not options.again:
                made = _child(name, "--build", peer, options)
                _built(options.folder, name, peer).write_text(json.dumps(made))
            made = json.loads(_built(options.folder, name, peer).read_text())
            found[peer] = made | _child(name, "--ask", peer, options)
            found[peer]["shared_bytes"] = _shared(name, peer, options)
        except subprocess.CalledProcessError as error:
            print(f"{peer} did not work: {error.stderr.strip().splitlines()[-1]}", flush=True)
            continue
        _tell(peer, found[peer])
    if "segue" in found and "annoy" in found:
        _compare(found)
    return found


def _built(folder: Path, case: str, peer: str) -> Path:
    """Where a build's figures are kept."""
    return folder / f"{case}.{peer.replace(' ', '-')}.built.json"


def _child(case: str, task: str, peer: str, options: argparse.Namespace) -> dict[str, Any]:
    command = _command(case, task, peer, options)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _command(case: str, task: str, peer: str, options: argparse.Namespace) -> list[str]:
    command = [sys.executable, __file__, case, task, peer, "--folder", str(options.folder)]
    command += ["--queries", str(options.queries)]
    return command + (["--rows", str(options.rows)] if options.rows else [])


def _data(name: str, options: argparse.Namespace) -> tuple[Any, Any, Any]:
    """Rows with the queries after them, the queries, and the truth (made by exact search, once)."""
    case, m = CASES[name], options.queries
    n = options.rows or case.rows
    every = cached(options.folder, f"{name}-{n}-{m}", lambda: case.make(n + m))
    truth = cached(options.folder, f"{name}-{n}-{m}-truth", lambda: _truth(every[:n], every[n:], case.metric))
    return every, np.asarray(every[n:]), truth


def _truth(rows: Any, queries: Any, metric: str) -> Any:
    from segue.index import Index

    return Index.build(rows, metric=metric, exact=True).query(queries, 10)[0]


def _part(options: argparse.Namespace) -> dict[str, Any]:
    name = options.cases[0]
    every, queries, truth = _data(name, options)
    rows = every[: len(every) - len(queries)]
    peer = peers_of(CASES[name])[options.build or options.ask]
    path = _path(options, name, peer)
    if options.build:
        cpu, wall = time.process_time(), time.perf_counter()
        with Peak() as peak:
            peer.build(rows, path)
        return {
            "build_cpu_s": time.process_time() - cpu,
            "build_s": time.perf_counter() - wall,
            "build_bytes": peak.bytes,
            "bytes": _size(path),
        }
    return _asked(peer, path, rows, queries, truth)


def _path(options: argparse.Namespace, case: str, peer: Any) -> Path:
    n = options.rows or CASES[case].rows
    return options.folder / f"{case}-{n}.{peer.name.replace(' ', '-')}"


def _asked(peer: Any, path: Path, rows: Any, queries: Any, truth: Any) -> dict[str, Any]:
    _drop_from_cache(path)
    _load(peer)
    before, started = memory("Anonymous"), time.perf_counter()
    peer.open(path, rows)
    opened = time.perf_counter() - started
    peer.asker(peer.settings[len(peer.settings) // 2])(queries[0])
    first = time.perf_counter() - started
    curve = [_point(peer.asker(setting), setting, queries, truth) for setting in peer.settings]
    private = memory("Anonymous") - before
    out = {"open_s": opened, "first_s": first, "private_bytes": private, "curve": curve}
    if hasattr(peer, "batch"):
        out["batch"] = [_batch(peer, setting, queries, truth) for setting in peer.settings]
        out["gemm_cpu_us"] = _by_gemm(rows, queries[:256])
    return out


def _load(peer: Any) -> None:
    """Loading a library is not opening an index."""
    for module in ("faiss", "segue.index") if peer.name == "segue" else (peer.name.split()[0],):
        importlib.import_module(module)


def _share(options: argparse.Namespace) -> dict[str, Any]:
    """One of the processes that ask at the same time; it waits until all have asked."""
    name = options.cases[0]
    every, queries, _ = _data(name, options)
    peer = peers_of(CASES[name])[options.share]
    _load(peer)
    before = memory("Pss")
    peer.open(_path(options, name, peer), every[: len(every) - len(queries)])
    ask = peer.asker(peer.settings[len(peer.settings) // 2])
    for query in queries:
        ask(query)
    print("asked", flush=True)
    sys.stdin.readline()
    return {"pss": memory("Pss") - before}


def _shared(case: str, peer: str, options: argparse.Namespace) -> int:
    """Bytes that processes take together."""
    pipe = subprocess.PIPE
    command = _command(case, "--share", peer, options)
    with contextlib.ExitStack() as stack:
        running = [
            stack.enter_context(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True))
            for _ in range(PROCESSES)
        ]
        for process in running:
            assert process.stdout
            while process.stdout.readline().strip() not in ("asked", ""):
                pass
        # All read their share while all are there.
        for process in running:
            assert process.stdin
            process.stdin.write("\n")
            process.stdin.flush()
        return sum(json.loads(process.stdout.readline())["pss"] for process in running if process.stdout)


def _point(ask: peers.Ask, setting: float, queries: Any, truth: Any) -> dict[str, float]:
    times, hits = [], 0
    for query in queries[:20]:
        ask(query)
    for query, right in zip(queries, truth, strict=True):
        started = time.perf_counter()
        answer = ask(query)
        times.append(time.perf_counter() - started)
        hits += len(set(map(int, answer)) & set(right.tolist()))
    p50, p99 = np.quantile(times, [0.5, 0.99]) * 1e6
    return {"setting": setting, "recall": hits / truth.size, "p50_us": float(p50), "p99_us": float(p99)}


def _batch(peer: Any, setting: float, queries: Any, truth: Any) -> dict[str, float]:
    many = np.tile(queries, (10, 1))
    cpu, started = time.process_time(), time.perf_counter()
    answers = peer.batch(many, setting)
    took, used = time.perf_counter() - started, time.process_time() - cpu
    hits = sum(
        len(set(a) & set(t)) for a, t in zip(answers[: len(truth)].tolist(), truth.tolist(), strict=True)
    )
    return {
        "setting": setting,
        "recall": hits / truth.size,
        "per_s": len(many) / took,
        "cpu_us": 1e6 * used / len(many),
    }


def _by_gemm(rows: Any, queries: Any) -> float:
    """CPU microseconds a query of the products with every row; choosing the best is not counted."""
    wide, used = np.asarray(queries, np.float32), 0.0
    for start in range(0, len(rows), 1 << 16):
        block = np.asarray(rows[start : start + (1 << 16)], np.float32)
        cpu = time.process_time()
        wide @ block.T
        used += time.process_time() - cpu
    return 1e6 * used / len(queries)


def _size(path: Path) -> int:
    return sum(f.stat().st_size for f in path.rglob("*")) if path.is_dir() else path.stat().st_size


def _drop_from_cache(path: Path) -> None:
    for file in path.rglob("*") if path.is_dir() else [path]:
        with file.open("rb") as f:
            os.fsync(f.fileno()) if os.access(file, os.W_OK) else None
            if hasattr(os, "posix_fadvise"):
                os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def time_at(curve: list[dict[str, float]], recall: float) -> float | None:
    """Microseconds at a recall, on the line between the points around it; none where it is not reached."""
    best = {p["recall"]: p["p50_us"] for p in sorted(curve, key=lambda p: -p["p50_us"])}
    points = sorted(best.items())
    if points[-1][0] < recall:
        return None
    # A setting that is both slower and worse than another is of no use.
    useful = [(r, t) for i, (r, t) in enumerate(points) if all(t <= later for _, later in points[i + 1 :])]
    recalls, times = np.array(useful).T
    return float(np.exp(np.interp(recall, recalls, np.log(times))))


def _tell(peer: str, result: dict[str, Any]) -> None:
    at = {recall: time_at(result["curve"], recall) for recall in RECALLS}
    times = ", ".join(f"{recall}: {f'{t:.0f} us' if t else 'not reached'}" for recall, t in at.items())
    memory = f"private {_mb(result['private_bytes'])}, {PROCESSES} processes {_mb(result['shared_bytes'])}"
    opening = f"open {1e3 * result['open_s']:.0f} ms, first query {1e3 * result['first_s']:.0f} ms"
    built = f"build {result['build_cpu_s']:.0f} CPU s with {_mb(result['build_bytes'])}"
    size = f"{built}, file {_mb(result['bytes'])}"
    print(f"{peer:10s} {size}, {memory}, {opening}; p50 at recall {times}", flush=True)
    for batch in result.get("batch", []):
        if peer != "segue" or batch["setting"] in RECALLS:  # of others, a setting is no recall
            print(
                f"           batch at {batch['setting']}: {batch['per_s']:.0f} queries/s on all cores, "
                f"{batch['cpu_us']:.1f} CPU us each, recall {batch['recall']:.3f}",
                flush=True,
            )


def _mb(n: float) -> str:
    return f"{n / 1e6:.1f} MB"


def _compare(found: dict[str, Any]) -> None:
    ours, theirs = found["segue"], found["annoy"]
    ratios = []
    for recall in RECALLS:
        one, other = time_at(ours["curve"], recall), time_at(theirs["curve"], recall)
        ratios.append(f"{recall}: {other / one:.1f}x" if one and other else f"{recall}: not reached by both")
    _headline(ours, theirs)
    print(
        f"against annoy: p50 {', '.join(ratios)}; file 1/{theirs['bytes'] / ours['bytes']:.0f}; "
        f"build CPU {ours['build_cpu_s'] / theirs['build_cpu_s']:.2f}",
        flush=True,
    )


def _headline(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """What asking for 70 million users would cost, one core."""
    batch = next(b["cpu_us"] for b in ours["batch"] if b["setting"] == HEADLINE_RECALL)
    annoy = time_at(theirs["curve"], HEADLINE_RECALL)
    costs = {"segue, batches": batch, "annoy": annoy, "matrix products alone": ours["gemm_cpu_us"]}
    hours = ", ".join(f"{name} {USERS * cost / 3.6e9:.1f}" for name, cost in costs.items() if cost)
    print(f"core-hours for {USERS / 1e6:.0f} million queries at {HEADLINE_RECALL}: {hours}", flush=True)


def plot(results: dict[str, Any], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "segue"})
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(results), figsize=(5 * len(results), 4), squeeze=False)
    for axis, (name, found) in zip(axes[0], results.items(), strict=True):
        for peer, result in found.items():
            curve = sorted(result["curve"], key=lambda p: p["recall"])
            axis.plot([p["recall"] for p in curve], [p["p50_us"] for p in curve], marker=".", label=peer)
        axis.set(title=name, xlabel="recall@10", ylabel="p50, us", yscale="log", xlim=(0.75, 1.0))
        axis.grid(alpha=0.3)
        axis.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)


if __name__ == "__main__":
    main()
