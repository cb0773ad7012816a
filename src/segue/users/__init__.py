"""The people who share a library: their names, passwords and sessions, and the files of what each keeps."""

from segue.users.sessions import SESSION_S, Session
from segue.users.store import Accounts, User, Users

__all__ = ["SESSION_S", "Accounts", "Session", "User", "Users"]
