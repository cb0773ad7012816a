"""Tags of ASF files, Windows Media: objects in the file's header."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from segue.tags.block import FRONT, Block
from segue.tags.limits import BLOCK_BYTES, TEXT_BYTES, budget, read_at

HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
DESCRIPTION = bytes.fromhex("3326b2758e66cf11a6d900aa0062ce6c")
EXTENDED = bytes.fromhex("40a4d0d207e3d21197f000a0c95ea850")
_EXTENSION = bytes.fromhex("b503bf5f2ea9cf118ee300c00c205365")
_LIBRARY = bytes.fromhex("941c23449894d149a1411d134e457054")
_TEXT, _BYTES, _BOOL, _LONG, _LONGLONG, _WORD = 0, 1, 2, 3, 4, 5  # types of a value


def read_asf(file: BinaryIO, start: int) -> Block:
    block, left = Block(), budget()
    size = int.from_bytes(read_at(file, start + 16, 8), "little")
    header = read_at(file, start + 30, min(max(0, size - 30), BLOCK_BYTES))
    objects = list(_objects(header, left))
    # A field's first value stands in one of the old objects, further ones in the extension.
    for data in (data for kind, data in objects if kind == DESCRIPTION):
        _read_description(block, data)
    for data in (data for kind, data in objects if kind == EXTENDED):
        _read_extended(block, data, left)
    inner = (pair for kind, data in objects if kind == _EXTENSION for pair in _objects(data[22:], left))
    for data in (data for kind, data in inner if kind == _LIBRARY):
        _read_library(block, data, left)
    block.burdensome = next(left, None) is None
    return block


def _objects(data: bytes, left: Iterator[int]) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    for _ in left:
        size = int.from_bytes(data[at + 16 : at + 24], "little")
        if size < 24 or at + size > len(data):
            return
        yield data[at : at + 16], data[at + 24 : at + size]
        at += size


def _read_description(block: Block, data: bytes) -> None:
    if len(data) < 10:
        return
    sizes, at = struct.unpack_from("<5H", data), 10
    for name, size in zip(("title", "author"), sizes, strict=False):
        block.add(name, _text(data[at : at + size]))
        at += size


def _read_extended(block: Block, data: bytes, left: Iterator[int]) -> None:
    at = 2
    for _ in zip(range(int.from_bytes(data[:2], "little")), left, strict=False):
        stop = at + 2 + int.from_bytes(data[at : at + 2], "little")
        name = _text(data[at + 2 : stop])
        if stop + 4 > len(data):
            return
        kind, size = struct.unpack_from("<2H", data, stop)
        at = stop + 4 + size
        _add(block, name, kind, data[stop + 4 : at])


def _read_library(block: Block, data: bytes, left: Iterator[int]) -> None:
    at = 2
    for _ in zip(range(int.from_bytes(data[:2], "little")), left, strict=False):
        if at + 12 > len(data):
            return
        n, kind, size = struct.unpack_from("<HHI", data, at + 4)
        name = _text(data[at + 12 : at + 12 + n])
        start, at = at + 12 + n, at + 12 + n + size
        _add(block, name, kind, data[start:at])


def _add(block: Block, name: str, kind: int, value: bytes) -> None:
    if name == "WM/Picture" and kind == _BYTES:
        _add_picture(block, value)
    elif kind == _TEXT:
        block.add(name, _text(value[:TEXT_BYTES]))
    elif kind in (_BOOL, _LONG, _LONGLONG, _WORD):
        block.add(name, str(int.from_bytes(value[:8], "little")))


def _add_picture(block: Block, data: bytes) -> None:
    """Type, size, media type, description, the image."""
    if len(data) < 9:
        return
    size, at = int.from_bytes(data[1:5], "little"), 5
    for _ in range(2):
        while at + 2 <= len(data) and data[at : at + 2] != b"\0\0":
            at += 2
        at += 2
    block.add_picture(data[at : at + size], front=data[0] == FRONT)


def _text(data: bytes) -> str:
    return data[: len(data) // 2 * 2].decode("utf-16-le", "replace").partition("\0")[0]
