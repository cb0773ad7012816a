"""Connections of clients: how many there may be, and how long one may wait for the other side.

uvicorn's protocol has no limits of this kind. Here, a connection that waits for a request's headers, or for
the next request, makes way for a new one where there are many; so nobody who only opens connections keeps
others out.
"""

from __future__ import annotations

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Collection
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from segue.serve.http.clients import name_client

HEADER_BYTES = 1 << 16
SEND_BUFFER = 1 << 18  # bytes that the system keeps for a client that does not take them
MOST, MOST_EACH = 2000, 500  # connections of a worker and of a client, where files allow
_FILES_A_CONNECTION, _OTHER_FILES = 2, 200
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 5\r\ncontent-length: 0\r\n\r\n"
)
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
MOST_FILES = 65_536


def raise_file_limit() -> None:
    """Let this process and its workers have as many files open as the system allows, up to 65 536."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def most_connections() -> tuple[int, int]:
    """Of a worker and of a client: each may need a file beside its own."""
    try:
        import resource
    except ImportError:
        return MOST, MOST_EACH
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    files = MOST_FILES if soft == resource.RLIM_INFINITY else soft
    most = max(16, min(MOST, (files - _OTHER_FILES) // _FILES_A_CONNECTION))
    return most, min(MOST_EACH, most // 2)


class Connections:
    """All connections of a worker.

    Attributes
    ----------
    n : how many there are
    by_client : how many each client has
    waiting : those that wait for a request, in the order in which they began to
    """

    def __init__(self, most: int, most_each: int, proxies: Collection[str] = ()) -> None:
        self._most, self._most_each, self._proxies = most, most_each, proxies
        self.n = 0
        self.by_client: dict[str, int] = {}
        self.waiting: OrderedDict[LimitedProtocol, None] = OrderedDict()

    def add(self, connection: LimitedProtocol) -> bool:
        """Whether there is room for another, which may take the place of one that waits."""
        client = connection.client_name
        each = self._most if client in self._proxies else self._most_each
        while self.n >= self._most or self.by_client.get(client, 0) >= each:
            of = client if self.n < self._most else None
            oldest = next((one for one in self.waiting if of in (None, one.client_name)), None)
            if oldest is None:
                return False
            oldest.give_up()
        self.n += 1
        self.by_client[client] = self.by_client.get(client, 0) + 1
        return True

    def remove(self, connection: LimitedProtocol) -> None:
        self.waiting.pop(connection, None)
        self.n -= 1
        left = self.by_client[connection.client_name] - 1
        if left:
            self.by_client[connection.client_name] = left
        else:
            del self.by_client[connection.client_name]

    def waits(self, connection: LimitedProtocol, *, waits: bool) -> None:
        """Note whether a connection waits for a request."""
        self.waiting.pop(connection, None)
        if waits:
            self.waiting[connection] = None


class LimitedProtocol(HttpToolsProtocol):
    """One connection, with deadlines for headers, bodies and answers."""

    headers_s = 10.0  # until a request's headers are there
    body_s = 75.0  # until its body is there, whatever the application does about it
    send_s = 600.0  # that a client may take nothing of an answer: a listener pauses
    shared: Connections | None = None  # of this process

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.client_name = ""
        self._is_counted = False
        self._in_headers = True
        self._header_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._send_deadline: asyncio.TimerHandle | None = None

    def _connections(self) -> Connections:
        cls = type(self)
        if cls.shared is None:
            named = self.config.forwarded_allow_ips or ""
            proxies = named.split(",") if isinstance(named, str) else named
            cls.shared = Connections(*most_connections(), set(map(name_client, proxies)))
        return cls.shared

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.client_name = name_client(self.client[0]) if self.client else ""
        self._is_counted = self._connections().add(self)
        if not self._is_counted:
            transport.write(_BUSY)
            transport.close()
            return
        own = transport.get_extra_info("socket")
        if own is not None:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self._connections().waits(self, waits=True)
        self._expect(self.headers_s)

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect(None)
        self._expect_reading(None)
        self.give_back()
        super().connection_lost(exc)

    def give_back(self) -> None:
        """Count this connection no more."""
        if self._is_counted:
            self._is_counted = False
            self._connections().remove(self)

    def give_up(self) -> None:
        """Make way for another connection."""
        self.give_back()
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._in_headers:
            self._header_bytes += len(data)
            if self._deadline is None:  # the first of the next request
                self._expect(self.headers_s)
        super().data_received(data)
        if self._in_headers and self._header_bytes > HEADER_BYTES and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["segue.abort"] = self.transport.abort  # type: ignore[typeddict-unknown-key]
        self._in_headers = True
        if self._deadline is None:
            self._expect(self.headers_s)

    def on_headers_complete(self) -> None:
        self._in_headers, self._header_bytes = False, 0
        self._connections().waits(self, waits=False)
        self._expect(self.body_s)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._expect(None)
        self._in_headers = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_counted and (self.cycle is None or self.cycle.response_complete):
            self._connections().waits(self, waits=True)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_reading(self.send_s)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._expect_reading(None)

    def _expect(self, seconds: float | None) -> None:
        """End the connection where nothing comes in time."""
        if self._deadline is not None:
            self._deadline.cancel()
        late = self.transport.abort
        self._deadline = None if seconds is None else self.loop.call_later(seconds, late)

    def _expect_reading(self, seconds: float | None) -> None:
        if self._send_deadline is not None:
            self._send_deadline.cancel()
        late = self.transport.abort
        self._send_deadline = None if seconds is None else self.loop.call_later(seconds, late)
