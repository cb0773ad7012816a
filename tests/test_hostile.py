"""Every reader of other people's bytes, with damaged files of each kind."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.waiting import run_to_its_end

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_no_reader_crashes_hangs_or_is_confused():
    command = [sys.executable, "-m", "benchmarks.hostile", "--inputs", "60"]
    ended = run_to_its_end(command, ROOT)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert len(ended.stdout.splitlines()) == 18, ended.stdout
