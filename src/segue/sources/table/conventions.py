"""How a table writes its features, as its first rows tell: shares in per cent, durations in milliseconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import SourceError
from segue.sources.table import cleaning, notation
from segue.sources.table.chunks import Chunk
from segue.sources.table.columns import Mapped, is_per_cent
from segue.sources.table.numerals import number

_LONG_S = 10_000  # a median beyond it is not of seconds
_SHOWN = 40  # characters of a value in a message


@dataclass(frozen=True, slots=True)
class Conventions:
    """How the values of a table are to be read.

    Attributes
    ----------
    per_cent : features from 0 to 100
    milliseconds : the duration is in milliseconds, though the name of its column does not say so
    """

    per_cent: frozenset[str] = frozenset()
    milliseconds: bool = False


def find_conventions(chunk: Chunk, columns: Mapped) -> Conventions:
    """How the first rows of a table write their values.

    Raises
    ------
    SourceError
        Where most values of a feature make no sense, so that all of them would be left out.
    """
    samples = {
        name: _sample(chunk, column, notation.FEATURES[name])
        for name, column in columns.features.items()
        if name in notation.FEATURES
    }
    duration = columns.fields.get("duration_ms") or columns.fields.get("duration_s")
    milliseconds = False
    if duration is not None:
        seconds = _sample(chunk, duration, _number_or_duration)
        _refuse_nonsense("duration", duration, chunk.columns[duration], seconds, np.isfinite(seconds))
        plain = _sample(chunk, duration, number)
        unnamed = "duration_ms" not in columns.fields and not duration.lower().endswith(("_s", "sec"))
        milliseconds = unnamed and bool(np.isfinite(plain).any()) and float(np.nanmedian(plain)) > _LONG_S
    per_cent = _per_cent(samples, columns)
    for name, values in samples.items():
        scaled = values / 100 if name in per_cent else values
        column = columns.features[name]
        _refuse_nonsense(name, column, chunk.columns[column], values, _makes_sense(name, scaled))
    return Conventions(per_cent, milliseconds)


def _sample(chunk: Chunk, column: str, parse: notation.Parse) -> NDArray[np.float64]:
    values = chunk.columns[column]
    return cleaning.numbers(values, "", Counter(), parse, chunk.decimal)


def _number_or_duration(text: str, decimal: str) -> float:
    value = number(text, decimal)
    return notation.duration(text, decimal) if np.isnan(value) else value


def _per_cent(samples: dict[str, NDArray[np.float64]], columns: Mapped) -> frozenset[str]:
    """Features in per cent: by the names of their columns, or as most values are above 1 and up to 100."""
    shares = {name: values for name, values in samples.items() if name in notation.SHARES}
    per_cent = {name for name in shares if is_per_cent(columns.features[name])}
    for name, values in shares.items():
        finite = values[np.isfinite(values)]
        above = (finite > 1) & (finite <= 100)
        if len(finite) and 2 * above.sum() > len(finite):
            per_cent.add(name)
    if 2 * len(per_cent) >= len(shares):  # a column of hardly more than zeros is as the others are
        per_cent |= {name for name, values in shares.items() if _are_whole(values)}
    return frozenset(per_cent)


def _are_whole(values: NDArray[np.float64]) -> bool:
    finite = values[np.isfinite(values)]
    return bool(len(finite)) and bool((finite == np.round(finite)).all()) and bool((finite <= 100).all())


def _makes_sense(name: str, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        if name in notation.SHARES:
            return np.asarray((values >= 0) & (values <= 1))
        if name == "loudness":
            return np.asarray((values >= -100) & (values <= 20))
        return np.isfinite(values)


def _refuse_nonsense(
    name: str, column: str, entries: Sequence[Any], values: NDArray[np.float64], good: NDArray[np.bool_]
) -> None:
    """Raises SourceError where less than half of what a column says can be understood."""
    has_value = np.array([not cleaning.says_nothing(value) for value in entries], np.bool_)
    bad = np.flatnonzero(has_value & ~good)
    if len(bad) * 2 <= int(has_value.sum()):
        return
    field = "duration_s" if name == "duration" else name
    example = str(entries[int(bad[0])])[:_SHOWN]
    raise SourceError(
        f"the column {column!r} holds {example!r} in row {int(bad[0]) + 1} and the like in most rows, "
        f"expected {notation.EXPECTED[name]}; name another with --column {field}=NAME, or ignore it with "
        f"--without {column!r}"
    )
