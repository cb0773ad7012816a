"""Sessions of users in browsers: a random word in a cookie, of which the library keeps the hash."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass

from segue.catalog.connections import Connections
from segue.catalog.user_data import user_transaction

SESSION_S = 30 * 86_400
_NOTED_EVERY_S = 3600.0
# What a browser says of itself, and its name; many also call themselves by the names that stand below.
_BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("FxiOS", "Firefox"),
    ("HeadlessChrome/", "Chrome"), ("Chrome/", "Chrome"), ("CriOS", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
    ("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip
_MOST = 100  # of a user; the oldest end for new ones
_LONGEST = 300  # characters of what a browser says of itself

TABLES = """
CREATE TABLE sessions (
    hash TEXT PRIMARY KEY, user TEXT NOT NULL, browser TEXT NOT NULL, client TEXT NOT NULL,
    created_at REAL NOT NULL, seen_at REAL NOT NULL
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Session:
    """A user in a browser.

    Attributes
    ----------
    id : names it, and opens nothing
    user : the user's id
    browser : what the browser says of itself
    client : its address
    created_at, seen_at : s since the epoch; ``seen_at`` within an hour
    """

    id: str
    user: str
    browser: str
    client: str
    created_at: float
    seen_at: float

    @property
    def app(self) -> str:
        """The browser and its system, as people know them: ``Firefox on Linux``."""
        names = filter(None, (self._first(_BROWSERS), self._first(_SYSTEMS)))
        return " on ".join(names) or self.browser[:40] or "unknown"

    def _first(self, names: Sequence[tuple[str, str]]) -> str | None:
        return next((shown for word, shown in names if word in self.browser), None)

    @property
    def is_over(self) -> bool:
        return time.time() - self.created_at > SESSION_S


class SessionTable:
    """All sessions of a library's users."""

    def __init__(self, local: Connections) -> None:
        self._local = local

    def start(self, user: str, browser: str = "", client: str = "") -> str:
        """Begin a session; the word that its cookie holds. Raises LibraryWriteError."""
        word, now = secrets.token_urlsafe(32), time.time()
        row = (hash_of(word), user, browser[:_LONGEST], client[:_LONGEST], now, now)
        with user_transaction(self._local.db):
            self._local.db.execute("DELETE FROM sessions WHERE created_at < ?", (now - SESSION_S,))
            self._local.db.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?)", row)
            oldest = "SELECT hash FROM sessions WHERE user = ? ORDER BY seen_at DESC LIMIT -1 OFFSET ?"
            self._local.db.execute(f"DELETE FROM sessions WHERE hash IN ({oldest})", (user, _MOST))
        return word

    def by_hash(self) -> dict[str, Session]:
        """All that have not expired, by the hashes of their words, those seen last first."""
        rows = self._local.db.execute("SELECT * FROM sessions ORDER BY seen_at DESC, hash")
        sessions = {row["hash"]: _session(row) for row in rows}
        return {name: session for name, session in sessions.items() if not session.is_over}

    def of(self, user: str) -> list[Session]:
        """A user's sessions, those seen last first."""
        return [session for session in self.by_hash().values() if session.user == user]

    def note_seen(self, session: Session) -> None:
        """Remember that a session is used; once an hour is enough."""
        now = time.time()
        if now - session.seen_at > _NOTED_EVERY_S:
            with user_transaction(self._local.db):
                sql = "UPDATE sessions SET seen_at = ? WHERE substr(hash, 1, ?) = ?"
                self._local.db.execute(sql, (now, len(session.id), session.id))

    def end(self, user: str, session: str) -> bool:
        """End one session of a user; whether there was one. Raises LibraryWriteError."""
        with user_transaction(self._local.db):
            sql = "DELETE FROM sessions WHERE user = ? AND substr(hash, 1, ?) = ?"
            return self._local.db.execute(sql, (user, _ID, session)).rowcount > 0

    def end_all(self, user: str, *, but: str | None = None) -> int:
        """End a user's sessions, except one by its id; how many there were. Raises LibraryWriteError."""
        with user_transaction(self._local.db):
            sql = "DELETE FROM sessions WHERE user = ? AND substr(hash, 1, ?) IS NOT ?"
            return self._local.db.execute(sql, (user, _ID, but)).rowcount


_ID = 16  # of a hash's 64 digits


def hash_of(word: str) -> str:
    """Of a word of 256 random bits, which needs no slow hash."""
    return hashlib.sha256(word.encode()).hexdigest()


def _session(row: sqlite3.Row) -> Session:
    return Session(
        row["hash"][:_ID], row["user"], row["browser"], row["client"], row["created_at"], row["seen_at"]
    )
