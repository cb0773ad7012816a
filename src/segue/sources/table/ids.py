"""Ids that a spreadsheet has rounded: 1.2E+14, or eighteen digits of which the last three are zeros."""

from __future__ import annotations

import re
from collections.abc import Sequence

from segue.errors import SourceError

_SCIENTIFIC = re.compile(r"[+-]?\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)
_EXACT_DIGITS = 15  # of a number in a spreadsheet
_LEAST = 2  # ids in scientific notation
_LEAST_LONG = 10  # long ids that all end in zeros


def refuse_rounded(ids: Sequence[str | None], name: str) -> None:
    """Raises SourceError where most of some ids are numbers that lost digits, so that rows share them.

    Parameters
    ----------
    ids : of the first rows
    name : of the file, in messages
    """
    texts = [text.strip() for text in ids if text and text.strip()]
    scientific = [text for text in texts if _SCIENTIFIC.fullmatch(text)]
    long = [text for text in texts if text.isdecimal() and len(text) > _EXACT_DIGITS]
    cut = [text for text in long if not text[_EXACT_DIGITS:].strip("0")]
    rounded = scientific if len(scientific) >= _LEAST else []
    if len(long) >= _LEAST_LONG and len(cut) == len(long):
        rounded = [*rounded, *cut]
    if len(rounded) * 2 <= len(texts):
        return
    raise SourceError(
        f"{name} has ids that a spreadsheet has rounded, such as {rounded[0]}: {len(set(rounded))} different "
        f"ones in {len(rounded)} rows. Save the ids as text, choose another column with --column id=NAME, or "
        "take them as they are with --rounded-ids"
    )
