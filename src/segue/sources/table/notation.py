"""Features as people write them: C# minor, 8A, Major, 4/4, 3:20, 120 BPM, -9 dB, 45 %."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from segue.sources.table.numerals import number
from segue.tags import year_of

Parse = Callable[[str, str], float]
"""A text and what stands before decimals, to a number; NaN for what makes no sense."""

SHARES = ("danceability", "energy", "speechiness", "acousticness", "instrumentalness", "liveness", "valence")
_NOTES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11, "h": 11}
_SHARP = ("#", "\u266f", "sharp", "is")
_FLAT = ("b", "\u266d", "flat", "es", "s")
_KEY = re.compile(
    r"([A-Ha-h])[\s-]*(#|\u266f|sharp|is|b|\u266d|flat|es|s)?[\s:_-]*"
    r"(?:major|maj|dur|minor|min|moll|m)?\.?",
    re.IGNORECASE,
)
_WHEEL = re.compile(r"0?(1[0-2]|[1-9])\s*([ABDM])", re.IGNORECASE)  # Camelot's A and B, Open Key's d and m
_MODES = {"major": 1, "maj": 1, "dur": 1, "minor": 0, "min": 0, "moll": 0, "true": 1, "false": 0}
_METER = re.compile(r"(\d{1,2})\s*/\s*\d{1,2}")
_OF = re.compile(r"(\d{1,4})\s*(?:/|of)\s*\d{1,4}", re.IGNORECASE)
_CLOCK = re.compile(r"(?:(\d+) days? )?(?:(\d{1,4}):)?(\d{1,4}):(\d{1,2}(?:[.,]\d+)?)")
_UNITS = {
    "h": 3600.0, "hr": 3600.0, "hour": 3600.0, "hours": 3600.0, "m": 60.0, "min": 60.0, "mins": 60.0,
    "minute": 60.0, "minutes": 60.0, "'": 60.0, "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0,
    "seconds": 1.0, '"': 1.0, "ms": 1e-3, "msec": 1e-3,
}  # fmt: skip
_QUANTITY = re.compile(r"([\d.,]+)\s*([a-z'\"]+)\.?[\s,]*", re.IGNORECASE)


def key(text: str, decimal: str) -> float:
    """0 for C to 11 for B, of a key in letters, on Camelot's wheel or in Open Key notation."""
    value = number(text, decimal)
    if not math.isnan(value):
        return value
    first = text.strip().split("/")[0].strip()  # C#/Db
    if wheel := _WHEEL.fullmatch(first):
        step, letter = int(wheel[1]), wheel[2].lower()
        home = {"b": (8, 0), "a": (8, 9), "d": (1, 0), "m": (1, 9)}[letter]
        return float((7 * (step - home[0]) + home[1]) % 12)
    if not (match := _KEY.fullmatch(first)):
        return math.nan
    sign = (match[2] or "").lower()
    return float((_NOTES[match[1].lower()] + (sign in _SHARP) - (sign in _FLAT)) % 12)


def mode(text: str, decimal: str) -> float:
    """1 for major, 0 for minor."""
    plain = text.strip()
    if plain in ("M", "m"):
        return float(plain == "M")
    code = _MODES.get(plain.lower().rstrip("."))
    return number(plain, decimal) if code is None else float(code)


def meter(text: str, decimal: str) -> float:
    """Beats a bar: 3 of 3/4."""
    match = _METER.fullmatch(text.strip())
    return float(match[1]) if match else number(text, decimal)


def ordinal(text: str, decimal: str) -> float:
    """3 of 3/12."""
    match = _OF.fullmatch(text.strip())
    return float(match[1]) if match else number(text, decimal)


def year(text: str, decimal: str) -> float:
    """1999 of 1999-05-01."""
    value = number(text, decimal)
    return float(year_of(text) or math.nan) if math.isnan(value) else value


def duration(text: str, decimal: str) -> float:
    """Seconds, of a text with colons or units; NaN for a number alone."""
    plain = text.strip()
    if clock := _CLOCK.fullmatch(plain):
        days, hours, minutes = (float(part or 0) for part in clock.groups()[:3])
        return 86400 * days + 3600 * hours + 60 * minutes + number(clock[4].replace(",", "."))
    if plain[:2].upper() == "PT":
        plain = plain[2:]
    quantities = _QUANTITY.findall(plain)
    if not quantities or _QUANTITY.sub("", plain).strip():
        return math.nan
    values = [number(value, decimal) * _UNITS.get(unit.lower(), math.nan) for value, unit in quantities]
    return sum(values)


def _with_unit(units: str, factor: float = 1.0) -> Parse:
    pattern = re.compile(rf"(.*?)\s*(?:{units})", re.IGNORECASE)

    def parse(text: str, decimal: str) -> float:
        match = pattern.fullmatch(text.strip())
        return number(match[1], decimal) * factor if match else number(text, decimal)

    return parse


FEATURES: Mapping[str, Parse] = {
    "key": key,
    "mode": mode,
    "time_signature": meter,
    "tempo": _with_unit("bpm|beats per minute"),
    "loudness": _with_unit("dbfs|db|lufs|lkfs|lu"),
    **dict.fromkeys(SHARES, _with_unit("%|per ?cent|pct", 0.01)),
}
EXPECTED: Mapping[str, str] = {
    "key": "0 to 11, C#, Bb minor or 8A",
    "mode": "1 and 0, or major and minor",
    "time_signature": "4 or 4/4",
    "tempo": "beats per minute",
    "loudness": "dB from -100 to 20",
    "duration": "milliseconds, seconds, 3:20 or 3 min 20 s",
    **dict.fromkeys(SHARES, "0 to 1, or per cent"),
}
