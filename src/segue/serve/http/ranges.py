"""The ``Range`` header: which parts of a file a client wants, in bounded time."""

from __future__ import annotations

import re

from segue.serve.http.errors import ApiError

MOST_RANGES = 100
_LONGEST = 4096  # characters of the header that are looked at
_DIGITS = 18  # of a position; beyond the end of any file
_PART = re.compile(r"(\d*)\s*-\s*(\d*)", re.ASCII)


def wanted_ranges(header: str | None, size: int) -> list[str] | None:
    """The parts that the file has, as ``first-last``; none where the header is to be ignored.

    What is no list of ranges of bytes is ignored, as RFC 9110 has it, and so is one that is too long.

    Raises
    ------
    ApiError
        416, where the file has none of what is asked for.
    """
    unit, _, text = (header or "")[: _LONGEST + 1].partition("=")
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if unit.strip().lower() != "bytes" or len(header or "") > _LONGEST or not 0 < len(parts) <= MOST_RANGES:
        return None
    matches = [_PART.fullmatch(part) for part in parts]
    if not all(match and (match[1] or match[2]) for match in matches):
        return None
    ranges = [_satisfiable(match[1], match[2], size) for match in matches if match]
    satisfiable = [one for one in ranges if one]
    if not satisfiable:
        headers = {"content-range": f"bytes */{size}"}
        raise ApiError(416, "no_such_range", f"the file has {size} bytes", headers=headers)
    return satisfiable


def _satisfiable(first: str, last: str, size: int) -> str | None:
    if not first:
        length = min(_position(last), size)
        return f"{size - length}-{size - 1}" if length else None
    start, end = _position(first), _position(last) if last else size - 1
    return f"{start}-{min(end, size - 1)}" if start < size and start <= end else None


def _position(digits: str) -> int:
    digits = digits.lstrip("0")
    return int(digits or "0") if len(digits) <= _DIGITS else 10**_DIGITS
