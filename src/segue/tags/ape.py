"""APEv2 tags at the end of a file, before an ID3v1 tag if there is one."""

from __future__ import annotations

import struct
from typing import BinaryIO

from segue.tags.block import Block
from segue.tags.limits import BLOCK_BYTES, FIELDS, TEXT_BYTES, read_at

_FOOTER_BYTES = 32
_LYRICS_BYTES = 15  # six digits and LYRICS200


def find_tag(file: BinaryIO, end: int) -> tuple[Block, int]:
    """What a tag that ends at ``end`` says, and where it begins; nothing and ``end`` where there is none."""
    footer = read_at(file, end - _FOOTER_BYTES, _FOOTER_BYTES)
    if len(footer) < _FOOTER_BYTES or footer[:8] != b"APETAGEX":
        return Block(), end
    size, count = struct.unpack("<II", footer[12:20])
    start = end - size
    if size < _FOOTER_BYTES or start < 0:
        return Block(), end
    has_header = footer[23] & 0x80
    data = read_at(file, start, min(size - _FOOTER_BYTES, BLOCK_BYTES))
    return parse_items(data, count), start - (_FOOTER_BYTES if has_header else 0)


def before_lyrics(file: BinaryIO, end: int) -> int:
    """Where Lyrics3 lyrics that end at ``end`` begin; ``end`` where there are none."""
    foot = read_at(file, end - _LYRICS_BYTES, _LYRICS_BYTES)
    if foot[6:] != b"LYRICS200" or not foot[:6].isdigit():
        return end
    return max(0, end - _LYRICS_BYTES - int(foot[:6]))


def parse_items(data: bytes, count: int) -> Block:
    block, at = Block(burdensome=count > FIELDS), 0
    for _ in range(min(count, FIELDS)):
        stop = data.find(b"\0", at + 8, at + 8 + 256)
        if stop < 0:
            break
        size, flags = struct.unpack("<II", data[at : at + 8])
        name = data[at + 8 : stop].decode("latin-1")
        start, at = stop + 1, stop + 1 + size
        kind = flags >> 1 & 3
        if kind == 1 and name.lower().startswith("cover art"):
            image = data[start:at].partition(b"\0")[2]
            block.add_picture(image, front="front" in name.lower())
        elif kind == 0:
            for value in data[start : min(at, start + TEXT_BYTES)].split(b"\0"):
                block.add(name, value)
    return block
