"""Memory of a process, as Linux tells of it; 0 elsewhere."""

from __future__ import annotations

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


class Peak:
    """The most anonymous memory of a process while the block runs; ``bytes`` says how much."""

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
            self.bytes = max(self.bytes, memory("Anonymous", self._process))
