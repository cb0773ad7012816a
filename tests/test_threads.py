"""BLAS takes one thread wherever a library is asked or filled, and afterwards as many as before."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

import faiss
import numpy as np
import pytest
import soundfile
from threadpoolctl import ThreadpoolController, threadpool_limits

import segue
from segue.library import Library
from segue.library.verbs import OneBlasThread
from segue.sources.vectors import Vectors
from tests.conftest import SR, tone

HOME = Path(segue.__file__).parent
WITH_PRODUCTS = ("views/", "index/", "embed/", "cluster/", "map/")
A, B = "Low number 0", "High number 0"
CALLS: dict[str, Callable[[Library, Path], object]] = {
    "similar": lambda library, _: library.similar(A),
    "similar to a file": lambda library, folder: library.similar(folder / "outside.wav"),
    "similar_to_vector": lambda library, _: library.similar_to_vector(np.ones(16, np.float32)),
    "playlist": lambda library, _: library.playlist([A, B], k=3),
    "radio": lambda library, _: library.radio(A, k=3),
    "journey": lambda library, _: library.journey(A, B, k=3),
    "explain": lambda library, _: library.explain(A, B),
    "matrix": lambda library, _: library.matrix([A, B]),
    "map": lambda library, _: library.map(),
    "evaluate": lambda library, _: library.evaluate(by="artist"),
    "find_clusters": lambda library, _: library.find_clusters(3),
    "view_index": lambda library, _: library.view_index(),
    "scan": lambda library, folder: library.scan(folder),
    "import_from": lambda library, _: library.import_from(
        Vectors(np.ones((3, 8), np.float32) * np.arange(1, 4)[:, None])
    ),
}


class Watch:
    """How many threads BLAS has whenever a function that multiplies may be called."""

    def __init__(self) -> None:
        self._blas = ThreadpoolController().select(user_api="blas")
        self.seen: dict[str, int] = {}

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and HOME in path.parents:
            name = path.relative_to(HOME).as_posix()
            if name.startswith(WITH_PRODUCTS):
                self.seen[name] = max(self.seen.get(name, 0), self.threads())

    def threads(self) -> int:
        """Of NumPy's BLAS; that of Faiss counts for each thread of its own."""
        return max(part["num_threads"] for part in self._blas.info() if "numpy" in part["filepath"])

    def __enter__(self) -> Watch:
        threading.setprofile(self)
        sys.setprofile(self)
        return self

    def __exit__(self, *exc: object) -> None:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]


@pytest.fixture
def alive() -> Iterator[ThreadPoolExecutor]:
    """A thread that goes on living after each of its calls, as those of a service do."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture
def two_threads() -> Iterator[None]:
    with ThreadpoolController().limit(limits=2, user_api="blas"):
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("call", CALLS)
def test_a_call_takes_one_thread_of_blas(call: str, scanned: Path, tmp_path: Path):
    soundfile.write(tmp_path / "outside.wav", tone(440), SR)
    shutil.copytree(scanned, tmp_path / "library")  # some of the calls write
    with Library.open(tmp_path / "library") as library, Watch() as watch:
        CALLS[call](library, tmp_path)
    assert watch.seen
    assert set(watch.seen.values()) == {1}, watch.seen
    assert watch.threads() == 2


@pytest.mark.usefixtures("two_threads")
def test_calls_that_overlap_leave_as_many_threads_as_before():
    watch, first, second = Watch(), OneBlasThread(), OneBlasThread()
    first.__enter__()
    second.__enter__()
    first.__exit__()
    assert watch.threads() == 1
    second.__exit__()
    assert watch.threads() == 2


@pytest.mark.usefixtures("two_threads")
def test_another_thread_may_leave_last_and_then_live_on(alive: ThreadPoolExecutor):
    watch, first, second = Watch(), OneBlasThread(), OneBlasThread()
    alive.submit(first.__enter__).result()
    second.__enter__()
    alive.submit(first.__exit__).result()
    assert watch.threads() == 1
    second.__exit__()
    assert watch.threads() == 2


@pytest.mark.usefixtures("two_threads")
def test_a_thread_that_set_the_number_and_lives_on_does_not_decide_it(alive: ThreadPoolExecutor):
    watch = Watch()
    alive.submit(threadpool_limits, 2, "blas").result()
    with OneBlasThread():
        assert watch.threads() == 1
    assert watch.threads() == 2


def test_each_thread_gets_its_own_number_of_openmp_back(alive: ThreadPoolExecutor):
    """Faiss's BLAS counts by the thread that calls it, and so does Faiss."""
    inside, second = OneBlasThread(), OneBlasThread()
    alive.submit(faiss.omp_set_num_threads, 3).result()
    faiss.omp_set_num_threads(2)
    alive.submit(inside.__enter__).result()
    second.__enter__()
    assert (faiss.omp_get_max_threads(), alive.submit(faiss.omp_get_max_threads).result()) == (1, 1)
    alive.submit(inside.__exit__).result()
    second.__exit__()
    assert (faiss.omp_get_max_threads(), alive.submit(faiss.omp_get_max_threads).result()) == (2, 3)
    faiss.omp_set_num_threads(1)


def test_one_thread_stays_one():
    with ThreadpoolController().limit(limits=1, user_api="blas"):
        watch = Watch()
        with OneBlasThread():
            assert watch.threads() == 1
        assert watch.threads() == 1


def test_the_command_begins_with_one_thread_unless_told_otherwise():
    code = "import os, sys, segue.cli; sys.argv = ['segue', '--version']\ntry: segue.cli.main()\n"
    code += "except SystemExit: print(os.environ['OPENBLAS_NUM_THREADS'])"
    inherited = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    for environment, expected in ((inherited, "1"), ({**inherited, "OPENBLAS_NUM_THREADS": "4"}, "4")):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
        )
        assert done.stdout.split()[-1] == expected
