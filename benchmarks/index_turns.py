"""Segue's index and Annoy's asked in turns, in one process, so that whatever else the machine does hits both.

What `index.py` has built is opened; 1000 queries go to every setting of both, a hundred at a time, several
turns. Of each query the least CPU time of its turns counts (another program's turn on the core is in none);
told are the medians at a recall, read off the curves as in `index.py`, and the ratio of the two.

Usage: python benchmarks/index_turns.py CASE... [--folder DIR] [--turns N] [--json FILE] [--plot FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import numpy as np
from index import CASES, RECALLS, peers_of, plot, time_at

STEP = 100  # queries one after another of the same setting
_FAR = 0.993  # recall; farther takes long and says nothing of those that are told
_NEAR = 0.86


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", nargs="+", choices=CASES)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "segue-index-benchmark")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    results: dict[str, Any] = {}
    for name in options.cases:
        results[name] = _case(name, options.folder, options.turns)
        if options.json:
            options.json.write_text(json.dumps(results, indent=1))
        if options.plot:
            plot(results, options.plot)


def _case(name: str, folder: Path, turns: int) -> dict[str, Any]:
    n = CASES[name].rows
    every = np.load(folder / f"{name}-{n}-1000.npy", mmap_mode="r")
    truth = np.load(folder / f"{name}-{n}-1000-truth.npy")
    queries = np.asarray(every[n:])
    askers = {}
    for peer in (peer for peer in peers_of(CASES[name]).values() if peer.name in ("segue", "annoy")):
        peer.open(folder / f"{name}-{n}.{peer.name}", every[:n])
        for setting in useful(peer, queries[:200], truth):
            askers[peer.name, setting] = peer.asker(setting)
    found = curves(askers, queries, truth, turns)
    for recall in RECALLS:
        ours, theirs = (time_at(found[who], recall) for who in ("segue", "annoy"))
        told = [f"{t:.0f} us" if t else "not reached" for t in (ours, theirs)]
        ratio = f"{theirs / ours:.1f}" if ours and theirs else "none"
        print(f"{name} {recall}: segue {told[0]}, annoy {told[1]}, ratio {ratio}", flush=True)
    return {who: {"curve": curve} for who, curve in found.items()}


def useful(peer: Any, queries: Any, truth: Any) -> list[float]:
    """Settings around the recalls that are told."""
    out: list[float] = []
    for setting in peer.settings:
        ask = peer.asker(setting)
        recall = np.mean([_share(ask(q), t) for q, t in zip(queries, truth, strict=False)])
        if recall < _NEAR:
            out.clear()
        out.append(setting)
        if recall > _FAR:
            break
    return out


def curves(askers: dict[Any, Any], queries: Any, truth: Any, turns: int) -> dict[str, Any]:
    """Of each peer, recall and time by setting; askers are by the peer's name and the setting."""
    found: dict[str, Any] = {who: [] for who, _ in askers}
    times = {key: np.empty((turns, len(queries))) for key in askers}
    shares = {key: np.empty(len(queries)) for key in askers}
    for turn in range(turns):
        for start in range(0, len(queries), STEP):
            for key, ask in askers.items():
                for i in range(start, min(start + STEP, len(queries))):
                    started = time.thread_time()
                    answer = ask(queries[i])
                    times[key][turn, i] = time.thread_time() - started
                    shares[key][i] = _share(answer, truth[i])
    for (who, setting), seconds in times.items():
        p50, p99 = np.quantile(seconds.min(axis=0), [0.5, 0.99]) * 1e6
        recall = float(shares[who, setting].mean())
        found[who].append({"setting": setting, "recall": recall, "p50_us": float(p50), "p99_us": float(p99)})
    return found


def _share(answer: Any, right: Any) -> float:
    return len(set(map(int, answer)) & set(right.tolist())) / len(right)


if __name__ == "__main__":
    sys.exit(main())
