"""All vectors of a library at one moment."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue.advice import command
from segue.catalog import matrix, schema
from segue.catalog.integers import rows_and_keys
from segue.catalog.matrix import MatrixState
from segue.errors import LibraryFormatError
from segue.spec import EmbedderSpec, SpaceSettings, settings_from_json, spec_from_json

_ATTEMPTS = 4  # a prune may replace the files between the look into the database and their opening


@dataclass(frozen=True, slots=True)
class SpaceVectors:
    """All vectors of one space, row-aligned.

    Attributes
    ----------
    vectors : (n, dim), memory-mapped; a row of NaN has no vector
    windows : float16 (n_windows, dim), memory-mapped
    window_ends : int64 (n,), the end of each row's windows; they begin at the end of the row before
    label_names : of what the embedder scores; none where the scores are not kept
    scores : uint8 (n, n_labels), memory-mapped, as ``spec.encode_scores``; a row of 0 has no scores
    """

    spec: EmbedderSpec
    dimensions: tuple[str, ...]
    settings: SpaceSettings
    vectors: NDArray[np.generic]
    windows: NDArray[np.generic]
    window_ends: NDArray[np.int64]
    label_names: tuple[str, ...] = ()
    scores: NDArray[np.uint8] | None = None

    def has_scores(self) -> NDArray[np.bool_]:
        """bool (n,): which rows have scores of labels."""
        if self.scores is None:
            return np.zeros(len(self.vectors), np.bool_)
        return np.asarray(self.scores[:, 0] > 0)

    def windows_of(self, row: int) -> NDArray[np.generic]:
        """float16 (n, dim): the windows of the track at ``row``."""
        start = int(self.window_ends[row - 1]) if row else 0
        return self.windows[start : int(self.window_ends[row])]

    def has_vector(self) -> NDArray[np.bool_]:
        """bool (n,): which rows have a vector, be it with holes."""
        if self.vectors.dtype == np.uint8:  # which has no other sign for none
            return np.asarray(self.vectors.any(axis=1), np.bool_)
        filled = np.isfinite(self.vectors[:, 0].astype(np.float32))
        rest = np.flatnonzero(~filled)
        filled[rest] = np.isfinite(self.vectors[rest]).any(axis=1)
        return np.asarray(filled, np.bool_)


@dataclass(frozen=True)
class Snapshot:
    """All spaces as committed at one moment; it stays true while others write.

    Attributes
    ----------
    keys : int64 (n,), the track's key at each row, -1 where a row is dead
    missing : bool (n,), the track's file was not there at the last scan
    spaces : by name
    stamp : differs whenever any of these does
    """

    keys: NDArray[np.int64]
    missing: NDArray[np.bool_]
    spaces: Mapping[str, SpaceVectors]
    stamp: str

    def row_of(self, key: int) -> int | None:
        """The row of the track with this key."""
        row = int(self.rows_of(np.array([key]))[0])
        return None if row < 0 else row

    def rows_of(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64 (n,): the rows of the tracks with these keys; -1 for those that are in none."""
        own, rows = self._rising
        if not len(own):
            return np.full(len(keys), -1, np.int64)
        first, last = int(own[0]), int(own[-1])
        unbroken = last - first == len(own) - 1
        at: NDArray[np.int64] = keys - first if unbroken else np.searchsorted(own, keys)
        if unbroken and len(keys) and first <= keys.min() and keys.max() <= last:
            return at if rows is None else rows[at]
        at = at.clip(0, len(own) - 1)
        return np.where(own[at] == keys, at if rows is None else rows[at], -1)

    @functools.cached_property
    def _rising(self) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
        """The keys of the tracks, rising, and their rows; no rows where the keys stand so already."""
        if len(self.keys) and self.keys[0] >= 0 and (self.keys[1:] > self.keys[:-1]).all():
            return self.keys, None
        rows = np.flatnonzero(self.keys >= 0)
        rows = rows[np.argsort(self.keys[rows], kind="stable")]
        return self.keys[rows], rows


