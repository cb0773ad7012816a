"""The users of a library, in a file of their own beside it: without that file, a library is one person's.

The first user is the owner: an administrator, whose playlists, feedback and queue are the library's own
tables, as they were before there were users. Each other user has a file of them (``segue.catalog.own_data``).
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from segue.catalog.connections import Connections
from segue.catalog.own_data import create_file, create_own_data, open_file
from segue.catalog.user_data import user_transaction
from segue.errors import LibraryNotFoundError, UsageError
from segue.users import passwords
from segue.users.sessions import TABLES as SESSIONS
from segue.users.sessions import Session, SessionTable

FOLDER, FILE_NAME = "users", "users.sqlite"  # in the library
APPLICATION_ID = 0x53455553  # "SEUS"
MOST = 200  # users
_LONGEST_NAME = 64  # characters
_APP_WORD = 24  # random bytes of a password for apps
TABLES = (
    """
CREATE TABLE users (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, folded TEXT NOT NULL UNIQUE, password TEXT NOT NULL,
    admin INTEGER NOT NULL, owner INTEGER NOT NULL, app_password TEXT, created_at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE shared_playlists (playlist TEXT PRIMARY KEY, user TEXT NOT NULL) WITHOUT ROWID;
"""
    + SESSIONS
)


@dataclass(frozen=True, slots=True)
class User:
    """One who shares the library.

    Attributes
    ----------
    admin : whether they may scan, change the library's settings, and add and remove users
    owner : whether the library's own playlists and feedback are theirs, as the first user's are
    has_app_password : whether apps can log in by OpenSubsonic
    created_at : s since the epoch
    """

    id: str
    name: str
    admin: bool
    owner: bool
    has_app_password: bool
    created_at: float


@dataclass(frozen=True, slots=True)
class Accounts:
    """Users, passwords for apps, sessions and what is shared at one moment.

    Attributes
    ----------
    users, app_passwords : by the users' ids
    sessions : by the hashes of their words
    shared : whose the playlists are that everybody sees, by the playlists' ids
    """

    users: Mapping[str, User]
    app_passwords: Mapping[str, str]
    sessions: Mapping[str, Session]
    shared: Mapping[str, User]

    @property
    def owner(self) -> User | None:
        return next((user for user in self.users.values() if user.owner), None)

    def named(self, name: str) -> User | None:
        """A user by their name, whatever its case."""
        return next((user for user in self.users.values() if folded(user.name) == folded(name)), None)

    def by_app_password(self, word: str) -> User | None:
        right = [
            user
            for user, own in self.app_passwords.items()
            if hmac.compare_digest(own.encode(), word.encode())
        ]
        return self.users[right[0]] if right else None


class _File(Connections):
    last: tuple[tuple[int, int], Accounts] | None = None  # what this thread has read, and when

    def __init__(self, root: Path, file: Path) -> None:
        super().__init__(root)
        self.file = file

    def _connect(self) -> sqlite3.Connection:
        if not self.file.is_file():
            raise LibraryNotFoundError(f"{self.file} is gone, with the users of the library")
        return open_file(self.file, TABLES, APPLICATION_ID)


class Users:
    """The users of the library in ``root``; several threads and processes may change them."""

    def __init__(self, root: Path) -> None:
        self._root, self._folder = root, root / FOLDER
        self._path = self._folder / FILE_NAME
        self._name = str(self._path)
        self._local = _File(root, self._path)
        self.sessions = SessionTable(self._local)

    def close(self) -> None:
        """Close this thread's connection."""
        self._local.close()

    def accounts(self) -> Accounts | None:
        """Who there is now, read again only where something has changed; none where there never was anybody.

        Raises
        ------
        LibraryFormatError, LibraryNotFoundError
        """
        if not os.path.exists(self._name):  # noqa: PTH110 - each request asks, and a Path takes thrice as long
            self._refuse_if_lost()
            return None
        db = self._local.db
        moment = (db.execute("PRAGMA data_version").fetchone()[0], db.total_changes)
        last = self._local.last
        if last is None or last[0] != moment:
            last = self._local.last = (moment, self._read())
        return last[1]

    def _read(self) -> Accounts:
        rows = self._local.db.execute("SELECT * FROM users ORDER BY owner DESC, folded").fetchall()
        words = {row["id"]: row["app_password"] for row in rows if row["app_password"]}
        users = {row["id"]: _user(row) for row in rows}
        shared = self._local.db.execute("SELECT playlist, user FROM shared_playlists").fetchall()
        owners = {row["playlist"]: users[row["user"]] for row in shared if row["user"] in users}
        return Accounts(users, words, self.sessions.by_hash(), owners)

    def _refuse_if_lost(self) -> None:
        """Raises LibraryNotFoundError where there were users, so that their library is not everybody's."""
        if has_own_files(self._folder):
            raise LibraryNotFoundError(
                f"{self._path} is gone, with the users of the library: restore it, or delete "
                f"{self._folder}, with all that they keep, to have no users"
            )

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.all())

    def all(self) -> list[User]:
        """The owner first, then by name."""
        accounts = self.accounts()
        return list(accounts.users.values()) if accounts else []

    def get(self, name: str) -> User:
        """A user by their name.

        Raises
        ------
        UsageError
            Where nobody has this name; it says who there is.
        """
        accounts = self.accounts()
        user = accounts.named(name) if accounts else None
        if user is None:
            names = ", ".join(one.name for one in self.all())
            raise UsageError(f"no user {name!r}; " + (f"there are: {names}" if names else "there are none"))
        return user

    def own_file(self, user: User) -> Path | None:
        """The file of what a user keeps; none for the owner, whose things are in the library itself."""
        return None if user.owner else self._folder / f"{user.id}.sqlite"

    def add(self, name: str, password: str, *, admin: bool = False) -> User:
        """Add a user. The first is the owner, and an administrator.

        Raises
        ------
        UsageError
            Where the name is taken or no name, or the password is too short.
        LibraryNotFoundError
            Where the file of the users is lost, and those of what they keep are not.
        LibraryWriteError, MissingExtraError
        """
        name = _checked(name)
        passwords.check_new_password(password)
        if not self._path.exists():
            self._refuse_if_lost()  # _sweep would take what users keep for nobody's
        password_hash = passwords.hash_password(password)
        create_file(self._path, TABLES, APPLICATION_ID)
        with user_transaction(self._local.db):
            db, user_id = self._local.db, secrets.token_hex(8)
            n = db.execute("SELECT count(*) FROM users").fetchone()[0]
            if db.execute("SELECT 1 FROM users WHERE folded = ?", (folded(name),)).fetchone():
                raise UsageError(f"there is a user {name!r} already")
            if n >= MOST:
                raise UsageError(f"there are {MOST} users already")
            if n:  # first, as no user is without, whatever ends this
                create_own_data(self._folder / f"{user_id}.sqlite")
            row = (user_id, name, folded(name), password_hash, admin or not n, not n, None, time.time())
            db.execute("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        self._sweep()
        return self.get(name)

    def remove(self, user: User) -> None:
        """Remove a user, their sessions, and all that they keep.

        Raises
        ------
        UsageError
            For the owner, while there are others. When the owner goes as the last, the library is one
            person's again, with all that the owner kept.
        LibraryWriteError
        """
        with user_transaction(self._local.db):
            n = self._local.db.execute("SELECT count(*) FROM users").fetchone()[0]
            if user.owner and n > 1:
                raise UsageError(f"{user.name} owns the library, and can only be removed as the last user")
            self._local.db.execute("DELETE FROM users WHERE id = ?", (user.id,))
            self._local.db.execute("DELETE FROM sessions WHERE user = ?", (user.id,))
            self._local.db.execute("DELETE FROM shared_playlists WHERE user = ?", (user.id,))
        self._sweep()

    def set_admin(self, user: User, admin: bool) -> User:
        """Make a user an administrator or a listener, from their next request on; the user as they are now.

        Raises
        ------
        UsageError
            Where the owner should become a listener: somebody must be able to manage the others.
        LibraryWriteError
        """
        if user.owner and not admin:
            raise UsageError(f"{user.name} owns the library, and stays an administrator")
        with user_transaction(self._local.db):
            self._local.db.execute("UPDATE users SET admin = ? WHERE id = ?", (admin, user.id))
        return self.get(user.name)

    def share(self, user: User, playlist_id: str, public: bool) -> None:
        """Let everybody see one of a user's playlists, or nobody else any more. Raises LibraryWriteError."""
        sql = (
            "INSERT OR IGNORE INTO shared_playlists VALUES (?, ?)"
            if public
            else "DELETE FROM shared_playlists WHERE playlist = ? AND user = ?"
        )
        with user_transaction(self._local.db):
            self._local.db.execute(sql, (playlist_id, user.id))

    def set_password(self, user: User, password: str, *, but: str | None = None) -> None:
        """Give a user another password, which ends their sessions, except one by its id.

        Raises
        ------
        UsageError, LibraryWriteError
        """
        passwords.check_new_password(password)
        self._keep_hash(user.id, passwords.hash_password(password))
        self.sessions.end_all(user.id, but=but)

    def _keep_hash(self, user_id: str, password_hash: str) -> None:
        with user_transaction(self._local.db):
            self._local.db.execute("UPDATE users SET password = ? WHERE id = ?", (password_hash, user_id))

    def is_password(self, user: User | None, password: str) -> bool:
        """Whether it is the user's password; takes as long for nobody."""
        sql = "SELECT password FROM users WHERE id = ?"
        row = self._local.db.execute(sql, (user.id,)).fetchone() if user else None
        stored_hash = None if row is None else str(row["password"])
        right = passwords.is_password(password, stored_hash)
        if right and user and stored_hash and passwords.needs_new_hash(stored_hash):
            self._keep_hash(user.id, passwords.hash_password(password))
        return right

    def log_in(self, name: str, password: str) -> User | None:
        """The user whose name and password these are."""
        accounts = self.accounts()
        user = accounts.named(name) if accounts else None
        return user if self.is_password(user, password) else None

    def new_app_password(self, user: User) -> str:
        """Make a random password for apps, in place of the one before.

        OpenSubsonic's apps send it hashed with a salt, so it is kept as it is; it opens nothing else.
        """
        word = secrets.token_urlsafe(_APP_WORD)
        self._keep_app_password(user, word)
        return word

    def drop_app_password(self, user: User) -> None:
        """No app can log in as this user any more."""
        self._keep_app_password(user, None)

    def _keep_app_password(self, user: User, word: str | None) -> None:
        with user_transaction(self._local.db):
            self._local.db.execute("UPDATE users SET app_password = ? WHERE id = ?", (word, user.id))

    def _sweep(self) -> None:
        """Delete files of users who are no more; those that something still has open go the next time."""
        with user_transaction(self._local.db):  # nobody is added meanwhile
            rows = self._local.db.execute("SELECT id FROM users WHERE NOT owner")
            file_names = {FILE_NAME, *(f"{row['id']}.sqlite" for row in rows)}
            for path in self._folder.glob("*.sqlite*"):
                if path.name.removesuffix("-wal").removesuffix("-shm") not in file_names:
                    with contextlib.suppress(OSError):
                        path.unlink()


def has_own_files(folder: Path) -> bool:
    """Whether a user other than the owner keeps something in the folder of users."""
    return any(path.name != FILE_NAME for path in folder.glob("*.sqlite"))


def folded(name: str) -> str:
    """A user's name as it is compared."""
    return name.strip().casefold()


def _checked(name: str) -> str:
    """Raises UsageError where a name is empty, long, or holds what cannot be seen or typed."""
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable() or ":" in name:
        raise UsageError(
            f"{name[:80]!r} is no name of a user, expected 1 to {_LONGEST_NAME} letters, without a colon"
        )
    return name


def _user(row: sqlite3.Row) -> User:
    return User(
        row["id"], row["name"], bool(row["admin"]), bool(row["owner"]), bool(row["app_password"]),
        row["created_at"],
    )  # fmt: skip
