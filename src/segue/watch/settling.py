"""Paths that something happened to, until nothing more happens to them: files may be half copied."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterable
from pathlib import Path

_State = tuple[int, int, int] | None


class Settling:
    """Changed paths, each of which is ready once it has stayed the same for ``settle_s``."""

    def __init__(self, settle_s: float) -> None:
        self._settle_s = settle_s
        self._pending: dict[str, tuple[_State, float]] = {}  # a state, and since when it has been that

    def note(self, paths: Iterable[str], *, later_s: float = 0.0) -> None:
        """Something happened to these; they are looked at no sooner than after ``later_s``."""
        since = time.monotonic() + later_s
        for path in paths:
            self._pending[path] = (_state(path), since)

    def take(self) -> set[str]:
        """Those that are ready; they are forgotten here."""
        now = time.monotonic()
        ready = set()
        for path, (state, since) in list(self._pending.items()):
            if now - since < self._settle_s:
                continue
            current = _state(path)
            if current == state:
                ready.add(path)
                del self._pending[path]
            else:
                self._pending[path] = (current, now)
        return ready

    def __contains__(self, path: object) -> bool:
        return path in self._pending


def _state(path: str) -> _State:
    """What changes while a file is written; nothing of a folder, whose files are looked at by themselves."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return None
    if stat.S_ISDIR(status.st_mode):
        return (0, 0, 0)
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
