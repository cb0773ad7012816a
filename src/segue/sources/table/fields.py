"""The values of some rows, cleaned: what people read, and the features."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.sources.table import cleaning, notation
from segue.sources.table.chunks import Chunk
from segue.sources.table.cleaning import Counts, is_nothing
from segue.sources.table.columns import Mapped
from segue.sources.table.conventions import Conventions
from segue.sources.table.numerals import number
from segue.track import clean

_DETAIL = 1000  # characters of one value that are kept
_ESCAPED = re.compile(r'["\\\x00-\x1f\ud800-\udfff]')
_TEXTS = ("title", "artist", "album", "album_artist", "genre", "url")
_NUMBERS = ("track_number", "disc_number")
_KEPT = ("release_date",)  # fields that are kept as they were, too
_WRONG: Mapping[str, Callable[[NDArray[np.float64]], NDArray[np.bool_]]] = {
    "tempo": lambda x: x <= 0,
    "time_signature": lambda x: x <= 0,
    "key": lambda x: (x < 0) | (x > 11),
    "loudness": lambda x: (x < -100) | (x > 20),
    **{name: lambda x: (x < 0) | (x > 1) for name in notation.SHARES},
}
_WRONG_WORDS = {
    "tempo": "0, taken as unknown",
    "time_signature": "0, taken as unknown",
    "key": "-1, taken as unknown",
    "loudness": "that is no dB, left out",
    **dict.fromkeys(notation.SHARES, "not from 0 to 1, left out"),
}


def clean_fields(
    chunk: Chunk, columns: Mapped, counts: Counts, conventions: Conventions | None = None
) -> dict[str, list[Any]]:
    """What people read of each row, cleaned: columns of the catalog but the id and what was made of it."""
    by_field = {name: chunk.columns[column] for name, column in columns.fields.items()}
    cleaned: dict[str, list[Any]] = {
        name: list(cleaning.texts(by_field[name], name, counts)) for name in _TEXTS if name in by_field
    }
    for name in _NUMBERS:
        if name in by_field:
            values = cleaning.numbers(by_field[name], name, counts, notation.ordinal, chunk.decimal)
            cleaned[name] = list(cleaning.whole(values))
    n = len(chunk.numbers)
    if {"year", "release_date"} & set(by_field):
        years = cleaning.years(by_field.get("year"), by_field.get("release_date"), n, counts, chunk.decimal)
        cleaned["year"] = list(years)
    cleaned["duration_s"] = _durations(by_field, n, counts, conventions or Conventions(), chunk.decimal)
    cleaned["details"] = _details(chunk, [*columns.others, *(columns.fields.get(f, "") for f in _KEPT)])
    return cleaned


def _durations(
    by_field: Mapping[str, Sequence[Any]], n: int, counts: Counts, conventions: Conventions, decimal: str
) -> list[float]:
    """Seconds; 0 where they are not known."""
    for name, usual in (("duration_ms", 1e-3), ("duration_s", 1.0)):
        if name in by_field:
            unit = 1e-3 if conventions.milliseconds else usual

            def parse(text: str, decimal: str, unit: float = unit) -> float:
                plain = number(text, decimal)
                return notation.duration(text, decimal) / unit if np.isnan(plain) else plain

            seconds = cleaning.numbers(by_field[name], "duration", counts, parse, decimal) * unit
            seconds = cleaning.without(seconds, lambda x: x <= 0, "duration 0, taken as unknown", counts)
            if conventions.milliseconds:
                counts["duration in milliseconds, read"] += int(np.isfinite(seconds).sum())
            return list(np.nan_to_num(seconds).tolist())
    return [0.0] * n


def _details(chunk: Chunk, names: Sequence[str]) -> list[str | None]:
    """As JSON, what else the table says."""
    present = [name for name in names if name in chunk.columns]
    if not present:
        return [None] * len(chunk.numbers)
    columns = list(_as_texts(chunk, present))
    if not all(map(_is_plain, columns)):
        return [_as_json(present, row) for row in zip(*columns, strict=True)]
    template = "{" + ", ".join(json.dumps(name).replace("%", "%%") + ': "%s"' for name in present) + "}"
    return [template % row for row in zip(*columns, strict=True)]


def _is_plain(values: Sequence[str]) -> bool:
    """Whether none is missing, long, or has a character that JSON would escape."""
    return "" not in values and max(map(len, values)) <= _DETAIL and not _ESCAPED.search("\x7f".join(values))


def _as_texts(chunk: Chunk, names: Sequence[str]) -> Iterator[Sequence[str]]:
    for values in (chunk.columns[name] for name in names if len(chunk.numbers)):
        all_texts = set(map(type, values)) == {str}
        yield values if all_texts else ["" if is_nothing(value) else str(value) for value in values]


def _as_json(names: Sequence[str], row: Sequence[str]) -> str | None:
    values = {name: clean(value[:_DETAIL]) for name, value in zip(names, row, strict=True) if value}
    return json.dumps(values, ensure_ascii=False) if values else None


def _feature_values(
    name: str, chunk: Chunk, column: str, counts: Counts, conventions: Conventions
) -> NDArray[np.float64]:
    parse = notation.FEATURES.get(name, number)
    if name not in conventions.per_cent:
        return cleaning.numbers(chunk.columns[column], name, counts, parse, chunk.decimal)

    def in_per_cent(text: str, decimal: str) -> float:
        plain = number(text, decimal)
        return 100 * parse(text, decimal) if np.isnan(plain) else plain

    values = cleaning.numbers(chunk.columns[column], name, counts, in_per_cent, chunk.decimal) / 100
    n_read = int(np.isfinite(values).sum())
    if n_read:
        counts[f"{name} in per cent, read"] += n_read
    return values


def clean_features(
    chunk: Chunk,
    columns: Mapped,
    durations: Sequence[float],
    counts: Counts,
    conventions: Conventions | None = None,
) -> dict[str, NDArray[np.float64]]:
    """The features of each row by their names, NaN where nothing or nonsense is said; with the duration,
    if the table has one."""
    cleaned = {}
    for name, column in columns.features.items():
        values = _feature_values(name, chunk, column, counts, conventions or Conventions())
        if name in _WRONG:
            values = cleaning.without(values, _WRONG[name], f"{name} {_WRONG_WORDS[name]}", counts)
        cleaned[name] = values
    if {"duration_ms", "duration_s"} & set(columns.fields):
        seconds = np.array(durations, np.float64)
        cleaned["duration"] = np.where(seconds > 0, seconds, np.nan)
    return cleaned
