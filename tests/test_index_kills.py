"""Saves that are killed leave the one version or the other; processes may end whatever they do."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from segue.index import Index
from tests.index_data import clustered
from tests.sounds import start

ROOT = Path(__file__).resolve().parents[1]
N, DIM = 800, 12


@pytest.fixture(scope="module")
def rows():
    return clustered(N, DIM, seed=1)[0]


@pytest.fixture(scope="module")
def versions(rows, tmp_path_factory):
    """Files of two indexes that can be told apart."""
    folder = tmp_path_factory.mktemp("versions")
    one = Index.build(rows).save(folder / "one.index")
    return one, Index.build(rows[100:], ids=np.arange(100, N) * 2, exact=False).save(folder / "two.index")


def save_for_ever(send, path, versions):
    indexes = [Index.open(version) for version in versions]
    send("begun")
    for index in itertools.cycle(indexes):
        index.save(path)
        send("saved")


def assert_one_of_two(index, rows):
    first = {N: 0, N - 100: 100}[len(index)]
    np.testing.assert_array_equal(index.vectors, rows[first:])
    assert index.ids.tolist() == (list(range(N)) if first == 0 else [2 * i for i in range(100, N)])
    assert index.exact == (first == 0)
    assert index.query(rows[-5:], 1)[0].ravel().tolist() == index.ids[-5:].tolist()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="a file that is mapped cannot be replaced there")
def test_a_save_killed_at_any_moment_leaves_the_one_version_or_the_other(rows, versions, tmp_path):
    path = Index.open(versions[0]).save(tmp_path / "x.index")
    chance, found, n_kills, n_halves = random.Random(3), set(), 0, 0
    while n_kills < 25 or (n_halves < 2 and n_kills < 400):  # some are to hit a file being written
        n_kills += 1
        process, receiver = start(save_for_ever, path, versions)
        assert receiver.recv() == "begun"
        began, saves = time.monotonic(), chance.randint(1, 4)
        for _ in range(saves):
            assert receiver.recv() == "saved"
        time.sleep(chance.uniform(0, (time.monotonic() - began) / saves))  # within the next one
        process.kill()
        process.join()
        index = Index.open(path)
        assert_one_of_two(index, rows)
        found.add(len(index))
        left = [part.name for part in tmp_path.iterdir() if part != path]
        assert all(name.startswith(".x.index.") and name.endswith(".part") for name in left)
        n_halves += len(left)
    assert len(found) == 2
    assert n_halves >= 2, "too few of the kills hit a file being written"
    Index.build(rows).save(path)
    assert list(tmp_path.iterdir()) == [path]  # what killed writers left is gone


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="a file that is mapped cannot be replaced there")
def test_a_file_that_is_replaced_all_the_time_can_be_opened(rows, versions, tmp_path):
    path = Index.open(versions[0]).save(tmp_path / "x.index")
    process, receiver = start(save_for_ever, path, versions)
    assert receiver.recv() == "begun"
    try:
        kept = [Index.open(path) for _ in range(60)]
        while {len(index) for index in kept} != {N, N - 100}:
            kept.append(Index.open(path))
    finally:
        process.kill()
        process.join()
    for index in kept:
        assert_one_of_two(index, rows)


@pytest.mark.slow
def test_a_process_may_end_while_lists_are_filled_in_the_background(tmp_path):
    code = (
        "import numpy\n"
        "from segue.index import Index\n"
        "rows = numpy.random.default_rng(0).standard_normal((9_000, 16)).astype(numpy.float32)\n"
        "index = Index.build(rows[:1_000], exact=False)\n"
        "while not index.is_compacting:\n"
        "    index.add(rows)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
