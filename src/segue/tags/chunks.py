"""Tags in files made of chunks: RIFF and its 64-bit kin, AIFF, DSDIFF; and DSF, which points at its tag."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

from segue.tags.block import Block, Text, from_pairs
from segue.tags.id3 import read_tags_at
from segue.tags.limits import FIELDS, TEXT_BYTES, read_at

_INFO_BYTES = 1 << 20
_MOST_LISTS = 8
_STREAMED = 0xFFFFFFFF  # bytes; the true size stands in a chunk ds64


@dataclass(frozen=True, slots=True)
class _Chunk:
    name: bytes
    start: int  # of what it holds
    size: int


def _chunks(
    file: BinaryIO,
    start: int,
    end: int,
    order: Literal["little", "big"],
    digits: int = 4,
    *,
    padded: bool = True,
) -> Iterator[_Chunk]:
    """The chunks between two places; where they are ``padded``, one of an odd size has a byte more."""
    streamed = None
    for _ in range(FIELDS):
        head = read_at(file, start, 4 + digits)
        if len(head) < 4 + digits or start >= end:
            return
        size = int.from_bytes(head[4:], order)
        if head[:4] == b"ds64":
            streamed = int.from_bytes(read_at(file, start + 16, 8), "little")
        if size == _STREAMED and streamed is not None and head[:4] == b"data":
            size = streamed
        yield _Chunk(head[:4], start + 4 + digits, size)
        start += 4 + digits + size + (size % 2 if padded else 0)


def read_riff(file: BinaryIO, start: int, end: int) -> list[Block]:
    """An ID3 tag in a chunk, then the lists INFO: some programs add theirs to one that names only them."""
    tags: list[Block] = []
    info: list[Block] = []
    for chunk in _chunks(file, start + 12, end, "little"):
        if chunk.name in (b"id3 ", b"ID3 ") and not tags:
            tags = read_tags_at(file, chunk.start)[0]
        elif chunk.name == b"LIST" and len(info) < _MOST_LISTS and read_at(file, chunk.start, 4) == b"INFO":
            stop = min(end, chunk.start + min(chunk.size, _INFO_BYTES))
            info.append(_read_texts(file, _chunks(file, chunk.start + 4, stop, "little")))
    return tags + info


def _read_texts(file: BinaryIO, chunks: Iterator[_Chunk]) -> Block:
    block = Block()
    for n, chunk in enumerate(chunks):
        block.burdensome = n + 1 >= FIELDS
        name = chunk.name.decode("latin-1")
        if block.wants(name):
            text = read_at(file, chunk.start, min(chunk.size, TEXT_BYTES))
            block.add(name, text.partition(b"\0")[0])
    return block


def read_aiff(file: BinaryIO, start: int, end: int) -> list[Block]:
    tags: list[Block] = []
    texts: dict[str, Text] = {}
    for chunk in _chunks(file, start + 12, end, "big"):
        if chunk.name == b"ID3 " and not tags:
            tags = read_tags_at(file, chunk.start)[0]
        elif chunk.name in (b"NAME", b"AUTH"):
            texts[chunk.name.decode()] = read_at(file, chunk.start, min(chunk.size, TEXT_BYTES)).rstrip(b"\0")
    return [*tags, from_pairs(texts)]


def read_dsdiff(file: BinaryIO, start: int, end: int) -> list[Block]:
    chunks = _chunks(file, start + 16, end, "big", digits=8)
    places = (chunk.start for chunk in chunks if chunk.name == b"ID3 ")
    return read_tags_at(file, next(places, 0))[0]


def read_caf(file: BinaryIO, start: int, end: int) -> Block:
    """Only whether it holds too many texts; which they are, FFmpeg knows."""
    places = (
        c.start for c in _chunks(file, start + 8, end, "big", digits=8, padded=False) if c.name == b"info"
    )
    counts = (int.from_bytes(read_at(file, place, 4), "big") for place in places)
    return Block(burdensome=any(count > FIELDS for count in counts))


def read_dsf(file: BinaryIO, start: int) -> list[Block]:
    return read_tags_at(file, int.from_bytes(read_at(file, start + 20, 8), "little"))[0]
