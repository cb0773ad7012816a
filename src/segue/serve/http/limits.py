"""How much a client may send, and how often."""

from __future__ import annotations

import asyncio
import contextlib
import math
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from segue.serve.http.errors import ApiError

CLIENTS = 4096  # remembered
JSON_BYTES = 2_000_000
_PATIENCE_S = 2.0  # for another worker that counts

Level = tuple[float, float]
"""How many are left, and when that was, in s of the system's clock that only goes forward."""


class Levels(Protocol):
    """What is left of each limit to each client."""

    def get(self, name: str) -> Level | None: ...

    def set(self, name: str, level: Level) -> None: ...

    def changing(self) -> contextlib.AbstractContextManager[object]:
        """A block in which nobody else changes anything."""
        ...


class OwnLevels:
    """Those of one process."""

    def __init__(self) -> None:
        self._levels: OrderedDict[str, Level] = OrderedDict()

    def get(self, name: str) -> Level | None:
        return self._levels.get(name)

    def set(self, name: str, level: Level) -> None:
        self._levels[name] = level
        self._levels.move_to_end(name)
        if len(self._levels) > CLIENTS:
            self._levels.popitem(last=False)

    def changing(self) -> contextlib.AbstractContextManager[object]:
        return contextlib.nullcontext()


class SharedLevels:
    """Those of all workers of a service, in a file. Used in one thread."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None)
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("CREATE TABLE IF NOT EXISTS levels (name TEXT PRIMARY KEY, left REAL, at REAL)")

    def get(self, name: str) -> Level | None:
        row: Level | None = self._db.execute("SELECT left, at FROM levels WHERE name = ?", (name,)).fetchone()
        return row

    def set(self, name: str, level: Level) -> None:
        self._db.execute("REPLACE INTO levels VALUES (?, ?, ?)", (name, *level))
        oldest = "SELECT name FROM levels ORDER BY at DESC LIMIT -1 OFFSET ?"
        self._db.execute(f"DELETE FROM levels WHERE name IN ({oldest})", (CLIENTS,))

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            self._db.execute("COMMIT")


class RateLimit:
    """So many a minute of each client, at once or spread. Workers share it by its name."""

    def __init__(self, levels: Levels, name: str, a_minute: int) -> None:
        self._levels, self._name, self._a_minute = levels, name, a_minute

    def wait_s(self, client: str) -> float:
        """0 where it may go on, else the seconds until it may."""
        left = self._left(client)
        return 0.0 if left >= 1 else (1 - left) * 60 / self._a_minute

    def take(self, client: str) -> float:
        """The same; where it may go on, there is one less."""
        with self._levels.changing():
            wait_s = self.wait_s(client)
            if not wait_s:
                self._levels.set(f"{self._name} {client}", (self._left(client) - 1, time.monotonic()))
        return wait_s

    def _left(self, client: str) -> float:
        left, at = self._levels.get(f"{self._name} {client}") or (float(self._a_minute), time.monotonic())
        return min(self._a_minute, left + (time.monotonic() - at) * self._a_minute / 60)


def make_levels(scratch: str, workers: int) -> Levels:
    """What this process counts in: a file where there are other workers."""
    return SharedLevels(Path(scratch) / "limits.sqlite") if workers > 1 else OwnLevels()


def too_often(wait_s: float, message: str) -> ApiError:
    return ApiError(429, "too_often", message, headers={"retry-after": str(math.ceil(wait_s))})


def limit_body(receive: Receive, n_bytes: int, seconds: float) -> Receive:
    """``receive``, which refuses a body that is too large or too slow."""
    have, ends, is_whole = 0, time.monotonic() + seconds, False

    async def limited() -> Message:
        nonlocal have, is_whole
        if is_whole:  # what comes now is that the client has gone
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), max(0.0, ends - time.monotonic()))
        except TimeoutError:
            raise HTTPException(408, f"the request body did not arrive within {seconds:g} s") from None
        have += len(message.get("body", b""))
        is_whole = not message.get("more_body", False)
        if have > n_bytes:
            raise HTTPException(413, f"the request body is larger than {n_bytes / 1e6:g} MB")
        return message

    return limited
