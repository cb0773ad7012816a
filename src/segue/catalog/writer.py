"""All changes of a library. Each method is a transaction: done whole, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.advice import command
from segue.catalog import deferred_indexes
from segue.catalog.check import foreign_objects
from segue.catalog.clusters import Cluster, ClusterRun, ClusterTables, Tally
from segue.catalog.connections import Connections
from segue.catalog.deferred_indexes import BackgroundFinish
from segue.catalog.file_writer import FileWriter
from segue.catalog.files import Files, index_file_and_labels, put_states
from segue.catalog.matrices import Matrices
from segue.catalog.records import (
    AnalyzedFile,
    FileState,
    UpsertResult,
    track_columns,
)
from segue.catalog.repair import repair
from segue.catalog.schema import sweep_parts
from segue.catalog.sums import Sums
from segue.catalog.transaction import large_cache
from segue.catalog.upsert import RecordTables, SeenKeys
from segue.errors import LibraryFormatError, LibraryWriteError, SegueError, SpecMismatchError
from segue.sources.contract import ImportBatch, SpaceRows
from segue.spec import EmbedderSpec, Embedding, SpaceSettings, empty_row, encode_scores, newer_versions
from segue.track import TAG_COLUMNS, TrackId, path_to_db

_CACHE_KIB = 96 << 10  # of SQLite's pages while many tracks are put; ids come in no order
_OWN_COLUMNS = frozenset(TAG_COLUMNS)  # of an imported track: its file's tags say less than its source


class Writer(FileWriter):
    """Changes a library; ``Catalog.writing`` gives one, and holds the lock that it needs."""

    def __init__(self, local: Connections) -> None:
        self._local = local
        self._root, self._db = root, db = local.root, local.db
        _refuse_foreign(root, db)
        self._matrices = Matrices(root, db)
        self._matrices.sweep()
        sweep_parts(root)
        self._sums = Sums(db)
        self._records = RecordTables(db, self._matrices, self._sums)
        self._files = Files(db, self._matrices)
        self._finish_indexes()  # what a killed writer has left

    def add_space(
        self,
        spec: EmbedderSpec,
        dimensions: Sequence[str],
        settings: SpaceSettings | None = None,
        labels: Sequence[str] = (),
    ) -> None:
        """Make a space for an embedder's vectors, and for scores of labels, unless there is one.

        Raises
        ------
        SpecMismatchError
            Where the space holds vectors of another spec, or scores of other labels.
        """
        with self._transaction():
            self._matrices.add(spec, dimensions, settings, labels)

    def append(self, files: Sequence[AnalyzedFile]) -> list[TrackId]:
        """Add tracks, or replace those of the same paths; their ids, in the order given."""
        if not files:
            return []
        with self._transaction():
            first_row = self._append_vectors(files)
            return [self._put_track(file, first_row + i) for i, file in enumerate(files)]

    def _append_vectors(self, files: Sequence[AnalyzedFile]) -> int:
        rows = {}
        for space, spec in self._matrices.spaces():
            embeddings = [file.embeddings.get(space) or self._stored(space, spec, file) for file in files]
            rows[space] = _space_rows(embeddings, spec)
        return self._matrices.append(len(files), rows)

    def _stored(self, space: str, spec: EmbedderSpec, file: AnalyzedFile) -> Embedding | None:
        """What the space holds already: of the same content, or of the track if the space is not of sound."""
        track = self._at(file.path)
        valid = track and (not spec.sr or _same_audio(track, file.state))
        return self._matrices.embedding(space, track["row"]) if track and valid else None

    def _at(self, path: str) -> sqlite3.Row | None:
        names = "key, id, row, source, content_hash, audio_hash"
        sql = f"SELECT {names} FROM tracks LEFT JOIN file_states USING (key) WHERE path = ?"
        row = self._db.execute(sql, (path_to_db(path),)).fetchone()
        return row if isinstance(row, sqlite3.Row) else None

    def _put_track(self, file: AnalyzedFile, row: int) -> TrackId:
        columns = track_columns(file)
        existing = self._at(file.path)
        imported = existing is not None and existing["source"] is not None
        if existing:
            if imported:
                columns = {name: value for name, value in columns.items() if name not in _OWN_COLUMNS}
            key, track_id = existing["key"], TrackId(existing["id"])
            if not _same_audio(existing, file.state):
                of_sound = [(key, space) for space, spec in self._matrices.spaces() if spec.sr]
                self._db.executemany("DELETE FROM labels WHERE key = ? AND space = ?", of_sound)
            settings = ", ".join(f"{name} = ?" for name in columns)
            sql = f"UPDATE tracks SET row = ?, {settings} WHERE key = ?"
            self._db.execute(sql, (row, *columns.values(), key))
        else:
            track_id = self._new_id(file)
            added_at = time.time() if file.added_at is None else file.added_at
            columns |= {"id": track_id, "row": row, "added_at": added_at}
            marks = ", ".join("?" * len(columns))
            sql = f"INSERT INTO tracks ({', '.join(columns)}) VALUES ({marks})"
            key = self._db.execute(sql, tuple(columns.values())).lastrowid or 0
        put_states(self._db, [(key, file.state)])
        self._put_labels(key, file)
        if not imported:
            self._put_words(key, file.tags)
        index_file_and_labels(self._db, key, file.path)
        self._db.execute("DELETE FROM away WHERE key = ?", (key,))
        self._db.execute("DELETE FROM failures WHERE path = ?", (columns["path"],))
        return track_id

    def _new_id(self, file: AnalyzedFile) -> TrackId:
        """That of a track that is back, or made from the content; a copy of another's file gets another."""
        content = file.state.content_hash
        texts = itertools.chain([content], (f"{content}:{copy}" for copy in itertools.count(1)))
        made = (TrackId(hashlib.sha256(text.encode()).hexdigest()[:16]) for text in texts)
        taken = "SELECT 1 FROM tracks WHERE id = ?"
        candidates = itertools.chain([file.id] if file.id else [], made)
        return next(one for one in candidates if not self._db.execute(taken, (one,)).fetchone())

    def _put_labels(self, key: int, file: AnalyzedFile) -> None:
        """Keep what the networks say; of several versions of one, what the newest says."""
        sql = "SELECT DISTINCT space FROM labels WHERE key = ?"
        given = [row["space"] for row in self._db.execute(sql, (key,))]
        given += [space for space, embedding in file.embeddings.items() if embedding.labels]
        for space, embedding in file.embeddings.items():
            labels = [] if newer_versions(space, given) else embedding.labels
            outdated = [old for old in given if old == space or (labels and newer_versions(old, [space]))]
            self._db.executemany(
                "DELETE FROM labels WHERE key = ? AND space = ?", [(key, old) for old in outdated]
            )
            self._db.executemany(
                "INSERT INTO labels VALUES (?, ?, ?, ?)",
                [(key, space, label.name, label.score) for label in labels],
            )

    def repair(self) -> list[str]:
        """Mend what a check found, from what the library still has; what was done."""
        with self._transaction():
            return repair(self._db, self._matrices, self._sums)

    # Imports

    @contextlib.contextmanager
    def deferring_indexes(self) -> Iterator[Callable[[], None]]:
        """Add many tracks quickly: indexes and search words are made at the end of the block.

        The block gets a function. Called after the last track, it begins that work in the background.
        """
        begun: list[BackgroundFinish] = []
        with self._transaction():
            deferred_indexes.defer(self._db)
        try:
            yield lambda: begun.append(BackgroundFinish(self._root))
        except SegueError:  # the source broke off; what came before stays, and must be found
            with contextlib.suppress(LibraryWriteError):
                self._finish_indexes(begun)
            raise
        except BaseException:
            for task in begun:
                task.stop()
            raise
        self._finish_indexes(begun)

    def _finish_indexes(self, begun: Sequence[BackgroundFinish] = ()) -> None:
        with self._as_write_errors():
            for task in begun:
                task.join()
            deferred_indexes.finish(self._db)

    @contextlib.contextmanager
    def batch(self) -> Iterator[None]:
        """Write all that is written in the block in one transaction."""
        with large_cache(self._db, _CACHE_KIB), self._transaction():
            yield

    def upsert(self, batch: ImportBatch, seen: SeenKeys) -> UpsertResult:
        """Add imported tracks, or replace those that have changed; their keys are added to ``seen``."""
        with self._transaction():
            return self._records.upsert(batch, seen)

    def index_words(self, most: int) -> None:
        """Index the words of at most so many of the new tracks, before the rest of them comes."""
        with self._transaction():
            deferred_indexes.index_words(self._db, most)

    def keys_of_source(self, source: str) -> NDArray[np.int64]:
        """int64 (n,), of the tracks of a source that are not missing."""
        return self._records.keys_of_source(source)

    def record_import(self, source: str, kind: str, location: str, report: Mapping[str, Any]) -> None:
        """Keep what an import did; one report a source, the latest."""
        with self._transaction():
            self._records.record_import(source, kind, location, dict(report))

    def files_of_source(self, source: str) -> dict[str, str | None]:
        """The paths of a source's tracks that are not missing, by their ids in the source."""
        return self._files.of_source(source)

    def assign_files(self, source: str, files: Iterable[tuple[str, str]]) -> int:
        """Say which files hold imported tracks, (id in the source, path); for how many that is new.

        If a file was scanned before, its track is merged into the imported one, which gets its vectors.
        Otherwise the next scan analyzes the file. A file that holds another source's track stays with it.
        """
        with self._transaction():
            return self._files.assign(source, files)

    def put_clusters(
        self,
        keys: NDArray[np.int64],
        numbers: NDArray[np.int64],
        describe: Callable[[list[Tally]], Sequence[Cluster]],
        run: ClusterRun,
        counted: NDArray[np.bool_] | None = None,
    ) -> None:
        """Replace all clusters; see ``ClusterTables.replace``."""
        with self._transaction():
            ClusterTables(self._local).replace(keys, numbers, describe, run, counted)


