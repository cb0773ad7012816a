"""What every request goes through: checks, limits, counts, headers; no error leaves with its trace."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from segue.errors import SegueError
from segue.serve.http.base_path import below_base_path
from segue.serve.http.callers import Caller
from segue.serve.http.clients import client_of
from segue.serve.http.compression import is_text, shorten
from segue.serve.http.cors import SAME_ORIGIN, Pairs, preflight_headers, sharing_headers
from segue.serve.http.errors import ApiError, api_error
from segue.serve.http.limits import JSON_BYTES, limit_body
from segue.serve.http.logins import Logins
from segue.serve.http.methods import Methods
from segue.serve.http.metrics import Metrics
from segue.serve.http.presence import Presence
from segue.serve.http.security import HEADERS, POLICY, Guard, Headers, read_headers
from segue.serve.http.uploads import Uploads
from segue.serve.settings import MEGABYTE, Settings

log = logging.getLogger("segue.serve")
PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True)
class Addresses:
    """What is at which address.

    Attributes
    ----------
    uploads : who may send large bodies, by path
    methods : of each address, where they are checked before anything else
    hot : answers by path, without the routing of the application
    """

    uploads: Mapping[str, Uploads]
    methods: Methods = field(default_factory=lambda: Methods((), ()))
    hot: Mapping[str, ASGIApp] = field(default_factory=dict)


class ServiceMiddleware:
    """An ASGI application around another.

    Parameters
    ----------
    presence : of the library, without which no address below ``PREFIX`` has an answer
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        guard: Guard,
        logins: Logins,
        metrics: Metrics,
        addresses: Addresses,
        presence: Presence | None = None,
    ) -> None:
        self._app, self._settings, self._guard, self._logins = app, settings, guard, logins
        self._metrics, self._addresses, self._presence = metrics, addresses, presence
        self._hot = addresses.hot

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        scope = below_base_path(scope, self._settings)
        answer = _Sender(scope["method"], send, scope.get("root_path", ""))
        try:
            with contextlib.ExitStack() as endings:
                scope["segue.endings"] = endings
                await self._handle(scope, receive, answer)
        except asyncio.CancelledError:  # the service ends while a body or an answer is on its way
            await answer.send_error(ApiError(503, "ending", "the service ends"), scope, receive)
        except ClientDisconnect:
            pass
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
        headers = answer.request_headers = read_headers(scope["headers"])
        answer.sharing = sharing_headers(self._settings, path, headers)
        preflight = preflight_headers(self._settings, method, path, headers)
        if not path or preflight is not None:
            self._guard.check_host(headers)
            answer.sharing += preflight or []
            bare = Response(status_code=204) if path else RedirectResponse("/", 308)
            await bare(scope, receive, answer)
            return
        if path not in self._hot or method != "POST":
            self._guard.check_host(headers)
            self._addresses.methods.check(method, path)
        scope["segue.caller"] = self._authorize(method, path, headers, scope)
        if self._presence and path.startswith(f"{PREFIX}/"):
            self._presence.check()
        if method in ("POST", "PUT", "PATCH", "DELETE"):
            receive = self._limit_body(scope, receive, headers)
        if method == "HEAD":
            scope = {**scope, "method": "GET", "segue.head": True}
            answer.bare = True
        hot = self._hot.get(path) if method == "POST" and not scope["query_string"] else None
        await (hot or self._app)(scope, receive, answer)

    def _authorize(self, method: str, path: str, headers: Headers, scope: Scope) -> Caller:
        """Check a request, and who sends it; a client that guessed too many passwords has to wait."""
        if "authorization" in headers and self._guard.needs_login():
            client = client_of(scope)
            self._logins.check("token", client)
            if self._guard.knows(headers["authorization"]):
                self._logins.right(client)
            else:
                self._logins.wrong("token", client)
        return self._guard.check(method, path, headers)

    def _limit_body(self, scope: Scope, receive: Receive, headers: Headers) -> Receive:
        uploads = self._addresses.uploads.get(scope["path"]) if scope["method"] == "POST" else None
        most = self._settings.upload_mb * MEGABYTE if uploads else JSON_BYTES
        claimed = headers.get("content-length", "")
        if claimed.isdigit() and int(claimed) > most:
            raise ApiError(
                413, "too_large", f"{int(claimed) / 1e6:.1f} MB; at most {most / 1e6:g} MB are accepted"
            )
        if uploads:
            uploads.admit(scope)
        if scope["path"] in self._hot and claimed:
            return receive  # the server takes no more than was claimed, nor longer than a body may take
        return limit_body(receive, most, self._settings.upload_s)


class _Sender:
    """``send`` that adds headers, shortens what the client need not get, and remembers the status."""

    def __init__(self, method: str, send: Send, base_path: str) -> None:
        self._method, self._send, self._base_path = method, send, base_path.encode()
        self._start: Message | None = None  # of an answer that waits for its body
        self.request_headers: Headers = {}
        self.sharing: Pairs = [SAME_ORIGIN]
        self.status = 0
        self.bare = False  # HEAD: no body

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if is_text(message):
                self._start = message
                return
            await self._send_start(message)
            return
        start, self._start = self._start, None
        if start is not None:
            if not message.get("more_body"):
                start, body = shorten(self._method, self.request_headers, start, message.get("body", b""))
                message, self.status = {**message, "body": body}, start["status"]
            await self._send_start(start)
        await self._send({**message, "body": b""} if self.bare else message)

    async def _send_start(self, start: Message) -> None:
        headers = [(name, self._place(name, value)) for name, value in start.get("headers", ())]
        headers += [*HEADERS, *self.sharing]
        if not any(name == b"content-security-policy" for name, _ in headers):
            headers.append((b"content-security-policy", POLICY))
        await self._send({**start, "headers": headers})

    def _place(self, name: bytes, value: bytes) -> bytes:
        """The value of a header, with addresses of this service as clients see them."""
        return self._base_path + value if name == b"location" and value.startswith(b"/") else value

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
