"""Tags and attached pictures of Matroska and WebM: elements of EBML (RFC 8794, RFC 9559)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from segue.tags.block import Block
from segue.tags.limits import PICTURE_BYTES, TEXT_BYTES, budget, read_at

_SEGMENT, _SEEK_HEAD, _SEEK, _SEEK_ID, _SEEK_POSITION = 0x18538067, 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
_INFO, _INFO_TITLE, _TAGS, _TAG, _ATTACHMENTS, _FILE = (
    0x1549A966,
    0x7BA9,
    0x1254C367,
    0x7373,
    0x1941A469,
    0x61A7,
)
_TARGETS, _TARGET_LEVEL, _SIMPLE_TAG, _TAG_NAME, _TAG_TEXT = 0x63C0, 0x68CA, 0x67C8, 0x45A3, 0x4487
_FILE_NAME, _FILE_TYPE, _FILE_DATA = 0x466E, 0x4660, 0x465C
_ALBUM, _TRACK = 50, 30  # levels of what a tag is about
_PARTS = {0x63C4, 0x63C6, 0x63C9}  # chapters, attachments and editions, which may have tags of their own
_OF_ALBUM = {"title": "album", "artist": "album_artist", "part_number": "disc"}


@dataclass(frozen=True, slots=True)
class _Element:
    id: int
    start: int  # of what it holds
    end: int


def read_matroska(file: BinaryIO, start: int, end: int) -> list[Block]:
    """The tags, with the pictures; then the title of the whole."""
    left = budget(16)  # a tag of a chapter with its targets, name and text
    segment = next((e for e in _elements(file, start, end, left) if e.id == _SEGMENT), None)
    if segment is None:
        return []
    elements = _top_elements(file, segment)
    block, info = Block(), Block()
    for element in (element for element in elements if element.id == _TAGS):
        _read_tags(file, block, element, left)
    for element in (element for element in elements if element.id == _ATTACHMENTS):
        _read_pictures(file, block, element, left)
    for element in (element for element in elements if element.id == _INFO):
        for inner in _elements(file, element.start, element.end, left):
            if inner.id == _INFO_TITLE:
                info.add("title", _text(file, inner))
    block.burdensome = next(left, None) is None
    return [block, info]


def _elements(file: BinaryIO, start: int, end: int, left: Iterator[int]) -> Iterator[_Element]:
    """The elements between two places; one of an unknown size reaches to the end."""
    for _ in left:
        head = read_at(file, start, 12) if start < end else b""
        name, n = _number(head, keep_marker=True)
        size, m = _number(head[n:], keep_marker=False)
        if not n or not m:
            return
        content_start = start + n + m
        unknown = size == (1 << 7 * m) - 1
        stop = end if unknown else min(end, content_start + size)
        yield _Element(name, content_start, stop)
        start = stop


def _number(data: bytes, *, keep_marker: bool) -> tuple[int, int]:
    """A number and of how many bytes it is, as its first bit that is set tells; 0 where it is cut off."""
    n = 9 - data[0].bit_length() if data else 9
    if n > 8 or len(data) < n:
        return 0, 0
    number = int.from_bytes(data[:n], "big")
    return (number if keep_marker else number & ((1 << 7 * n) - 1)), n


def _top_elements(file: BinaryIO, segment: _Element) -> list[_Element]:
    """What lies in a segment, also where only its index tells: clusters may be of an unknown size."""
    left = budget()
    elements = list(_elements(file, segment.start, segment.end, budget()))  # a long file has many clusters
    places = {element.start for element in elements}
    for head in (element for element in elements if element.id == _SEEK_HEAD):
        for seek in _elements(file, head.start, head.end, left):
            fields = (
                {e.id: e for e in _elements(file, seek.start, seek.end, left)} if seek.id == _SEEK else {}
            )
            if _SEEK_ID in fields and _SEEK_POSITION in fields:
                at = segment.start + _integer(file, fields[_SEEK_POSITION])
                named = next(_elements(file, at, segment.end, left), None)
                if named and named.id == _integer(file, fields[_SEEK_ID]) and named.start not in places:
                    places.add(named.start)
                    elements.append(named)
    return elements


def _read_tags(file: BinaryIO, block: Block, tags: _Element, left: Iterator[int]) -> None:
    """All tags; those of the album and of the track are told apart where there are both."""
    several: list[tuple[int, list[tuple[str, bytes]]]] = []
    for tag in (element for element in _elements(file, tags.start, tags.end, left) if element.id == _TAG):
        level, of_part, pairs = 0, False, []
        for element in _elements(file, tag.start, tag.end, left):
            if element.id == _TARGETS:
                targets = {e.id: e for e in _elements(file, element.start, element.end, left)}
                level = _integer(file, targets[_TARGET_LEVEL]) if _TARGET_LEVEL in targets else 0
                of_part = of_part or bool(_PARTS & targets.keys())
            elif element.id == _SIMPLE_TAG:
                fields = {e.id: e for e in _elements(file, element.start, element.end, left)}
                if _TAG_NAME in fields and _TAG_TEXT in fields:
                    name = _text(file, fields[_TAG_NAME]).decode("utf-8", "replace").lower()
                    pairs.append((name, _text(file, fields[_TAG_TEXT])))
        if not of_part:
            several.append((level, pairs))
    levels = {level for level, _ in several}
    for level, pairs in several:
        of_album = level == _ALBUM and _TRACK in levels
        for name, value in pairs:
            block.add(_OF_ALBUM.get(name, name) if of_album else name, value)


def _read_pictures(file: BinaryIO, block: Block, attachments: _Element, left: Iterator[int]) -> None:
    for attached in _elements(file, attachments.start, attachments.end, left):
        fields = {e.id: e for e in _elements(file, attached.start, attached.end, left)}
        data = fields.get(_FILE_DATA)
        if attached.id != _FILE or data is None or data.end - data.start > PICTURE_BYTES:
            continue
        kind = _text(file, fields[_FILE_TYPE]) if _FILE_TYPE in fields else b""
        name = _text(file, fields[_FILE_NAME]) if _FILE_NAME in fields else b""
        if kind.startswith(b"image/"):
            image = read_at(file, data.start, data.end - data.start)
            block.add_picture(image, front=name.lower().startswith(b"cover"))


def _text(file: BinaryIO, element: _Element) -> bytes:
    return read_at(file, element.start, min(TEXT_BYTES, element.end - element.start)).rstrip(b"\0")


def _integer(file: BinaryIO, element: _Element) -> int:
    return int.from_bytes(read_at(file, element.start, min(8, element.end - element.start)), "big")
