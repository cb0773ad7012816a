"""Tables in text files: CSV with any delimiter and encoding, and JSON, packed or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from segue.errors import SourceError
from segue.sources.csv_records import CsvRecords
from segue.sources.packed import READ_ERRORS, PlainFile
from segue.sources.table.chunks import Chunk, Rows
from segue.sources.table.header import Header, read_header
from segue.sources.table.json_rows import JsonRows, begins_json
from segue.sources.table.numerals import has_decimal_comma, is_number
from segue.sources.text_lines import WESTERN, TextLines

_HEAD = 64  # lines that tell how the rest is written
_HEAD_CHARACTERS = 1 << 22
_REPLACED = "line with bytes that its encoding does not know, which stand as U+FFFD"


def open_text(path: Path, encoding: str | None = None) -> Rows:
    """The rows of a text file, CSV or JSON by what it begins with.

    Raises
    ------
    SourceError
        Where the file cannot be read or is no table.
    UsageError
        Where there is no such encoding.
    """
    with open_lines(path, encoding) as (_, lines):
        head = _head(lines, path)
        if begins_json(head):
            return JsonRows(path, encoding, open_lines)
        total = path.stat().st_size
        header = read_header(head, str(path))
        return CsvRows(path, encoding, header, _decimal(head, header), total)


def _head(lines: TextLines, path: Path) -> list[str]:
    """The first lines, as many as tell how the rest is written. Raises SourceError where there are none."""
    head: list[str] = []
    n = 0
    try:
        for line in islice(lines, _HEAD):
            head.append(line)
            n += len(line)
            if n > _HEAD_CHARACTERS:
                break
    except READ_ERRORS as error:
        if not head:
            raise SourceError(f"{path} cannot be read: {error}") from error
    return head


@contextmanager
def open_lines(path: Path, encoding: str | None) -> Iterator[tuple[PlainFile, TextLines]]:
    """A text file and its lines.

    Raises
    ------
    SourceError
    """
    with PlainFile(path) as file:
        try:
            lines = TextLines(file.read, str(path), encoding)
        except READ_ERRORS as error:
            raise SourceError(f"{path} cannot be read: {error}") from error
        yield file, lines


class CsvRows:
    """A CSV file, packed or not. A row with more or fewer values than the header is a problem of its own."""

    unit = "bytes"

    def __init__(self, path: Path, encoding: str | None, header: Header, decimal: str, total: int) -> None:
        self._path, self._encoding = path, encoding
        self._header, self._decimal = header, decimal
        self.columns, self.named = header.columns, header.named
        self.total = total

    def chunks(self) -> Iterator[Chunk]:
        header = self._header
        with open_lines(self._path, self._encoding) as (file, text):
            for _ in islice(text, header.n_lines):
                pass
            counted = StepCounter(text, header.n_skipped)
            line = header.n_lines + 1
            width = len(self.columns)
            for part in CsvRecords(text, header.delimiter, width, line=line, too_long=text.too_long):
                values = list(zip(*part.rows, strict=True)) or [()] * len(self.columns)
                yield Chunk(
                    dict(zip(self.columns, values, strict=True)), part.numbers,
                    min(file.raw.tell(), self.total), part.problems, counted.new(), self._decimal,
                )  # fmt: skip


class StepCounter:
    """What reading did to the lines of a text since it was asked last."""

    def __init__(self, text: TextLines, n_skipped: int = 0) -> None:
        self._text = text
        self._reported: Counter[str] = Counter()
        self._skipped = n_skipped

    def new(self) -> dict[str, int]:
        now = Counter(
            {
                WESTERN: self._text.western,
                _REPLACED: self._text.replaced,
                "line before the header, skipped": self._skipped,
            }
        )
        new = now - self._reported
        self._reported = now
        return dict(new)


def _decimal(head: Sequence[str], header: Header) -> str:
    """A comma, where it stands in numbers among the first rows and a point does not; else a point."""
    rows = CsvRecords(iter(head[header.n_lines :]), header.delimiter, len(header.columns))
    cells = [cell for part in rows for row in part.rows for cell in row]
    commas = sum(has_decimal_comma(cell, grouped=header.delimiter != ",") for cell in cells)
    points = sum("." in cell and is_number(cell) for cell in cells)
    return "," if commas > points else "."
