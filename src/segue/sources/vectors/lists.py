"""Vectors in the cells of a table: lists, JSON, and arrays as NumPy, Python and databases print them."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from segue.sources.table.numerals import number

_NAMED = re.compile(
    r"(?:np\.|numpy\.|torch\.)?(?:array|tensor)\((.*?)(?:,\s*(?:dtype|device)=[^()]*)?\)", re.DOTALL
)
_SCALAR = re.compile(r"(?:np|numpy)\.\w+\(([^()]*)\)")  # of NumPy 2: np.float32(0.5)
_BRACKETS = {"[": "]", "(": ")", "{": "}", "<": ">"}
_SEPARATORS = re.compile(r"[\s,;|]+")
_SHOWN = 40  # characters of a cell in a message


class NoListError(ValueError):
    """Why a cell holds no vector, as the end of a sentence that begins with "its vector"."""


def list_in(value: Any) -> list[float]:
    """The numbers in a cell; some may be NaN.

    Raises
    ------
    NoListError
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        raise NoListError("is missing")
    if isinstance(value, str):
        return _in_text(value)
    if isinstance(value, np.ndarray | list | tuple):
        try:
            numbers: list[float] = np.asarray(value, np.float64).tolist()
        except (TypeError, ValueError, OverflowError):
            raise NoListError("holds values that are no numbers") from None
        if not isinstance(numbers, list) or any(isinstance(x, list) for x in numbers[:1]):
            raise NoListError("is a list of lists, expected a list of numbers")
        return numbers
    raise NoListError(f"is {str(value)[:_SHOWN]!r}, expected a list of numbers")


def _in_text(text: str) -> list[float]:
    plain = text.strip()
    if "(" in plain:
        plain = _SCALAR.sub(r"\1", plain)
        named = _NAMED.fullmatch(plain)
        plain = named[1].strip() if named else plain
    while plain[:1] in _BRACKETS and plain[-1:] == _BRACKETS[plain[:1]]:
        plain = plain[1:-1].strip()
    if "..." in plain:
        raise NoListError("was shortened to '...' when it was printed, so its numbers are lost")
    decimal = "," if ";" in plain or re.search(r"\d,\d+\s+[-+\d]", plain) else "."
    parts = re.split(r"[\s;|]+" if decimal == "," else _SEPARATORS, plain.strip(",; \t\n"))
    numbers = [_number(part, decimal) for part in parts if part]
    if len(numbers) < 2:
        raise NoListError(f"is {text[:_SHOWN]!r}, expected a list of numbers")
    return numbers


def _number(part: str, decimal: str) -> float:
    value = number(part, decimal)
    if math.isnan(value) and part.lower() not in ("nan", "null", "none", "na"):
        raise NoListError(f"holds {part[:_SHOWN]!r}, which is no number")
    return value
