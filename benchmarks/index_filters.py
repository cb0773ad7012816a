"""Segue's index with filters and after changes, on synthetic vectors of several kinds.

Filters: some rows qualify, chosen by chance or as those nearest to a point ("together", like the tracks of a
genre). Of the latter, queries are asked that lie near that point, and others as far from it as any. Each
query is asked with the filter and without, in turns, and of each the least CPU time counts; how many times as
long the median takes as that of the same queries without a filter is told, and what the first query of a
filter takes. Beside it NumPy compares all rows that qualify, on one thread, too.

Change: a fifth of the rows is deleted and as many others are added; measured before, just after, and after
the index was compacted, by ``Index.evaluate``. All print recall@10 against exact search where ``recall=0.95``
is asked for.

Usage: python benchmarks/index_filters.py [--rows N] [--dim N] [--queries N] [--folder DIR] [--kinds KIND...]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import index_data
import numpy as np
from numpy.typing import NDArray
from page_tables import Table, paragraph

from segue.index import Index

KINDS = ("clustered", "flat", "sheets", "heavy_tailed")
SHARES = (0.9, 0.5, 0.1, 0.03, 0.01, 0.001)
POINTS = 5  # for each of which filters are made
ASKED = 50  # times as many queries are made as are asked for each point: the nearest and the farthest of them
TURNS = 3
CHANGED = 0.2  # of the rows
K = 10
SEED = 2026


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "segue-index-benchmark")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS[:1])
    options = parser.parse_args()
    paragraph(f"""
        {options.rows} x {options.dim} bytes, cosine, a recall of 0.95 asked for, {options.queries} queries
        a line. The rows that qualify are chosen by chance, or lie together, as those of a genre do, near the
        queries or far from them. NumPy compares all that qualify and copies them side by side for each query.
        us of a processor; less is better.
    """)
    for kind in options.kinds:
        _kind(kind, options)


def _kind(kind: str, options: argparse.Namespace) -> None:
    n, more, asked = options.rows, int(CHANGED * options.rows), ASKED * options.queries // POINTS
    every = index_data.cached(
        options.folder,
        f"filters-{kind}-{n}-{options.dim}-{asked}",
        lambda: index_data.as_bytes(getattr(index_data, kind)(n + more + asked, options.dim, seed=SEED)),
    )
    # Rows that follow one another may be of one clip.
    every = np.array(every)[np.random.default_rng(SEED).permutation(len(every))]
    rows, new, queries = every[:n], every[n : n + more], every[n + more :]
    index = Index.build(rows)
    _filters(kind, index, rows, queries, options.queries // POINTS)
    if kind == options.kinds[0]:
        _change(index, new, queries[: options.queries])


def _filters(kind: str, index: Index, rows: Any, queries: Any, count: int) -> None:
    rng = np.random.default_rng(SEED)
    unit, asked = _unit(rows), _unit(queries)
    points = rng.choice(len(rows), POINTS, replace=False)
    columns = "recall", "p50, us", "p95, us", "times unfiltered", "first, us", "NumPy p50, us"
    table, slow = Table(f"{kind}: rows that qualify", *columns, first=24), []
    for share in SHARES:
        cases: dict[str, list[_Case]] = {"by chance": [], "near": [], "far": []}
        for point in points:
            by_chance, together = (np.zeros(len(rows), np.bool_) for _ in range(2))
            n_rows = max(K, int(share * len(rows)))
            by_chance[rng.choice(len(rows), n_rows, replace=False)] = True
            together[np.argsort(-(unit @ unit[point]))[:n_rows]] = True
            order = np.argsort(-(asked @ unit[point]))
            cases["by chance"].append(_measured(index, unit, by_chance, queries[:count]))
            cases["near"].append(_measured(index, unit, together, queries[order[:count]]))
            cases["far"].append(_measured(index, unit, together, queries[order[-count:]]))
        for how, measured in cases.items():
            ratio = _tell_case(table, f"{share:g}, {how}", measured)
            slow += [f"{share:g} {how}"] if ratio > 10 else []
    paragraph(f"More than 10 times as long as without a filter: {', '.join(slow) or 'nowhere'}.")


@dataclass(frozen=True)
class _Case:
    """What the queries of one filter took, us of a processor, and which share of the nearest they found."""

    filtered: NDArray[np.float64]
    unfiltered: NDArray[np.float64]
    by_numpy: NDArray[np.float64]
    first: float
    recall: float


def _measured(index: Index, unit: Any, where: Any, queries: Any) -> _Case:
    index.query(queries[0], K)
    first, _ = _timed(lambda: index.query(queries[0], K, where=where))
    truth = index.query(queries, K, where=where, recall=1)[1][:, -1:]
    times, found = np.full((3, len(queries)), np.inf), np.zeros((len(queries), K), np.float32)
    for _ in range(TURNS):
        for i, query in enumerate(queries):
            took, (_, found[i]) = _timed(lambda query=query: index.query(query, K, where=where))
            times[0, i] = min(times[0, i], took)
        for i, query in enumerate(queries):
            times[1, i] = min(times[1, i], _timed(lambda query=query: index.query(query, K))[0])
        for i, query in enumerate(queries):
            times[2, i] = min(times[2, i], _timed(lambda query=query: _by_numpy(unit, where, query))[0])
    return _Case(times[0], times[1], times[2], first, float((found <= truth * (1 + 1e-5) + 1e-6).mean()))


def _timed(ask: Callable[[], Any]) -> tuple[float, Any]:
    started = time.thread_time()
    answer = ask()
    return 1e6 * (time.thread_time() - started), answer


def _tell_case(table: Table, what: str, cases: list[_Case]) -> float:
    """Print a row; how many times as long as without the filter the median takes."""
    filtered = np.concatenate([case.filtered for case in cases])
    p50, p95 = np.quantile(filtered, [0.5, 0.95])
    ratio = float(p50 / np.median(np.concatenate([case.unfiltered for case in cases])))
    recall, first = np.mean([case.recall for case in cases]), np.median([case.first for case in cases])
    by_numpy = np.median(np.concatenate([case.by_numpy for case in cases]))
    numbers = f"{p50:.0f}", f"{p95:.0f}", f"{ratio:.1f}", f"{first:.0f}", f"{by_numpy:.0f}"
    table.row(what, f"{recall:.3f}", *numbers)
    return ratio


def _unit(rows: Any) -> Any:
    wide = np.asarray(rows, np.float32)
    return wide / np.linalg.norm(wide, axis=1)[:, None]


def _change(index: Index, new: Any, queries: Any) -> None:
    rng = np.random.default_rng(SEED)
    table = Table("a fifth of the rows changes", "recall", "p50, us", "p95, us")
    _tell(table, "before", index, queries)
    started = time.perf_counter()
    index.delete(rng.choice(index.ids, len(new), replace=False))
    deleted = time.perf_counter()
    for start in range(0, len(new), 1000):
        index.add(new[start : start + 1000])
    added = time.perf_counter()
    index.wait_for_compaction()  # it may have begun by itself
    _tell(table, "after", index, queries)
    compacting = time.perf_counter()
    index.compact()
    compacted = time.perf_counter()
    _tell(table, "after `compact`", index, queries)
    paragraph(f"""
        {len(new)} rows were deleted in {deleted - started:.2f} s and as many added in {added - deleted:.1f}
        s; `compact` took {compacted - compacting:.1f} s.
    """)


def _tell(table: Table, what: str, index: Index, queries: Any) -> None:
    """Print a row."""
    (m,) = index.evaluate(queries, K, recalls=(0.95,))
    table.row(what, f"{m.recall:.3f}", f"{m.p50_us:.0f}", f"{m.p95_us:.0f}")


def _by_numpy(unit: Any, where: Any, query: Any) -> Any:
    """The best of the rows of length 1 that ``where`` chooses."""
    scores = unit[where] @ query.astype(np.float32)
    best = np.argpartition(scores, -K)[-K:]
    return best[np.argsort(-scores[best])]


if __name__ == "__main__":
    main()
