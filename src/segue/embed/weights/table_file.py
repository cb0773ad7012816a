"""The sorted table of strings (SSTable) that both kinds of TensorFlow checkpoints are made of.

Format: LevelDB's `table_format.md`, without filters: data blocks, an index block that names them, and
a footer of 48 bytes. Each block ends in restart points, a compression byte and a checksum.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from segue.errors import WeightsError
from segue.wire.crc32c import masked_crc32c
from segue.wire.protobuf import varint

MAGIC = 0xDB47_7524_8B80_FB57
FOOTER = 48  # bytes: two handles, padding, magic
TRAILER = 5  # bytes behind each block: compression, checksum
MAX_KEY = 4096  # bytes; keys are built from the one before, so they bound the work
_SNAPPY = 1


def entries(table: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Keys and values in the order of the keys; each block's checksum is compared first.

    Raises
    ------
    WeightsError
        Where the file is no such table, cut short, damaged or compressed.
    """
    end = 0
    last: bytes | None = None
    for _, handle in _block_entries(_block(table, *_index_handle(table))):
        offset, size = _handle(handle)
        if offset < end:
            raise WeightsError(f"two blocks overlap at byte {offset}")
        end = offset + size + TRAILER
        for key, value in _block_entries(_block(table, offset, size)):
            if last is not None and key <= last:
                raise WeightsError(f"key {key!r} follows {last!r}, expected a table in order")
            last = key
            yield key, value


def _index_handle(table: memoryview) -> tuple[int, int]:
    footer = table[-FOOTER:]
    if len(footer) < FOOTER or footer[-8:] != struct.pack("<Q", MAGIC):
        raise WeightsError(f"it ends in {bytes(footer[-8:]).hex() or 'nothing'}, expected a table's mark")
    _, at = varint(footer, 0)
    _, at = varint(footer, at)
    return _handle(footer[at:])


def _handle(data: memoryview) -> tuple[int, int]:
    offset, at = varint(data, 0)
    size, _ = varint(data, at)
    return offset, size


def _block(table: memoryview, offset: int, size: int) -> memoryview:
    end = offset + size
    if end + TRAILER > len(table) - FOOTER:
        raise WeightsError(f"a block ends at byte {end + TRAILER} of {len(table)}: the file is cut short")
    kind, expected = struct.unpack("<BI", table[end : end + TRAILER])
    checksum = masked_crc32c(table[offset : end + 1])
    if checksum != expected:
        raise WeightsError(f"the block at byte {offset} has checksum {checksum:08x}, expected {expected:08x}")
    if kind != 0:
        name = "Snappy" if kind == _SNAPPY else f"method {kind}"
        raise WeightsError(f"the block at byte {offset} is compressed ({name}), expected a plain one")
    return table[offset:end]


def _block_entries(block: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    end = _entries_end(block)
    key, at = b"", 0
    while at < end:
        shared, at = varint(block, at)
        own, at = varint(block, at)
        length, at = varint(block, at)
        if shared > len(key) or shared + own > MAX_KEY or own + length > end - at:
            raise WeightsError(f"an entry claims too much: {shared} + {own} bytes of key, {length} of value")
        key = key[:shared] + bytes(block[at : at + own])
        at += own + length
        yield key, block[at - length : at]


def _entries_end(block: memoryview) -> int:
    """Where the restart points begin; they serve seeking and are not needed to read in order."""
    restarts = struct.unpack("<I", block[-4:])[0] if len(block) >= 4 else 0
    end = len(block) - 4 * (restarts + 1)
    if end < 0:
        raise WeightsError(f"a block of {len(block)} bytes claims {restarts} restart points, too many")
    return end
