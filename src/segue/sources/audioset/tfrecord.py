"""TFRecord files: a length, its checksum, a payload, its checksum; then the next.

Source: TensorFlow, `core/lib/io/record_writer.h`.
"""

from __future__ import annotations

import lzma
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache

import google_crc32c

from segue.wire.crc32c import masked, masked_crc32c

Lost = Callable[[int, str], None]
"""Told of a record that cannot be read: where it begins, and why."""

HEAD = 12  # bytes: the length and its checksum
READ_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError)  # of files, and of what is packed in them
MAX_RECORD = 1 << 24  # bytes; YouTube-8M's have a third of a million
_TAIL = 4  # bytes: the payload's checksum
_CHUNK = 1 << 20  # bytes


def records(read: Callable[[int], bytes], lost: Lost) -> Iterator[tuple[int, bytes]]:
    """The payloads of a file and where their records begin, in bytes; one is in memory at a time.

    Parameters
    ----------
    read : gives the next n bytes; fewer at the end only.
    lost : a payload that is not as its checksum says costs itself; after a length that is not, nobody
        knows where the next record begins.
    """
    at = 0
    try:
        while head := read(HEAD):
            length = record_length(head)
            if length < 0:
                lost(at, _why_no_length(head))
                return
            body = read(length + _TAIL) if length <= MAX_RECORD else b""
            if len(body) == length + _TAIL:
                if masked(google_crc32c.value(body[:-_TAIL])) == int.from_bytes(body[-_TAIL:], "little"):
                    yield at, body[:-_TAIL]
                else:
                    lost(at, f"its {length} bytes are not what their checksum says")
            elif body or not skip_bytes(read, length + _TAIL):
                lost(at, f"cut short: it claims {length} bytes, and {max(0, len(body) - _TAIL)} are there")
                return
            else:
                lost(at, f"it has {length} bytes, more than the {MAX_RECORD} that are read")
            at += HEAD + length + _TAIL
    except READ_ERRORS as error:
        lost(at, f"cannot be read any further, and the rest of the file is lost: {error}")


@lru_cache(4096)
def record_length(head: bytes) -> int:
    """The length of a payload, or -1 where the 12 bytes before it are not what their checksum says."""
    if len(head) < HEAD or masked_crc32c(head[:8]) != int.from_bytes(head[8:HEAD], "little"):
        return -1
    return int.from_bytes(head[:8], "little")


def frame_record(payload: bytes) -> bytes:
    """A record of a payload."""
    length = struct.pack("<Q", len(payload))
    sums = [struct.pack("<I", masked_crc32c(data)) for data in (length, payload)]
    return length + sums[0] + payload + sums[1]


def _why_no_length(head: bytes) -> str:
    if len(head) < HEAD:
        return f"cut short: {len(head)} bytes are left, too few for a record"
    return "its length is not what the checksum says, so the rest of the file is lost, if it is a TFRecord"


def skip_bytes(read: Callable[[int], bytes], n: int) -> bool:
    """Read over ``n`` bytes; whether there were as many."""
    while n > 0 and (got := len(read(min(n, _CHUNK)))):
        n -= got
    return n <= 0
