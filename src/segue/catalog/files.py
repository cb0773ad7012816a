"""The files of tracks: which are known, which failed, and which hold imported tracks."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segue.track import TrackId, path_to_db

if TYPE_CHECKING:
    from segue.catalog.matrices import Matrices
    from segue.catalog.records import Failure, FileState, KnownFile

_OF_FILE = ("path", "duration_s", "sr", "channels", "codec", "size", "mtime_ns", "content_hash", "warning")
# A dismissal holds for a file as it was.
_FAILURES = (
    "failures LEFT JOIN dismissed ON failures.path = dismissed.path AND failures.kind = dismissed.kind "
    "AND failures.size IS dismissed.size AND failures.mtime_ns IS dismissed.mtime_ns"
)


def known_files(db: sqlite3.Connection) -> dict[str, KnownFile]:
    """As ``Catalog.known_files``."""
    from segue.catalog.records import FileState, KnownFile

    of_track = "key, id, path, missing_since, size, mtime_ns, content_hash"
    of_state = "audio_hash, ctime_ns, device, inode"
    tables = "tracks LEFT JOIN file_states USING (key) LEFT JOIN away USING (key)"
    files = {}
    for row in db.execute(f"SELECT {of_track}, {of_state}, place FROM {tables} WHERE path IS NOT NULL"):
        path = os.fsdecode(row["path"])
        more = (
            row["audio_hash"] or "",
            row["ctime_ns"] or 0,
            int(row["device"] or 0),
            int(row["inode"] or 0),
        )
        state = FileState(row["size"], row["mtime_ns"], row["content_hash"], *more)
        missing = row["missing_since"] is not None
        files[path] = KnownFile(row["key"], TrackId(row["id"]), path, state, missing, _path(row["place"]))
    return files


@dataclass(frozen=True, slots=True)
class MissingTrack:
    """A track whose file is gone.

    Attributes
    ----------
    path : ``None`` for one of a data set that has no file
    away : the place that went with the file, and may not be mounted; ``None`` where the file alone is gone
    """

    key: int
    id: TrackId
    path: str | None
    missing_since: float  # s since the epoch
    away: str | None


def missing_tracks(db: sqlite3.Connection) -> list[MissingTrack]:
    """As ``Catalog.missing_tracks``."""
    sql = (
        "SELECT key, id, path, missing_since, place FROM tracks LEFT JOIN away USING (key) "
        "WHERE missing_since IS NOT NULL ORDER BY path, key"
    )
    return [
        MissingTrack(
            row["key"], TrackId(row["id"]), _path(row["path"]), row["missing_since"], _path(row["place"])
        )
        for row in db.execute(sql)
    ]


def _path(value: str | bytes | None) -> str | None:
    return None if value is None else os.fsdecode(value)


def put_states(db: sqlite3.Connection, states: Iterable[tuple[int, FileState]]) -> None:
    """Keep what is known of the files of tracks, by their keys, beside what ``tracks`` has columns for."""
    db.executemany(
        "INSERT OR REPLACE INTO file_states VALUES (?, ?, ?, ?, ?)",
        [(key, s.audio_hash, s.ctime_ns, str(s.device), str(s.inode)) for key, s in states],
    )


def failures(db: sqlite3.Connection) -> list[Failure]:
    """As ``Catalog.failures``."""
    from segue.catalog.records import Failure

    names = "failures.*, dismissed.path IS NOT NULL AS dismissed"
    rows = db.execute(f"SELECT {names} FROM {_FAILURES} ORDER BY failures.path")
    return [
        Failure(**{**dict(row), "path": os.fsdecode(row["path"]), "dismissed": bool(row["dismissed"])})
        for row in rows
    ]


def count_failures(db: sqlite3.Connection) -> int:
    """How many failures nobody has dismissed."""
    sql = f"SELECT count(*) FROM {_FAILURES} WHERE dismissed.path IS NULL"
    return int(db.execute(sql).fetchone()[0])


class Files:
    """What the writer does where a source's tracks turn out to have files, within its transaction."""

    def __init__(self, db: sqlite3.Connection, matrices: Matrices) -> None:
        self._db = db
        self._matrices = matrices

    def of_source(self, source: str) -> dict[str, str | None]:
        """The paths of a source's tracks that are not missing, by their ids in the source."""
        sql = (
            "SELECT source_id, path FROM tracks NOT INDEXED WHERE source = ? AND missing_since IS NULL "
            "ORDER BY key"
        )
        rows = self._db.execute(sql, (source,))
        return {row[0]: None if row[1] is None else os.fsdecode(row[1]) for row in rows}

    def assign(self, source: str, files: Iterable[tuple[str, str]]) -> int:
        """Say which files hold tracks, (id in the source, path); for how many that is new."""
        n, pairs = 0, []
        for source_id, path in files:
            sql = "SELECT key, row, path FROM tracks WHERE source = ? AND source_id = ?"
            imported = self._db.execute(sql, (source, source_id)).fetchone()
            scanned = self._at(path)
            if imported is None or (scanned and scanned["key"] == imported["key"]):
                continue
            if scanned and scanned["source"] not in (None, source):  # that track keeps its file
                continue
            n += 1
            if scanned and scanned["source"] is None:
                pairs.append((imported, scanned))
                continue
            if scanned:
                self._release(scanned)
            # Size and time that no file has: the next scan looks at the content.
            sql = "UPDATE tracks SET path = ?, size = 0, mtime_ns = 0 WHERE key = ?"
            self._db.execute(sql, (path_to_db(path), imported["key"]))
            index_file_and_labels(self._db, imported["key"], path)
        self._take_over(pairs)
        return n

    def _at(self, path: str) -> sqlite3.Row | None:
        row = self._db.execute("SELECT * FROM tracks WHERE path = ?", (path_to_db(path),)).fetchone()
        return row if isinstance(row, sqlite3.Row) else None

    def _release(self, track: sqlite3.Row) -> None:
        """Leave an imported track without its file."""
        content = f"{track['source']}:{track['source_id']}"
        self._db.execute(
            "UPDATE tracks SET path = NULL, sr = 0, channels = 0, codec = '', size = 0, mtime_ns = 0, "
            "warning = NULL, content_hash = ? WHERE key = ?",
            (content, track["key"]),
        )
        self._db.execute("DELETE FROM file_states WHERE key = ?", (track["key"],))
        index_file_and_labels(self._db, track["key"], "")

    def _take_over(self, pairs: Sequence[tuple[sqlite3.Row, sqlite3.Row]]) -> None:
        """Let imported tracks take over scanned files, with their vectors and labels."""
        if not pairs:
            return
        imported_rows, scanned_rows = (np.array([pair[i]["row"] for pair in pairs], np.int64) for i in (0, 1))
        rows = {
            space: self._matrices.gather(space, scanned_rows if spec.sr else imported_rows)
            for space, spec in self._matrices.spaces()
        }
        first = self._matrices.append(len(pairs), rows)
        settings = ", ".join(f"{name} = ?" for name in _OF_FILE)
        for i, (track, scanned) in enumerate(pairs):
            key = track["key"]
            sql = "SELECT DISTINCT space FROM labels WHERE key = ?"
            spaces = [(key, row["space"]) for row in self._db.execute(sql, (scanned["key"],))]
            self._db.executemany("DELETE FROM labels WHERE key = ? AND space = ?", spaces)
            self._db.execute("UPDATE labels SET key = ? WHERE key = ?", (key, scanned["key"]))
            sql = "UPDATE OR REPLACE file_states SET key = ? WHERE key = ?"
            self._db.execute(sql, (key, scanned["key"]))
            delete(self._db, "key = ?", scanned["key"])
            values = [scanned[name] for name in _OF_FILE]
            sql = f"UPDATE tracks SET row = ?, {settings} WHERE key = ?"
            self._db.execute(sql, (first + i, *values, key))
            index_file_and_labels(self._db, key, os.fsdecode(scanned["path"]))


def searchable_name(path: str) -> str:
    """The file's name, as the full-text index takes it."""
    return Path(path).name.encode("utf-8", "replace").decode()


def index_file_and_labels(db: sqlite3.Connection, key: int, path: str) -> None:
    """Index a track's file name and all of its labels for searches."""
    labels = ", ".join(row["label"] for row in db.execute("SELECT label FROM labels WHERE key = ?", (key,)))
    file = searchable_name(path) if path else ""
    db.execute("UPDATE track_text SET file = ?, labels = ? WHERE rowid = ?", (file, labels, key))


def delete(db: sqlite3.Connection, condition: str, *values: object) -> int:
    """Remove tracks, their words, labels and places in clusters; how many tracks there were."""
    gone = f"SELECT key FROM tracks WHERE {condition}"
    for table, name in (
        ("track_text", "rowid"), ("labels", "key"), ("cluster_tracks", "key"), ("file_states", "key"),
        ("away", "key"),
    ):  # fmt: skip
        db.execute(f"DELETE FROM {table} WHERE {name} IN ({gone})", values)
    return db.execute(f"DELETE FROM tracks WHERE {condition}", values).rowcount
