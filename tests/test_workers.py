"""Tests of a file stay with one process, as they share fixtures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.slow
def test_a_fixture_of_a_file_is_set_up_once(tmp_path: Path):
    (tmp_path / "conftest.py").write_text(CONFTEST)
    for i in range(4):
        (tmp_path / f"test_{i}.py").write_text(FILE)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "2",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        tmp_path,
        tmp_path,
    ]
    run = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True, check=False)
    assert "32 passed" in run.stdout, run.stdout + run.stderr
    logs = sorted(tmp_path.glob("*.log"))
    assert [log.read_text().count("set up") for log in logs] == [1, 1, 1, 1]
