"""What tests tell the time by."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import waiting
from tests.waiting import machine_clock, run_to_its_end, wait_for

STOPPED_S = 0.3
CHILD = """
import sys, time
from tests.waiting import machine_clock
began = time.monotonic()
with machine_clock() as elapsed:
    print("going", flush=True)
    sys.stdin.readline()
    print(time.monotonic() - began, elapsed())
"""


def test_what_a_program_prints_is_kept_with_its_code(tmp_path: Path):
    program = "import sys; print('one'); print('two'); print('wrong', file=sys.stderr); sys.exit(3)"
    ended = run_to_its_end([sys.executable, "-c", program], tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "one\ntwo\n", "wrong\n")


def test_a_program_that_says_nothing_any_more_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(waiting, "PATIENCE_S", 0.2)
    program = "import threading; print('one', flush=True); threading.Event().wait()"
    assert run_to_its_end([sys.executable, "-c", program], tmp_path).returncode != 0


def test_the_clock_of_the_machine_never_runs_ahead():
    began = time.monotonic()
    with machine_clock() as elapsed:
        wait_for(lambda: elapsed() > 0.05)
        told = elapsed()
        assert told <= time.monotonic() - began


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_the_clock_stands_while_the_machine_does():
    command, paths = [sys.executable, "-c", CHILD], os.pathsep.join(sys.path)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env=os.environ | {"PYTHONPATH": paths}, **pipes) as child:
        assert child.stdout.readline() == "going\n"
        child.send_signal(signal.SIGSTOP)
        ends = time.monotonic() + STOPPED_S
        wait_for(lambda: time.monotonic() > ends)
        child.send_signal(signal.SIGCONT)
        true_s, told_s = map(float, child.communicate("\n")[0].split())
    assert told_s < true_s - STOPPED_S + 0.05
