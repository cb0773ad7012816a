"""Segue's index and its peers on data of several kinds, asked in one process with one thread.

Each index is built on one thread and asked for rows that it does not hold, in turns with the others, so
that whatever else the machine does hits all. Of each query the least CPU time of its turns counts. An answer
is right that is no farther than the tenth nearest, so copies of a row are no misses. Told are medians of
single queries at a recall, read off each index's curve, files and builds; for Segue how the recall that was
asked for compares with the one that was reached; and who is quicker than Segue, with a smaller file or build.

Usage: python benchmarks/index_kinds.py KIND... [--rows N] [--folder DIR] [--only PEERS] [--turns N]
           [--audioset DIR] [--spotify FILE] [--json FILE]

Kinds: clustered, flat, sheets, heavy_tailed, duplicates (made, 128 bytes, cosine); audioset (real frames of a
folder of .tfrecord files; one segment in ten asks); spotify (real rows of a table, Euclid; one in ten asks).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import index_data
import index_peers as peers
import numpy as np
from index import RECALLS, time_at
from index_turns import STEP
from page_tables import Table, is_installed, paragraph

from segue.index import Index

MADE = ("clustered", "flat", "sheets", "heavy_tailed", "duplicates")
DIM, SEED, TREES = 128, 2026, 50
EVERY = 10  # of so many segments or rows of real data, one is for queries
ENOUGH = 0.993  # recall; settings beyond take long and say nothing of those that are told
NUMBERS = ("popularity", "duration_ms", "danceability", "energy", "loudness", "speechiness", "acousticness",
           "instrumentalness", "liveness", "valence", "tempo")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kinds", nargs="+", choices=(*MADE, "audioset", "spotify"))
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "segue-index-kinds")
    parser.add_argument("--audioset", type=Path)
    parser.add_argument("--spotify", type=Path)
    parser.add_argument("--only", help="peers, with commas between")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    paragraph("""
        Median of single queries in us at a recall of .9, .95 and .99 (a dash: not reached), the highest
        recall, file, and processor time of the build; all on one thread. Less is better, but for the
        recall.
    """)
    results = {kind: _kind(kind, options) for kind in options.kinds}
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


def rows_and_queries(kind: str, options: argparse.Namespace) -> tuple[Any, Any, str]:
    """The rows, the queries, and the metric."""
    if kind == "audioset":
        from segue.sources.audioset import read_segments

        files = sorted(options.audioset.glob("*.tfrecord"))
        segments = [segment.frames for path in files for segment in read_segments(path)]
        rows = np.concatenate([frames for i, frames in enumerate(segments) if i % EVERY])
        return rows, np.concatenate(segments[::EVERY]), "cosine"
    if kind == "spotify":
        with options.spotify.open(newline="") as file:
            table = np.array([[float(row[name]) for name in NUMBERS] for row in csv.DictReader(file)])
        table = np.unique(table, axis=0)
        table = np.random.default_rng(SEED).permutation((table - table.mean(axis=0)) / table.std(axis=0))
        asks = np.arange(len(table)) % EVERY == 0
        return table[~asks].astype(np.float32), table[asks].astype(np.float32), "euclidean"
    n, make = options.rows, getattr(index_data, kind)
    both = index_data.cached(
        options.folder, f"{kind}-{n}",
        lambda: index_data.as_bytes(make(n + options.queries, DIM, seed=SEED)),
    )  # fmt: skip
    return np.asarray(both[:n]), np.asarray(both[n:]), "cosine"


def peers_of(metric: str) -> list[Any]:
    others = (peers.Hnswlib, peers.Voyager, peers.Usearch, peers.FaissHnsw, peers.Scann)
    rabitq = [peers.Rabitq(metric, bits) for bits in (5, 8)]
    return [peers.Segue(metric), peers.Annoy(metric, TREES), *rabitq, *(other(metric) for other in others)]


def _kind(kind: str, options: argparse.Namespace) -> dict[str, Any]:
    rows, queries, metric = rows_and_queries(kind, options)
    queries, n = queries[: options.queries], len(rows)
    # Mapped from a file, where Segue's index leaves them.
    rows = index_data.cached(options.folder, f"{kind}-{n}-rows", lambda: rows)
    print(f"\n### {kind}: {n} x {rows.shape[1]} {rows.dtype}, {metric}")
    paragraph(f"{len(queries)} queries.")
    true = Index.build(rows, metric=metric, exact=True)
    edges = true.query(queries, peers.K)[1][:, -1]
    distance = _Distance(rows, metric)
    found: dict[str, Any] = {}
    askers: dict[tuple[str, float], peers.Ask] = {}
    for peer in peers_of(metric):
        name = peer.name
        if options.only and name not in options.only.split(","):
            continue
        if not is_installed(peer.package):
            paragraph(f"{name} takes no part: the package {peer.package} is not installed.")
            continue
        path = options.folder / f"{kind}-{n}.{name.replace(' ', '-')}"
        try:
            found[name] = {"build_cpu_s": _built(peer, rows, path), "bytes": _size(path)}
            peer.open(path, rows)
            step = -(-len(queries) // 200)  # some of all, as those of one cluster follow one another
            for setting in _useful(peer, queries[::step], edges[::step], distance):
                askers[name, setting] = peer.asker(setting)
        except Exception as error:  # of any kind: the others are measured all the same
            paragraph(f"{name} did not work: {type(error).__name__} {error}."[:200])
    _curves(found, askers, queries, edges, distance, options.turns)
    _tell(found)
    return found


def _built(peer: Any, rows: Any, path: Path) -> float:
    """CPU seconds; a file that is there already is built again, as its time is not known."""
    started = time.process_time()
    peer.build(rows, path)
    return time.process_time() - started


def _size(path: Path) -> int:
    return sum(f.stat().st_size for f in path.rglob("*")) if path.is_dir() else path.stat().st_size


class _Distance:
    """Of a query to rows by their numbers, as an exact index computes it."""

    def __init__(self, rows: Any, metric: str) -> None:
        self._rows, self._metric = rows, metric

    def hits(self, query: Any, answer: Any, edge: float) -> float:
        rows = self._rows[np.asarray(answer, np.int64)].astype(np.float64)
        wide = query.astype(np.float64)
        if self._metric == "cosine":
            lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows) * (wide @ wide))
            away = 1 - rows @ wide / lengths
        else:
            away = np.sqrt(((rows - wide) ** 2).sum(axis=1))
        return float((away <= edge * (1 + 1e-5) + 1e-6).sum()) / peers.K


def _useful(peer: Any, queries: Any, edges: Any, distance: _Distance) -> list[float]:
    """Settings from the quickest on, up to the one after the first whose recall says enough."""
    out: list[float] = []
    is_enough = False
    for setting in peer.settings:
        ask = peer.asker(setting)
        started, recalls = time.perf_counter(), []
        for query, edge in zip(queries, edges, strict=False):
            recalls.append(distance.hits(query, ask(query), edge))
            if time.perf_counter() - started > 5:
                break
        out.append(setting)
        if is_enough or time.perf_counter() - started > 5:
            break
        is_enough = bool(np.mean(recalls) > ENOUGH)  # of all queries, it may be less
    return out


def _curves(
    found: dict[str, Any], askers: Any, queries: Any, edges: Any, distance: _Distance, turns: int
) -> None:
    times = {key: np.full(len(queries), np.inf) for key in askers}
    recalls = {key: np.zeros(len(queries)) for key in askers}
    for turn in range(turns):
        for start in range(0, len(queries), STEP):
            for key, ask in askers.items():
                for i in range(start, min(start + STEP, len(queries))):
                    started = time.thread_time()
                    answer = ask(queries[i])
                    times[key][i] = min(times[key][i], time.thread_time() - started)
                    if not turn:
                        recalls[key][i] = distance.hits(queries[i], answer, edges[i])
    for (name, setting), seconds in times.items():
        point = {"setting": setting, "recall": float(recalls[name, setting].mean())}
        point["p50_us"], point["p99_us"] = (float(q) for q in np.quantile(seconds, [0.5, 0.99]) * 1e6)
        found[name].setdefault("curve", []).append(point)


def _tell(found: dict[str, Any]) -> None:
    found = {name: result for name, result in found.items() if result.get("curve")}
    table = Table(
        "index", *(f"at {recall:g}, us" for recall in RECALLS), "recall", "file, MB", "build, s", first=14
    )
    for name, result in found.items():
        times = [time_at(result["curve"], recall) for recall in RECALLS]
        best = max(point["recall"] for point in result["curve"])
        size, build = result["bytes"] / 1e6, result["build_cpu_s"]
        table.row(
            name, *(f"{t:.0f}" if t else "-" for t in times), f"{best:.3f}", f"{size:.1f}", f"{build:.1f}"
        )
    if "segue" in found:
        pairs = ", ".join(f"{p['recall']:.3f} where {p['setting']:g}" for p in found["segue"]["curve"])
        paragraph(f"Segue reached {pairs} was asked for.")
        paragraph("Better than Segue:")
        print()
        print("\n".join(_better(found)), flush=True)


def _better(found: dict[str, Any]) -> list[str]:
    """Who is better than Segue, and where: lines of a list."""
    ours = found["segue"]
    said = []
    for recall in RECALLS:
        own = time_at(ours["curve"], recall)
        times = {name: time_at(result["curve"], recall) for name, result in found.items()}
        quicker = sorted((t, name) for name, t in times.items() if t and (not own or t < own))
        shares = ", ".join(f"{name} ({t / own:.2f} of its time)" if own else name for t, name in quicker)
        said.append(f"- quicker at {recall:g}: {shares or 'none'}")
    for what, key in (("a smaller file", "bytes"), ("a shorter build", "build_cpu_s")):
        less = sorted((result[key], name) for name, result in found.items() if result[key] < ours[key])
        said.append(f"- {what}: {', '.join(name for _, name in less) or 'none'}")
    return said


if __name__ == "__main__":
    sys.exit(main())
