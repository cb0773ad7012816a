"""Who may use the service: host names, pages of other sites, passwords, cookies, tokens."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import secrets
import time
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from segue.advice import command
from segue.errors import LibraryWriteError
from segue.serve.http.callers import Caller
from segue.serve.http.cors import is_named
from segue.serve.http.errors import ApiError
from segue.serve.settings import LOOPBACK, Settings
from segue.users import SESSION_S, Accounts, Users
from segue.users.sessions import hash_of

COOKIE = "segue_session"
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
_NOBODY = Accounts({}, {}, {}, {})


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
    """Lets requests in or raises ``ApiError``.

    Parameters
    ----------
    users : of the library, if there is one
    """

    def __init__(self, settings: Settings, users: Users | None = None) -> None:
        self._settings, self._users = settings, users
        self._had_users = settings.has_users
        self._key = hashlib.sha256(settings.secret.encode()).digest()
        names = {name for name in (*LOOPBACK, settings.host, *map(_name_of, settings.hosts)) if name}
        # Whoever binds beyond loopback has a password, which a page of another name does not get at.
        self._names = names if settings.on_loopback or settings.hosts else None

    def accounts(self) -> Accounts | None:
        """The users and their sessions; none where everybody is one person.

        Where there were users once, a service never lets anybody in without a login, be their file gone.

        Raises
        ------
        LibraryFormatError, LibraryNotFoundError
        """
        accounts = self._users.accounts() if self._users is not None else None
        self._had_users = self._had_users or bool(accounts and accounts.users)
        return accounts or _NOBODY if self._had_users else None

    def needs_login(self) -> bool:
        """Whether a client must say who it is."""
        return self._settings.has_secret or self.accounts() is not None

    def check(self, method: str, path: str, headers: Headers) -> Caller:
        """Refuse what a stranger, or a stranger's page in this user's browser, might send; who sent it.

        Raises
        ------
        ApiError
        """
        self.check_host(headers)
        acts = method not in _SAFE or (path.startswith("/rest/") and self._is_known_by_browser(headers))
        if acts and not is_named(self._settings, path, headers):
            self._check_origin(method, path, headers)
        caller = self.caller(headers)
        if not caller.is_logged_in and not self._is_open(method, path):
            raise ApiError(401, "login_needed", "log in first, with a password or a token")
        if not caller.may(method, path):
            raise ApiError(403, "admins_only", "only an administrator of this library may do this")
        return caller

    def _is_known_by_browser(self, headers: Headers) -> bool:
        """Whether a request needs nothing but what a browser adds on its own: any page can have it sent."""
        return "cookie" in headers or not self.needs_login()

    def check_host(self, headers: Headers) -> None:
        """The name by which we were called must be ours: another site's name may point here."""
        name = _name_of(headers.get("host", ""))
        if self._names is not None and name not in self._names:
            serve = "serve" if self._settings.library or self._settings.shards else "max-serve"
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

    def caller(self, headers: Headers) -> Caller:
        """Who sent a request, by a session's cookie, a token or a password."""
        accounts = self.accounts()
        if accounts is None and not self._settings.has_secret:
            return Caller(is_logged_in=True)
        if "authorization" in headers and self.knows(headers["authorization"]):
            return Caller(is_logged_in=True, user=accounts.owner if accounts else None)
        words = _cookies(headers.get("cookie", ""))
        if accounts is None:
            return Caller(is_logged_in=any(map(self._is_session, words)))
        for session in filter(None, (accounts.sessions.get(hash_of(word)) for word in words)):
            user = accounts.users.get(session.user)
            if self._users is not None and user is not None and not session.is_over:
                with contextlib.suppress(LibraryWriteError):
                    self._users.sessions.note_seen(session)
                return Caller(is_logged_in=True, user=user, session=session)
        return Caller()

    def knows(self, authorization: str) -> bool:
        """Whether the header ``Authorization`` has the token or the password."""
        kind, _, value = authorization.partition(" ")
        if kind.lower() == "bearer":
            return self.accepts(value.strip())
        return kind.lower() == "basic" and self.accepts(_basic_password(value))

    def accepts(self, word: str) -> bool:
        """Whether this is the password or the token."""
        return any(hmac.compare_digest(word.encode(), secret.encode()) for secret in self.secrets())

    def secrets(self) -> list[str]:
        """Words that are accepted; with users, the password of everybody is not."""
        password = None if self.accounts() is not None else self._settings.password
        return [word for word in (password, self._settings.token) if word is not None]

    def new_session(self) -> str:
        """What the cookie holds without users; all workers know it by their common secret."""
        text = f"{int(time.time()) + SESSION_S}.{secrets.token_hex(8)}"
        return f"{text}.{self._sign(text)}"

    def _is_session(self, word: str) -> bool:
        text, _, signature = word.rpartition(".")
        right = hmac.compare_digest(signature.encode(), self._sign(text).encode())
        return right and int(text.split(".")[0]) > time.time()

    def _sign(self, text: str) -> str:
        words = "\0".join(self.secrets())  # another password ends all sessions
        return hmac.new(self._key, f"{words}\0{text}".encode(), hashlib.sha256).hexdigest()


def _cookies(header: str) -> list[str]:
    """What the cookies of ours hold."""
    pairs = (cookie.strip().partition("=") for cookie in header.split(";"))
    return [value for name, _, value in pairs if name == COOKIE]


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
