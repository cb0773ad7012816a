"""Connections that keep the service waiting, and many of them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
import uvicorn

from segue.serve.http import connections
from segue.serve.http.connections import Connections, LimitedProtocol
from tests.serve_process import serving
from tests.waiting import PATIENCE_S

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def hello(scope: dict, receive: Callable, send: Callable) -> None:
    """Three bytes, or ten million."""
    size = 10_000_000 if scope["path"] == "/much" else 3
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % size)]})
    await send({"type": "http.response.body", "body": bytes(size)})


@contextlib.asynccontextmanager
async def listening(most: int = 100, most_each: int = 100) -> AsyncIterator[int]:
    """A port where an application is served under short deadlines."""

    class Quick(LimitedProtocol):
        headers_s, body_s, send_s = 0.2, 0.2, 0.2
        shared = Connections(most, most_each)

    config = uvicorn.Config(hello, port=0, http=Quick, ws="none", lifespan="off", log_level="error")
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign]
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await task
    assert Quick.shared.n == 0
    assert not Quick.shared.waiting
    assert not Quick.shared.by_client


async def answer(port: int, request: bytes) -> bytes:
    """All that comes until the service closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), PATIENCE_S)
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (b"", b""), (b"GET / HT", b""), (b"\r\n", b""), (b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b""),
        (REQUEST[:-2] + b"Content-Length: 9\r\n\r\nabc", b"HTTP/1.1 200"),
        (REQUEST + b"GET / HT", b"HTTP/1.1 200"),
    ],
    ids=["nothing", "half a line", "an empty line", "half headers", "half a body", "half a second one"],
)  # fmt: skip
def test_who_begins_and_says_no_more_is_not_waited_for(request_: bytes, expected: bytes):
    async def ask() -> bytes:
        async with listening() as port:
            return await answer(port, request_)

    assert asyncio.run(ask())[:12] == expected


def test_who_takes_nothing_is_not_waited_for():
    async def ask() -> int:
        async with listening() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1000)
            writer.write(REQUEST.replace(b"/ ", b"/much "))
            await reader.readexactly(100)
            writer.transport.pause_reading()
            shared = LimitedProtocol.__subclasses__()[-1].shared
            while shared.n:
                await asyncio.sleep(0.01)
            writer.close()
            return shared.n

    assert asyncio.run(asyncio.wait_for(ask(), 60)) == 0


def test_headers_without_end_are_refused():
    async def ask() -> bytes:
        async with listening() as port:
            return await answer(port, b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000)

    assert asyncio.run(ask()).startswith(b"HTTP/1.1 431")


def test_a_newcomer_takes_the_place_of_who_waits():
    async def ask() -> list[bytes]:
        async with listening(most=8, most_each=4) as port:
            idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
            text = await answer(port, REQUEST.replace(b"Host", b"Connection: close\r\nHost"))
            ends = [await asyncio.wait_for(reader.read(), PATIENCE_S) for reader, _ in idle[:1]]
            for _, writer in idle:
                writer.close()
            return [text, *ends]

    text, end = asyncio.run(ask())
    assert text.startswith(b"HTTP/1.1 200")
    assert end == b""


class Waiting:
    """A connection as far as counting goes."""

    def __init__(self, shared: Connections, client: str) -> None:
        self.client_name, self.is_open, self._shared = client, True, shared

    def give_up(self) -> None:
        self.is_open = False
        self._shared.remove(self)


def test_clients_have_shares_and_those_at_work_stay():
    shared = Connections(5, 3, {"proxy"})
    first = [Waiting(shared, "a") for _ in range(3)]
    assert all(shared.add(one) for one in first)
    assert not shared.add(Waiting(shared, "a"))  # all three are at work
    shared.waits(first[1], waits=True)
    assert shared.add(Waiting(shared, "a"))
    assert [one.is_open for one in first] == [True, False, True]
    assert shared.add(Waiting(shared, "b"))
    assert shared.add(Waiting(shared, "b"))
    assert not shared.add(Waiting(shared, "c"))
    shared.waits(first[0], waits=True)
    assert shared.add(Waiting(shared, "proxy"))  # where there is no room at all, anybody's makes way
    assert not first[0].is_open


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no limit of files")
def test_a_thousand_half_requests_shut_nobody_out(scanned: Path):
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    try:
        with serving("-l", scanned, "serve", "--no-open", "--port", 0, "--password", "x") as server:
            port = int(server.address.rsplit(":", 1)[1])
            health = f"{server.address}/api/v1/health"  # by new connections: waiting ones may be closed
            with contextlib.ExitStack() as half:
                for _ in range(1100):
                    one = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
                    half.enter_context(one)
                    with contextlib.suppress(OSError):
                        one.sendall(b"GET /api/v1/health HTTP/1.1\r\nHost: ")
                assert httpx.get(health).json()["status"] == "ok"
            assert httpx.get(health).json()["status"] == "ok"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of files")
def test_connections_leave_files_for_the_rest(monkeypatch: pytest.MonkeyPatch):
    import resource

    for soft, most in ((1024, (412, 206)), (4096, (1948, 500)), (10**6, (2000, 500)), (64, (16, 8))):
        monkeypatch.setattr(resource, "getrlimit", lambda _, soft=soft: (soft, soft))
        assert connections.most_connections() == most
