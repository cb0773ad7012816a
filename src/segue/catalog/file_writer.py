"""Changes of what the catalog knows of files: where they are, what they are called, which are gone."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from segue.catalog.files import delete, index_file_and_labels, put_states, searchable_name
from segue.catalog.integers import rows_and_keys
from segue.catalog.matrices import Matrices
from segue.catalog.records import Analysis, Failure, FileState, SeenFile
from segue.catalog.removed import RemovedTrack, RemovedTracks
from segue.catalog.sums import Sums
from segue.catalog.transaction import transaction
from segue.errors import LibraryWriteError
from segue.spec import Label
from segue.texts import reason
from segue.track import TAG_COLUMNS, Tags, TrackId, path_to_db


class FileWriter:
    """The half of ``Writer`` that does not analyze: files that moved, changed their tags, or went."""

    _root: Path
    _db: sqlite3.Connection
    _matrices: Matrices
    _sums: Sums

    def touch(self, files: Sequence[SeenFile]) -> None:
        """Keep new paths, times and tags of files whose audio is known: moved, tagged, copied back."""
        if not files:
            return
        with self._transaction():
            edits = [self._touch(file) for file in files]
            put_states(self._db, [(file.track.key, file.state) for file in files])
            if any(edits):
                n = self._db.execute("SELECT total(n) FROM tag_edits").fetchone()[0]
                self._db.execute("DELETE FROM tag_edits")
                self._db.execute("INSERT INTO tag_edits VALUES (?)", (n + 1,))

    def _touch(self, file: SeenFile) -> bool:
        """Whether the track has other tags now."""
        path, state, key = path_to_db(file.path), file.state, file.track.key
        self._db.execute(
            "UPDATE tracks SET path = ?, size = ?, mtime_ns = ?, content_hash = ?, missing_since = NULL "
            "WHERE key = ?",
            (path, state.size, state.mtime_ns, state.content_hash, key),
        )
        sql = "UPDATE track_text SET file = ? WHERE rowid = ?"
        self._db.execute(sql, (searchable_name(file.path), key))
        self._db.execute("DELETE FROM away WHERE key = ?", (key,))
        self._db.execute("DELETE FROM failures WHERE path = ?", (path,))
        return file.tags is not None and self._put_tags(key, file.tags, file.path)

    def _put_tags(self, key: int, tags: Tags, path: str) -> bool:
        """Replace the tags of a track, unless they are the same or those of a data set; whether they were."""
        columns = ", ".join(TAG_COLUMNS)
        sql = f"SELECT {columns} FROM tracks WHERE key = ? AND source IS NULL"
        before, values = (
            self._db.execute(sql, (key,)).fetchone(),
            [getattr(tags, name) for name in TAG_COLUMNS],
        )
        if before is None or list(before) == values:
            return False
        settings = ", ".join(f"{name} = ?" for name in TAG_COLUMNS)
        self._db.execute(f"UPDATE tracks SET {settings} WHERE key = ?", (*values, key))
        self._put_words(key, tags)
        index_file_and_labels(self._db, key, path)
        return True

    def put_states(self, states: Sequence[tuple[int, FileState]]) -> None:
        """Keep what a scan has found out about the files of tracks, by their keys, that are as they were."""
        if states:
            with self._transaction():
                put_states(self._db, states)

    def mark_missing(self, keys: Iterable[int]) -> None:
        """Hide tracks whose files are gone; ``prune`` removes them."""
        now = time.time()
        sql = "UPDATE tracks SET missing_since = ? WHERE key = ? AND missing_since IS NULL"
        self._execute_for_each(sql, [(now, key) for key in keys])

    def mark_away(self, tracks: Iterable[tuple[int, str]]) -> None:
        """Keep that missing tracks, by their keys, went with the whole of a place: a disk, a folder."""
        rows = [(key, path_to_db(place)) for key, place in tracks]
        self._execute_for_each("INSERT OR REPLACE INTO away VALUES (?, ?)", rows)

    def mark_lost(self, keys: Iterable[int]) -> None:
        """Keep that the place of missing tracks is back without them."""
        self._execute_for_each("DELETE FROM away WHERE key = ?", [(key,) for key in keys])

    def rename(self, paths: Mapping[int, str]) -> None:
        """Keep new paths of tracks, by their keys; they may take each other's."""
        set_path = "UPDATE tracks SET path = ? WHERE key = ?"
        with self._transaction():
            # Paths are unique, so they step aside before they take their new places.
            self._db.executemany(set_path, [(f"\0{key}", key) for key in paths])
            self._db.executemany(set_path, [(path_to_db(path), key) for key, path in paths.items()])

    def move(self, paths: Mapping[int, str], present: Iterable[int], old: str, new: str) -> None:
        """Keep new paths of tracks, by their keys, and of all else that is known of a folder that was moved.

        The files count as unchanged; what is known of their entries on disk is not.

        Parameters
        ----------
        present : keys of tracks whose files are at their new paths
        """
        with self._transaction():
            self.rename(paths)
            back = [(key,) for key in present]
            self._db.executemany("UPDATE tracks SET missing_since = NULL WHERE key = ?", back)
            self._db.executemany("DELETE FROM away WHERE key = ?", back)
            keys = json.dumps(list(paths))
            moved = "key IN (SELECT value FROM json_each(?))"
            sql = f"UPDATE file_states SET ctime_ns = 0, device = '0', inode = '0' WHERE {moved}"
            self._db.execute(sql, (keys,))
            for table, column in (
                ("failures", "path"), ("dismissed", "path"), ("folders", "folder"), ("exclusions", "folder"),
                ("away", "place"),
            ):  # fmt: skip
                self._move_column(table, column, old, new)

    def _move_column(self, table: str, column: str, old: str, new: str) -> None:
        for (value,) in self._db.execute(f"SELECT DISTINCT {column} FROM {table}").fetchall():
            path = os.fsdecode(value)
            if path == old or path.startswith(old.rstrip(os.sep) + os.sep):
                moved = path_to_db(new.rstrip(os.sep) + path[len(old.rstrip(os.sep)) :])
                sql = f"UPDATE OR REPLACE {table} SET {column} = ? WHERE {column} = ?"
                self._db.execute(sql, (moved, value))

    def forget_folder(self, folder: str) -> None:
        """Drop what is kept of a folder that was scanned, but not its tracks."""
        with self._transaction():
            for table in ("folders", "exclusions"):
                self._db.execute(f"DELETE FROM {table} WHERE folder = ?", (path_to_db(folder),))

    def fail(self, failures: Iterable[Failure]) -> None:
        """Keep why files could not be used; one reason a path, the latest."""
        rows = [
            (path_to_db(f.path), f.kind, f.reason, f.size, f.mtime_ns, f.failed_at or time.time())
            for f in failures
        ]
        self._execute_for_each("INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?, ?)", rows)

    def dismiss(self, failures: Iterable[Failure]) -> None:
        """Show failures no more until their files change."""
        rows = [(path_to_db(f.path), f.kind, f.size, f.mtime_ns) for f in failures]
        self._execute_for_each("INSERT OR REPLACE INTO dismissed VALUES (?, ?, ?, ?)", rows)

    def show_again(self, failures: Iterable[Failure]) -> None:
        """Take back ``dismiss``."""
        rows = [(path_to_db(f.path),) for f in failures]
        self._execute_for_each("DELETE FROM dismissed WHERE path = ?", rows)

    def forget_failures(self, paths: Iterable[str]) -> None:
        rows = [(path_to_db(path),) for path in paths]
        self._execute_for_each("DELETE FROM failures WHERE path = ?", rows)

    def _execute_for_each(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            with self._transaction():
                self._db.executemany(sql, rows)

    def remove(self, keys: Sequence[int], *, keep: bool = True) -> int:
        """Remove tracks and rewrite the matrices without dead rows; how many tracks were removed.

        Parameters
        ----------
        keep : what was found out about their audio, for their return
        """
        if keep and keys:
            RemovedTracks(self._root).keep(self._removed(keys), dict(self._matrices.spaces()))
        with self._transaction():
            n = delete(self._db, "key IN (SELECT value FROM json_each(?))", json.dumps(list(keys)))
            self._compact()
        self._matrices.sweep()
        return n

    def _removed(self, keys: Iterable[int]) -> Iterator[RemovedTrack]:
        sql = (
            "SELECT id, added_at, content_hash, audio_hash FROM tracks LEFT JOIN file_states USING (key) "
            "WHERE key = ? AND codec != ''"
        )
        for key in keys:
            row = self._db.execute(sql, (key,)).fetchone()
            analysis = self.analysis(key) if row else None
            if analysis and analysis.embeddings:
                hashes = (row["content_hash"], row["audio_hash"] or "")
                yield RemovedTrack(TrackId(row["id"]), row["added_at"], *hashes, analysis)

    def analysis(self, key: int) -> Analysis | None:
        """What is known of the audio of a track's file, with its vectors in all spaces of sound."""
        track = self._db.execute("SELECT * FROM tracks WHERE key = ?", (key,)).fetchone()
        if track is None:
            return None
        labels: dict[str, list[Label]] = {}
        sql = "SELECT space, label, score FROM labels WHERE key = ? ORDER BY score DESC"
        for space, name, score in self._db.execute(sql, (key,)):
            labels.setdefault(space, []).append(Label(name, score))
        embeddings = {}
        for space, spec in self._matrices.spaces():
            embedding = self._matrices.embedding(space, track["row"]) if spec.sr else None
            if embedding:
                embeddings[space] = replace(embedding, labels=labels.get(space, ()))
        facts = {name: track[name] for name in ("duration_s", "sr", "channels", "codec", "warning")}
        return Analysis(**facts, embeddings=embeddings)

    def compact(self) -> None:
        """Rewrite the matrices without dead rows."""
        with self._transaction():
            self._compact()
        self._matrices.sweep()

    def _compact(self) -> None:
        rows, keys = rows_and_keys(self._db)
        for space, _ in self._matrices.spaces():
            self._matrices.rewrite(space, rows)
        # Rows are unique, so they step aside before they take their new places.
        with self._sums.recounting("tracks"):
            self._db.execute("UPDATE tracks SET row = -1 - row")
            self._db.executemany("UPDATE tracks SET row = ? WHERE key = ?", enumerate(keys.tolist()))

    def _put_words(self, key: int, tags: Tags) -> None:
        """Index the words of a track's tags for searches, and nothing else of it."""
        texts = (tags.title, tags.artist or tags.album_artist, tags.album, tags.genre)
        self._db.execute("DELETE FROM track_text WHERE rowid = ?", (key,))
        self._db.execute(
            "INSERT INTO track_text (rowid, title, artist, album, genre) VALUES (?, ?, ?, ?, ?)",
            (key, *(text or "" for text in texts)),
        )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._db.in_transaction:  # a part of a larger one
            yield
            return
        try:
            with self._as_write_errors(), transaction(self._db):
                yield
                self._sums.flush()
        except BaseException:
            self._sums.forget()
            raise

    @contextlib.contextmanager
    def _as_write_errors(self) -> Iterator[None]:
        """Turn errors of the disk and the database into a ``LibraryWriteError``."""
        try:
            yield
        except (OSError, sqlite3.OperationalError) as error:
            raise LibraryWriteError(
                f"the library in {self._root} could not be written: {reason(error)}; "
                "what was there before is untouched"
            ) from error
