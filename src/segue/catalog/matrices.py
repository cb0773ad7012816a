"""The matrices of all spaces, row-aligned: what is appended to one is appended to all."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue.catalog import matrix
from segue.catalog.matrix import MatrixState
from segue.catalog.validation import check_new_space
from segue.errors import SpecMismatchError
from segue.sources.contract import SpaceRows
from segue.spec import (
    EmbedderSpec,
    Embedding,
    SpaceSettings,
    decode_scores,
    empty_row,
    settings_to_json,
    spec_from_json,
    spec_to_json,
)

_KINDS = ("pooled", "windows", "ends")
_COPY_ROWS = 1 << 16  # rows copied at a time when a matrix is rewritten


class Matrices:
    """All matrices of a library. The writer's transactions make changes durable."""

    def __init__(self, root: Path, db: sqlite3.Connection) -> None:
        self._root = root
        self._db = db

    def spaces(self) -> list[tuple[str, EmbedderSpec]]:
        rows = self._db.execute("SELECT space, spec FROM spaces").fetchall()
        return [(row["space"], spec_from_json(row["spec"])) for row in rows]

    def add(
        self,
        spec: EmbedderSpec,
        dimensions: Sequence[str],
        settings: SpaceSettings | None,
        labels: Sequence[str] = (),
    ) -> None:
        """Make a space, or give an existing one other settings, or a matrix of scores of labels.

        Raises
        ------
        SpecMismatchError
            Where the space holds vectors of another spec, or of other dimensions.
        UsageError
            Where no library could be opened with such a space.
        """
        sql = "SELECT spec, dimensions FROM spaces WHERE space = ?"
        existing = self._db.execute(sql, (spec.space,)).fetchone()
        check_new_space(spec, settings or SpaceSettings())
        if not existing:
            self._create(spec, dimensions, settings or SpaceSettings())
            self._add_scores(spec.space, labels)
            return
        if spec_from_json(existing["spec"]) != spec:
            raise SpecMismatchError(
                f"{self._root} holds vectors of another {spec.space}: {existing['spec']}; "
                f"this Segue makes {spec_to_json(spec)}"
            )
        self._add_scores(spec.space, labels)
        if settings is None:
            return
        if json.loads(existing["dimensions"]) != list(dimensions):
            old, new = (", ".join(names) for names in (json.loads(existing["dimensions"]), dimensions))
            raise SpecMismatchError(f"{self._root} holds {spec.space} of the dimensions {old}; got {new}")
        sql = "UPDATE spaces SET settings = ? WHERE space = ?"
        self._db.execute(sql, (settings_to_json(settings), spec.space))

    def _create(self, spec: EmbedderSpec, dimensions: Sequence[str], settings: SpaceSettings) -> None:
        folder = self._folder(spec.space)
        folder.mkdir(parents=True, exist_ok=True)
        self._db.execute(
            "INSERT INTO spaces (space, spec, dimensions, settings) VALUES (?, ?, ?, ?)",
            (spec.space, spec_to_json(spec), json.dumps(list(dimensions)), settings_to_json(settings)),
        )
        pooled = "<f4" if spec.dtype == "float32" else "|u1"
        widths = {"pooled": (pooled, spec.dim), "windows": (settings.windows, spec.dim), "ends": ("<i8", 1)}
        for kind, (dtype, width) in widths.items():
            state = matrix.create(folder, _new_name(kind), dtype, width)
            if kind != "windows":
                row = empty_row(spec) if kind == "pooled" else np.zeros(1, np.int64)
                state = self._fill(folder, state, row)
            self._put_state(spec.space, kind, state)

    def _add_scores(self, space: str, labels: Sequence[str]) -> None:
        """Make a space's matrix of scores, unless there is one; empty for the tracks that are there.

        Raises
        ------
        SpecMismatchError
            Where the space has scores of other labels.
        """
        sql = "SELECT label_names FROM spaces WHERE space = ?"
        existing = json.loads(self._db.execute(sql, (space,)).fetchone()["label_names"])
        if not labels or existing == list(labels):
            return
        if existing:
            raise SpecMismatchError(
                f"{self._root} holds scores of {len(existing)} labels in {space}, from {existing[0]!r} on; "
                f"this embedder scores {len(labels)}, from {labels[0]!r} on"
            )
        folder = self._folder(space)
        state = matrix.create(folder, _new_name("scores"), "|u1", len(labels))
        self._put_state(space, "scores", self._fill(folder, state, np.zeros(len(labels), np.uint8)))
        sql = "UPDATE spaces SET label_names = ? WHERE space = ?"
        self._db.execute(sql, (json.dumps(list(labels), ensure_ascii=False), space))

    def _fill(self, folder: Path, state: MatrixState, row: NDArray[np.generic]) -> MatrixState:
        """Add a row for each of the tracks that are older than the matrix."""
        missing = self._n_rows()
        while state.rows < missing:
            n = min(missing - state.rows, _COPY_ROWS)
            state = matrix.append(folder, state, np.broadcast_to(row, (n, state.width)))
        return state

    def _n_rows(self) -> int:
        sql = "SELECT coalesce(max(rows), 0) FROM matrices WHERE kind = 'pooled'"
        return int(self._db.execute(sql).fetchone()[0])

    def append(self, n: int, rows: Mapping[str, SpaceRows]) -> int:
        """Add n rows to every space, empty ones where there are no vectors; the first row's number."""
        first = self._n_rows()
        for space, spec in self.spaces():
            states = self._states(space)
            given = rows.get(space)
            if given is None:
                empty = np.broadcast_to(empty_row(spec), (n, spec.dim))
                given = SpaceRows(empty, np.zeros((0, spec.dim), np.float16), np.zeros(n, np.int64))
            ends = states["windows"].rows + np.cumsum(given.counts)
            new = {"pooled": given.pooled, "windows": given.windows, "ends": ends[:, None]}
            if "scores" in states:
                none = np.zeros((n, states["scores"].width), np.uint8)
                new["scores"] = none if given.scores is None else given.scores
            for kind, values in new.items():
                if len(values):
                    state = matrix.append(self._folder(space), states[kind], values)
                    self._put_state(space, kind, state)
        return first

    def embedding(self, space: str, row: int) -> Embedding | None:
        """What a space holds of the track at a row."""
        folder = self._folder(space)
        pooled, windows, ends = (matrix.view(folder, self._state(space, kind)) for kind in _KINDS)
        if not np.isfinite(pooled[row].astype(np.float32)).any():
            return None
        start = int(ends[row - 1, 0]) if row else 0
        codes = self._scores(space)
        scores = None if codes is None or not codes[row].any() else decode_scores(codes[row])
        return Embedding(
            np.array(pooled[row]), np.array(windows[start : int(ends[row, 0])], np.float16), scores=scores
        )

    def _scores(self, space: str) -> NDArray[np.uint8] | None:
        state = self._states(space).get("scores")
        return None if state is None else np.asarray(matrix.view(self._folder(space), state), np.uint8)

    def gather(self, space: str, rows: NDArray[np.int64]) -> SpaceRows:
        """Vectors and windows of the tracks at some rows; none where a row is -1."""
        folder = self._folder(space)
        pooled, windows, ends = (matrix.view(folder, self._state(space, kind)) for kind in _KINDS)
        present = rows[rows >= 0]
        vectors = np.repeat(self._empty(space)[None], len(rows), axis=0)
        vectors[rows >= 0] = pooled[present]
        stops = ends[present, 0].astype(np.int64)
        starts = np.where(present > 0, ends[np.maximum(present - 1, 0), 0].astype(np.int64), 0)
        counts = np.zeros(len(rows), np.int64)
        counts[rows >= 0] = stops - starts
        ranges = [np.arange(a, b) for a, b in zip(starts, stops, strict=True)]
        codes = self._scores(space)
        if codes is not None:
            codes = np.where(rows[:, None] >= 0, codes[np.maximum(rows, 0)], 0).astype(np.uint8)
        return SpaceRows(vectors, windows[np.concatenate(ranges)] if ranges else windows[:0], counts, codes)

    def _empty(self, space: str) -> NDArray[np.generic]:
        spec = self._db.execute("SELECT spec FROM spaces WHERE space = ?", (space,)).fetchone()["spec"]
        return empty_row(spec_from_json(spec))

    def rewrite(self, space: str, rows: NDArray[np.int64]) -> None:
        """Keep only some rows, in this order."""
        folder = self._folder(space)
        old = self._states(space)
        ends = matrix.view(folder, old["ends"])[:, 0].astype(np.int64)
        starts = np.concatenate([[0], ends[:-1]])[: len(ends)]
        counts = (ends - starts)[rows]
        firsts = np.cumsum(counts) - counts
        window_rows = np.repeat(starts[rows] - firsts, counts) + np.arange(int(counts.sum()))
        self._copy(space, "pooled", old["pooled"], rows)
        self._copy(space, "windows", old["windows"], window_rows)
        if "scores" in old:
            self._copy(space, "scores", old["scores"], rows)
        new_ends = matrix.create(folder, _new_name("ends"), old["ends"].dtype, 1)
        self._put_state(space, "ends", matrix.append(folder, new_ends, np.cumsum(counts)[:, None]))

    def _copy(self, space: str, kind: str, old: MatrixState, rows: NDArray[np.int64]) -> None:
        folder = self._folder(space)
        source = matrix.view(folder, old)
        state = matrix.create(folder, _new_name(kind), old.dtype, old.width)
        for start in range(0, len(rows), _COPY_ROWS):
            state = matrix.append(folder, state, source[rows[start : start + _COPY_ROWS]])
        self._put_state(space, kind, state)

    def _folder(self, space: str) -> Path:
        return self._root / "vectors" / space

    def _state(self, space: str, kind: str) -> MatrixState:
        return self._states(space)[kind]

    def _states(self, space: str) -> dict[str, MatrixState]:
        """Of each matrix of a space, by its kind."""
        sql = "SELECT kind, file, dtype, width, rows, crc32 FROM matrices WHERE space = ?"
        return {kind: MatrixState(*state) for kind, *state in self._db.execute(sql, (space,))}

    def _put_state(self, space: str, kind: str, state: MatrixState) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO matrices VALUES (?, ?, ?, ?, ?, ?, ?)",
            (space, kind, state.file, state.dtype, state.width, state.rows, state.crc32),
        )

    def sweep(self) -> None:
        """Delete matrices that no row of the database names: a killed prune's, or replaced ones."""
        used = {row["file"] for row in self._db.execute("SELECT file FROM matrices")}
        for path in (self._root / "vectors").glob("*/*.matrix"):
            if path.name not in used:
                with contextlib.suppress(OSError):  # Windows keeps files that a reader has open
                    path.unlink()


def _new_name(kind: str) -> str:
    return f"{kind}-{uuid.uuid4().hex[:12]}.matrix"
