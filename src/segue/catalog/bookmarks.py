"""Places within tracks that a listener marked, to go on from there."""

from __future__ import annotations

import time
from dataclasses import dataclass

from segue.catalog.connections import Connections
from segue.catalog.user_data import user_transaction
from segue.track import TrackId


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A place within a track.

    Attributes
    ----------
    position_ms : from the track's start
    created_at, changed_at : s since the epoch
    """

    track: TrackId
    position_ms: int
    comment: str
    created_at: float
    changed_at: float


class BookmarkTable:
    """One bookmark a track at most."""

    def __init__(self, local: Connections) -> None:
        self._local = local

    def all(self) -> list[Bookmark]:
        """All of them, those changed last first."""
        rows = self._local.db.execute("SELECT * FROM bookmarks ORDER BY changed_at DESC, id")
        return [Bookmark(TrackId(row[0]), *row[1:]) for row in map(tuple, rows)]

    def save(self, track: str, position_ms: int, comment: str = "") -> None:
        """Mark a place, instead of the one that was marked in this track before."""
        now = time.time()
        with user_transaction(self._local.db):
            self._local.db.execute(
                "INSERT INTO bookmarks VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
                "position_ms = excluded.position_ms, comment = excluded.comment, "
                "changed_at = excluded.changed_at",
                (track, position_ms, comment, now, now),
            )

    def delete(self, track: str) -> bool:
        """Whether there was one."""
        with user_transaction(self._local.db):
            return self._local.db.execute("DELETE FROM bookmarks WHERE id = ?", (track,)).rowcount > 0
