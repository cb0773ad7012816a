"""What removed tracks were, kept by the content of their files, so that a return costs no analysis.

``removed.sqlite`` stands beside the catalog. It may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue.catalog.records import Analysis
from segue.catalog.transaction import transaction
from segue.errors import LibraryWriteError
from segue.spec import EmbedderSpec, Embedding, Label, spec_from_json, spec_to_json
from segue.track import TrackId

FILE_NAME = "removed.sqlite"
MOST_BYTES = 1 << 30  # of vectors; beyond, those of the tracks that were removed first are dropped
_DAMAGE = (sqlite3.DatabaseError, ValueError, TypeError, KeyError)  # what a damaged file raises
_FACTS = ("duration_s", "sr", "channels", "codec", "warning")
_TABLES = """
CREATE TABLE removed (
    entry INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, added_at REAL NOT NULL, removed_at REAL NOT NULL,
    content_hash TEXT NOT NULL, audio_hash TEXT NOT NULL, facts TEXT NOT NULL, bytes INTEGER NOT NULL
);
CREATE TABLE vectors (
    entry INTEGER NOT NULL, space TEXT NOT NULL, spec TEXT NOT NULL, pooled BLOB NOT NULL,
    windows BLOB NOT NULL, scores BLOB, labels TEXT NOT NULL, PRIMARY KEY (entry, space)
);
"""


@dataclass(frozen=True, slots=True)
class RemovedTrack:
    """A track as it was when it was removed."""

    id: TrackId
    added_at: float
    content_hash: str
    audio_hash: str
    analysis: Analysis


class RemovedTracks:
    """The removed tracks of a library. A damaged file holds none, and is replaced."""

    def __init__(self, root: Path) -> None:
        self._path = root / FILE_NAME

    def entries(self, specs: Mapping[str, EmbedderSpec]) -> dict[str, tuple[int, bool]]:
        """The entries of tracks by the hashes of their files, and whether they have vectors by all specs."""
        wanted = {(space, spec_to_json(spec)) for space, spec in specs.items()}
        entries: dict[str, tuple[int, bool]] = {}
        with contextlib.suppress(sqlite3.DatabaseError), self._connection() as db:
            if db is None:
                return entries
            spaces = Counter(
                entry
                for entry, space, spec in db.execute("SELECT entry, space, spec FROM vectors")
                if (space, spec) in wanted
            )
            for entry, *hashes in db.execute("SELECT entry, content_hash, audio_hash FROM removed"):
                entries |= {text: (entry, spaces[entry] == len(wanted)) for text in hashes if text}
        return entries

    def get(self, entry: int) -> RemovedTrack | None:
        """What is kept of a track; ``None`` where that is gone or damaged."""
        with (
            contextlib.suppress(*_DAMAGE),
            self._connection() as db,
        ):
            row = db.execute("SELECT * FROM removed WHERE entry = ?", (entry,)).fetchone() if db else None
            if db and row:
                rows = db.execute("SELECT * FROM vectors WHERE entry = ?", (entry,)).fetchall()
                analysis = Analysis(**json.loads(row["facts"]), embeddings=dict(map(_embedding, rows)))
                return RemovedTrack(
                    TrackId(row["id"]), row["added_at"], row["content_hash"], row["audio_hash"], analysis
                )
        return None

    def keep(self, tracks: Iterable[RemovedTrack], specs: Mapping[str, EmbedderSpec]) -> None:
        """Keep tracks before they are removed; of more than there is room for, those removed last.

        Raises
        ------
        LibraryWriteError
        """
        try:
            self._keep(tracks, specs)
        except sqlite3.OperationalError as error:
            raise LibraryWriteError(f"{self._path} cannot be written: {error}") from error
        except sqlite3.DatabaseError:
            self._path.unlink(missing_ok=True)

    def _keep(self, tracks: Iterable[RemovedTrack], specs: Mapping[str, EmbedderSpec]) -> None:
        with self._connection(create=True) as db:
            assert db is not None
            with transaction(db):
                for track in tracks:
                    _put(db, track, specs)
                _drop_oldest(db)

    def forget(self, ids: Sequence[TrackId] | None = None) -> None:
        """Drop the tracks of these ids, by default all."""
        if ids is None:
            self._path.unlink(missing_ok=True)
        elif ids:
            with contextlib.suppress(sqlite3.DatabaseError), self._connection() as db:
                if db:
                    with transaction(db):
                        for track_id in ids:
                            _delete(db, track_id)

    def size(self) -> tuple[int, int]:
        """How many tracks are kept, and the bytes of their vectors."""
        with contextlib.suppress(sqlite3.DatabaseError), self._connection() as db:
            if db:
                n, n_bytes = db.execute("SELECT count(*), total(bytes) FROM removed").fetchone()
                return n, int(n_bytes)
        return 0, 0

    @contextlib.contextmanager
    def _connection(self, *, create: bool = False) -> Iterator[sqlite3.Connection | None]:
        if not self._path.exists():
            if not create:
                yield None
                return
            self._path.touch(mode=0o600)
        with contextlib.closing(sqlite3.connect(self._path, isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            if create and not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                db.executescript(f"BEGIN; {_TABLES} COMMIT;")
            yield db


def _put(db: sqlite3.Connection, track: RemovedTrack, specs: Mapping[str, EmbedderSpec]) -> None:
    _delete(db, track.id)
    analysis = track.analysis
    facts = {name: getattr(analysis, name) for name in _FACTS}
    rows = [(space, spec_to_json(specs[space]), *_blobs(one)) for space, one in analysis.embeddings.items()]
    n_bytes = sum(len(blob) for row in rows for blob in row if isinstance(blob, bytes))
    entry = db.execute(
        "INSERT INTO removed (id, added_at, removed_at, content_hash, audio_hash, facts, bytes) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            track.id, track.added_at, time.time(), track.content_hash, track.audio_hash, json.dumps(facts),
            n_bytes,
        ),
    ).lastrowid  # fmt: skip
    db.executemany("INSERT INTO vectors VALUES (?, ?, ?, ?, ?, ?, ?)", [(entry, *row) for row in rows])


def _delete(db: sqlite3.Connection, track_id: str) -> None:
    entries = "SELECT entry FROM removed WHERE id = ?"
    db.execute(f"DELETE FROM vectors WHERE entry IN ({entries})", (track_id,))
    db.execute("DELETE FROM removed WHERE id = ?", (track_id,))


def _drop_oldest(db: sqlite3.Connection) -> None:
    used = db.execute("SELECT total(bytes) FROM removed").fetchone()[0]
    for track_id, n_bytes in db.execute("SELECT id, bytes FROM removed ORDER BY entry").fetchall():
        if used <= MOST_BYTES:
            return
        _delete(db, track_id)
        used -= n_bytes


def _blobs(embedding: Embedding) -> tuple[bytes, bytes, bytes | None, str]:
    scores = None if embedding.scores is None else _bytes(embedding.scores, "<f4")
    labels = json.dumps([[label.name, label.score] for label in embedding.labels], ensure_ascii=False)
    dtype = "|u1" if embedding.pooled.dtype == np.uint8 else "<f4"
    return _bytes(embedding.pooled, dtype), _bytes(embedding.windows, "<f2"), scores, labels


def _bytes(values: NDArray[np.generic], dtype: str) -> bytes:
    return np.ascontiguousarray(values, dtype).tobytes()


def _embedding(row: sqlite3.Row) -> tuple[str, Embedding]:
    spec = spec_from_json(row["spec"])
    pooled = np.frombuffer(row["pooled"], "<f4" if spec.dtype == "float32" else "|u1")
    windows = np.frombuffer(row["windows"], "<f2").reshape(-1, spec.dim)
    scores = None if row["scores"] is None else np.frombuffer(row["scores"], "<f4")
    labels = tuple(Label(name, score) for name, score in json.loads(row["labels"]))
    return row["space"], Embedding(pooled, windows, labels, scores)
