"""What every request goes through: checks, limits, counts, headers; no error leaves with its trace."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from segue.errors import SegueError
from segue.serve.http.errors import ApiError, api_error
from segue.serve.http.limits import JSON_BYTES, RateLimit, limit_body
from segue.serve.http.metrics import Metrics
from segue.serve.http.security import HEADERS, POLICY, Guard, Headers, read_headers
from segue.serve.settings import MEGABYTE, Settings

log = logging.getLogger("segue.serve")
PREFIX = "/api/v1"
UPLOADS = ("/api/v1/clips", "/model/predict")


class ServiceMiddleware:
    """An ASGI application around another.

    Parameters
    ----------
    hot : answers by path, without the routing of the application
    """

    def __init__(
        self, app: ASGIApp, settings: Settings, guard: Guard, metrics: Metrics, hot: Mapping[str, ASGIApp]
    ) -> None:
        self._app, self._settings, self._guard = app, settings, guard
        self._metrics, self._hot = metrics, hot
        self._guesses = RateLimit(60)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        answer = _Sender(send)
        try:
            with contextlib.ExitStack() as endings:
                scope["segue.endings"] = endings
                await self._handle(scope, receive, answer)
        except asyncio.CancelledError:
            if not answer.status:
                raise
            # The service ends while an answer is on its way: a sound that nobody takes on, say.
        except ApiError as error:
            await answer.send_error(error, scope, receive)
        except SegueError as error:
            await answer.send_error(api_error(error, self._settings.library), scope, receive)
        except Exception:
            log.exception("%s %s", scope["method"], scope["path"])
            await answer.send_error(
                ApiError(500, "internal", "internal error; the service's log has the details"), scope, receive
            )
        finally:
            route = _route_of(scope)
            self._metrics.count(scope["method"], route, answer.status, time.perf_counter() - started)

    async def _handle(self, scope: Scope, receive: Receive, answer: _Sender) -> None:
        method, path = scope["method"], scope["path"]
        headers = read_headers(scope["headers"])
        self._authorize(method, path, headers, scope)
        if method in ("POST", "PUT", "PATCH", "DELETE"):
            upload = path in UPLOADS
            most = self._settings.upload_mb * MEGABYTE if upload else JSON_BYTES
            claimed = headers.get("content-length", "0")
            if claimed.isdigit() and int(claimed) > most:
                raise ApiError(
                    413, "too_large", f"{int(claimed) / 1e6:.1f} MB; at most {most / 1e6:g} MB are accepted"
                )
            if path not in self._hot:
                receive = limit_body(receive, most, self._settings.upload_s)
        if method == "HEAD":
            scope = {**scope, "method": "GET", "segue.head": True}
            answer.bare = True
        hot = self._hot.get(path) if method == "POST" and not scope["query_string"] else None
        await (hot or self._app)(scope, receive, answer)

    def _authorize(self, method: str, path: str, headers: Headers, scope: Scope) -> None:
        """Check a request; a client that guessed too many passwords has to wait."""
        client = scope["client"][0] if scope.get("client") else ""
        guess = self._settings.has_secret and "authorization" in headers
        if guess and self._guesses.is_exhausted(client):
            raise ApiError(
                429,
                "too_often",
                "too many wrong passwords; try again in a moment",
                headers={"retry-after": "60"},
            )
        try:
            self._guard.check(method, path, headers)
        except ApiError as error:
            if guess and error.status == 401:
                self._guesses.take(client)
            raise


class _Sender:
    """``send`` that adds headers and remembers the status."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.bare = False  # HEAD: no body

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message["headers"] = [*message.get("headers", ()), *HEADERS]
            if not any(name == b"content-security-policy" for name, _ in headers):
                headers.append((b"content-security-policy", POLICY))
        elif self.bare:
            message = {**message, "body": b""}
        await self._send(message)

    async def send_error(self, error: ApiError, scope: Scope, receive: Receive) -> None:
        if not self.status:  # nothing has been sent yet
            response = error.response(as_max=scope["path"].startswith("/model/"))
            await response(scope, receive, self)


def _route_of(scope: Scope) -> str:
    """The address with names in place of values; never a name that a client invented."""
    path: str | None = getattr(scope.get("route"), "path", None)
    if path is None:
        return "/rest" if scope["path"].startswith("/rest/") else "other"
    api = scope["path"].startswith(f"{PREFIX}/") and not path.startswith(PREFIX)
    return f"{PREFIX}{path}" if api else path
