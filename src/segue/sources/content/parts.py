"""What all readers of containers share: parts of a file, and numbers at places."""

from __future__ import annotations

from typing import BinaryIO

Part = tuple[int, int]
"""The place of the first byte, and of the one behind the last."""

MOST_PARTS = 1 << 20  # chunks or pages that are looked at; what comes behind them counts as audio


def read_at(f: BinaryIO, place: int, n: int) -> bytes:
    """At most n bytes from a place on; none where no file can have that place."""
    try:
        f.seek(place)
    except (OSError, OverflowError):
        return b""
    return f.read(n)


def syncsafe(data: bytes) -> int | None:
    """A number of ID3v2, seven bits a byte; ``None`` where it is none."""
    if any(byte & 0x80 for byte in data):
        return None
    return sum(byte << 7 * i for i, byte in enumerate(reversed(data)))
