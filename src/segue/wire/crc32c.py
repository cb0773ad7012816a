"""The checksum that TensorFlow writes with its data."""

from __future__ import annotations

import google_crc32c

_CHUNK = 1 << 20  # bytes
_MASK_DELTA = 0xA282EAD8  # TensorFlow, core/lib/hash/crc32c.h


def masked_crc32c(data: bytes | memoryview) -> int:
    """TensorFlow's checksum: CRC-32C, rotated and shifted so that checksums can be checksummed safely."""
    crc = 0
    for start in range(0, len(data), _CHUNK):
        crc = google_crc32c.extend(crc, bytes(data[start : start + _CHUNK]))
    return masked(crc)


def masked(crc: int) -> int:
    """A plain CRC-32C in TensorFlow's form."""
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF
