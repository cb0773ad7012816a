"""Tables in JSON: an object a line, or an array of objects; also lists of numbers in place of objects."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from segue.errors import SourceError
from segue.sources.contract import Problem
from segue.sources.packed import READ_ERRORS, PlainFile
from segue.sources.table.chunks import Chunk
from segue.sources.text_lines import MAX_LINE, TextLines

OpenLines = Callable[[Path, str | None], AbstractContextManager[tuple[PlainFile, TextLines]]]
LIST = "vector"  # the column of lists that stand alone
_BATCH = 256  # objects at a time; the keys of the first ones are the columns
_LOOKED_AT = 64  # characters that tell an array from lines
_BLANK = "blank"
_BROKEN = (ValueError, RecursionError)
_BETWEEN = re.compile(r"[\s,]*")


def begins_json(head: Sequence[str]) -> bool:
    """Whether a file that begins with these lines is JSON."""
    start = "".join(head[:8])[: 2 * _LOOKED_AT].lstrip()
    inside = _BETWEEN.sub("", start[1:])[:1]
    return start[:1] == "{" or (start[:1] == "[" and inside in tuple('{["]-0123456789'))


@dataclass(frozen=True, slots=True)
class _Item:
    """A value of the file, or why there is none."""

    line: int
    value: Any
    fault: str | None = None


class JsonRows:
    """A file of JSON. What is no object costs itself.

    Raises
    ------
    SourceError
        Where it begins with no object and no list of numbers.
    """

    unit = "bytes"
    named = True

    def __init__(self, path: Path, encoding: str | None, open_lines: OpenLines) -> None:
        self._path, self._encoding, self._open_lines = path, encoding, open_lines
        self.total = path.stat().st_size
        with open_lines(path, encoding) as (_, lines):
            try:
                sample = list(islice(_items(lines), _BATCH))
            except READ_ERRORS as error:
                raise SourceError(f"{path} cannot be read: {error}") from error
        rows = [row for row in (_as_row(item.value) for item in sample) if row is not None]
        if not rows:
            what = next((item.fault for item in sample if item.fault), "its values are of another form")
            raise SourceError(f"{path} is JSON without objects that could be rows: {what}")
        if len(sample) == 1 and all(isinstance(value, dict | list) for value in rows[0].values()):
            keys = ", ".join(list(rows[0])[:5])
            raise SourceError(
                f"{path} is one JSON object of columns or tables ({keys}); expected an object a line, "
                "or an array of objects, such as pandas writes with orient='records'"
            )
        self.columns = tuple(dict.fromkeys(key for row in rows for key in row))

    def chunks(self) -> Iterator[Chunk]:
        with self._open_lines(self._path, self._encoding) as (file, lines):
            number = 1
            items = _until_error(_items(lines))
            while part := list(islice(items, _BATCH)):
                rows = [None if item.fault else _as_row(item.value) for item in part]
                kept = [i for i, row in enumerate(rows) if row is not None]
                problems = [
                    Problem(f"row {number + i}", f"line {item.line}: {item.fault or 'it is no JSON object'}")
                    for i, item in enumerate(part)
                    if rows[i] is None
                ]
                used = [row for row in rows if row is not None]
                columns = {name: [row.get(name) for row in used] for name in self.columns}
                numbers = [number + i for i in kept]
                number += len(part)
                yield Chunk(columns, numbers, min(file.raw.tell(), self.total), problems)


def _as_row(value: Any) -> dict[str, Any] | None:
    if isinstance(value, dict):
        return {str(key): item for key, item in value.items()}
    if isinstance(value, list) and value and all(type(x) in (int, float) for x in value):
        return {LIST: value}
    return None


def _until_error(items: Iterable[_Item]) -> Iterator[_Item]:
    """The values, and what ends them too soon."""
    try:
        yield from items
    except READ_ERRORS as error:
        yield _Item(0, None, f"the file cannot be read further: {error}")


def _items(lines: TextLines) -> Iterator[_Item]:
    """The values of a file: one a line, or those of one array."""
    pieces = lines.pieces()
    start = ""
    for piece in pieces:
        start = (start + piece).lstrip()
        if len(start) > _LOOKED_AT:
            break
    if start.startswith("[") and _BETWEEN.sub("", start[1:_LOOKED_AT])[:1] in ("{", "["):
        return _of_array(chain([start[1:]], pieces))
    return _by_line(chain([start], pieces))


def _by_line(pieces: Iterable[str]) -> Iterator[_Item]:
    """A value a line; the first one may go on over several lines, and then all may."""
    text, number, alone = "", 0, True
    for piece in chain(pieces, [None]):
        *lines, text = (text + piece).split("\n") if piece is not None else [text, ""]
        for i, line in enumerate(lines):
            number += 1
            value, fault = _parse(line) if line.strip() else (None, _BLANK)
            if alone and fault and fault is not _BLANK:
                rest = "\n".join([*lines[i:], text])
                yield from _of_array(chain([rest], pieces), number)
                return
            alone = alone and fault is _BLANK
            if fault is not _BLANK:
                yield _Item(number, value, fault)
        if len(text) > MAX_LINE:
            yield _Item(number + 1, None, f"longer than {MAX_LINE} characters, and the rest is lost")
            return


def _of_array(pieces: Iterator[str], number: int = 1) -> Iterator[_Item]:
    """Values that follow each other, with commas or without, over any lines."""
    decoder = json.JSONDecoder()
    text, at = "", 0
    for piece in chain(pieces, [None]):
        number += text.count("\n", 0, at)
        text, at = text[at:] + (piece or ""), 0
        fault: Exception | None = None
        while fault is None:
            at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]
            if text[at : at + 1] == "]":
                return
            if at == len(text):
                break
            try:
                value, at = decoder.raw_decode(text, at)
            except _BROKEN as error:
                fault = error
            else:
                yield _Item(number + text.count("\n", 0, at), value)
        if fault and (piece is None or len(text) - at > MAX_LINE or isinstance(fault, RecursionError)):
            yield _Item(number, None, f"it is no JSON, and the rest of the file is lost: {fault}")
            return


def _parse(text: str) -> tuple[Any, str | None]:
    try:
        return json.loads(text), None
    except _BROKEN as error:
        return None, f"it is no JSON: {error}"
