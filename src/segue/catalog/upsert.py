"""Imported tracks, many at a time."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.catalog.deferred_indexes import INSERT_WORDS
from segue.catalog.files import index_file_and_labels
from segue.catalog.integers import parse_integers
from segue.catalog.matrices import Matrices
from segue.catalog.records import UpsertResult
from segue.catalog.sums import Sums
from segue.sources.contract import RECORD_COLUMNS, ImportBatch, SpaceRows, take

_DEFAULTS = {"duration_s": 0.0}


class RecordTables:
    """What the writer does with an ``ImportBatch``, within its transaction."""

    def __init__(self, db: sqlite3.Connection, matrices: Matrices, sums: Sums) -> None:
        self._db = db
        self._matrices = matrices
        self._sums = sums

    def upsert(self, batch: ImportBatch, seen: SeenKeys) -> UpsertResult:
        """Add what is new, replace what has changed, and bring back what was missing.

        Of an id that comes twice the first counts, in this batch and among those ``seen``.
        """
        ids = [track_id(batch.source, name) for name in batch.ids]
        keys, hashes = self._keys_and_hashes(ids, batch.source)
        fresh = _first_of_each(batch.ids) & ~seen.has(keys)
        added = np.flatnonzero((keys < 0) & fresh)
        changed = np.flatnonzero((keys >= 0) & (hashes != batch.hashes) & fresh)
        same = keys[(keys >= 0) & (hashes == batch.hashes) & fresh]
        at = np.concatenate([added, changed])
        if len(at):
            keys[added] = self._next_key() + np.arange(len(added))
            rows = {space: vectors.take(at) for space, vectors in batch.spaces.items()}
            rows |= self._sound_vectors(len(added), keys[changed], rows)
            first = self._matrices.append(len(at), rows)
            self._insert(batch, ids, added, keys, first)
            self._update(batch, changed, keys, first + len(added))
            self._put_labels(batch, at, keys, len(added))
            self._index_words(keys[changed])
            self._index_files(keys[changed])
        self._db.executemany(
            "UPDATE tracks SET missing_since = NULL WHERE key = ? AND missing_since IS NOT NULL",
            ((key,) for key in (same.tolist() if self._any_missing() else ())),
        )
        seen.add(keys[fresh])
        return UpsertResult(added, changed, len(same), len(keys) - int(fresh.sum()))

    def _keys_and_hashes(
        self, ids: Sequence[str], source: str
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Keys and hashes of those that are here, -1 and 0 of the others."""
        keys, hashes = np.full(len(ids), -1, np.int64), np.zeros(len(ids), np.int64)
        # A join in the order of what is asked; an IN would sort it first.
        sql = (
            "SELECT ids.key AS at, tracks.key, record_hash FROM json_each(?) AS ids "
            "CROSS JOIN tracks ON tracks.id = ids.value AND source = ?"
        )
        for at, key, record_hash in self._db.execute(sql, (json.dumps(ids), source)).fetchall():
            keys[at], hashes[at] = key, record_hash or 0
        return keys, hashes

    def _sound_vectors(
        self, n_added: int, changed: NDArray[np.int64], given: Collection[str]
    ) -> dict[str, SpaceRows]:
        """Vectors of changed tracks that have files: those that were made from the sound stay true."""
        spaces = [space for space, spec in self._matrices.spaces() if spec.sr and space not in given]
        if not spaces or not len(changed):
            return {}
        sql = "SELECT row FROM tracks WHERE key = ? AND path IS NOT NULL"
        own = [self._db.execute(sql, (key,)).fetchone() for key in changed.tolist()]
        rows = np.array([-1] * n_added + [row[0] if row else -1 for row in own], np.int64)
        return {space: self._matrices.gather(space, rows) for space in spaces}

    def _index_files(self, keys: NDArray[np.int64]) -> None:
        """Index the file names of changed tracks that have files."""
        for key in keys.tolist():
            sql = "SELECT path FROM tracks WHERE key = ? AND path IS NOT NULL"
            row = self._db.execute(sql, (key,)).fetchone()
            if row:
                index_file_and_labels(self._db, key, os.fsdecode(row[0]))

    def _next_key(self) -> int:
        row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'tracks'").fetchone()
        return row[0] + 1 if row else 1

    def _any_missing(self) -> bool:
        sql = "SELECT 1 FROM tracks WHERE missing_since IS NOT NULL LIMIT 1"
        return self._db.execute(sql).fetchone() is not None

    def _insert(
        self, batch: ImportBatch, ids: Sequence[str], at: NDArray[np.int64], keys: NDArray[np.int64], row: int
    ) -> None:
        names = ("key", "id", "row", "source", "source_id", "record_hash", "added_at", *RECORD_COLUMNS)
        constants = {"sr": 0, "channels": 0, "codec": "", "size": 0, "mtime_ns": 0}
        marks = ", ".join("?" * len(names))
        values = ", ".join(repr(value) for value in constants.values())
        sql = f"INSERT INTO tracks ({', '.join([*names, *constants])}) VALUES ({marks}, {values})"
        n = len(at)
        track_keys, track_ids, rows = keys[at].tolist(), take(ids, at), range(row, row + n)
        columns = _columns(batch, at)
        contents = columns[RECORD_COLUMNS.index("content_hash")]
        with self._sums.adding_tracks(track_keys, track_ids, rows, contents):
            self._db.executemany(
                sql,
                zip(
                    track_keys, track_ids, rows, [batch.source] * n,
                    take(batch.ids, at), batch.hashes[at].tolist(), [time.time()] * n,
                    *columns,
                    strict=True,
                ),
            )  # fmt: skip

    def _update(self, batch: ImportBatch, at: NDArray[np.int64], keys: NDArray[np.int64], row: int) -> None:
        names = [name for name in RECORD_COLUMNS if name != "content_hash"]
        # The content of a track with a file is the file's.
        settings = ", ".join([*(f"{name} = ?" for name in names), "missing_since = NULL", "record_hash = ?"])
        sql = (
            f"UPDATE tracks SET {settings}, row = ?, "
            "content_hash = CASE WHEN path IS NULL THEN ? ELSE content_hash END WHERE key = ?"
        )
        *columns, contents = _columns(batch, at)
        self._db.executemany(
            sql,
            zip(
                *columns, batch.hashes[at].tolist(), range(row, row + len(at)), contents, keys[at].tolist(),
                strict=True,
            ),
        )  # fmt: skip

    def _put_labels(
        self, batch: ImportBatch, at: NDArray[np.int64], keys: NDArray[np.int64], n_added: int
    ) -> None:
        for space, labels in batch.labels.items():
            old = ((int(keys[i]), space) for i in at[n_added:])
            self._db.executemany("DELETE FROM labels WHERE key = ? AND space = ?", old)
            self._db.executemany(
                "INSERT OR REPLACE INTO labels VALUES (?, ?, ?, ?)",
                ((int(keys[i]), space, label.name, label.score) for i in at for label in labels[i]),
            )

    def _index_words(self, changed: NDArray[np.int64]) -> None:
        """Index the new words of changed tracks; those of added ones are indexed at the end of the import."""
        old = [(key,) for key in changed.tolist()]
        self._db.executemany("DELETE FROM track_text WHERE rowid = ?", old)
        self._db.executemany(f"{INSERT_WORDS} WHERE key = ?", old)

    def record_import(self, source: str, kind: str, location: str, report: dict[str, Any]) -> None:
        """Keep what an import did; one report a source, the latest."""
        self._db.execute(
            "INSERT OR REPLACE INTO imports VALUES (?, ?, ?, ?, ?)",
            (source, kind, location, time.time(), json.dumps(report, ensure_ascii=False)),
        )

    def keys_of_source(self, source: str) -> NDArray[np.int64]:
        """Keys of the tracks of a source that are not missing."""
        # All in order: the index over sources would jump to each of them.
        sql = "SELECT group_concat(key) FROM tracks NOT INDEXED WHERE source = ? AND missing_since IS NULL"
        return parse_integers(self._db.execute(sql, (source,)).fetchone()[0])


