"""How much a client may send, and how often."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

_CLIENTS = 4096  # remembered
JSON_BYTES = 2_000_000


class RateLimit:
    """So many a minute of each client, at once or spread."""

    def __init__(self, a_minute: int) -> None:
        self._a_minute = a_minute
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def is_exhausted(self, client: str) -> bool:
        """Whether it has to wait."""
        return self._now(client) < 1

    def _now(self, client: str) -> float:
        left, at = self._left.get(client, (float(self._a_minute), time.monotonic()))
        return min(self._a_minute, left + (time.monotonic() - at) * self._a_minute / 60)

    def take(self, client: str) -> float:
        """0 where it may go on, else the seconds until it may."""
        left, now = self._now(client), time.monotonic()
        self._left.pop(client, None)
        allowed = left >= 1
        self._left[client] = (left - 1 if allowed else left, now)
        if len(self._left) > _CLIENTS:
            self._left.popitem(last=False)
        return 0.0 if allowed else (1 - left) * 60 / self._a_minute


def limit_body(receive: Receive, n_bytes: int, seconds: float) -> Receive:
    """``receive``, which refuses a body that is too large or too slow."""
    have, ends = 0, time.monotonic() + seconds

    async def limited() -> Message:
        nonlocal have
        try:
            message = await asyncio.wait_for(receive(), max(0.0, ends - time.monotonic()))
        except TimeoutError:
            raise HTTPException(408, f"the request body did not arrive within {seconds:g} s") from None
        have += len(message.get("body", b""))
        if have > n_bytes:
            raise HTTPException(413, f"the request body is larger than {n_bytes / 1e6:g} MB")
        return message

    return limited
