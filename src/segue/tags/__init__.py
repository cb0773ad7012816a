"""What a file says of itself, read by its content and within limits; no sound is decoded."""

from segue.tags.block import Block
from segue.tags.container import media_type
from segue.tags.reading import Burden, find_burden, read_block
from segue.tags.values import FIRST_YEAR, LAST_YEAR, VARIOUS_ARTISTS, tags_of, year_of

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
