"""Memory of a process, as Linux tells of it; 0 elsewhere."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

EVERY_S = 0.2


def memory(kind: str, process: int | str = "self") -> int:
    """Bytes of all mappings together: "Anonymous" has no file behind it, "Pss" shares what is shared."""
    rollup = Path(f"/proc/{process}/smaps_rollup")
    try:
        lines = rollup.read_text().splitlines()
    except OSError:  # another system, or a process that has ended
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{kind}:"))


def family(process: int | str) -> list[int | str]:
    """A process, and those that it has started."""
    number = os.getpid() if process == "self" else process
    found: list[str] = []
    for children in Path(f"/proc/{number}/task").glob("*/children"):  # each thread has its own
        with contextlib.suppress(OSError):
            found += children.read_text().split()
    return [process, *(one for child in found for one in family(child))]


class Peak:
    """The most anonymous memory of a process and its children while the block runs, in ``bytes``."""

    def __init__(self, process: int | str = "self") -> None:
        self._process = process
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.bytes = 0

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(EVERY_S):
            self.bytes = max(self.bytes, sum(memory("Anonymous", one) for one in family(self._process)))
