"""One request of a player: its parameters, and whether it may ask."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from starlette.requests import Request

from segue.serve.http.inputs import LONGEST_NAME, MOST_TRACKS, refuse_text, whole_number
from segue.serve.service import Service

_LONGEST = {"comment": 4000}  # characters
MISSING, WRONG, NO_SUCH_KEY, NOT_FOUND = 10, 40, 44, 70


class SubsonicError(Exception):
    """An answer with one of the protocol's codes."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Call:
    """Parameters by name; each may be given several times."""

    def __init__(self, service: Service, request: Request, pairs: Sequence[tuple[str, str]]) -> None:
        self.service, self.request = service, request
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def check(self) -> None:
        """Refuse texts that no method takes.

        Raises
        ------
        SubsonicError
        """
        for name, values in self._values.items():
            if len(values) > MOST_TRACKS:
                raise SubsonicError(0, f"{_shown(name)} came {len(values)} times; at most {MOST_TRACKS}")
            longest = _LONGEST.get(name, LONGEST_NAME)
            for text in (name, *values):
                reason = refuse_text(text, longest)
                if reason:
                    raise SubsonicError(0, f"{_shown(name)} {reason}")

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def get(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    def need(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise SubsonicError(MISSING, f"the parameter {name!r} is missing")
        return value

    def number(self, name: str, default: int, maximum: int = 500) -> int:
        """A whole number from 0 to ``maximum``."""
        text = self.get(name)
        if text is None or text == "":
            return default
        return max(0, min(_number(name, text), maximum))

    def numbers(self, name: str) -> list[int]:
        """All of a name."""
        return [_number(name, text) for text in self.all(name)]

    def flag(self, name: str, *, default: bool) -> bool:
        text = self.get(name)
        return default if text is None else text.lower() == "true"

    @property
    def client(self) -> str:
        return self.request.client.host if self.request.client else ""

    def log_in(self) -> None:
        """Compare what the player says with the password or the token, if there are any.

        Raises
        ------
        SubsonicError
        """
        guard = self.service.guard
        if not self.service.settings.has_secret or guard.is_logged_in(self.request.headers):
            return
        if self.service.logins.is_exhausted(self.client):
            raise SubsonicError(WRONG, "too many wrong passwords; try again in a moment")
        key = self.get("apiKey")
        if key is not None:
            if not guard.accepts(key):
                self._refuse(NO_SUCH_KEY, "no such key")
            return
        self.need("u")
        if self.get("p") is not None:
            right = guard.accepts(_plain(self.need("p")))
        else:
            token, salt = self.need("t").lower(), self.need("s")
            tokens = [_token(word, salt).encode() for word in guard.secrets()]
            right = any(hmac.compare_digest(one, token.encode()) for one in tokens)
        if not right:
            self._refuse(WRONG, "wrong user name or password")

    def _refuse(self, code: int, message: str) -> None:
        self.service.logins.take(self.client)
        raise SubsonicError(code, message)


def _number(name: str, text: str) -> int:
    number = whole_number(text)
    if number is None:
        raise SubsonicError(MISSING, f"{name} is {text[:40]!r}, expected a whole number")
    return number


def _shown(name: str) -> str:
    return repr(name[:40])


def _plain(word: str) -> str:
    """A password, which may come as hexadecimal digits."""
    if not word.startswith("enc:"):
        return word
    try:
        return bytes.fromhex(word[4:]).decode()
    except ValueError:
        return ""


def _token(word: str, salt: str) -> str:
    return hashlib.md5(f"{word}{salt}".encode(), usedforsecurity=False).hexdigest()
