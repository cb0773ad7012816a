"""Waiting for what must come, instead of for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(condition: Callable[[], T | None], timeout_s: float = 60.0) -> T:
    """What ``condition`` gives as soon as that is true; it is asked again and again."""
    ends = time.monotonic() + timeout_s
    while time.monotonic() < ends:
        if found := condition():
            return found
        time.sleep(0.01)
    raise TimeoutError(condition.__qualname__)
