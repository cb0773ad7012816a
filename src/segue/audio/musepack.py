"""What FFmpeg leaves out of a Musepack file of stream version 8: how many samples it has."""

from __future__ import annotations

from typing import BinaryIO

from segue.tags.container import find_sound
from segue.tags.limits import read_at

_HEADER_AT = 6  # bytes, behind the mark and the name of the first packet
_BEFORE_LENGTH = 5  # bytes, of a checksum and the version


def read_sample_count(file: BinaryIO) -> int | None:
    """Samples of each channel, as its first packet tells; the file's position stays as it was."""
    at = file.tell()
    start, _ = find_sound(file)
    data = read_at(file, start, 64)
    file.seek(at)
    if data[:_HEADER_AT] != b"MPCKSH":
        return None
    _, place = _number(data, _HEADER_AT)
    return _number(data, place + _BEFORE_LENGTH)[0] or None


def _number(data: bytes, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, of which all but the last have the eighth; and where it ends."""
    value = 0
    for byte in data[place : place + 9]:
        value, place = value << 7 | byte & 0x7F, place + 1
        if byte < 0x80:
            break
    return value, place
