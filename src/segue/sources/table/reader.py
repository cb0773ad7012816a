"""The rows of a table, some at a time and column by column: CSV, JSON, Parquet, a data frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from segue.errors import MissingExtraError, SourceError
from segue.paths import expand_home
from segue.sources.csv_records import BATCH
from segue.sources.table.chunks import Chunk, Rows
from segue.sources.table.cleaning import is_nothing
from segue.sources.table.text import open_text

_PARQUET = b"PAR1"


def open_table(table: Any, encoding: str | None = None) -> Rows:
    """The rows of a file, by its first bytes, or of a data frame, an Arrow table, or lists by their names.

    Parameters
    ----------
    encoding : of a text file; by default, what its first bytes say

    Raises
    ------
    SourceError
        Where it cannot be read, or is no table.
    """
    if not isinstance(table, str | Path):
        return FrameRows(table)
    path = expand_home(table)
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}") from error
    return ParquetRows(path) if start == _PARQUET else open_text(path, encoding)


class ParquetRows:
    """A Parquet file, a group of rows at a time."""

    unit = "rows"
    named = True

    def __init__(self, path: Path) -> None:
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError as error:
            raise MissingExtraError("reading Parquet", "parquet") from error
        try:
            self._file = pq.ParquetFile(path)
        except (OSError, pa.ArrowException) as error:
            raise SourceError(f"{path} cannot be read as Parquet: {error}") from error
        self.columns = tuple(self._file.schema_arrow.names)
        self.total = self._file.metadata.num_rows

    def chunks(self) -> Iterator[Chunk]:
        done = 0
        for batch in self._file.iter_batches(BATCH):
            numbers = range(done + 1, done + len(batch) + 1)
            done += len(batch)
            yield Chunk(batch.to_pydict(), numbers, done)


class FrameRows:
    """A data frame of pandas or Polars, an Arrow table, or columns by their names."""

    unit = "rows"
    named = True

    def __init__(self, frame: Any) -> None:
        names = getattr(frame, "column_names", None)  # of Arrow
        names = getattr(frame, "columns", None) if names is None else names
        names = tuple(frame) if isinstance(frame, Mapping) else names
        if names is None or not hasattr(frame, "__len__"):
            raise SourceError(f"{type(frame).__name__} is not a table; expected a path or a data frame")
        self._frame = frame
        self.columns = tuple(str(name) for name in names)
        lengths = {len(column) for column in frame.values()} if isinstance(frame, Mapping) else {len(frame)}
        if len(lengths) != 1:
            raise SourceError(
                f"columns have different numbers of rows, {sorted(lengths)}; expected as many in each"
            )
        (self.total,) = lengths

    def chunks(self) -> Iterator[Chunk]:
        for start in range(0, self.total, BATCH):
            end = min(start + BATCH, self.total)
            columns = {name: self._values(name, start, end) for name in self.columns}
            yield Chunk(columns, range(start + 1, end + 1), end)

    def _values(self, name: str, start: int, end: int) -> list[Any]:
        column = self._frame[name]
        part = column.iloc[start:end] if hasattr(column, "iloc") else column[start:end]
        for as_list in ("to_list", "to_pylist", "tolist"):
            part = getattr(part, as_list)() if hasattr(part, as_list) else part
        return [None if is_nothing(value) else value for value in part]
