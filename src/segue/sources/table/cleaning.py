"""What is wrong in tables of songs, put right step by step, each with a count.

A value that says nothing becomes ``None``, or NaN among the features; what people read stays as it was.
"""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.sources.table.notation import Parse, year
from segue.sources.table.numerals import number
from segue.tags import FIRST_YEAR, LAST_YEAR, year_of
from segue.track import JOINED, clean

_WORDS = ("", "na", "nan", "n/a", "none", "null", "nil", "-", "?", "[]")
NOTHING = frozenset("".join(cs) for w in _WORDS for cs in product(*({c, c.upper()} for c in w)))
_SIMPLE_LIST = re.compile(r"\['[^'\\\"]*'(?:, '[^'\\\"]*')*\]")  # as most are, several times quicker
_PLAIN_NUMBER = re.compile(r"\s*[+-]?[\d.]+(?:[eE][+-]?\d+)?\s*")
_QUOTED = frozenset("'\"\\")
_DATE_LETTERS = 100  # of a date that are looked at

Counts = Counter[str]


def texts(values: Sequence[Any], what: str, counts: Counts) -> list[str | None]:
    """Texts without blanks around them; several in a list are joined by ``; ``."""
    try:
        stripped = list(map(str.strip, values))
    except TypeError:  # not all are texts
        stripped = [_as_text(value).strip() for value in values]
    # Whole columns are looked at first: most have neither lists nor several in one.
    everything = "\n".join(stripped)
    if not everything.isascii() and clean(everything) != everything:
        whole = [clean(text) or "" for text in stripped]
        _count(counts, f"{what} with halves of characters, read as ?", sum(map(str.__ne__, stripped, whole)))
        stripped = whole
    if "[" in everything:
        lists = [_join_list(text) for text in stripped]
        _count(counts, f"{what} in the form of a list, read", sum(text is not None for text in lists))
        stripped = [text if new is None else new for text, new in zip(stripped, lists, strict=True)]
    if ";" in everything:
        stripped = [
            JOINED.join(filter(None, map(str.strip, t.split(";")))) if ";" in t else t for t in stripped
        ]
    if NOTHING.isdisjoint(stripped):
        return [*stripped]
    cleaned = [None if text in NOTHING else text for text in stripped]
    _count(counts, f"{what} missing", cleaned.count(None))
    return cleaned


def is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def says_nothing(value: Any) -> bool:
    """Whether a value stands for none: empty, or a word for nothing."""
    return is_nothing(value) or (isinstance(value, str) and value.strip() in NOTHING)


def _as_text(value: Any) -> str:
    if is_nothing(value):
        return ""
    if isinstance(value, list | tuple | np.ndarray):
        return repr([str(item) for item in value])
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # ids that a data frame took for numbers
    return str(value)


def _join_list(text: str) -> str | None:
    """The items of a list as Python writes it; ``None`` for other text."""
    if text[:1] != "[" or text[-1:] != "]":
        return None
    alone = text[2:-2]
    if text == f"['{alone}']" and _QUOTED.isdisjoint(alone):
        return alone.strip()
    if _SIMPLE_LIST.fullmatch(text):
        return JOINED.join(filter(None, map(str.strip, text[2:-2].split("', '"))))
    try:
        items = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return JOINED.join(str(item).strip() for item in items if str(item).strip())


def numbers(
    values: Sequence[Any], what: str, counts: Counts, parse: Parse = number, decimal: str = "."
) -> NDArray[np.float64]:
    """float64 (n,); NaN where there is nothing, or no number, or an infinite one.

    Parameters
    ----------
    parse : reads a text that is not simply a number
    decimal : what stands before decimals in texts
    """
    try:
        parsed = np.array(list(map(float, values)), np.float64)
    except (TypeError, ValueError, OverflowError):
        entries = [None if isinstance(v, str) and v.strip() in NOTHING else v for v in values]
        parsed = np.array([_number(value, parse, decimal) for value in entries], np.float64)
        has_value = np.array([value is not None for value in entries], np.bool_)
        _count(counts, f"{what} that is no number, left out", int((np.isnan(parsed) & has_value).sum()))
        _count_otherwise(entries, parsed, what, decimal, counts)
    parsed[~np.isfinite(parsed)] = np.nan
    _count(counts, f"{what} missing", int(np.isnan(parsed).sum()))
    return parsed


