"""Segments as JSON: one object each, as the classic demos of AudioSet keep them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from segue.errors import UsageError
from segue.files import replacing
from segue.sources.audioset.reader import OnBad, warn
from segue.sources.audioset.segment import DIM, BadRecord, Segment, check
from segue.track import Frames

_KEYS = ("label", "id", "start_time", "end_time", "data")
_BROKEN = (ValueError, OverflowError, RecursionError)  # of numbers too large, brackets too deep


def as_record(
    video_id: str, start_s: float, end_s: float, labels: Sequence[int], rows: Sequence[Sequence[float]]
) -> dict[str, Any]:
    """The object of one segment, ready for JSON."""
    return dict(zip(_KEYS, (list(labels), video_id, start_s, end_s, rows), strict=True))


def write_json(segments: Iterable[Segment], path: str | Path) -> int:
    """Write an object a line, whole or not at all; how many there were.

    Raises
    ------
    UsageError
        Where a segment holds what the form does not, or the file cannot be written.
    """
    n = 0
    with replacing(Path(path)) as part, part.open("w", encoding="utf-8", newline="") as out:
        for segment in segments:
            check(segment)
            record = as_record(
                segment.video_id, segment.start_s, segment.end_s, segment.labels, segment.frames.tolist()
            )
            out.write(json.dumps(record, ensure_ascii=False) + "\n")
            n += 1
    return n


def read_json(path: str | Path, *, on_bad: OnBad | None = None) -> Iterator[Segment]:
    """The segments of a file that holds an object a line, one object, or a list of them.

    A list is read whole; of lines one is in memory at a time. What is no segment costs itself.

    Parameters
    ----------
    on_bad
        Called with each object that cannot be used; unless given, it is logged as a warning.

    Raises
    ------
    UsageError
        Where the file cannot be opened.
    """
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - closed when it is read
    except OSError as error:
        raise UsageError(f"{path} cannot be opened: {error.strerror or error}") from error
    return _segments(file, str(path), on_bad or warn)


def _segments(file: BinaryIO, source: str, on_bad: OnBad) -> Iterator[Segment]:
    with file:
        for i, entry in enumerate(_objects(file)):
            try:
                segment = _segment(entry, source, i)
            except _BROKEN as error:
                on_bad(BadRecord(source, i, str(error)))
                continue
            yield segment


def _objects(file: BinaryIO) -> Iterator[Any]:
    """The objects in a file; an exception in the place of one that is no JSON."""
    first = next((line for line in file if line.strip()), b"{}")
    if isinstance(_parse_json(first), dict):
        file.seek(0)
    else:
        file.seek(0)
        whole = _parse_json(file.read())
        if isinstance(whole, list):
            yield from whole
            return
        if isinstance(whole, dict) or not first.lstrip().startswith(b"{"):
            yield whole
            return
        file.seek(0)
    for line in file:
        if line.strip():
            yield _parse_json(line)


def _parse_json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except _BROKEN as error:
        return error


def _segment(entry: Any, source: str, i: int) -> Segment:
    """Raises ValueError where an object is no segment."""
    if not isinstance(entry, dict):
        raise ValueError(f"not a JSON object: {entry}" if isinstance(entry, Exception) else "no JSON object")
    missing = [key for key in _KEYS if key not in entry]
    if missing:
        raise ValueError(f"it has no {missing[0]!r}; expected {', '.join(_KEYS)}")
    labels, video_id, start_s, end_s, data = (entry[key] for key in _KEYS)
    if not isinstance(video_id, str):
        raise ValueError(f"'id' is {video_id!r}, expected a text")
    if not isinstance(labels, list) or not all(type(label) is int for label in labels):
        raise ValueError("'label' is not a list of whole numbers")
    if not all(type(seconds) in (int, float) for seconds in (start_s, end_s)):
        raise ValueError(f"the times are {start_s!r} and {end_s!r}, expected numbers")
    segment = Segment(video_id, float(start_s), float(end_s), tuple(labels), _frames(data), source, i)
    check(segment)
    return segment


def _frames(data: Any) -> Frames:
    if not isinstance(data, list) or not all(isinstance(row, list) and len(row) == DIM for row in data):
        raise ValueError(f"'data' is not a list of rows of {DIM} numbers")
    if not all(type(value) is int and 0 <= value <= 255 for row in data for value in row):
        raise ValueError("'data' has values that are not whole numbers from 0 to 255")
    return np.array(data, np.uint8).reshape(-1, DIM)
