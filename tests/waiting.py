"""Waiting for what must come, instead of for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
# Where a test waits for what comes for sure: longer than a machine with much to do stands still.
PATIENCE_S = 180.0


def wait_for(condition: Callable[[], T | None], timeout_s: float = PATIENCE_S) -> T:
    """What ``condition`` gives as soon as that is true; it is asked again and again."""
    ends = time.monotonic() + timeout_s
    while time.monotonic() < ends:
        if found := condition():
            return found
        time.sleep(0.01)
    raise TimeoutError(condition.__qualname__)
