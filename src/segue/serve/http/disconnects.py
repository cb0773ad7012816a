"""Work that nobody waits for any more is not done."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

_T = TypeVar("_T")


async def while_connected(request: Request, work: Coroutine[Any, Any, _T]) -> _T:
    """The result of ``work``, which is cancelled when the client leaves; a thread's that has not begun, too.

    Raises
    ------
    ClientDisconnect
    """
    task, disconnect = asyncio.ensure_future(work), asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait((task, disconnect), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()
        disconnect.cancel()
        await asyncio.wait((task, disconnect))  # no longer than it takes to cancel them: threads go on


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
