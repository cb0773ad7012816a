"""Those who follow long work: one that tells another process, and one that interferes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from segue.progress import Silent


class Telling(Silent):
    """Sends a word at each step, or without one how much is done."""

    def __init__(self, send: Callable[[Any], object], word: str | None = None) -> None:
        self._send = send
        self._word = word

    def advance(self, done: int, tally: str = "") -> None:
        self._send(self._word or done)


class Doing(Silent):
    """Does something once, after so many steps."""

    def __init__(self, after: int, act: Callable[[], object]) -> None:
        self._left = after
        self._act = act

    def advance(self, done: int, tally: str = "") -> None:
        self._left -= 1
        if self._left == 0:
            self._act()
