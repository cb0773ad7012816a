"""Segue's index with filters and after changes, on synthetic vectors.

Filters: some rows qualify, chosen by chance or as those nearest to a point ("together", like the tracks of a
genre). Change: a fifth of the rows is deleted and as many others are added; measured before, just after, and
after the index was compacted. Both print recall@10 against exact search where ``recall=0.95`` is asked for,
and p50 and p95 of single queries, as ``Index.evaluate`` measures them.

Usage: python benchmarks/index_filters.py [--rows N] [--dim N] [--queries N] [--folder DIR]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import numpy as np
from index_data import as_bytes, cached, clustered

from segue.index import Index

SHARES = (0.5, 0.1, 0.02, 0.001)
CHANGED = 0.2  # of the rows
K = 10
SEED = 2026


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "segue-index-benchmark")
    options = parser.parse_args()
    n, more = options.rows, int(CHANGED * options.rows)
    every = cached(
        options.folder,
        f"filters-{n}-{options.dim}-{options.queries}",
        lambda: as_bytes(clustered(n + more + options.queries, options.dim, seed=SEED)),
    )
    rows, new, queries = np.array(every[:n]), np.array(every[n : n + more]), np.array(every[n + more :])
    print(f"{n} x {options.dim} bytes, cosine, {len(queries)} queries, recall 0.95 asked for", flush=True)
    index = Index.build(rows)
    _filters(index, rows, queries)
    _change(index, new, queries)


def _filters(index: Index, rows: Any, queries: Any) -> None:
    rng = np.random.default_rng(SEED)
    _tell("no filter", index, queries, None)
    unit = np.asarray(rows, np.float32)
    unit /= np.linalg.norm(unit, axis=1)[:, None]
    for share in SHARES:
        count = int(share * len(rows))
        by_chance = np.zeros(len(rows), np.bool_)
        by_chance[rng.choice(len(rows), count, replace=False)] = True
        together = np.zeros(len(rows), np.bool_)
        together[np.argsort(-(unit @ unit[int(rng.integers(len(rows)))]))[:count]] = True
        _tell(f"{share:g} by chance", index, queries, by_chance)
        _tell(f"{share:g} together", index, queries, together)


def _change(index: Index, new: Any, queries: Any) -> None:
    rng = np.random.default_rng(SEED)
    _tell("before the change", index, queries, None)
    started = time.perf_counter()
    index.delete(rng.choice(index.ids, len(new), replace=False))
    deleted = time.perf_counter()
    for start in range(0, len(new), 1000):
        index.add(new[start : start + 1000])
    added = time.perf_counter()
    print(
        f"{len(new)} rows: deleted in {deleted - started:.2f} s, added in {added - deleted:.1f} s", flush=True
    )
    index.wait_for_compaction()  # it may have begun by itself
    _tell("after it", index, queries, None)
    started = time.perf_counter()
    index.compact()
    print(f"compacted in {time.perf_counter() - started:.1f} s", flush=True)
    _tell("compacted", index, queries, None)


def _tell(what: str, index: Index, queries: Any, where: Any) -> None:
    (m,) = index.evaluate(queries, K, recalls=(0.95,), where=where)
    print(f"{what:18s} recall {m.recall:.4f}, p50 {m.p50_us:.0f} us, p95 {m.p95_us:.0f} us", flush=True)


if __name__ == "__main__":
    main()
