"""Scarce things that several clients want at the same time, each with a share of them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from starlette.requests import Request
from starlette.types import Scope

from segue.serve.http.clients import client_of
from segue.serve.http.errors import ApiError

STALLED_S = 10.0  # after which a reader that takes nothing makes way for another
_LOOK_EVERY_S = 0.5  # for one that stalls


@dataclass(eq=False, slots=True)
class Slot:
    """One that is taken; ``stalled_at`` is set while its client takes nothing."""

    client: str
    abort: Callable[[], None] = field(repr=False)
    stalled_at: float | None = None


class Slots:
    """At most so many at a time, and so many of one client. Used in the event loop's thread only.

    A slot is given back when its request ends, however it ends: the middleware sees to that.
    """

    def __init__(self, message: str, most: int, share: int) -> None:
        self._message, self._most, self._share = message, most, share
        self._taken: dict[Slot, None] = {}
        self._change = asyncio.Event()

    def __len__(self) -> int:
        return len(self._taken)

    def take(self, scope: Scope) -> Slot:
        """A slot until the request ends.

        Raises
        ------
        ApiError
            503, where all are taken.
        """
        client = client_of(scope)
        if not self._has_room(client):
            raise ApiError(503, "busy", self._message, headers={"retry-after": "5"})
        slot = Slot(client, partial(abort, scope))
        self._taken[slot] = None
        at_end(scope, lambda: self._give_back(slot))
        return slot

    async def wait(self, request: Request, patience_s: float) -> Slot:
        """The same, for which others may have to end, or one that stalls to make way.

        Raises
        ------
        ApiError
        """
        client, waited_s = client_of(request.scope), 0.0
        while not self._has_room(client) and waited_s < patience_s:
            if await request.is_disconnected():
                break
            self._end_longest_stalled(client)
            self._change.clear()
            began = time.monotonic()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._change.wait(), _LOOK_EVERY_S)
            # The time in which a machine stands still is nobody's to wait.
            waited_s += min(time.monotonic() - began, _LOOK_EVERY_S)
        return self.take(request.scope)

    def _has_room(self, client: str) -> bool:
        return len(self._taken) < self._most and len(self._own(client)) < self._share

    def _own(self, client: str) -> list[Slot]:
        return [slot for slot in self._taken if slot.client == client]

    def _end_longest_stalled(self, client: str) -> None:
        own = self._own(client)
        among = own if len(own) >= self._share else self._taken
        stalled = [(slot.stalled_at, slot) for slot in among if slot.stalled_at is not None]
        since, slot = min(stalled, key=lambda pair: pair[0], default=(time.monotonic(), None))
        if slot is not None and time.monotonic() - since >= STALLED_S:
            slot.abort()

    def _give_back(self, slot: Slot) -> None:
        self._taken.pop(slot, None)
        self._change.set()


def at_end(scope: Scope, work: Callable[[], object]) -> None:
    """Have the middleware do something when a request is over, also where its answer never began."""
    endings: contextlib.ExitStack = scope["segue.endings"]
    endings.callback(work)


def abort(scope: Scope) -> None:
    """End a request's connection at once, where the server lets us."""
    end = scope.get("segue.abort")
    if end is not None:
        end()