class SeenKeys:
    """Keys of tracks that an import has come across."""

    def __init__(self) -> None:
        self._keys = np.zeros(1 << 16, np.bool_)

    def add(self, keys: NDArray[np.int64]) -> None:
        needed = int(keys.max(initial=-1)) + 1
        if needed > len(self._keys):
            self._keys = np.concatenate([self._keys, np.zeros(needed, np.bool_)])
        self._keys[keys] = True

    def has(self, keys: NDArray[np.int64]) -> NDArray[np.bool_]:
        """bool (n,): which of ``keys``, int64 (n,), were added; negative keys are of no track."""
        inside = (keys >= 0) & (keys < len(self._keys))
        return inside & self._keys[np.where(inside, keys, 0)]


def _first_of_each(ids: Sequence[str]) -> NDArray[np.bool_]:
    first = np.ones(len(ids), np.bool_)
    if len(set(ids)) < len(ids):
        earlier: set[str] = set()
        for i, name in enumerate(ids):
            first[i] = name not in earlier
            earlier.add(name)
    return first


def track_id(source: str, name: str) -> str:
    """The id of an imported track: the same in every library."""
    return hashlib.sha256(f"{source}:{name}".encode()).hexdigest()[:16]


def _columns(batch: ImportBatch, at: NDArray[np.int64]) -> list[Sequence[Any]]:
    return [_column(batch, name, at) for name in RECORD_COLUMNS]


def _column(batch: ImportBatch, name: str, at: NDArray[np.int64]) -> Sequence[Any]:
    values = batch.columns.get(name)
    if values is not None:
        return take(values, at)
    if name == "content_hash":  # nothing is known to be a copy of another
        return [f"{batch.source}:{batch.ids[i]}" for i in at]
    return [_DEFAULTS.get(name)] * len(at)
