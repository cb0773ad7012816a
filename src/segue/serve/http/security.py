"""Who may use the service: host names, pages of other sites, passwords, cookies, tokens."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from segue.advice import command
from segue.serve.http.cors import is_named
from segue.serve.http.errors import ApiError
from segue.serve.settings import LOOPBACK, Settings

COOKIE = "segue_session"
SESSION_S = 30 * 86_400
_ONCE = (b"host", b"origin", b"authorization", b"content-type", b"sec-fetch-site")
_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
_OPEN = ("/assets/", "/rest/")  # the player's own files; and what has a login of its own
_OPEN_PAGES = frozenset(("/", "/api/v1/session", "/api/v1/health", "/favicon.ico", "/rest"))

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"microphone=(self), camera=(), geolocation=()"),
)
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    b"media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
    b"worker-src 'self' blob:; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
PLAIN_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"

Headers = Mapping[str, str]


def read_headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by their names.

    Raises
    ------
    ApiError
        Where one that decides who may do what comes twice: a proxy may have looked at the other.
    """
    pairs = list(pairs)
    names = [name for name, _ in pairs]
    for name in _ONCE:
        if names.count(name) > 1:
            raise ApiError(400, "bad_request", f"the header {name.decode()} came more than once")
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}


class Guard:
    """Lets requests in or raises ``ApiError``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._key = hashlib.sha256(settings.secret.encode()).digest()
        names = {name for name in (*LOOPBACK, settings.host, *map(_name_of, settings.hosts)) if name}
        # Whoever binds beyond loopback has a password, which a page of another name does not get at.
        self._names = names if settings.on_loopback or settings.hosts else None

    def check(self, method: str, path: str, headers: Headers) -> None:
        """Refuse what a stranger, or a stranger's page in this user's browser, might send.

        Raises
        ------
        ApiError
        """
        self.check_host(headers)
        acts = method not in _SAFE or (path.startswith("/rest/") and self._is_known_by_browser(headers))
        if acts and not is_named(self._settings, path, headers):
            self._check_origin(method, path, headers)
        if self._settings.has_secret and not self._is_open(method, path) and not self.is_logged_in(headers):
            raise ApiError(401, "login_needed", "log in first, with a password or a token")

    def _is_known_by_browser(self, headers: Headers) -> bool:
        """Whether a request needs nothing but what a browser adds on its own: any page can have it sent."""
        return not self._settings.has_secret or "cookie" in headers

    def check_host(self, headers: Headers) -> None:
        """The name by which we were called must be ours: another site's name may point here."""
        name = _name_of(headers.get("host", ""))
        if self._names is not None and name not in self._names:
            serve = "serve" if self._settings.library else "max-serve"
            allow = command(f"{serve} --allow-host NAME")
            raise ApiError(
                403, "host_not_allowed", f"this service is not called {name!r}; to allow a name: {allow}"
            )

    def _check_origin(self, method: str, path: str, headers: Headers) -> None:
        site = headers.get("sec-fetch-site", "none").strip().lower()
        origin = headers.get("origin")
        # A page at another port of this machine is of the same site, but it is not ours.
        ours = origin is None or _authority(origin) == headers.get("host", "").lower()
        if site not in ("same-origin", "none") or not ours:
            raise ApiError(403, "other_site", "a page of another site sent this request")
        if method == "DELETE" or not path.startswith("/api/"):
            return  # no form of another site can send it; and there is nothing to change
        kind = headers.get("content-type", "").split(";")[0].strip().lower()
        simple = kind in ("", "multipart/form-data", "application/x-www-form-urlencoded", "text/plain")
        # What a form of another site can send, no form of another site can send with this header.
        if simple and "x-segue" not in headers and "authorization" not in headers:
            raise ApiError(
                403, "header_needed", "send Content-Type: application/json, or the header X-Segue: 1"
            )

    def _is_open(self, method: str, path: str) -> bool:
        if path.startswith(_OPEN) or path in _OPEN_PAGES:
            return True
        served = ("/api/", "/model/", "/docs", "/openapi.json", "/swagger.json", "/metrics")
        return method in _SAFE and not path.startswith(served)  # the player's page, by any route of its own

    def is_logged_in(self, headers: Headers) -> bool:
        """Whether a session's cookie, a token or a password comes with the request."""
        known = self.knows(headers.get("authorization", ""))
        return known or self._has_session(headers.get("cookie", ""))

    def knows(self, authorization: str) -> bool:
        """Whether the header ``Authorization`` has the token or the password."""
        kind, _, value = authorization.partition(" ")
        if kind.lower() == "bearer":
            return self.accepts(value.strip())
        return kind.lower() == "basic" and self.accepts(_basic_password(value))

    def accepts(self, word: str) -> bool:
        """Whether this is the password or the token."""
        right = [known for known in (self._settings.password, self._settings.token) if known is not None]
        return any(hmac.compare_digest(word.encode(), known.encode()) for known in right)

    def secrets(self) -> list[str]:
        """Words that are accepted."""
        return [word for word in (self._settings.password, self._settings.token) if word is not None]

    def new_session(self) -> str:
        """What the cookie holds; all workers know it by their common secret."""
        text = f"{int(time.time()) + SESSION_S}.{secrets.token_hex(8)}"
        return f"{text}.{self._sign(text)}"

    def _has_session(self, cookies: str) -> bool:
        for cookie in cookies.split(";"):
            name, _, value = cookie.strip().partition("=")
            text, _, signature = value.rpartition(".")
            if name == COOKIE and hmac.compare_digest(signature.encode(), self._sign(text).encode()):
                return int(text.split(".")[0]) > time.time()
        return False

    def _sign(self, text: str) -> str:
        words = "\0".join(self.secrets())  # another password ends all sessions
        return hmac.new(self._key, f"{words}\0{text}".encode(), hashlib.sha256).hexdigest()


def _authority(origin: str) -> str | None:
    """Of ``http://localhost:8765``, ``localhost:8765``; none of ``null`` and of what is no origin."""
    try:
        return urlsplit(origin.lower()).netloc or None
    except ValueError:
        return None


def _name_of(host: str) -> str:
    """Of ``[::1]:8765``, ``::1``."""
    if host.startswith("["):
        return host[1:].split("]", maxsplit=1)[0].lower()
    return host.rsplit(":", 1)[0].lower() if host.count(":") == 1 else host.lower()


def _basic_password(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
