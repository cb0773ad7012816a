"""The rows of a table, some at a time and column by column: CSV, Parquet, a data frame."""

from __future__ import annotations

import csv
import gzip
import io
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from segue.errors import MissingExtraError, SourceError
from segue.sources.contract import Problem
from segue.sources.table.cleaning import is_nothing

_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_DELIMITERS = ",;\t|"
_FIELD_LIMIT = 1 << 24  # characters
_ROWS = 1024  # at a time: what becomes of them stays in a processor's cache, which saves a third


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows.

    Attributes
    ----------
    columns : by name, a value a row: text of CSV, else what the table holds; ``None`` for nothing; may have
        no rows
    numbers : of the rows, from 1
    done : how far into the table this is, in its unit
    """

    columns: Mapping[str, Sequence[Any]]
    numbers: Sequence[int]
    done: int
    problems: Sequence[Problem] = ()


class Rows(Protocol):
    """A table that can be read again and again."""

    columns: tuple[str, ...]
    total: int
    unit: str

    def chunks(self) -> Iterator[Chunk]: ...


def open_table(table: Any) -> Rows:
    """The rows of a file, by its first bytes, or of a data frame, an Arrow table, or lists by their names.

    Raises
    ------
    SourceError
        Where it cannot be read, or is no table.
    """
    if not isinstance(table, str | Path):
        return FrameRows(table)
    path = Path(table).expanduser()
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}") from error
    return ParquetRows(path) if start == _PARQUET else CsvRows(path)


class CsvRows:
    """A CSV file, compressed with gzip or not; what is between the columns, its first line says.

    A row with more or fewer values than the header is a problem of its own.
    """

    unit = "bytes"

    def __init__(self, path: Path) -> None:
        self._path = path
        self.total = path.stat().st_size
        with self._open() as (text, _):
            self.columns = self._header(text)[0]

    def _header(self, text: io.TextIOBase) -> tuple[tuple[str, ...], str]:
        try:
            line = text.readline(1 << 20)
        except (OSError, EOFError) as error:
            raise SourceError(f"{self._path} cannot be read: {error}") from error
        delimiter = max(_DELIMITERS, key=line.count)
        columns = tuple(next(csv.reader([line], delimiter=delimiter), []))
        if len(columns) < 2 or "\0" in line:
            raise SourceError(f"{self._path} is not a table: its first line names no columns")
        twice = {name for name in columns if name and columns.count(name) > 1}
        if twice:
            raise SourceError(f"{self._path} has several columns called {', '.join(sorted(twice))}")
        return columns, delimiter

    def _open(self) -> _Opened:
        return _Opened(self._path)

    def chunks(self) -> Iterator[Chunk]:
        csv.field_size_limit(min(_FIELD_LIMIT, sys.maxsize))
        with self._open() as (text, raw):
            columns, delimiter = self._header(text)
            reader, number, ended = csv.reader(text, delimiter=delimiter), 1, False
            while not ended:
                rows, problems, ended = _some(reader, number)
                numbers: Sequence[int] = range(number, number + len(rows))
                number += len(rows)
                widths = set(map(len, rows))
                if widths - {len(columns)}:
                    wrong = [(n, len(row)) for n, row in zip(numbers, rows, strict=True) if row]
                    problems += [
                        Problem(f"row {n}", f"{width} values, the header has {len(columns)}")
                        for n, width in wrong
                        if width != len(columns)
                    ]
                    fitting = [(n, r) for n, r in zip(numbers, rows, strict=True) if len(r) == len(columns)]
                    numbers, rows = [n for n, _ in fitting], [row for _, row in fitting]
                values = list(zip(*rows, strict=True)) or [()] * len(columns)
                yield Chunk(
                    dict(zip(columns, values, strict=True)), numbers, min(raw.tell(), self.total), problems
                )


def _some(reader: Iterator[list[str]], first: int) -> tuple[list[list[str]], list[Problem], bool]:
    """Some rows; an empty one in place of each that cannot be read, and what is wrong with it; the end?"""
    rows: list[list[str]] = []
    problems: list[Problem] = []
    while len(rows) < _ROWS:
        try:
            n_more = _ROWS - len(rows)
            before = len(rows)
            rows.extend(islice(reader, n_more))
            return rows, problems, len(rows) - before < n_more
        except csv.Error as error:
            problems.append(Problem(f"row {first + len(rows)}", f"it cannot be read: {error}"))
            rows.append([])
        except (OSError, EOFError, zlib.error) as error:
            # What can be known of a damaged archive's end is that it comes too early.
            problems.append(Problem(f"row {first + len(rows)}", f"the file cannot be read further: {error}"))
            return rows, problems, True
    return rows, problems, False


class _Opened:
    """Text of a file, and the file itself, whose place tells how far the text is."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> tuple[io.TextIOBase, BinaryIO]:
        try:
            self._raw = self._path.open("rb")
        except OSError as error:
            raise SourceError(f"{self._path} cannot be read: {error.strerror or error}") from error
        packed = self._raw.read(2) == _GZIP
        self._raw.seek(0)
        plain = cast(BinaryIO, gzip.GzipFile(fileobj=self._raw)) if packed else self._raw
        text = io.TextIOWrapper(plain, encoding="utf-8-sig", errors="replace", newline="")
        return text, self._raw

    def __exit__(self, *exc: object) -> None:
        self._raw.close()


class ParquetRows:
    """A Parquet file, a group of rows at a time."""

    unit = "rows"

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
        for batch in self._file.iter_batches(_ROWS):
            numbers = range(done + 1, done + len(batch) + 1)
            done += len(batch)
            yield Chunk(batch.to_pydict(), numbers, done)


class FrameRows:
    """A data frame of pandas or Polars, an Arrow table, or columns by their names."""

    unit = "rows"

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
        for start in range(0, self.total, _ROWS):
            end = min(start + _ROWS, self.total)
            columns = {name: self._values(name, start, end) for name in self.columns}
            yield Chunk(columns, range(start + 1, end + 1), end)

    def _values(self, name: str, start: int, end: int) -> list[Any]:
        column = self._frame[name]
        part = column.iloc[start:end] if hasattr(column, "iloc") else column[start:end]
        for as_list in ("to_list", "to_pylist", "tolist"):
            part = getattr(part, as_list)() if hasattr(part, as_list) else part
        return [None if is_nothing(value) else value for value in part]
