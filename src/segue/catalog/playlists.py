"""Playlists that the library keeps; their tracks are named by their ids, which outlive moves and rescans."""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from segue.catalog.connections import Connections
from segue.catalog.user_data import user_transaction
from segue.texts import each_of
from segue.track import TrackId

_LISTED = """
SELECT playlists.*, count(tracks.id) AS n, total(tracks.duration_s) AS duration_s
FROM playlists LEFT JOIN playlist_tracks USING (playlist) LEFT JOIN tracks ON tracks.id = playlist_tracks.id
"""


@dataclass(frozen=True, slots=True)
class Playlist:
    """A playlist without its tracks. ``n`` and ``duration_s`` are of those that are still in the library."""

    id: str
    name: str
    comment: str
    created_at: float  # s since the epoch
    changed_at: float
    n: int
    duration_s: float


class PlaylistTables:
    """All playlists of a library."""

    def __init__(self, local: Connections) -> None:
        self._local = local

    def all(self) -> list[Playlist]:
        """All playlists, the last changed first."""
        rows = self._local.db.execute(f"{_LISTED} GROUP BY playlist ORDER BY changed_at DESC, playlist")
        return [_playlist(row) for row in rows]

    def get(self, playlist_id: str) -> Playlist | None:
        sql = f"{_LISTED} WHERE playlist = ? GROUP BY playlist"
        row = self._local.db.execute(sql, (playlist_id,)).fetchone()
        return _playlist(row) if row else None

    def tracks(self, playlist_id: str) -> list[TrackId]:
        """The ids of its tracks in their order; some tracks may be gone from the library."""
        sql = "SELECT id FROM playlist_tracks WHERE playlist = ? ORDER BY place"
        return [TrackId(row[0]) for row in self._local.db.execute(sql, (playlist_id,))]

    def create(self, name: str, tracks: Sequence[str], comment: str = "") -> str:
        """Keep a new playlist; its id."""
        playlist_id, now = f"pl-{uuid.uuid4().hex[:12]}", time.time()
        with user_transaction(self._local.db):
            values = (playlist_id, name, comment, now, now)
            self._local.db.execute("INSERT INTO playlists VALUES (?, ?, ?, ?, ?)", values)
            self._put_tracks(playlist_id, tracks)
        return playlist_id

    def change(
        self,
        playlist_id: str,
        *,
        name: str | None = None,
        comment: str | None = None,
        tracks: Sequence[str] | None = None,
        as_of: float | None = None,
    ) -> bool:
        """Change its name, comment or tracks; what is ``None`` stays. Whether there is such a playlist.

        Parameters
        ----------
        as_of : its ``changed_at`` as the caller knows it; where it was changed since, it stays as it is
        """
        sql = (
            "UPDATE playlists SET name = coalesce(?, name), comment = coalesce(?, comment), changed_at = ? "
            "WHERE playlist = ? AND changed_at = coalesce(?, changed_at)"
        )
        with user_transaction(self._local.db):
            values = (name, comment, time.time(), playlist_id, as_of)
            changed = self._local.db.execute(sql, values).rowcount
            if changed and tracks is not None:
                self._put_tracks(playlist_id, tracks)
        return bool(changed)

    def delete(self, playlist_id: str) -> bool:
        """Delete it; whether there was such a playlist."""
        with user_transaction(self._local.db):
            self._local.db.execute("DELETE FROM playlist_tracks WHERE playlist = ?", (playlist_id,))
            deleted = self._local.db.execute(
                "DELETE FROM playlists WHERE playlist = ?", (playlist_id,)
            ).rowcount
        return bool(deleted)

    def _put_tracks(self, playlist_id: str, tracks: Sequence[str]) -> None:
        self._local.db.execute("DELETE FROM playlist_tracks WHERE playlist = ?", (playlist_id,))
        rows = ((playlist_id, place, track_id) for place, track_id in enumerate(each_of(tracks)))
        self._local.db.executemany("INSERT INTO playlist_tracks VALUES (?, ?, ?)", rows)


def _playlist(row: sqlite3.Row) -> Playlist:
    return Playlist(
        id=row["playlist"],
        name=row["name"],
        comment=row["comment"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
        n=row["n"],
        duration_s=row["duration_s"],
    )
