"""Vorbis comments, in FLAC's blocks of metadata and in the packets of an Ogg stream."""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterator
from typing import BinaryIO

from segue.tags.block import FRONT, Block
from segue.tags.fields import FIELD_OF, SEVERAL
from segue.tags.limits import BLOCK_BYTES, FIELDS, PICTURE_BYTES, TEXT_BYTES, read_at

_COMMENT, _CUE_SHEET, _PICTURE = 4, 5, 6  # types of FLAC's blocks
_CUE_TRACKS_AT = 395  # the byte of a cue sheet that says how many tracks it has, the lead-out one of them
_PICTURE_NAMES = (b"metadata_block_picture", b"coverart")
_PAGES = 4_096  # of an Ogg file that are looked at
# How the packet of comments begins in each kind of stream, by how the stream's first packet begins.
_STREAMS = {b"\x01vorbis": b"\x03vorbis", b"OpusHead": b"OpusTags", b"Speex   ": b"", b"\x7fFLAC": b""}


def parse_comments(data: bytes) -> Block:
    """The comments of one packet or block: NAME=value, as UTF-8."""
    block = Block()
    at = 4 + _length(data, 0)
    count = _length(data, at)
    block.burdensome = count > FIELDS
    at += 4
    for _ in range(min(count, FIELDS)):
        size = _length(data, at)
        start, at = at + 4, at + 4 + size
        if at > len(data):
            break
        name, _, value = data[start : min(at, start + TEXT_BYTES)].partition(b"=")
        if name.lower() in _PICTURE_NAMES:
            _add_encoded_picture(block, name.lower(), data[start + len(name) + 1 : at])
        else:
            native = name.decode("latin-1")
            several = FIELD_OF.get(native.lower()) in SEVERAL
            for text in value.split(b"\0") if several else [value.replace(b"\0", b" ")]:
                block.add(native, text)
    return block


def _length(data: bytes, at: int) -> int:
    return struct.unpack_from("<I", data, at)[0] if 0 <= at <= len(data) - 4 else 0


def _add_encoded_picture(block: Block, name: bytes, text: bytes) -> None:
    if len(text) > PICTURE_BYTES * 2:
        return
    try:
        data = base64.b64decode(text)
    except (binascii.Error, ValueError):
        return
    if name == b"coverart":
        block.add_picture(data, front=True)
    else:
        _add_picture(block, data)


def _add_picture(block: Block, data: bytes) -> None:
    """A picture as FLAC keeps it: type, media type, description, four numbers, the image."""
    try:
        kind, n = struct.unpack_from(">II", data, 0)
        (m,) = struct.unpack_from(">I", data, 8 + n)
        (size,) = struct.unpack_from(">I", data, 12 + n + m + 16)
    except struct.error:
        return
    start = 12 + n + m + 20
    block.add_picture(data[start : start + size], front=kind == FRONT)


def read_flac(file: BinaryIO, start: int) -> Block:
    """What the blocks of metadata behind a FLAC's first four bytes say."""
    block, at, left = Block(), start + 4, 2 * BLOCK_BYTES
    for _ in range(FIELDS):
        head = read_at(file, at, 4)
        if len(head) < 4:
            break
        kind, size = head[0] & 0x7F, int.from_bytes(head[1:], "big")
        data = read_at(file, at + 4, size) if kind in (_COMMENT, _PICTURE) and size <= left else b""
        left -= len(data)
        if kind == _COMMENT and data and not block.fields:
            comments = parse_comments(data)
            block.fields, block.burdensome = comments.fields, comments.burdensome
            block.cue_tracks = max(block.cue_tracks, comments.cue_tracks)
            block.pictures += comments.pictures
        elif kind == _PICTURE:
            _add_picture(block, data)
        elif kind == _CUE_SHEET and size > _CUE_TRACKS_AT:
            block.cue_tracks = max(block.cue_tracks, *read_at(file, at + 4 + _CUE_TRACKS_AT, 1), 1) - 1
        at += 4 + size
        if head[0] & 0x80:
            break
    return block


def read_ogg(file: BinaryIO, start: int) -> Block:
    """The comments of the first stream of sound in an Ogg file."""
    packets = _packets(file, start)
    first = next(packets, b"")
    magic = next((magic for magic in _STREAMS if first.startswith(magic)), None)
    comments = next(packets, b"")
    if magic is None or not comments.startswith(_STREAMS[magic]):
        return Block()
    if magic == b"\x7fFLAC":
        return parse_comments(comments[4:]) if comments[:1] and comments[0] & 0x7F == _COMMENT else Block()
    return parse_comments(comments[len(_STREAMS[magic]) :])


def _packets(file: BinaryIO, start: int) -> Iterator[bytes]:
    """The packets of the first stream of sound; of other streams none."""
    serial, packet, total = None, bytearray(), 0
    for _ in range(_PAGES):
        head = read_at(file, start, 27)
        if len(head) < 27 or head[:4] != b"OggS" or total > BLOCK_BYTES:
            return
        lacing = file.read(head[26])
        start += 27 + len(lacing) + sum(lacing)
        body = file.read(sum(lacing))
        if serial is None and any(body.startswith(magic) for magic in _STREAMS):
            serial = head[14:18]
        if head[14:18] != serial:
            continue
        total += len(body)
        at = 0
        for size in lacing:
            packet += body[at : at + size]
            at += size
            if size < 255:
                yield bytes(packet)
                packet.clear()
