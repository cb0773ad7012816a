"""Wrong passwords and tokens, counted over all workers: guessing is slow, however many clients guess."""

from __future__ import annotations

import time
from typing import Literal

from segue.serve.http.limits import CLIENTS, Levels, RateLimit, too_often

Door = Literal["login", "token"]
OF_CLIENT: dict[Door, int] = {"login": 20, "token": 60}  # wrong ones a minute
OF_ALL = 120  # wrong ones a minute of all clients together
_KNOWN_S = 86_400.0  # that a client which was right is known for


class Logins:
    """Who may try a password or a token.

    A client that was right within the last day does not wait for what others get wrong.
    """

    def __init__(self, levels: Levels) -> None:
        self._levels = levels
        self._of_client = {door: RateLimit(levels, door, n) for door, n in OF_CLIENT.items()}
        self._of_all = RateLimit(levels, "wrong", OF_ALL)
        self._noted: dict[str, float] = {}

    def check(self, door: Door, client: str) -> None:
        """Refuse whoever has tried too often, before it is known whether this one is right.

        Raises
        ------
        ApiError
            429
        """
        wait_s = self._of_client[door].wait_s(client)
        if not wait_s and not self._is_known(client):
            wait_s = self._of_all.wait_s("")
        if wait_s:
            raise too_often(wait_s, "too many wrong passwords; try again in a moment")

    def wrong(self, door: Door, client: str) -> None:
        """Count a wrong one."""
        self._of_client[door].take(client)
        self._of_all.take("")

    def right(self, client: str) -> None:
        """Remember a client that was right."""
        now = time.monotonic()
        if now - self._noted.get(client, -_KNOWN_S) > _KNOWN_S / 2:
            if len(self._noted) >= CLIENTS:
                self._noted.clear()
            self._noted[client] = now
            self._levels.set(f"right {client}", (0.0, now))

    def _is_known(self, client: str) -> bool:
        _, at = self._levels.get(f"right {client}") or (0.0, -_KNOWN_S)
        return time.monotonic() - max(at, self._noted.get(client, -_KNOWN_S)) < _KNOWN_S
