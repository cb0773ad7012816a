"""What a listener plays, kept in the library so that another player can go on with it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from segue.catalog.connections import Connections
from segue.catalog.user_data import user_transaction
from segue.texts import each_of
from segue.track import TrackId


@dataclass(frozen=True, slots=True)
class PlayQueue:
    """A queue as a player left it.

    Attributes
    ----------
    current : place of the track that plays; 0 where there is none
    position_s : within that track
    player : what saved it, for people and to know one's own
    changed_at : s since the epoch
    """

    tracks: tuple[TrackId, ...] = ()
    current: int = 0
    position_s: float = 0.0
    player: str = ""
    changed_at: float = 0.0


class PlayQueueTable:
    """The one queue of a library."""

    def __init__(self, local: Connections) -> None:
        self._local = local

    def get(self) -> PlayQueue:
        """The queue that was saved last; an empty one where there is none."""
        row = self._local.db.execute("SELECT * FROM play_queue").fetchone()
        if row is None:
            return PlayQueue()
        tracks = tuple(json.loads(row["tracks"]))
        return PlayQueue(tracks, row["current"], row["position_s"], row["player"], row["changed_at"])

    def save(
        self, tracks: str | Sequence[str], *, current: int = 0, position_s: float = 0.0, player: str = ""
    ) -> PlayQueue:
        """Keep a queue in place of the one before."""
        ids = tuple(map(TrackId, each_of(tracks)))
        place = min(max(current, 0), max(0, len(ids) - 1))
        queue = PlayQueue(ids, place, position_s, player, time.time())
        row = (json.dumps(queue.tracks), place, position_s, player, queue.changed_at)
        with user_transaction(self._local.db):
            self._local.db.execute("DELETE FROM play_queue")
            self._local.db.execute("INSERT INTO play_queue VALUES (?, ?, ?, ?, ?)", row)
        return queue
