"""The most that is read of what a file says of itself; the numbers stand in docs/tags.md too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

BLOCK_BYTES = 24 << 20  # of one block of tags, pictures included
TEXT_BYTES = 1 << 16  # of one field
INFLATED_BYTES = 1 << 16  # of a compressed field of text
LETTERS = 1_000  # of one value
VALUES = 64  # of one field: artists, genres
FIELDS = 4_096  # frames, items, comments, atoms or chunks that are looked at
PICTURE_BYTES = 12_000_000
PICTURES_BYTES = 2 * PICTURE_BYTES  # of all of a file


def budget(each: int = 1) -> Iterator[int]:
    """To be shared by all loops over what a block holds: they end once so much was looked at.

    Parameters
    ----------
    each : things that one field is made of
    """
    return iter(range(FIELDS * each))


def read_at(file: BinaryIO, start: int, n: int) -> bytes:
    """Up to ``n`` bytes from ``start`` on; none where that is no place of the file."""
    if start < 0 or n <= 0:
        return b""
    try:
        file.seek(start)
    except (OSError, ValueError, OverflowError):  # no system looks beyond some place
        return b""
    return file.read(n)
