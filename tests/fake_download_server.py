"""A server of files on loopback that can misbehave."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.waiting import PATIENCE_S


class Publisher(ThreadingHTTPServer):
    """Serves files by name; attributes make it misbehave."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[str | None] = []  # the Range of each request
        self.stops: list[int] = []  # bytes after which each of the next answers ends
        self.knows_ranges = True
        self.offers_range: str | None = None  # instead of the true one
        self.tells_length = True
        self.stalls = False  # instead of ending an answer
        self.resumed = threading.Event()  # after a first request
        self.may_answer = threading.Event()
        self.may_answer.set()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is no error."""


class _Handler(BaseHTTPRequestHandler):
    server: Publisher

    def do_GET(self) -> None:
        self.server.may_answer.wait(PATIENCE_S)
        self.server.asked.append(self.headers["Range"])
        if len(self.server.asked) > 1:
            self.server.resumed.set()
        data = self.server.files.get(self.path[1:])
        if data is None:
            self.send_error(404)
            return
        start = self._start(len(data))
        if start is None:
            self.send_error(416)
            return
        if self.server.tells_length:
            self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        end = self.server.stops.pop(0) if self.server.stops else len(data)
        self.wfile.write(data[start:end])
        self.wfile.flush()
        if end < len(data) and self.server.stalls:
            self.server.resumed.wait(PATIENCE_S)  # the client gives up and asks again

    def _start(self, size: int) -> int | None:
        asked = self.headers["Range"]
        if not asked or not self.server.knows_ranges:
            self.send_response(200)
            return 0
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if start >= size:
            return None
        self.send_response(206)
        self.send_header("Content-Range", self.server.offers_range or f"bytes {start}-{size - 1}/{size}")
        return start

    def log_message(self, *arguments: object) -> None:
        pass
