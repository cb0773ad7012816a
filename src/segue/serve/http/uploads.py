"""Who may upload, decided before anything of an upload is taken."""

from __future__ import annotations

from starlette.types import Scope

from segue.serve.http.clients import client_of
from segue.serve.http.limits import Levels, RateLimit, too_often
from segue.serve.http.slots import Slots

AT_ONCE, AT_ONCE_EACH = 8, 4  # uploads of a worker and of a client


class Uploads:
    """So many a minute of each client, and so many at a time."""

    def __init__(self, levels: Levels, name: str, a_minute: int) -> None:
        self._rate = RateLimit(levels, name, a_minute)
        self._slots = Slots("too many uploads at a time; try again in a moment", AT_ONCE, AT_ONCE_EACH)

    def admit(self, scope: Scope) -> None:
        """Let one begin.

        Raises
        ------
        ApiError
            429, 503
        """
        wait_s = self._rate.take(client_of(scope))
        if wait_s:
            raise too_often(wait_s, "too many uploads; try again in a moment")
        self._slots.take(scope)
