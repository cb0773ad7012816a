"""Memory that a service gives back: as much after a day as after an hour."""

from __future__ import annotations

import contextlib
import ctypes
import sys

# Numbers of glibc's malloc.h
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_ARENAS = 2  # the usual eight a core each keep what one thread needed once
_LARGE = 1 << 20  # bytes; a block as large as a decoded sound goes back to the system at once


def keep_memory_small() -> None:
    """Have glibc keep little of what was freed; without glibc, nothing is to be done."""
    for name, value in ((_ARENA_MAX, _ARENAS), (_MMAP_THRESHOLD, _LARGE), (_TRIM_THRESHOLD, _LARGE)):
        _call("mallopt", name, value)


def give_memory_back() -> None:
    """Return free pages between blocks that are in use, too, which takes some milliseconds."""
    _call("malloc_trim", 0)


def _call(function: str, *values: int) -> None:
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            getattr(ctypes.CDLL(None), function)(*values)
