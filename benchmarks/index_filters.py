"""Segue's index with filters and after changes, on synthetic vectors.

Filters: some rows qualify, chosen by chance or as those nearest to a point ("together", like the tracks of a
genre). Change: a fifth of the rows is deleted and as many others are added; measured before, just after, and
after the index was compacted. Both print recall@10 against exact search where ``recall=0.95`` is asked for,
and p50 and p95 of single queries, as ``Index.evaluate`` measures them. Beside it NumPy compares all rows that
qualify, on one thread, too: with the time to copy them side by side, and without.

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
from page_tables import Table, paragraph

from segue.index import Index

SHARES = (0.5, 0.1, 0.02, 0.001)
CHANGED = 0.2  # of the rows
K = 10
SEED = 2026
TRIED = 50  # queries of NumPy, all of which take alike


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
    paragraph(f"""
        {n} x {options.dim} bytes, cosine, {len(queries)} queries, a recall of 0.95 asked for. The rows that
        qualify are chosen by chance or lie together, as those of a genre do. NumPy compares all that
        qualify; it copies them side by side for each query, or once before. us a query, one thread; less
        is better.
    """)
    index = Index.build(rows)
    _filters(index, rows, queries)
    _change(index, new, queries)


def _filters(index: Index, rows: Any, queries: Any) -> None:
    rng = np.random.default_rng(SEED)
    table = Table(
        "rows that qualify", "recall", "p50, us", "p95, us", "NumPy p50, us", "copied before, us", first=18
    )
    unit = np.asarray(rows, np.float32)
    unit /= np.linalg.norm(unit, axis=1)[:, None]
    _tell(table, "all", index, queries, None, *[_by_numpy(unit, None, queries)] * 2)
    quicker = []
    for share in SHARES:
        count = int(share * len(rows))
        by_chance = np.zeros(len(rows), np.bool_)
        by_chance[rng.choice(len(rows), count, replace=False)] = True
        together = np.zeros(len(rows), np.bool_)
        together[np.argsort(-(unit @ unit[int(rng.integers(len(rows)))]))[:count]] = True
        for how, where in (("by chance", by_chance), ("together", together)):
            others = _by_numpy(unit, where, queries), _by_numpy(unit[where], None, queries)
            if others[0] < _tell(table, f"{share:g}, {how}", index, queries, where, *others):
                quicker.append(f"{share:g} {how}")
    paragraph(f"Where NumPy is quicker, even with the copying: {', '.join(quicker) or 'nowhere'}.")


def _change(index: Index, new: Any, queries: Any) -> None:
    rng = np.random.default_rng(SEED)
    table = Table("a fifth of the rows changes", "recall", "p50, us", "p95, us")
    _tell(table, "before", index, queries, None)
    started = time.perf_counter()
    index.delete(rng.choice(index.ids, len(new), replace=False))
    deleted = time.perf_counter()
    for start in range(0, len(new), 1000):
        index.add(new[start : start + 1000])
    added = time.perf_counter()
    index.wait_for_compaction()  # it may have begun by itself
    _tell(table, "after", index, queries, None)
    compacting = time.perf_counter()
    index.compact()
    compacted = time.perf_counter()
    _tell(table, "after `compact`", index, queries, None)
    paragraph(f"""
        {len(new)} rows were deleted in {deleted - started:.2f} s and as many added in {added - deleted:.1f}
        s; `compact` took {compacted - compacting:.1f} s.
    """)


def _tell(table: Table, what: str, index: Index, queries: Any, where: Any, *others_us: float) -> float:
    """Print a row; p50 in us."""
    (m,) = index.evaluate(queries, K, recalls=(0.95,), where=where)
    table.row(what, f"{m.recall:.3f}", *(f"{us:.0f}" for us in (m.p50_us, m.p95_us, *others_us)))
    return m.p50_us


def _by_numpy(unit: Any, where: Any, queries: Any) -> float:
    """Median us of a query that is compared with each of the rows of length 1 that ``where`` chooses."""
    times = []
    for query in queries[:TRIED]:
        started = time.perf_counter()
        scores = (unit if where is None else unit[where]) @ query.astype(np.float32)
        best = np.argpartition(scores, -K)[-K:]
        best[np.argsort(-scores[best])]
        times.append(time.perf_counter() - started)
    return float(np.median(times)) * 1e6


if __name__ == "__main__":
    main()
