"""Texts of tags as values: names, years, numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from segue.tags.block import Block, Text
from segue.tags.fields import RANKS, VARIOUS_ARTISTS
from segue.tags.genres import genre_names
from segue.tags.text import Decoder
from segue.track import JOINED, Tags

FIRST_YEAR, LAST_YEAR = 1800, 2199
_DIGITS = re.compile(r"\d+")  # of any script


def tags_of(block: Block) -> Tags:
    """What a block says, as a track keeps it; ``None`` where it says nothing."""
    decoder = Decoder(_all_texts(block))
    fields = {what: _decode(what, values, decoder) for what, values in block.fields.items()}
    artist = _names(fields.get("artist", []))
    several = _names(fields.get("artists", []))
    album_artist = _names(fields.get("album_artist", []))
    if not album_artist and any(value not in ("0", "false", "no") for value in fields.get("compilation", [])):
        album_artist = VARIOUS_ARTISTS
    return Tags(
        title=_first(fields.get("title", [])),
        artist=several if several and JOINED in several and JOINED not in (artist or "") else artist,
        album=_first(fields.get("album", [])),
        album_artist=album_artist,
        genre=_names(fields.get("genre", [])),
        year=next(filter(None, map(year_of, fields.get("year", []))), None),
        track_number=number_of(_first(fields.get("track_number", []))),
        disc_number=number_of(_first(fields.get("disc_number", []))),
    )


def _all_texts(block: Block) -> Iterable[Text]:
    return (text for values in block.fields.values() for texts in values.values() for text in texts)


def _decode(what: str, values: Mapping[str, Sequence[Text]], decoder: Decoder) -> list[str]:
    """The values of the first of a field's names that says something; of years, those of all names."""
    ordered = sorted(values, key=RANKS.__getitem__)
    decoded = [list(filter(None, map(decoder.text, values[name]))) for name in ordered]
    if what == "year":
        return [text for texts in decoded for text in texts]
    texts = next(filter(None, decoded), [])
    return [name for text in texts for name in genre_names(text)] if what == "genre" else texts


def _first(texts: Sequence[str]) -> str | None:
    return texts[0] if texts else None


def _names(texts: Sequence[str]) -> str | None:
    """Several names in one text, each once."""
    return JOINED.join(dict.fromkeys(texts)) or None


def number_of(text: str | None) -> int | None:
    """The first number of a text: 3 of ``3/12``."""
    match = re.search(r"\d{1,5}", text or "")
    return int(match.group()) if match else None


def year_of(text: str) -> int | None:
    """The year of a date, however it is written; ``None`` where no year from 1800 to 2199 is in it.

    ``1997``, ``1997-05-03``, ``19970503``, ``199705``, ``03.05.1997``, ``03051997`` and
    ``19970503T120000`` are of 1997; ``0000``, ``9999``, ``97`` and ``2147483648`` are of no year.
    """
    return next(filter(None, (_year_in(match[0]) for match in _DIGITS.finditer(text))), None)


def _year_in(digits: str) -> int | None:
    if len(digits) == 4:
        return _possible(digits)
    if len(digits) == 6 or (len(digits) in (8, 12, 14) and _is_date(digits[4:6], digits[6:8])):
        year = _possible(digits[:4])
        if year and (len(digits) > 6 or 1 <= int(digits[4:]) <= 12):
            return year
    if len(digits) == 8 and (_is_date(digits[2:4], digits[:2]) or _is_date(digits[:2], digits[2:4])):
        return _possible(digits[4:])
    return None


def _is_date(month: str, day: str) -> bool:
    return 0 <= int(month) <= 12 and 0 <= int(day) <= 31


def _possible(digits: str) -> int | None:
    year = int(digits)
    return year if FIRST_YEAR <= year <= LAST_YEAR else None
