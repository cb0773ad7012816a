"""How often Python looks for cycles among objects."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Iterator

_COLLECT_AFTER = 1_000_000  # objects made and not freed
_lock = threading.Lock()
_usual: list[tuple[int, int, int]] = []  # what held before, once for each who wants it seldom


@contextlib.contextmanager
def infrequent_gc() -> Iterator[None]:
    """Look for cycles seldom: rows are many and have none, and looking costs a fifth.

    Several threads may want so at the same time; after the last of them all is as before.
    """
    with _lock:
        _usual.append(_usual[0] if _usual else gc.get_threshold())
        gc.set_threshold(_COLLECT_AFTER, *_usual[0][1:])
    try:
        yield
    finally:
        with _lock:
            before = _usual.pop()
            if not _usual:
                gc.set_threshold(*before)
