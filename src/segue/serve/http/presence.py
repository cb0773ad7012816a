"""Whether the library that was opened is still where it was."""

from __future__ import annotations

import time
from pathlib import Path

from segue.serve.http.errors import ApiError

_LOOK_EVERY_S = 0.5


class Presence:
    """Looks at a file now and then: open files go on working where their folder was moved away."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._first = self._now()
        self._looked_at, self._is_there = time.monotonic(), True

    def check(self) -> None:
        """Refuse to answer from a library that is not there any more.

        Raises
        ------
        ApiError
            503
        """
        if time.monotonic() - self._looked_at > _LOOK_EVERY_S or not self._is_there:
            self._looked_at, self._is_there = time.monotonic(), self._now() == self._first
        if not self._is_there:
            message = "the library was moved, or its disk is not there: bring it back, or start Segue again"
            raise ApiError(503, "library_gone", message, headers={"retry-after": "10"})

    def _now(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino
