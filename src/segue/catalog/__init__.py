"""Tracks and their vectors on disk, row-aligned: the truth of a library.

``catalog.sqlite`` says what exists; ``vectors/<space>/`` holds matrices that only grow. A row
exists when the database says so, and it says so only after the row is on the disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import filelock
import numpy as np
from numpy.typing import NDArray

from segue.catalog import conditions, matrix, schema, search
from segue.catalog.clusters import Cluster, Clusters, ClusterTables
from segue.catalog.conditions import Where
from segue.catalog.feedback import FeedbackTables
from segue.catalog.folders import FolderTables
from segue.catalog.listing import Listing
from segue.catalog.matrix import MatrixState
from segue.catalog.overview import Imported, Overview, overview
from segue.catalog.playlists import PlaylistTables
from segue.catalog.records import (
    AnalyzedFile,
    Failure,
    FileState,
    KnownFile,
    Snapshot,
    SpaceVectors,
    UpsertResult,
    path_from_db,
    path_to_db,
    rows_and_keys,
    track_from_row,
)
from segue.catalog.writer import Writer
from segue.errors import LibraryBusyError, LibraryError, LibraryWriteError
from segue.sources.contract import settings_from_json
from segue.spec import EmbedderSpec, spec_from_json
from segue.track import Track, TrackId, folded

__all__ = [
    "AnalyzedFile",
    "Catalog",
    "Cluster",
    "Clusters",
    "Failure",
    "FileState",
    "Imported",
    "KnownFile",
    "Overview",
    "Snapshot",
    "SpaceVectors",
    "UpsertResult",
    "Where",
    "Writer",
]

_MANY = 500  # values in one IN (...), well below SQLite's limit


class Catalog:
    """One library's tracks; safe to use from several threads. ``Catalog(root)`` opens an existing one.

    Raises
    ------
    LibraryNotFoundError, LibraryFormatError
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._connections_lock = threading.Lock()
        _ = self._db

    @classmethod
    def create(cls, root: Path) -> Catalog:
        """Open the library in ``root``, made empty first where there is none."""
        schema.create(root)
        return cls(root)

    @property
    def _db(self) -> sqlite3.Connection:
        """This thread's connection."""
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            db = self._local.db = schema.connect(self.root)
            with self._connections_lock:
                self._connections.append(db)
        return db

    def close(self) -> None:
        """Close this thread's connection; those of ended threads close themselves."""
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is not None:
            with self._connections_lock:
                self._connections.remove(db)
            db.close()
            del self._local.db

    # Tracks

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM tracks").fetchone()[0])

    def __iter__(self) -> Iterator[Track]:
        """All tracks, in the order of their rows."""
        for row in self._db.execute("SELECT * FROM tracks ORDER BY row"):
            yield track_from_row(row)

    def by_id(self, track_id: str) -> Track | None:
        return self._one("id = ?", path_to_db(track_id))

    def by_path(self, path: str) -> Track | None:
        return self._one("path = ?", path_to_db(path))

    def by_source_id(self, name: str) -> list[Track]:
        """Imported tracks by what they are called where they come from, or by ``source:name``."""
        found = self._by_source_id(name)
        if not found and ":" in name:
            source, rest = name.split(":", 1)
            found = [track for track in self._by_source_id(rest) if track.source == source]
        return found

    def _by_source_id(self, name: str) -> list[Track]:
        sql = "SELECT * FROM tracks WHERE source_id = ? AND source IS NOT NULL ORDER BY row"
        return [track_from_row(row) for row in self._db.execute(sql, (path_to_db(name),))]

    def _one(self, condition: str, value: object) -> Track | None:
        row = self._db.execute(f"SELECT * FROM tracks WHERE {condition}", (value,)).fetchone()
        return track_from_row(row) if row else None

    def by_keys(self, keys: Iterable[int]) -> dict[int, Track]:
        """The tracks of some keys; keys of pruned tracks are left out."""
        wanted = [int(key) for key in keys]
        found: dict[int, Track] = {}
        for start in range(0, len(wanted), _MANY):
            part = wanted[start : start + _MANY]
            marks = ",".join("?" * len(part))
            for row in self._db.execute(f"SELECT * FROM tracks WHERE key IN ({marks})", part):
                found[row["key"]] = track_from_row(row)
        return found

    def damaged(self) -> list[Track]:
        """Tracks whose files are damaged but usable."""
        rows = self._db.execute("SELECT * FROM tracks WHERE warning IS NOT NULL ORDER BY row")
        return [track_from_row(row) for row in rows]

    def overview(self) -> Overview:
        """How much there is."""
        return overview(self._db)

    def ids_of(self, keys: Iterable[int]) -> dict[int, TrackId]:
        """The ids of some keys; keys of pruned tracks are left out."""
        wanted = set(map(int, keys))
        rows = self._db.execute("SELECT key, id FROM tracks")
        return {key: TrackId(name) for key, name in rows if key in wanted}

    def keys_of(self, track_ids: Iterable[TrackId]) -> dict[TrackId, int]:
        return {
            track_id: row[0]
            for track_id in track_ids
            for row in self._db.execute("SELECT key FROM tracks WHERE id = ?", (track_id,))
        }

    def keys_matching(self, where: Where) -> NDArray[np.int64]:
        """Keys of the tracks that meet all conditions but that on the tempo, which is in the vectors.

        Raises
        ------
        UsageError
        """
        return conditions.keys_matching(self._db, where)

    def keys_by_artists(self, names: Iterable[str]) -> NDArray[np.int64]:
        """Keys of the tracks by any of some artists, or from their albums, case and accents aside."""
        return conditions.keys_by_artists(self._db, names)

    def keys_with_contents(self, hashes: Iterable[str]) -> NDArray[np.int64]:
        """Keys of the tracks with one of these contents."""
        return conditions.keys_with_contents(self._db, hashes)

    @property
    def clusters(self) -> ClusterTables:
        """What was found of tracks that sound alike."""
        return ClusterTables(self._db)

    @property
    def listing(self) -> Listing:
        return Listing(self._db)

    @property
    def playlists(self) -> PlaylistTables:
        return PlaylistTables(self._db)

    @property
    def feedback(self) -> FeedbackTables:
        return FeedbackTables(self._db)

    @property
    def folders(self) -> FolderTables:
        return FolderTables(self._db)

    def search(self, text: str, limit: int | None = 50, *, by_label: bool = True) -> list[Track]:
        """Tracks whose tags, file name and labels hold every word of ``text``.

        Words match from their beginning, without case and accents; best matches first. Where none
        match so, any place within a word or name counts.
        """
        return search.search(self._db, text, limit, by_label=by_label)

    def count_matches(self, text: str) -> int:
        """How many tracks ``search`` finds by the beginnings of words."""
        return search.count_matches(self._db, text)

    def labels(self, track_id: TrackId) -> dict[str, dict[str, float]]:
        """What each network calls a track: by space, names and scores, best first."""
        sql = (
            "SELECT space, label, score FROM labels JOIN tracks USING (key) "
            "WHERE tracks.id = ? ORDER BY space, score DESC"
        )
        found: dict[str, dict[str, float]] = {}
        for row in self._db.execute(sql, (track_id,)):
            found.setdefault(row["space"], {})[row["label"]] = row["score"]
        return found

    def by_name(self, name: str) -> list[Track]:
        """Tracks with exactly this title or file name, case and accents aside."""
        wanted = folded(name)
        found = self.search(name, None, by_label=False)
        return [track for track in found if wanted in (folded(track.title), folded(Path(track.path).name))]

    # Files

    def known_files(self) -> dict[str, KnownFile]:
        """Every track's file, by path."""
        sql = (
            "SELECT key, id, path, size, mtime_ns, content_hash, missing_since FROM tracks "
            "WHERE path IS NOT NULL"
        )
        known = {}
        for row in self._db.execute(sql):
            path = path_from_db(row["path"])
            state = FileState(row["size"], row["mtime_ns"], row["content_hash"])
            missing = row["missing_since"] is not None
            known[path] = KnownFile(row["key"], TrackId(row["id"]), path, state, missing)
        return known

    def failures(self) -> list[Failure]:
        """Files that could not be used, by path."""
        rows = self._db.execute("SELECT * FROM failures ORDER BY path")
        return [Failure(**{**dict(row), "path": path_from_db(row["path"])}) for row in rows]

    # Vectors

    def spaces(self) -> dict[str, EmbedderSpec]:
        rows = self._db.execute("SELECT space, spec FROM spaces ORDER BY space")
        return {row["space"]: spec_from_json(row["spec"]) for row in rows}

    def snapshot(self) -> Snapshot:
        """All vectors as committed now; the one before where nothing has been written since."""
        moment = (self.version(), self._db.total_changes)
        known: tuple[tuple[int, int], Snapshot] | None = getattr(self._local, "snapshot", None)
        if known is None or known[0] != moment or self._db.in_transaction:
            known = self._local.snapshot = (moment, self._whole_snapshot())
        return known[1]

    def _whole_snapshot(self) -> Snapshot:
        for _ in range(3):  # a prune may replace the files between the look and the opening
            with contextlib.suppress(FileNotFoundError):
                return self._snapshot()
        return self._snapshot()

    def _snapshot(self) -> Snapshot:
        with self._reading() as db:
            found = db.execute("SELECT * FROM spaces ORDER BY space").fetchall()
            states = {row["space"]: _matrix_states(db, row["space"]) for row in found}
            rows, row_keys = rows_and_keys(db)
            sql = "SELECT row FROM tracks WHERE missing_since IS NOT NULL"
            gone = np.fromiter((row[0] for row in db.execute(sql)), np.int64)
        n = min((state["pooled"].rows for state in states.values()), default=0)
        keys, missing = np.full(n, -1, np.int64), np.zeros(n, np.bool_)
        keys[rows], missing[gone] = row_keys, True
        spaces = {row["space"]: self._space(row, states[row["space"]]) for row in found}
        settings = [row["settings"] for row in found]
        return Snapshot(keys, missing, spaces, _stamp(states, settings, keys, missing))

    def _space(self, row: sqlite3.Row, states: Mapping[str, MatrixState]) -> SpaceVectors:
        folder = self.root / "vectors" / row["space"]
        return SpaceVectors(
            spec=spec_from_json(row["spec"]),
            dimensions=tuple(json.loads(row["dimensions"])),
            settings=settings_from_json(row["settings"]),
            vectors=matrix.view(folder, states["pooled"]),
            windows=matrix.view(folder, states["windows"]),
            window_ends=matrix.view(folder, states["ends"])[:, 0].astype(np.int64),
        )

    def version(self) -> int:
        """Another number whenever another connection has changed the library."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def verify(self) -> int:
        """Read every committed vector and compare checksums; how many matrices were read.

        Raises
        ------
        LibraryFormatError
        """
        problems = [row[0] for row in self._db.execute("PRAGMA quick_check")]
        if problems != ["ok"]:
            raise LibraryError(f"{self.root / schema.FILE_NAME} is damaged: {problems[0]}")
        states = [(space, s) for space in self.spaces() for s in _matrix_states(self._db, space).values()]
        for space, state in states:
            matrix.verify(self.root / "vectors" / space, state)
        return len(states)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Several looks at one moment of the database."""
        self._db.execute("BEGIN")
        try:
            yield self._db
        finally:
            self._db.execute("COMMIT")

    @contextlib.contextmanager
    def writing(self, wait_s: float = -1, on_wait: Callable[[], None] | None = None) -> Iterator[Writer]:
        """The right to change the library, held by one process at a time.

        Parameters
        ----------
        wait_s : how long to wait for another writer; -1 for as long as it takes.
        on_wait : called once, before waiting.

        Raises
        ------
        LibraryBusyError
            Where another process is still writing after ``wait_s``.
        LibraryWriteError
        """
        lock = filelock.FileLock(self.root / "writer.lock")
        try:
            self._acquire(lock, wait_s, on_wait)
        except (PermissionError, OSError) as error:
            raise LibraryWriteError(f"the library in {self.root} cannot be written to: {error}") from error
        try:
            yield Writer(self.root, self._db)
        finally:
            lock.release()

    def _acquire(
        self, lock: filelock.BaseFileLock, wait_s: float, on_wait: Callable[[], None] | None
    ) -> None:
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            if on_wait and wait_s:
                on_wait()
            try:
                lock.acquire(timeout=wait_s, poll_interval=0.2)
            except filelock.Timeout:
                raise LibraryBusyError(
                    f"another segue is writing to the library in {self.root}; try again when it is done"
                ) from None


def _matrix_states(db: sqlite3.Connection, space: str) -> Mapping[str, MatrixState]:
    rows = db.execute("SELECT * FROM matrices WHERE space = ?", (space,))
    return {r["kind"]: MatrixState(r["file"], r["dtype"], r["width"], r["rows"], r["crc32"]) for r in rows}


def _stamp(
    states: Mapping[str, Mapping[str, MatrixState]],
    settings: list[str],
    keys: NDArray[np.int64],
    missing: NDArray[np.bool_],
) -> str:
    files = [(space, sorted(kinds.items())) for space, kinds in sorted(states.items())]
    digest = hashlib.sha256(repr((files, settings)).encode())
    digest.update(keys.tobytes())
    digest.update(missing.tobytes())
    return digest.hexdigest()[:32]
