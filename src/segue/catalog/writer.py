"""All changes of a library. Each method is one transaction: done whole, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue.catalog import matrix
from segue.catalog.matrix import MatrixState
from segue.catalog.records import (
    Entry,
    Failure,
    FileState,
    KnownFile,
    columns_of,
    path_to_db,
    spec_from_json,
    spec_to_json,
)
from segue.embed import EmbedderSpec, Embedding
from segue.errors import LibraryWriteError, SpecMismatchError
from segue.track import TrackId

_COPY_ROWS = 1 << 16  # rows copied at a time when a matrix is rewritten


class Writer:
    """Got from ``Catalog.writing``, which holds the lock that this needs."""

    def __init__(self, root: Path, db: sqlite3.Connection) -> None:
        self._root = root
        self._db = db
        self._sweep()

    def add_space(self, spec: EmbedderSpec, dimensions: Sequence[str]) -> None:
        """Make room for an embedder's vectors; nothing happens where there is.

        Raises
        ------
        SpecMismatchError
            Where the space holds vectors of another spec.
        """
        found = self._db.execute("SELECT spec FROM spaces WHERE space = ?", (spec.space,)).fetchone()
        if found:
            if spec_from_json(found["spec"]) != spec:
                raise SpecMismatchError(
                    f"{self._root} holds vectors of another {spec.space}: {found['spec']}; "
                    f"this Segue makes {spec_to_json(spec)}"
                )
            return
        with self._transaction():
            folder = self._folder(spec.space)
            folder.mkdir(parents=True, exist_ok=True)
            self._db.execute(
                "INSERT INTO spaces VALUES (?, ?, ?)",
                (spec.space, spec_to_json(spec), json.dumps(list(dimensions))),
            )
            for kind, dtype, width in _matrices_of(spec):
                state = matrix.create(folder, _new_name(kind), dtype, width)
                if kind != "windows":
                    state = self._fill(folder, state, spec)
                self._put_state(spec.space, kind, state)

    def _fill(self, folder: Path, state: MatrixState, spec: EmbedderSpec) -> MatrixState:
        """Empty rows for the tracks that were there before the space."""
        sql = "SELECT coalesce(max(rows), 0) FROM matrices WHERE kind = 'pooled'"
        missing = self._db.execute(sql).fetchone()[0]
        row = np.zeros(1, np.int64) if state.width == 1 else _pooled(None, spec)
        while state.rows < missing:
            n = min(missing - state.rows, _COPY_ROWS)
            state = matrix.append(folder, state, np.broadcast_to(row, (n, state.width)))
        return state

    def append(self, entries: Sequence[Entry]) -> list[TrackId]:
        """Add tracks, or replace those of the same paths; their ids, in the order given."""
        if not entries:
            return []
        with self._transaction():
            first_row = self._append_vectors(entries)
            return [self._put_track(entry, first_row + i) for i, entry in enumerate(entries)]

    def _append_vectors(self, entries: Sequence[Entry]) -> int:
        first_row = 0
        for row in self._db.execute("SELECT space, spec FROM spaces").fetchall():
            space, spec = row["space"], spec_from_json(row["spec"])
            found = [entry.embeddings.get(space) or self._kept(space, spec, entry) for entry in entries]
            pooled = np.stack([_pooled(embedding, spec) for embedding in found])
            windows = [embedding.windows for embedding in found if embedding is not None]
            states = {kind: self._state(space, kind) for kind, _, _ in _matrices_of(spec)}
            counts = [0 if embedding is None else len(embedding.windows) for embedding in found]
            ends = states["windows"].rows + np.cumsum(counts, dtype=np.int64)
            first_row = states["pooled"].rows
            new_rows = {
                "pooled": pooled,
                "windows": np.concatenate(windows) if windows else np.zeros((0, spec.dim), np.float16),
                "ends": ends[:, None],
            }
            for kind, rows in new_rows.items():
                self._put_state(space, kind, matrix.append(self._folder(space), states[kind], rows))
        return first_row

    def _kept(self, space: str, spec: EmbedderSpec, entry: Entry) -> Embedding | None:
        """What a space holds of the very same content already."""
        sql = "SELECT row FROM tracks WHERE path = ? AND content_hash = ?"
        known = self._db.execute(sql, (path_to_db(entry.path), entry.state.content_hash)).fetchone()
        if not known:
            return None
        row, folder = known["row"], self._folder(space)
        pooled, windows, ends = (
            matrix.view(folder, self._state(space, kind)) for kind, _, _ in _matrices_of(spec)
        )
        if not np.isfinite(pooled[row].astype(np.float32)).all():
            return None
        start = int(ends[row - 1, 0]) if row else 0
        return Embedding(np.array(pooled[row]), np.array(windows[start : int(ends[row, 0])], np.float16))

    def _put_track(self, entry: Entry, row: int) -> TrackId:
        columns = columns_of(entry)
        sql = "SELECT key, id, content_hash FROM tracks WHERE path = ?"
        found = self._db.execute(sql, (columns["path"],)).fetchone()
        if found:
            key, track_id = found["key"], TrackId(found["id"])
            if found["content_hash"] != entry.state.content_hash:
                self._db.execute("DELETE FROM labels WHERE key = ?", (key,))
            settings = ", ".join(f"{name} = ?" for name in columns)
            sql = f"UPDATE tracks SET row = ?, {settings} WHERE key = ?"
            self._db.execute(sql, (row, *columns.values(), key))
        else:
            track_id = self._new_id(entry.state.content_hash)
            columns |= {"id": track_id, "row": row, "added_at": time.time()}
            marks = ", ".join("?" * len(columns))
            sql = f"INSERT INTO tracks ({', '.join(columns)}) VALUES ({marks})"
            key = self._db.execute(sql, tuple(columns.values())).lastrowid
        self._put_labels(key, entry)
        self._put_text(key, entry)
        self._db.execute("DELETE FROM failures WHERE path = ?", (columns["path"],))
        return track_id

    def _new_id(self, content_hash: str) -> TrackId:
        """Made from the content; a copy of a file that is there too gets another."""
        copy = 0
        while True:
            text = content_hash if not copy else f"{content_hash}:{copy}"
            track_id = hashlib.sha256(text.encode()).hexdigest()[:16]
            if not self._db.execute("SELECT 1 FROM tracks WHERE id = ?", (track_id,)).fetchone():
                return TrackId(track_id)
            copy += 1

    def _put_labels(self, key: int | None, entry: Entry) -> None:
        for space, embedding in entry.embeddings.items():
            self._db.execute("DELETE FROM labels WHERE key = ? AND space = ?", (key, space))
            self._db.executemany(
                "INSERT INTO labels VALUES (?, ?, ?, ?)",
                [(key, space, label.name, label.score) for label in embedding.labels],
            )

    def _put_text(self, key: int | None, entry: Entry) -> None:
        tags = entry.tags
        file = Path(entry.path).name.encode("utf-8", "replace").decode()
        found = self._db.execute("SELECT label FROM labels WHERE key = ?", (key,))
        labels = ", ".join(row["label"] for row in found)
        texts = (tags.title, tags.artist or tags.album_artist, tags.album, tags.genre, file, labels)
        self._db.execute("DELETE FROM track_text WHERE rowid = ?", (key,))
        self._db.execute(
            "INSERT INTO track_text (rowid, title, artist, album, genre, file, labels) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (key, *(text or "" for text in texts)),
        )

    def touch(self, files: Iterable[tuple[KnownFile, str, FileState]]) -> None:
        """Note new paths and times of files whose content is known: moved, copied back or touched."""
        with self._transaction():
            for known, path, state in files:
                self._db.execute(
                    "UPDATE tracks SET path = ?, size = ?, mtime_ns = ?, missing_since = NULL WHERE key = ?",
                    (path_to_db(path), state.size, state.mtime_ns, known.key),
                )
                name = Path(path).name.encode("utf-8", "replace").decode()
                self._db.execute("UPDATE track_text SET file = ? WHERE rowid = ?", (name, known.key))
                self._db.execute("DELETE FROM failures WHERE path = ?", (path_to_db(path),))

    def mark_missing(self, keys: Iterable[int]) -> None:
        """Keep tracks whose files are gone, but out of sight; ``prune`` removes them."""
        now = time.time()
        with self._transaction():
            self._db.executemany(
                "UPDATE tracks SET missing_since = ? WHERE key = ? AND missing_since IS NULL",
                [(now, key) for key in keys],
            )

    def fail(self, failures: Iterable[Failure]) -> None:
        """Keep why files could not be used; one reason a path, the latest."""
        with self._transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (path_to_db(f.path), f.kind, f.reason, f.size, f.mtime_ns, f.failed_at or time.time())
                    for f in failures
                ],
            )

    def forget_failures(self, paths: Iterable[str]) -> None:
        with self._transaction():
            self._db.executemany(
                "DELETE FROM failures WHERE path = ?", [(path_to_db(path),) for path in paths]
            )

    def prune(self) -> int:
        """Remove missing tracks and rewrite the matrices without dead rows; how many tracks went."""
        with self._transaction():
            keys = self._delete_missing()
            self._compact()
        self._sweep()
        return keys

    def compact(self) -> None:
        """Rewrite the matrices without dead rows."""
        with self._transaction():
            self._compact()
        self._sweep()

    def _delete_missing(self) -> int:
        gone = self._db.execute("SELECT key FROM tracks WHERE missing_since IS NOT NULL").fetchall()
        keys = [(row["key"],) for row in gone]
        self._db.executemany("DELETE FROM tracks WHERE key = ?", keys)
        self._db.executemany("DELETE FROM track_text WHERE rowid = ?", keys)
        self._db.executemany("DELETE FROM labels WHERE key = ?", keys)
        return len(keys)

    def _compact(self) -> None:
        live = self._db.execute("SELECT row, key FROM tracks ORDER BY row").fetchall()
        rows = np.array([row["row"] for row in live], np.int64)
        for space, _ in self._spaces():
            self._rewrite(space, rows)
        # Rows are unique, so they step aside before they take their new places.
        self._db.execute("UPDATE tracks SET row = -1 - row")
        self._db.executemany(
            "UPDATE tracks SET row = ? WHERE key = ?", [(i, row["key"]) for i, row in enumerate(live)]
        )

    def _rewrite(self, space: str, rows: NDArray[np.int64]) -> None:
        folder = self._folder(space)
        old = {kind: self._state(space, kind) for kind in ("pooled", "windows", "ends")}
        ends = matrix.view(folder, old["ends"])[:, 0].astype(np.int64)
        starts = np.concatenate([[0], ends[:-1]])[: len(ends)]
        counts = (ends - starts)[rows]
        firsts = np.cumsum(counts) - counts
        window_rows = np.repeat(starts[rows] - firsts, counts) + np.arange(int(counts.sum()))
        self._copy(space, "pooled", old["pooled"], rows)
        self._copy(space, "windows", old["windows"], window_rows)
        new_ends = matrix.create(folder, _new_name("ends"), old["ends"].dtype, 1)
        self._put_state(space, "ends", matrix.append(folder, new_ends, np.cumsum(counts)[:, None]))

    def _copy(self, space: str, kind: str, old: MatrixState, rows: NDArray[np.int64]) -> None:
        folder = self._folder(space)
        source = matrix.view(folder, old)
        state = matrix.create(folder, _new_name(kind), old.dtype, old.width)
        for start in range(0, len(rows), _COPY_ROWS):
            state = matrix.append(folder, state, source[rows[start : start + _COPY_ROWS]])
        self._put_state(space, kind, state)

    def _spaces(self) -> list[tuple[str, EmbedderSpec]]:
        rows = self._db.execute("SELECT space, spec FROM spaces").fetchall()
        return [(row["space"], spec_from_json(row["spec"])) for row in rows]

    def _folder(self, space: str) -> Path:
        return self._root / "vectors" / space

    def _state(self, space: str, kind: str) -> MatrixState:
        sql = "SELECT file, dtype, width, rows, crc32 FROM matrices WHERE space = ? AND kind = ?"
        return MatrixState(*self._db.execute(sql, (space, kind)).fetchone())

    def _put_state(self, space: str, kind: str, state: MatrixState) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO matrices VALUES (?, ?, ?, ?, ?, ?, ?)",
            (space, kind, state.file, state.dtype, state.width, state.rows, state.crc32),
        )

    def _sweep(self) -> None:
        """Delete matrices that no row of the database names: a killed prune's, or replaced ones."""
        used = {row["file"] for row in self._db.execute("SELECT file FROM matrices")}
        for path in (self._root / "vectors").glob("*/*.matrix"):
            if path.name not in used:
                with contextlib.suppress(OSError):  # Windows keeps files that a reader has open
                    path.unlink()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except (OSError, sqlite3.OperationalError) as error:
            self._rollback()
            raise LibraryWriteError(
                f"the library in {self._root} could not be written: {_reason(error)}; "
                "what was there before is untouched"
            ) from error
        except BaseException:
            self._rollback()
            raise

    def _rollback(self) -> None:
        if self._db.in_transaction:
            with contextlib.suppress(sqlite3.OperationalError):
                self._db.execute("ROLLBACK")


def _matrices_of(spec: EmbedderSpec) -> tuple[tuple[str, str, int], ...]:
    """(kind, dtype, width) of each matrix of a space."""
    pooled = "<f4" if spec.dtype == "float32" else "|u1"
    return ("pooled", pooled, spec.dim), ("windows", "<f2", spec.dim), ("ends", "<i8", 1)


def _pooled(embedding: Embedding | None, spec: EmbedderSpec) -> NDArray[np.generic]:
    """The pooled row; where the embedder could not make one, NaN or zeros."""
    if embedding is None:
        return np.full(spec.dim, np.nan if spec.dtype == "float32" else 0, spec.dtype)
    if embedding.pooled.shape != (spec.dim,):
        raise SpecMismatchError(f"{spec.space} has {spec.dim} dimensions, not {embedding.pooled.shape}")
    return embedding.pooled


def _new_name(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:12]}.matrix"


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return str(error)
