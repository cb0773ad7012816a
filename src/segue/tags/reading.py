"""All that a file says of itself, by its content and within limits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from segue.tags import ape, asf, chunks, id3, matroska, mp4, vorbis
from segue.tags.block import Block, merge
from segue.tags.container import Kind, find_sound

_WITH_TAGS_INSIDE: frozenset[Kind] = frozenset(
    ("riff", "aiff", "dsdiff", "dsf", "mp4", "asf", "matroska", "webm", "caf")
)
_APE_FIRST: frozenset[Kind] = frozenset(("wavpack", "musepack", "monkey"))
# Their tags are nowhere but where this room looks; those of other kinds FFmpeg may know.
_KNOWN: frozenset[Kind] = frozenset(
    ("flac", "ogg", "riff", "aiff", "dsdiff", "dsf", "asf", "mp3", "wavpack", "musepack", "monkey")
)


def read_block(path: str | Path) -> tuple[Block, bool]:
    """What a file says of itself, and whether that is all: where it is not, FFmpeg may know more.

    Raises
    ------
    OSError
    """
    with Path(path).open("rb") as file:
        start, kind = find_sound(file)
        block = merge(_blocks(file, start, kind, file.seek(0, os.SEEK_END)))
    return block, kind in _KNOWN


@dataclass(frozen=True, slots=True)
class Burden:
    """What decoders had better not read of a file, as they compare each field of a tag with all others.

    Attributes
    ----------
    start : where they may begin: 0, or behind ID3 tags of very many or packed fields
    inside : other tags, which FFmpeg would have to read, hold very many
    """

    start: int
    inside: bool


def find_burden(file: BinaryIO) -> Burden:
    """The burden of an open file; its position is moved."""
    start, kind = find_sound(file)
    in_front = any(block.burdensome for block in id3.read_tags_at(file, 0)[0])
    blocks = _blocks(file, start, kind, file.seek(0, os.SEEK_END), with_id3=False)
    return Burden(start if in_front else 0, any(block.burdensome for block in blocks))


def _blocks(file: BinaryIO, start: int, kind: Kind, end: int, *, with_id3: bool = True) -> Iterator[Block]:
    """All blocks of tags, the one that counts most first."""
    if kind == "flac":
        yield vorbis.read_flac(file, start)
    elif kind == "ogg":
        yield vorbis.read_ogg(file, start)
    elif kind in _WITH_TAGS_INSIDE:
        yield from _inside(file, start, kind, end)
    behind = list(_behind(file, end)) if kind not in _WITH_TAGS_INSIDE else []
    if kind in _APE_FIRST:
        yield from behind
    if with_id3:
        yield from id3.read_tags_at(file, 0)[0]
    if kind not in _APE_FIRST:
        yield from behind


def _inside(file: BinaryIO, start: int, kind: Kind, end: int) -> Iterator[Block]:
    if kind == "mp4":
        yield mp4.read_mp4(file, start, end)
    elif kind == "asf":
        yield asf.read_asf(file, start)
    elif kind == "caf":
        yield chunks.read_caf(file, start, end)
    elif kind in ("matroska", "webm"):
        yield from matroska.read_matroska(file, start, end)
    elif kind == "dsf":
        yield from chunks.read_dsf(file, start)
    else:
        read = {"riff": chunks.read_riff, "aiff": chunks.read_aiff, "dsdiff": chunks.read_dsdiff}[kind]
        yield from read(file, start, end)


def _behind(file: BinaryIO, end: int) -> Iterator[Block]:
    """At the end of a file: APEv2, then lyrics, then ID3v1, each of which may be missing."""
    version_1 = id3.read_version_1(file, end)
    if version_1.fields:
        end -= id3.VERSION_1_BYTES
    tag, start = ape.find_tag(file, end)
    if start == end:
        tag, _ = ape.find_tag(file, ape.before_lyrics(file, end))
    yield tag
    yield version_1
