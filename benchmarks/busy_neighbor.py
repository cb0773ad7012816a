"""What a busy neighbor costs: questions and a fit with one thread of BLAS, as Segue takes, and with all.

Wall and processor time of the same work in turns, at first on the machine as it is, then beside a process for
each core that only counts.

Usage: python benchmarks/busy_neighbor.py [--tracks N] [--turns N]
"""

import argparse
import contextlib
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import numpy as np
from index_data import clustered
from page_tables import Table, paragraph

from segue.library import Library
from segue.library.verbs import OneBlasThread
from segue.sources.vectors import Vectors
from segue.views.view_index import ViewIndex

QUESTIONS = 50


def count() -> None:
    n = 0
    while True:
        n += 1


@contextlib.contextmanager
def neighbors(n: int) -> Iterator[None]:
    processes = [multiprocessing.Process(target=count, daemon=True) for _ in range(n)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


@contextlib.contextmanager
def all_threads() -> Iterator[None]:
    """BLAS as it comes."""
    nothing = {"__enter__": lambda self: None, "__exit__": lambda self, *exc: None}
    with patch.multiple(OneBlasThread, **nothing):
        yield


def measure(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of wall and of processor time."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def compare(table: Table, name: str, work: Callable[[], object], n_turns: int) -> None:
    turns = []
    for _ in range(n_turns):
        one = measure(work)
        with all_threads():
            turns.append((*one, *measure(work)))
    table.row(name, *(f"{ms:.0f}" for ms in np.median(turns, axis=0) * 1000))


def main(n: int, n_turns: int) -> None:
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder), create=True) as library:
        library.import_from(Vectors(clustered(n, 687, seed=1).astype(np.float32), transform="fitted"))
        ids = [track.id for track in library][:: n // QUESTIONS][:QUESTIONS]
        library.similar(ids[0])
        snapshot = library.snapshot()

        def ask() -> None:
            for track_id in ids:
                library.similar(track_id)

        def fit() -> None:
            with OneBlasThread():
                ViewIndex.build(snapshot, library.prior())

        paragraph(f"""
            {n} tracks, BLAS with one thread, as Segue sets it, and with all, as it comes; medians of
            {n_turns} turns in ms. Less is better.
        """)
        columns = "one thread: wall", "one thread: CPU", "all threads: wall", "all threads: CPU"
        table = Table("", *columns, first=50)
        for busy in (0, os.cpu_count() or 1):
            beside = f", beside {busy} busy processes" if busy else ""
            with neighbors(busy):
                compare(table, f"{QUESTIONS} questions{beside}", ask, n_turns)
                compare(table, f"fit and index{beside}", fit, n_turns)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    main(options.tracks, options.turns)
