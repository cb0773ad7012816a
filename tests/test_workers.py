"""How the tests themselves are run: those of a file by one process, one that fails once more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from start import ONCE_MORE

pytest.importorskip("xdist")
ROOT = Path(__file__).resolve().parents[1]
CONFTEST = """
import pytest
from tests.workers import ByFile

def pytest_xdist_make_scheduler(config, log):
    return ByFile(config, log)
"""
FILE = """
import os, pathlib, pytest

@pytest.fixture(scope="module")
def shared():
    with pathlib.Path(__file__).with_suffix(".log").open("a") as log:
        log.write("set up\\n")

@pytest.mark.parametrize("i", range(8))
def test_it(i, shared):
    pass
"""


UNCERTAIN = """
import pathlib

def test_it():
    seen = pathlib.Path(__file__).with_suffix(".log")
    times = len(seen.read_text()) if seen.exists() else 0
    seen.write_text("x" * (times + 1))
    assert times == WANTED
"""


def run_tests(folder: Path, *options: object) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-n", 2, *options, "-p", "no:cacheprovider"]
    command += ["--rootdir", folder, folder]
    run = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True, check=False)
    return run.stdout + run.stderr


@pytest.mark.slow
def test_a_fixture_of_a_file_is_set_up_once(tmp_path: Path):
    (tmp_path / "conftest.py").write_text(CONFTEST)
    for i in range(4):
        (tmp_path / f"test_{i}.py").write_text(FILE)
    printed = run_tests(tmp_path)
    assert "32 passed" in printed, printed
    logs = sorted(tmp_path.glob("*.log"))
    assert [log.read_text().count("set up") for log in logs] == [1, 1, 1, 1]


@pytest.mark.slow
@pytest.mark.parametrize(("wanted", "counted"), [(1, "1 passed, 1 rerun"), (2, "1 failed, 1 rerun")])
def test_a_test_that_fails_is_tried_once_more_and_both_are_told(tmp_path: Path, wanted: int, counted: str):
    (tmp_path / "test_uncertain.py").write_text(UNCERTAIN.replace("WANTED", str(wanted)))
    printed = run_tests(tmp_path, *ONCE_MORE)
    assert counted in printed, printed
    assert f"assert 0 == {wanted}" in printed  # why it failed at first
