"""Waiting for what must come, instead of for a time; and telling how quick something is on a busy machine."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
# Where a test waits for what comes for sure: longer than a machine with much to do stands still.
PATIENCE_S = 180.0
_TURN_S = 0.02  # of the processor's time


def wait_for(condition: Callable[[], T | None], timeout_s: float = PATIENCE_S) -> T:
    """What ``condition`` gives as soon as that is true; it is asked again and again."""
    ends = time.monotonic() + timeout_s
    while time.monotonic() < ends:
        if found := condition():
            return found
        time.sleep(0.01)
    raise TimeoutError(condition.__qualname__)


def run_to_its_end(command: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program that prints line by line; one that prints nothing for ``PATIENCE_S`` hangs."""
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        lines = []
        assert process.stdout
        while True:
            hangs = threading.Timer(PATIENCE_S, process.kill)
            hangs.start()
            lines.append(process.stdout.readline())
            hangs.cancel()
            if not lines[-1]:
                break
        process.wait()
        errors.seek(0)
        return subprocess.CompletedProcess(command, process.returncode, "".join(lines), errors.read())


@contextlib.contextmanager
def machine_clock(rest_s: float = 0.0) -> Iterator[Callable[[], float]]:
    """A clock that goes only as fast as the machine works: on an idle one it tells the true seconds.

    A thread works for 20 ms of the processor's time and writes to the disk, turn by turn. However long a turn
    takes, it counts as twice that at the most: while the machine stands still or works for others, no time
    goes by, as nothing that a test looks at could have done better.

    Parameters
    ----------
    rest_s : between two turns, for what waits much longer than it works
    """
    seconds, before, through = 0.0, time.monotonic(), threading.Event()

    def go() -> None:
        nonlocal seconds, before
        with tempfile.TemporaryFile(buffering=0) as file:
            while not through.wait(rest_s):
                ends = time.thread_time() + _TURN_S
                while time.thread_time() < ends:
                    pass
                file.write(b"x")
                os.fsync(file.fileno())
                now = time.monotonic()
                seconds, before = seconds + min(now - before, 2 * (_TURN_S + rest_s)), now

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield lambda: seconds
    finally:
        through.set()
        thread.join()
