"""What listeners say of tracks: likes and dislikes, stars, plays."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segue.catalog.connections import Connections
from segue.catalog.user_data import user_transaction
from segue.errors import UsageError
from segue.texts import each_of

Verdict = Literal["like", "dislike", "skip"]
StarKind = Literal["track", "album", "artist"]

# One like or dislike a track, the last one given. Stars of tracks are likes; older libraries keep them apart.
_OPINIONS = """(
    SELECT seed, id, verdict, max(at) AS at FROM (
        SELECT seed, id, verdict, at FROM feedback WHERE verdict != 'skip'
        UNION ALL SELECT '', id, 'like', at FROM stars WHERE kind = 'track'
    ) GROUP BY id
)"""
# With ``tomorrow()`` for its question mark: a later time was meant in another unit.
LAST_PLAYED = "coalesce(max(CASE WHEN at BETWEEN 0 AND ? THEN at END), 0)"
_TICK = 1e-6  # s between what is given at once, so that it has an order


def tomorrow() -> float:
    """Seconds since the epoch, a day from now: clocks differ by less."""
    return time.time() + 86_400


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a listener thinks of a track.

    Attributes
    ----------
    seed : the id of what the track was an answer to; empty where it was judged by itself
    """

    seed: str
    track: str
    verdict: Verdict
    at: float  # s since the epoch


@dataclass(frozen=True, slots=True)
class Opinions:
    """Which of a library's tracks a listener likes and dislikes, the last judged first.

    Attributes
    ----------
    liked, disliked : int64 (n,), keys of tracks
    disliked_contents : hashes of what is in the disliked files
    """

    liked: NDArray[np.int64]
    disliked: NDArray[np.int64]
    disliked_contents: tuple[str, ...]