def _refuse_foreign(root: Path, db: sqlite3.Connection) -> None:
    """Raises LibraryFormatError where a trigger or view of another program would act on what is written."""
    foreign = foreign_objects(db)
    if foreign:
        names = ", ".join(f"{kind} {name}" for kind, name in foreign)
        drop = command("check --repair", library=root)
        what = f"the library in {root} holds what is not Segue's ({names})"
        raise LibraryFormatError(f"{what}; to drop it: {drop}")


def _same_audio(track: sqlite3.Row, state: FileState) -> bool:
    same = track["content_hash"] == state.content_hash
    return same or bool(state.audio_hash and track["audio_hash"] == state.audio_hash)


def _space_rows(given: Sequence[Embedding | None], spec: EmbedderSpec) -> SpaceRows:
    nothing = Embedding(empty_row(spec), np.zeros((0, spec.dim), np.float16))
    embeddings = [embedding or nothing for embedding in given]
    for embedding in embeddings:
        if embedding.pooled.shape != (spec.dim,):
            raise SpecMismatchError(f"{spec.space} has {spec.dim} dimensions, not {embedding.pooled.shape}")
    counts = np.array([len(embedding.windows) for embedding in embeddings], np.int64)
    windows = np.concatenate([embedding.windows for embedding in embeddings])
    return SpaceRows(np.stack([e.pooled for e in embeddings]), windows, counts, _score_rows(embeddings))


def _score_rows(embeddings: Sequence[Embedding]) -> NDArray[np.uint8] | None:
    n_labels = max((len(e.scores) for e in embeddings if e.scores is not None), default=0)
    none = np.full(n_labels, np.nan, np.float32)
    rows = [none if e.scores is None else e.scores for e in embeddings]
    return encode_scores(np.stack(rows)) if n_labels else None
