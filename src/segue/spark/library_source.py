"""Spark's format "segue": a library as a DataFrame, its tracks and their vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.sql import types
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition

from segue.errors import LibraryError, UsageError
from segue.ingest.arrow_rows import column_of
from segue.library import Library
from segue.spark.columns import Columns
from segue.track import Track

if TYPE_CHECKING:
    import pyarrow as pa

PARTITION_TRACKS = 50_000
VIEW = "view"  # the column of vectors as the library compares them
BATCH_TRACKS = 4096
_TEXTS = ("id", "path", "title", "artist", "album", "album_artist", "genre")
_COLUMNS = (
    *((name, types.StringType()) for name in _TEXTS),
    ("year", types.IntegerType()),
    ("duration_s", types.DoubleType()),
)


class LibrarySource(DataSource):
    """A library's tracks; its option ``path`` is what ``load`` is given."""

    @classmethod
    def name(cls) -> str:
        return "segue"

    def schema(self) -> types.StructType:
        """What a track says, and an array for each space; with the option ``view``, one more of that view."""
        with self._open() as library:
            spaces = [column_of(space) for space in library.catalog.spaces()]
            if self._view():
                library.view_index(_view_name(self._view()))  # made once, here
        vectors = [*spaces, *([VIEW] if self._view() else [])]
        arrays = [(name, types.ArrayType(types.FloatType())) for name in vectors]
        return types.StructType([types.StructField(name, kind) for name, kind in (*_COLUMNS, *arrays)])

    def reader(self, schema: types.StructType) -> LibraryReader:
        with self._open() as library:
            snapshot = library.catalog.snapshot()
            n = len(snapshot.keys)
            names = {name for name, _ in _COLUMNS} | {VIEW} | {column_of(space) for space in snapshot.spaces}
        columns = Columns(schema)
        if unknown := [name for name in columns.names if name not in names]:
            raise UsageError(f"the library has no column {unknown[0]!r}; it has {', '.join(sorted(names))}")
        return LibraryReader(_Source(self._path(), self._view(), snapshot.stamp, n), columns)

    def _path(self) -> str:
        path = self.options.get("path")
        if not path:
            raise UsageError('format "segue" needs the folder of a library: load("FOLDER")')
        return str(path)

    def _view(self) -> str:
        return str(self.options.get(VIEW) or "")

    def _open(self) -> Library:
        return Library.open(self._path())


@dataclass(frozen=True, slots=True)
class _Source:
    """A library at one moment."""

    path: str
    view: str
    stamp: str
    rows: int


class LibraryReader(DataSourceReader):
    """Reads the columns of a schema."""

    def __init__(self, source: _Source, columns: Columns) -> None:
        self._source, self._columns = source, columns

    def partitions(self) -> list[InputPartition]:
        """Ranges of rows."""
        starts = range(0, max(1, self._source.rows), PARTITION_TRACKS)
        return [InputPartition((start, start + PARTITION_TRACKS)) for start in starts]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        with Library.open(self._source.path) as library:
            snapshot = library.catalog.snapshot()
            if snapshot.stamp != self._source.stamp:
                raise LibraryError(f"the library in {self._source.path} has changed: read it again")
            start, end = partition.value
            rows = start + np.flatnonzero(snapshot.keys[start:end] >= 0)
            for at in range(0, len(rows), BATCH_TRACKS):
                yield self._batch(library, snapshot, rows[at : at + BATCH_TRACKS])

    def _batch(self, library: Library, snapshot: Any, rows: Any) -> pa.RecordBatch:
        import pyarrow as pa

        keys = snapshot.keys[rows]
        by_key = library.catalog.tracks.by_keys(keys)
        tracks = [by_key[int(key)] for key in keys]
        spaces = {column_of(name): space.vectors for name, space in snapshot.spaces.items()}
        columns = []
        for name in self._columns.names:
            if name in spaces:
                columns.append(_vectors_or_none(np.asarray(spaces[name][rows], np.float32)))
            elif name == VIEW:
                columns.append(_of_view(library, self._source.view, keys))
            else:
                columns.append([_value(track, name) for track in tracks])
        schema = self._columns.arrow
        arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _value(track: Track, name: str) -> Any:
    return getattr(track, name) if hasattr(track, name) else getattr(track.tags, name)


def _vectors_or_none(vectors: Any) -> Sequence[Any]:
    return [row if np.isfinite(row).any() else None for row in vectors]


def _of_view(library: Library, view: str, keys: Any) -> Sequence[Any]:
    """What the library's own comparison makes of tracks; none of those that it leaves out."""
    index = library.view_index(_view_name(view))
    places = index.places(np.asarray(keys))
    values: list[Any] = [None] * len(keys)
    in_view = np.flatnonzero(places >= 0)
    if len(in_view):
        for i, row in zip(in_view.tolist(), index.take(places[in_view]), strict=True):
            values[i] = np.asarray(row, np.float32)
    return values


def _view_name(view: str) -> str | None:
    return None if view in ("", "default") else view
