"""What listeners say of tracks: feedback on recommendations, stars, plays."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from segue.catalog.user_data import user_transaction

Verdict = Literal["like", "dislike", "skip"]
StarKind = Literal["track", "album", "artist"]


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a listener thinks of a track as an answer to a seed."""

    seed: str
    track: str
    verdict: Verdict
    at: float  # s since the epoch


class FeedbackTables:
    """Feedback, stars and plays of a library."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def record(self, seed: str, track: str, verdict: Verdict) -> None:
        """Keep a verdict; it replaces an earlier one on the same seed and track."""
        with user_transaction(self._db):
            values = (seed, track, verdict, time.time())
            self._db.execute("INSERT OR REPLACE INTO feedback VALUES (?, ?, ?, ?)", values)

    def latest(self, limit: int = 1000) -> list[Feedback]:
        """The latest feedback, the last given first."""
        rows = self._db.execute("SELECT * FROM feedback ORDER BY at DESC LIMIT ?", (limit,))
        return [Feedback(row["seed"], row["id"], row["verdict"], row["at"]) for row in rows]

    def star(self, kind: StarKind, ids: Iterable[str], *, starred: bool = True) -> None:
        """Give or take stars; a star that was given before keeps its date."""
        now = time.time()
        with user_transaction(self._db):
            for name in ids:
                if starred:
                    self._db.execute("INSERT OR IGNORE INTO stars VALUES (?, ?, ?)", (kind, name, now))
                else:
                    self._db.execute("DELETE FROM stars WHERE kind = ? AND id = ?", (kind, name))

    def stars(self, kind: StarKind) -> dict[str, float]:
        """When each got its star, in s since the epoch, the last ones first."""
        rows = self._db.execute("SELECT id, at FROM stars WHERE kind = ? ORDER BY at DESC", (kind,))
        return {row["id"]: row["at"] for row in rows}

    def record_plays(self, plays: Iterable[tuple[str, float]]) -> None:
        """Keep that tracks were played: ids, each with its time in s since the epoch."""
        with user_transaction(self._db):
            self._db.executemany("INSERT INTO plays VALUES (?, ?)", plays)

    def plays(self) -> dict[str, tuple[int, float]]:
        """How often each track was played, and when last, in s since the epoch."""
        rows = self._db.execute("SELECT id, count(*) AS n, max(at) AS last FROM plays GROUP BY id")
        return {row["id"]: (row["n"], row["last"]) for row in rows}
