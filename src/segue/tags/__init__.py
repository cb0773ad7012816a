"""What a file says of itself, read by its content and within limits; no sound is decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segue.late import load_late
from segue.tags.fields import VARIOUS_ARTISTS

if TYPE_CHECKING:
    from segue.tags.block import Block
    from segue.tags.container import media_type
    from segue.tags.reading import Burden, find_burden, read_block
    from segue.tags.values import FIRST_YEAR, LAST_YEAR, tags_of, year_of

__all__ = [
    "FIRST_YEAR",
    "LAST_YEAR",
    "VARIOUS_ARTISTS",
    "Block",
    "Burden",
    "find_burden",
    "media_type",
    "read_block",
    "tags_of",
    "year_of",
]

_HOMES = {
    "FIRST_YEAR": "segue.tags.values",
    "LAST_YEAR": "segue.tags.values",
    "Block": "segue.tags.block",
    "Burden": "segue.tags.reading",
    "find_burden": "segue.tags.reading",
    "media_type": "segue.tags.container",
    "read_block": "segue.tags.reading",
    "tags_of": "segue.tags.values",
    "year_of": "segue.tags.values",
}
__getattr__ = load_late(__name__, _HOMES)  # a library needs no tables of encodings
