"""FMA's metadata: a folder, or the archive as it is published, and the tables in it."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, cast

from segue.errors import SourceError
from segue.paths import expand_home
from segue.sources.contract import Problem
from segue.sources.csv_records import CsvRecords
from segue.sources.packed import most_unpacked
from segue.sources.text_lines import TextLines
from segue.texts import reason

_INSIDE = "fma_metadata"  # the archive's one folder
_BUFFER = 1 << 20  # bytes
UNREADABLE = (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError)
_ENCRYPTED = 1  # in an archive's flags
Names = tuple[str, ...]


class Metadata:
    """Files by their names, wherever they lie.

    Raises
    ------
    SourceError
        Where there is neither a folder nor a zip archive.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = expand_home(path)
        self._archive = None
        if self.path.is_dir():
            nested = self.path / _INSIDE
            self._folder = (
                nested if nested.is_dir() and not (self.path / "tracks.csv").exists() else self.path
            )
            return
        try:
            with zipfile.ZipFile(self.path) as archive:
                infos = [info for info in archive.infolist() if not info.is_dir()]
        except (OSError, zipfile.BadZipFile) as error:
            raise SourceError(
                f"{self.path} is neither a folder of FMA metadata nor fma_metadata.zip: {reason(error)}"
            ) from error
        # The shallowest of a name is meant.
        infos.sort(key=lambda info: -info.filename.count("/"))
        self._archive = {info.filename.rsplit("/", 1)[-1]: info for info in infos}

    def has(self, name: str) -> bool:
        return name in self._archive if self._archive is not None else (self._folder / name).is_file()

    def size(self, name: str) -> int:
        """Bytes, once unpacked."""
        if self._archive is not None:
            return self._archive[name].file_size
        return (self._folder / name).stat().st_size

    @contextmanager
    def open(self, name: str) -> Iterator[io.BufferedReader]:
        """A file's bytes; they can be sought in an archive too, where going back means unpacking again.

        Raises
        ------
        SourceError
            Where it is not there or cannot be read; also for what goes wrong inside the block.
        """
        if not self.has(name):
            raise SourceError(f"{self.path} has no {name}; fma_metadata.zip as published has it")
        if self._archive is not None and self._archive[name].flag_bits & _ENCRYPTED:
            raise SourceError(f"{name} in {self.path} is encrypted: unpack it first")
        if self._archive is not None:
            most = most_unpacked(self._archive[name].compress_size)
            if self._archive[name].file_size > most:
                raise SourceError(f"{name} in {self.path} unpacks to more than {most >> 20} MiB")
        try:
            if self._archive is None:
                with (self._folder / name).open("rb", 0) as raw:
                    yield io.BufferedReader(raw, _BUFFER)
            else:
                with zipfile.ZipFile(self.path) as archive, archive.open(self._archive[name]) as member:
                    yield io.BufferedReader(cast(io.RawIOBase, member), _BUFFER)
        except UNREADABLE as error:
            raise SourceError(f"{name} in {self.path} cannot be read: {error}") from error


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: its number, from 1 after the headers, and its values."""

    number: int
    values: list[str]


class Table:
    """A table as pandas writes it, with one or several lines of headers, then rows that begin with an id.

    Parameters
    ----------
    n_headers : lines that name the columns; below several of them, pandas adds one that names the index
    """

    def __init__(self, name: str, file: IO[bytes], n_headers: int = 1) -> None:
        self.name = name
        self._lines = TextLines(file.read, name)
        self._n_headers = n_headers
        try:
            headers = [next(csv.reader([next(self._lines, "")]), []) for _ in range(n_headers)]
        except csv.Error as error:
            raise SourceError(f"{name} is not a table: {error}") from error
        if len({len(header) for header in headers}) > 1 or len(headers[0]) < 2:
            raise SourceError(f"{name} does not begin with {n_headers} lines that name as many columns each")
        self.columns: list[Names] = [*zip(*headers, strict=True)]
        first = next(self._lines, None) if n_headers > 1 else None
        self._names_index = first is not None and _names_index(first)
        self._rest = chain([first] if first is not None and not self._names_index else [], self._lines)

    @property
    def n_western(self) -> int:
        """Lines so far that are not UTF-8 and were read as Windows-1252."""
        return self._lines.western

    def at(self, *names: str) -> int | None:
        """The place of a column."""
        return self.columns.index(names) if names in self.columns else None

    def require_column(self, *names: str) -> int:
        """The place of a column that must be there.

        Raises
        ------
        SourceError
        """
        place = self.at(*names)
        if place is None:
            examples = ", ".join(" ".join(column) for column in self.columns[1:6])
            raise SourceError(f"{self.name} has no column {' '.join(names)!r}; its first ones are {examples}")
        return place

    def rows(self) -> Iterator[Row | Problem]:
        """All rows; one that is broken is a problem."""
        parts = CsvRecords(
            self._rest, ",", len(self.columns), line=self._n_headers + self._names_index + 1,
            too_long=self._lines.too_long, prefix=f"{self.name} ",
        )  # fmt: skip
        for part in parts:
            yield from part.problems
            for number, values in zip(part.numbers, part.rows, strict=True):
                yield Row(number, values)


def _names_index(line: str) -> bool:
    """Whether a line below several headers says nothing but what the index is called, as pandas writes it."""
    name, *others = line.split(",")
    return not name.isdigit() and not "".join(others).strip()


class RowError(ValueError):
    """One row of a table makes no sense."""


def id_of(text: str) -> int:
    """A track's or genre's number. Raises RowError."""
    if not (text.isascii() and text.isdigit()) or len(text) > 15:
        raise RowError(f"{text[:40]!r} is not an id; expected a whole number")
    return int(text)