def read_spaces(db: sqlite3.Connection) -> dict[str, EmbedderSpec]:
    """What there are vectors of, by the names of the spaces."""
    rows = db.execute("SELECT space, spec FROM spaces ORDER BY space")
    return {row["space"]: spec_from_json(row["spec"]) for row in rows}


def read_snapshot(root: Path, db: sqlite3.Connection) -> Snapshot:
    """All vectors as committed now."""
    for _ in range(_ATTEMPTS - 1):
        with contextlib.suppress(FileNotFoundError):
            return _read(root, db)
    try:
        return _read(root, db)
    except FileNotFoundError as error:
        schema.check_present(root)
        lost = error.filename
        raise LibraryFormatError(f"{lost} is missing: restore it, or scan into a new library") from error


def _read(root: Path, db: sqlite3.Connection) -> Snapshot:
    with one_moment(db):
        spaces = db.execute("SELECT * FROM spaces ORDER BY space").fetchall()
        states = {row["space"]: _matrix_states(db, row["space"]) for row in spaces}
        rows, row_keys = rows_and_keys(db)
        sql = "SELECT row FROM tracks WHERE missing_since IS NOT NULL"
        missing_rows = np.fromiter((row[0] for row in db.execute(sql)), np.int64)
        tag_edits = [row[0] for row in db.execute("SELECT n FROM tag_edits")]
    n = min((state["pooled"].rows for state in states.values()), default=0)
    if len(rows) and not 0 <= int(rows[0]) <= int(rows[-1]) < n:
        raise LibraryFormatError(
            f"{root / schema.FILE_NAME} has tracks in rows that there are not; to see which: "
            f"{command('check', library=root)}"
        )
    keys, missing = np.full(n, -1, np.int64), np.zeros(n, np.bool_)
    keys[rows], missing[missing_rows] = row_keys, True
    vectors = {row["space"]: _space_vectors(root, row, states[row["space"]]) for row in spaces}
    settings = [row["settings"] for row in spaces] + tag_edits
    return Snapshot(keys, missing, vectors, _stamp(states, settings, keys, missing))


@contextlib.contextmanager
def one_moment(db: sqlite3.Connection) -> Iterator[None]:
    """Let all that is read inside be of one moment of the database."""
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("COMMIT")


def _space_vectors(root: Path, row: sqlite3.Row, states: Mapping[str, MatrixState]) -> SpaceVectors:
    folder = root / "vectors" / row["space"]
    return SpaceVectors(
        spec=spec_from_json(row["spec"]),
        dimensions=tuple(json.loads(row["dimensions"])),
        settings=settings_from_json(row["settings"]),
        vectors=matrix.view(folder, states["pooled"]),
        windows=matrix.view(folder, states["windows"]),
        window_ends=np.asarray(matrix.view(folder, states["ends"]))[:, 0].astype(np.int64, copy=False),
        label_names=tuple(json.loads(row["label_names"])),
        scores=np.asarray(matrix.view(folder, states["scores"]), np.uint8) if "scores" in states else None,
    )


def matrix_states(db: sqlite3.Connection) -> list[tuple[str, str, MatrixState]]:
    """All matrices, each with its space and its kind."""
    spaces = read_spaces(db)
    return [(space, kind, state) for space in spaces for kind, state in _matrix_states(db, space).items()]


def _matrix_states(db: sqlite3.Connection, space: str) -> Mapping[str, MatrixState]:
    rows = db.execute("SELECT * FROM matrices WHERE space = ?", (space,))
    return {r["kind"]: MatrixState(r["file"], r["dtype"], r["width"], r["rows"], r["crc32"]) for r in rows}


def _stamp(
    states: Mapping[str, Mapping[str, MatrixState]],
    settings: list[str | int],
    keys: NDArray[np.int64],
    missing: NDArray[np.bool_],
) -> str:
    files = [(space, sorted(kinds.items())) for space, kinds in sorted(states.items())]
    digest = hashlib.sha256(repr((files, settings)).encode())
    digest.update(keys.tobytes())
    digest.update(missing.tobytes())
    return digest.hexdigest()[:32]