def _number(value: Any, parse: Parse, decimal: str) -> float:
    if isinstance(value, str):
        parsed = parse(value, decimal)
        word = value.strip().lower() if math.isnan(parsed) else ""
        return float(word == "true") if word in ("true", "false") else parsed
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _count_otherwise(
    entries: Sequence[Any], parsed: NDArray[np.float64], what: str, decimal: str, counts: Counts
) -> None:
    """Count the texts that are numbers in other words than a computer's."""
    read = np.isfinite(parsed).tolist()
    otherwise = [
        text
        for text, is_read in zip(entries, read, strict=True)
        if is_read and isinstance(text, str) and not _PLAIN_NUMBER.fullmatch(text)
    ]
    commas = sum(decimal == "," and "," in text for text in otherwise)
    _count(counts, f"{what} with a decimal comma, read", commas)
    _count(counts, f"{what} in words or with a unit, read", len(otherwise) - commas)


def without(
    values: NDArray[np.float64], wrong: Callable[[NDArray[np.float64]], NDArray[np.bool_]], step: str,
    counts: Counts,
) -> NDArray[np.float64]:  # fmt: skip
    """The numbers, NaN where they are wrong."""
    with np.errstate(invalid="ignore"):
        mask = wrong(values)
    _count(counts, step, int(mask.sum()))
    return np.where(mask, np.nan, values)


def years(
    values: Sequence[Any] | None,
    dates: Sequence[Any] | None,
    n: int,
    counts: Counts,
    decimal: str = ".",
) -> list[int | None]:
    """Years; where one is 0 or missing, that of the release date."""
    parsed = np.full(n, np.nan) if values is None else numbers(values, "year", counts, year, decimal)
    parsed = without(parsed, lambda x: x == 0, "year 0, taken as unknown", counts)
    _put_years_of_dates(parsed, parsed.tolist(), parsed > LAST_YEAR)  # 19970503
    impossible = "year that cannot be, left out"
    parsed = without(parsed, lambda x: (x < FIRST_YEAR) | (x > LAST_YEAR), impossible, counts)
    if dates is not None:
        filled = _put_years_of_dates(parsed, dates, np.isnan(parsed))
        _count(counts, "year taken from the release date", filled)
    return whole(parsed)


def _put_years_of_dates(years: NDArray[np.float64], dates: Sequence[Any], at: NDArray[np.bool_]) -> int:
    """Put the years of some dates among the others; of how many dates there is one."""
    filled = 0
    for i in np.flatnonzero(at).tolist():
        year = year_of(_as_text(dates[i])[:_DATE_LETTERS])
        if year:
            years[i] = year
            filled += 1
    return filled


def whole(values: NDArray[np.float64]) -> list[int | None]:
    """Whole numbers, ``None`` for NaN and what 64 bits do not hold."""
    exact = np.abs(values) < 1e15
    numbers = np.where(exact, values, 0).astype(np.int64).tolist()
    return (
        numbers if exact.all() else [x if k else None for x, k in zip(numbers, exact.tolist(), strict=True)]
    )


def pad_ids(ids: Sequence[str | None], width: int, counts: Counts) -> list[str | None]:
    """Ids of digits alone with zeros before them: 2 as 000002."""
    if not width:
        return list(ids)
    padded = [x.zfill(width) if x and x.isdigit() else x for x in ids]
    _count(counts, f"id padded to {width} digits", sum(a != b for a, b in zip(ids, padded, strict=True)))
    return padded


def _count(counts: Counts, step: str, n: int) -> None:
    if n:
        counts[step] += n
