"""Checksums of which track lies in which row, and of its labels, kept with each commit.

A sum is over the hashes of the rows of a table, of 64 keys together: any order gives the same one, and a
change costs what it changes. A commit adds what it put and takes away what it removed; triggers tell, which
only the writer's connection has.
"""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from segue.catalog.derived import note_change

GROUP_BITS = 6  # of a key that do not tell its group
_MASK, _MASK_32 = (1 << 64) - 1, (1 << 32) - 1
_GOLDEN = 0x9E3779B97F4A7C15  # 2^64 divided by the golden ratio
_KEPT = -1  # the group of the row that says that sums are kept
_PARTS: Mapping[str, tuple[str, ...]] = {
    "tracks": ("key", "id", "row", "content_hash"),
    "labels": ("key", "space", "label", "score"),
}

Groups = dict[int, tuple[int, int]]
"""By group: how many rows, and the sum of their hashes modulo 2^64."""


class Sums:
    """Keeps the sums of a library while its writer changes it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._pending: dict[str, dict[int, list[int]]] = {part: {} for part in _PARTS}
        self._is_kept = are_kept(db) or not db.execute("SELECT 1 FROM tracks LIMIT 1").fetchone()
        db.execute("PRAGMA recursive_triggers = ON")  # so that a row that is replaced counts as deleted
        for part in _PARTS:
            db.create_function(f"note_{part}", 5, self._noter(part))
            self._listen(part)

    def _noter(self, part: str) -> Callable[..., None]:
        groups, hash_of = self._pending[part], _HASHES[part]

        def note(sign: int, key: int, *rest: Any) -> None:
            group = groups.setdefault(key >> GROUP_BITS, [0, 0])
            group[0] += sign
            group[1] += sign * hash_of(key, *rest)

        return note

    def _listen(self, part: str) -> None:
        columns = _PARTS[part]
        new, old = (", ".join(f"{row}.{name}" for name in columns) for row in ("NEW", "OLD"))
        differs = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in columns)
        add, take = f"SELECT note_{part}(1, {new});", f"SELECT note_{part}(-1, {old});"
        for name, event, statements in (
            ("put", f"INSERT ON {part}", add),
            ("gone", f"DELETE ON {part}", take),
            ("changed", f"UPDATE OF {', '.join(columns)} ON {part} WHEN {differs}", take + add),
        ):
            self._db.execute(
                f"CREATE TEMP TRIGGER IF NOT EXISTS {part}_{name} AFTER {event} BEGIN {statements} END"
            )

    @contextlib.contextmanager
    def recounting(self, part: str) -> Iterator[None]:
        """Count a table again after a block that changes all of it, which no trigger then slows."""
        with self._deafened(part):
            yield
        self._recount(part)

    @contextlib.contextmanager
    def adding_tracks(
        self, keys: Sequence[int], ids: Sequence[str], rows: Sequence[int], contents: Sequence[str]
    ) -> Iterator[None]:
        """Let many tracks be added in the block: noted at once, which is several times quicker."""
        with self._deafened("tracks"):
            yield
        note = self._noter("tracks")
        for values in zip(keys, ids, rows, contents, strict=True):
            note(1, *values)

    @contextlib.contextmanager
    def _deafened(self, part: str) -> Iterator[None]:
        for name in ("put", "gone", "changed"):
            self._db.execute(f"DROP TRIGGER IF EXISTS temp.{part}_{name}")
        try:
            yield
        finally:
            self._listen(part)

    def flush(self) -> None:
        """Put what has changed since the last commit; to be called at the end of each transaction."""
        if not self._is_kept:  # of an older Segue, or a new library
            for part in _PARTS:
                self._recount(part)
        for part, groups in self._pending.items():
            for group, (n, total) in groups.items():
                self._add(part, group, n, total)
            groups.clear()
        if not are_kept(self._db):
            self._db.execute("INSERT OR REPLACE INTO sums VALUES ('tracks', ?, 0, 0)", (_KEPT,))
        self._is_kept = True
        note_change(self._db)

    def recount(self) -> None:
        """Take what is there now for right."""
        for part in _PARTS:
            self._recount(part)

    def _add(self, part: str, group: int, n: int, total: int) -> None:
        sql = "SELECT n, total FROM sums WHERE part = ? AND keys = ?"
        before = self._db.execute(sql, (part, group)).fetchone() or (0, 0)
        values = (part, group, before[0] + n, _signed(before[1] + total))
        self._db.execute("INSERT OR REPLACE INTO sums VALUES (?, ?, ?, ?)", values)

    def forget(self) -> None:
        """Forget changes that are not committed after all."""
        for groups in self._pending.values():
            groups.clear()

    def _recount(self, part: str) -> None:
        self._pending[part].clear()
        self._db.execute("DELETE FROM sums WHERE part = ? AND keys != ?", (part, _KEPT))
        rows = ((part, group, n, total) for group, (n, total) in counted(self._db, part).items())
        self._db.executemany("INSERT INTO sums VALUES (?, ?, ?, ?)", rows)


def are_kept(db: sqlite3.Connection) -> bool:
    """Whether a library has sums; one that an older Segue made has none until the next commit."""
    sql = "SELECT 1 FROM sums WHERE part = 'tracks' AND keys = ?"
    return db.execute(sql, (_KEPT,)).fetchone() is not None


def stored(db: sqlite3.Connection, part: str) -> Groups:
    """The sums of a table as they were when it was last written."""
    sql = "SELECT keys, n, total FROM sums WHERE part = ? AND keys != ? AND n != 0"
    return {group: (n, total) for group, n, total in db.execute(sql, (part, _KEPT))}


def counted(db: sqlite3.Connection, part: str) -> Groups:
    """The sums of a table as it is."""
    groups: dict[int, list[int]] = {}
    hash_of = _HASHES[part]
    for stored_key, *rest in db.execute(f"SELECT {', '.join(_PARTS[part])} FROM {part}"):
        key = _whole(stored_key)
        group = groups.setdefault(key >> GROUP_BITS, [0, 0])
        group[0] += 1
        group[1] += hash_of(key, *rest)
    return {group: (n, _signed(total)) for group, (n, total) in groups.items()}


def _track_hash(key: int, track_id: str, row: int, content: str) -> int:
    """The product of a hash of what lies in a row and a hash of the row: rows that change places are seen."""
    text = f"{track_id}\0{content}".encode("utf-8", "surrogatepass")
    return (zlib.crc32(text, key & _MASK_32) | zlib.adler32(text) << 32) * _spread(row)


def _label_hash(key: int, space: str, label: str, score: float) -> int:
    text = f"{space}\0{label}\0{score!r}".encode("utf-8", "surrogatepass")
    return (zlib.crc32(text) | zlib.adler32(text) << 32) * _spread(key)


def _spread(number: int) -> int:
    """An odd number of 64 bits; of neighbors they are far apart (Knuth, multiplicative hashing)."""
    return (_whole(number) * _GOLDEN & _MASK) | 1


def _whole(value: object) -> int:
    """A number; of what a damaged catalog has in place of one, any."""
    return value if isinstance(value, int) else zlib.crc32(str(value).encode("utf-8", "replace"))


_HASHES: Mapping[str, Callable[..., int]] = {"tracks": _track_hash, "labels": _label_hash}


def _signed(total: int) -> int:
    """A sum modulo 2^64 as SQLite keeps it."""
    total &= _MASK
    return total - (1 << 64) if total >> 63 else total