class FeedbackTables:
    """Likes and dislikes, stars and plays of a library."""

    def __init__(self, local: Connections) -> None:
        self._local = local

    def record(self, seed: str, track: str, verdict: Verdict) -> None:
        """Keep what a listener thinks of a track as an answer to a seed; see ``give``."""
        self.give([track], verdict, seed=seed)

    def give(self, tracks: str | Iterable[str], verdict: Verdict, *, seed: str = "") -> None:
        """Keep a verdict on tracks by their ids.

        A like or a dislike replaces what was said of the track before. ``skip`` replaces only what was said
        of it as an answer to the same seed; it is kept, and moves nothing.

        Parameters
        ----------
        seed : the id of what the tracks were an answer to, if of anything
        """
        ids, now = list(dict.fromkeys(each_of(tracks))), time.time()
        with user_transaction(self._local.db):
            if verdict != "skip":
                self._forget(ids)
            rows = ((seed, track, verdict, now + i * _TICK) for i, track in enumerate(ids))
            self._local.db.executemany("INSERT OR REPLACE INTO feedback VALUES (?, ?, ?, ?)", rows)

    def restore(self, feedback: Iterable[Feedback]) -> None:
        """Keep verdicts with their dates, each in place of what was said of its track before."""
        given = list(feedback)
        with user_transaction(self._local.db):
            self._forget([one.track for one in given if one.verdict != "skip"])
            rows = ((one.seed, one.track, one.verdict, one.at) for one in given)
            self._local.db.executemany("INSERT OR REPLACE INTO feedback VALUES (?, ?, ?, ?)", rows)

    def take_back(self, tracks: str | Iterable[str]) -> list[Feedback]:
        """Forget what is liked or disliked of these tracks, by their ids; what was forgotten."""
        ids = json.dumps(each_of(tracks))
        with user_transaction(self._local.db):
            sql = f"SELECT * FROM {_OPINIONS} WHERE id IN (SELECT value FROM json_each(?)) ORDER BY at DESC"
            forgotten = _feedback(self._local.db.execute(sql, (ids,)))
            self._forget([one.track for one in forgotten])
        return forgotten

    def undo(self, n: int = 1) -> list[Feedback]:
        """Forget the last n likes and dislikes; which they were, the last given first."""
        with user_transaction(self._local.db):
            sql = f"SELECT * FROM {_OPINIONS} ORDER BY at DESC, id LIMIT ?"
            last = _feedback(self._local.db.execute(sql, (n,)))
            self._forget([one.track for one in last])
        return last

    def clear(self) -> int:
        """Forget all likes, dislikes and skips; how many there were."""
        with user_transaction(self._local.db):
            n = self._local.db.execute(f"SELECT count(*) FROM {_OPINIONS}").fetchone()[0]
            n += self._local.db.execute("SELECT count(*) FROM feedback WHERE verdict = 'skip'").fetchone()[0]
            self._local.db.execute("DELETE FROM feedback")
            self._local.db.execute("DELETE FROM stars WHERE kind = 'track'")
        return int(n)

    def _forget(self, ids: Iterable[str]) -> None:
        listed = (json.dumps(list(ids)),)
        where = "id IN (SELECT value FROM json_each(?))"
        self._local.db.execute(f"DELETE FROM feedback WHERE verdict != 'skip' AND {where}", listed)
        self._local.db.execute(f"DELETE FROM stars WHERE kind = 'track' AND {where}", listed)

    def latest(self, limit: int = 1000) -> list[Feedback]:
        """The latest feedback, the last given first."""
        sql = (
            f"SELECT * FROM {_OPINIONS} UNION ALL "
            "SELECT seed, id, verdict, at FROM feedback WHERE verdict = 'skip' ORDER BY at DESC, id LIMIT ?"
        )
        return _feedback(self._local.db.execute(sql, (limit,)))

    def verdicts(self, tracks: str | Iterable[str]) -> dict[str, Verdict]:
        """Which of these tracks, by their ids, are liked and disliked; the others are left out."""
        sql = f"SELECT id, verdict FROM {_OPINIONS} WHERE id IN (SELECT value FROM json_each(?))"
        return dict(map(tuple, self._local.db.execute(sql, (json.dumps(each_of(tracks)),))))

    def opinions(self) -> Opinions | None:
        """The tracks of the library that are liked and disliked; none where there are none."""
        sql = f"SELECT key, content_hash, verdict FROM {_OPINIONS} JOIN tracks USING (id) ORDER BY at DESC"
        rows = self._local.db.execute(sql).fetchall()
        if not rows:
            return None
        liked, disliked = (
            np.array([row["key"] for row in rows if row["verdict"] == verdict], np.int64)
            for verdict in ("like", "dislike")
        )
        contents = tuple(row["content_hash"] for row in rows if row["verdict"] == "dislike")
        return Opinions(liked, disliked, contents)

    def star(self, kind: StarKind, ids: str | Iterable[str], *, starred: bool = True) -> None:
        """Give or take stars; a star that was given before keeps its date. A track's star is a like."""
        names = each_of(ids)
        if kind == "track":
            self._star_tracks(names, starred=starred)
            return
        now = time.time()
        with user_transaction(self._local.db):
            for name in names:
                if starred:
                    self._local.db.execute("INSERT OR IGNORE INTO stars VALUES (?, ?, ?)", (kind, name, now))
                else:
                    self._local.db.execute("DELETE FROM stars WHERE kind = ? AND id = ?", (kind, name))

    def _star_tracks(self, ids: list[str], *, starred: bool) -> None:
        liked = {track for track, verdict in self.verdicts(ids).items() if verdict == "like"}
        if starred:
            self.give([track for track in ids if track not in liked], "like")
        else:
            self.take_back(liked)

    def stars(self, kind: StarKind) -> dict[str, float]:
        """When each got its star, in s since the epoch, the last ones first."""
        if kind == "track":
            rows = self._local.db.execute(
                f"SELECT id, at FROM {_OPINIONS} WHERE verdict = 'like' ORDER BY at DESC"
            )
        else:
            rows = self._local.db.execute("SELECT id, at FROM stars WHERE kind = ? ORDER BY at DESC", (kind,))
        return {row["id"]: row["at"] for row in rows}

    def rate(self, name: str, rating: int) -> None:
        """Give a track, an album or an artist, by its id, 1 to 5 stars as players do; 0 takes them back.

        Raises
        ------
        UsageError
        """
        if not 0 <= rating <= 5:
            raise UsageError(f"rating is {rating}, expected 0 to 5")
        with user_transaction(self._local.db):
            if rating:
                row = (name, rating, time.time())
                self._local.db.execute("INSERT OR REPLACE INTO ratings VALUES (?, ?, ?)", row)
            else:
                self._local.db.execute("DELETE FROM ratings WHERE id = ?", (name,))

    def ratings(self) -> dict[str, int]:
        """From 1 to 5, by the ids of tracks, albums and artists."""
        return dict(map(tuple, self._local.db.execute("SELECT id, rating FROM ratings")))

    def record_plays(self, plays: Iterable[tuple[str, float]]) -> None:
        """Keep that tracks were played: ids, each with its time in s since the epoch.

        Raises
        ------
        UsageError
            Where a time is before 1970 or after tomorrow: it may be in another unit.
        """
        plays, latest = list(plays), tomorrow()
        for _, at in plays:
            if not 0 <= at <= latest:
                raise UsageError(f"{at:g} s after 1970 is no time at which a track was played")
        with user_transaction(self._local.db):
            self._local.db.executemany("INSERT INTO plays VALUES (?, ?)", plays)

    def history(self, limit: int = 100, offset: int = 0) -> tuple[list[tuple[str, float]], int]:
        """What was played, the latest first: ids, each with its time in s since the epoch; and how often."""
        where = "FROM plays JOIN tracks USING (id) WHERE at BETWEEN 0 AND ?"
        total = self._local.db.execute(f"SELECT count(*) {where}", (tomorrow(),)).fetchone()[0]
        sql = f"SELECT id, at {where} ORDER BY at DESC, plays.rowid DESC LIMIT ? OFFSET ?"
        rows = self._local.db.execute(sql, (tomorrow(), limit, offset))
        return [(row["id"], row["at"]) for row in rows], int(total)

    def plays(self) -> dict[str, tuple[int, float]]:
        """How often each track was played, and when last, in s since the epoch.

        A time after tomorrow, which older versions kept, does not count; 0 stands where there is no other.
        """
        sql = f"SELECT id, count(*) AS n, {LAST_PLAYED} AS last FROM plays GROUP BY id"
        rows = self._local.db.execute(sql, (tomorrow(),))
        return {row["id"]: (row["n"], row["last"]) for row in rows}


def _feedback(rows: Iterable[sqlite3.Row]) -> list[Feedback]:
    return [Feedback(row["seed"], row["id"], row["verdict"], row["at"]) for row in rows]
