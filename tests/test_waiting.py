"""What tests tell the time by."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.waiting import machine_clock, wait_for

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
