"""Numbers as people write them: with a point or a comma before the decimals, in groups of thousands."""

from __future__ import annotations

import math
import re

_GROUPED = re.compile(r"[+-]?\d{1,3}(?:[\s'\u2019]\d{3})+(?:[.,]\d+)?")
_POINTS = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})*,\d+")  # 1.234,5
_COMMAS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")  # 1,234.5
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_MINUS = str.maketrans("\u2212\u2013", "--")  # the signs of typesetters


def number(text: str, decimal: str = ".") -> float:
    """The number that a text is; NaN for other text.

    Parameters
    ----------
    decimal : "," where a comma stands before the decimals
    """
    try:
        return float(text)
    except ValueError:
        pass
    plain = text.strip().translate(_MINUS)
    if _GROUPED.fullmatch(plain):
        plain = re.sub(r"[\s'\u2019]", "", plain)
    if decimal == "," and (_DECIMAL_COMMA.fullmatch(plain) or _POINTS.fullmatch(plain)):
        plain = plain.replace(".", "").replace(",", ".")
    elif _COMMAS.fullmatch(plain):
        plain = plain.replace(",", "")
    try:
        return float(plain)
    except ValueError:
        return math.nan


def is_number(text: str) -> bool:
    """Whether a text is a finite number, with a point or a comma."""
    return math.isfinite(number(text)) or math.isfinite(number(text, ","))


def has_decimal_comma(text: str, *, grouped: bool) -> bool:
    """Whether a comma stands before decimals.

    Parameters
    ----------
    grouped : also where it may stand after thousands, as in 180,000
    """
    plain = text.strip().translate(_MINUS)
    return bool(_DECIMAL_COMMA.fullmatch(plain)) and (grouped or not _COMMAS.fullmatch(plain))
