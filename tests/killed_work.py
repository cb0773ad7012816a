"""Work on a folder that is really killed, at each of its steps."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from tests.sounds import start

_FILES = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree", "fcntl.flock"}


def is_killed(work: Callable[..., object], *args: object, root: Path, point: int) -> bool:
    """Whether ``work(step, *args)`` in a process of its own came to its step of this number and was killed.

    Steps are what it does with files below ``root``, and its calls of ``step``.
    """
    process, _ = start(_count_down, work, args, str(root), point)
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def _count_down(
    _: Callable[[object], None], work: Callable[..., object], args: tuple[object, ...], root: str, left: int
) -> None:
    def step() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in _FILES and (not isinstance(arguments[0], str) or arguments[0].startswith(root)):
            step()

    sys.addaudithook(watch)
    work(step, *args)
