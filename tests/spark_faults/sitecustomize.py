"""Python loads this first in Spark's workers: machines that die, and tasks that lag, where a test wants it.

A file in the folder SEGUE_TEST_FAULTS asks for one fault. ``before.parquet`` kills the machine, that is the
worker of Spark's with all that it started, when a file with this ending is to be put in its place,
``after.parquet`` once it is there, ``open.index`` when one is opened. ``lag.parquet`` makes a task wait until
another has put the same file there.
"""

import os
import signal
import sys
import time
from pathlib import Path

LAGS_S = 60.0


def fault(when: str, path: object) -> None:
    """What a test wants now, once."""
    name = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else ""
    kinds = [when, "lag"] if when == "before" else [when]
    for kind in kinds:
        wish = Path(os.environ["SEGUE_TEST_FAULTS"]) / f"{kind}{Path(name).suffix}"
        try:
            os.unlink(wish)  # noqa: PTH108 - of two tasks, one gets it
        except OSError:
            continue
        if kind == "lag":
            wait_for_another(name)
        else:
            kill_machine()


def wait_for_another(name: str) -> None:
    ends = time.monotonic() + LAGS_S
    while not os.path.exists(name) and time.monotonic() < ends:  # noqa: PTH110
        time.sleep(0.01)


def kill_machine() -> None:
    """This process, the daemon of Python, the executor and the worker of Spark's, the last first."""
    found, pid, machines = [os.getpid()], os.getppid(), 0
    while machines < 2:
        found.append(pid)
        status = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")
        machines += status[0].endswith("(java")
        pid = int(status[2].split()[1])
    for one in reversed(found):
        os.kill(one, signal.SIGKILL)


def watch_replacing() -> None:
    replace = os.replace

    def watched(source: str, target: str, **options: object) -> None:
        fault("before", target)
        replace(source, target, **options)
        fault("after", target)

    os.replace = watched


if os.environ.get("SEGUE_TEST_FAULTS"):
    watch_replacing()
    sys.addaudithook(lambda event, given: fault("open", given[0]) if event == "open" else None)
