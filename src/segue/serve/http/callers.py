"""Who sends a request, and what only an administrator may do."""

from __future__ import annotations

from dataclasses import dataclass

from segue.users import Session, User

# What everybody may send, by the first name below /api/v1: changes of their own things, and questions.
_EVERYBODYS = frozenset(
    "session me similar suggested-playlist radio transitions journey matrix tracks clips playlists feedback "
    "plays queue m3u8 xspf jspf export".split()
)
_ADMINS = frozenset(("users", "folders"))  # also to read
_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
_API = "/api/v1/"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request.

    Attributes
    ----------
    user : where the library has users; for a token, the owner
    session : where the request came with a user's cookie
    """

    is_logged_in: bool = False
    user: User | None = None
    session: Session | None = None

    def may(self, method: str, path: str) -> bool:
        """Whether this request is the caller's to make; all are, where nobody has less rights."""
        return self.user is None or self.user.admin or not is_for_admins(method, path)


def is_for_admins(method: str, path: str) -> bool:
    """Whether only an administrator may do this; so is all that changes something and is not known here."""
    if not path.startswith(_API):
        return path == "/metrics"
    name = path.removeprefix(_API).split("/")[0]
    return name in _ADMINS or (method not in _SAFE and name not in _EVERYBODYS)
