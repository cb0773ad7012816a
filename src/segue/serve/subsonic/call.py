"""One request of a player: its parameters, and whether it may ask."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence

from starlette.requests import Request

from segue.serve.http.clients import client_of
from segue.serve.http.errors import ApiError
from segue.serve.http.inputs import LONGEST_NAME, MOST_TRACKS, refuse_text, whole_number
from segue.serve.service import Service, caller_of
from segue.users import Accounts, User

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
        self.user: User | None = None  # who is logged in, where the library has users
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
                raise SubsonicError(0, f"{_quote(name)} came {len(values)} times; at most {MOST_TRACKS}")
            longest = _LONGEST.get(name, LONGEST_NAME)
            for text in (name, *values):
                reason = refuse_text(text, longest)
                if reason:
                    raise SubsonicError(0, f"{_quote(name)} {reason}")

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

    def log_in(self) -> None:
        """Compare what the player says with the password or the token, or with the user's password for apps.

        From here on, ``service`` has what this user keeps.

        Raises
        ------
        SubsonicError
        """
        guard, caller = self.service.guard, caller_of(self.request.scope)
        accounts = guard.accounts()
        # A player in the browser of one user may log another one in.
        says_who = accounts is not None and any(self.get(name) is not None for name in ("apiKey", "p", "t"))
        if caller.is_logged_in and not says_who:
            self.user = caller.user
        elif guard.needs_login():
            self._compare(accounts)
            self.service = self.service.for_user(self.user)

    def _compare(self, accounts: Accounts | None) -> None:
        client = client_of(self.request.scope)
        try:
            self.service.logins.check("login", client)
        except ApiError as error:
            raise SubsonicError(WRONG, error.message) from None
        code = self._wrong() if accounts is None else self._wrong_user(accounts)
        if code is None:
            self.service.logins.right(client)
            return
        self.service.logins.wrong("login", client)
        hint = "" if accounts is None else "; apps have a password of their own, made in Segue's settings"
        what = "no such key" if code == NO_SUCH_KEY else "wrong user name or password"
        raise SubsonicError(code, what + hint)

    def _wrong(self) -> int | None:
        """The code for a wrong password, token or key; none where it is right."""
        guard, key = self.service.guard, self.get("apiKey")
        if key is not None:
            return None if guard.accepts(key) else NO_SUCH_KEY
        self.need("u")
        return None if self._is_one_of(guard.secrets()) else WRONG

    def _wrong_user(self, accounts: Accounts) -> int | None:
        """The same by the users' passwords for apps; ``user`` is whose it is."""
        key = self.get("apiKey")
        if key is not None:
            self.user = accounts.by_app_password(key)
            return None if self.user else NO_SUCH_KEY
        user = accounts.named(self.need("u"))
        word = accounts.app_passwords.get(user.id) if user else None
        right = self._is_one_of([word or secrets.token_hex()])  # a name that is not there takes as long
        self.user = user if word and right else None
        return None if self.user else WRONG

    def _is_one_of(self, words: Sequence[str]) -> bool:
        """Whether the parameters have one of these words, as it is or hashed with a salt."""
        if self.get("p") is not None:
            plain = _plain(self.need("p")).encode()
            return any(hmac.compare_digest(word.encode(), plain) for word in words)
        token, salt = self.need("t").lower().encode(), self.need("s")
        return any(hmac.compare_digest(_token(word, salt).encode(), token) for word in words)

    @property
    def user_name(self) -> str:
        """Whose things these are."""
        return self.user.name if self.user else self.get("u") or "segue"

    @property
    def is_admin(self) -> bool:
        """Whether the caller may do what changes the library for all."""
        return self.user is None or self.user.admin


def _number(name: str, text: str) -> int:
    number = whole_number(text)
    if number is None:
        raise SubsonicError(MISSING, f"{name} is {text[:40]!r}, expected a whole number")
    return number


def _quote(name: str) -> str:
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
