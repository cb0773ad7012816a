"""ID3 tags: versions 2.2 to 2.4 wherever they stand, and version 1 at a file's end.

Frames are walked by their headers, so that one of no use to us is never taken apart or inflated.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from segue.tags.block import FRONT, Block, Text
from segue.tags.genres import numbered_genre
from segue.tags.limits import (
    BLOCK_BYTES,
    FIELDS,
    INFLATED_BYTES,
    PICTURE_BYTES,
    PICTURES_BYTES,
    TEXT_BYTES,
    read_at,
)

_ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")
VERSION_1_BYTES = 128
_MOST_TAGS = 8  # one after another
_PICTURES = ("APIC", "PIC")
_TEXTS_WITH_NAMES = ("TXXX", "TXX")
_FREE_NAMES = ("artists", "album artist", "albumartist", "cuesheet")


@dataclass(frozen=True, slots=True)
class _Frame:
    name: str
    flags: int
    data: bytes


def tag_size(head: bytes) -> int:
    """Bytes of the ID3v2 tag that begins with ``head``, of 10 bytes or more; 0 where none does."""
    if len(head) < 10 or head[:3] != b"ID3" or not 2 <= head[3] <= 4:
        return 0
    return 10 + _syncsafe(head[6:10]) + (10 if head[5] & 0x10 else 0)


def read_tags_at(file: BinaryIO, start: int) -> tuple[list[Block], int]:
    """The tags that stand one after another from ``start`` on, and where they end."""
    blocks: list[Block] = []
    while len(blocks) < _MOST_TAGS and (size := tag_size(read_at(file, start, 10))):
        blocks.append(parse_tag(read_at(file, start, min(size, BLOCK_BYTES))))
        start += size
    if len(blocks) == _MOST_TAGS:
        blocks[-1].burdensome = True
    return blocks, start


def parse_tag(data: bytes) -> Block:
    """What one ID3v2 tag says, header included."""
    block = Block()
    if not tag_size(data[:10]):
        return block
    version, flags = data[3], data[5]
    body = data[10:]
    if flags & 0x80 and version < 4:
        body = _resynchronize(body)
    inflater = _Inflater()
    for n, frame in enumerate(_frames(body[_extended_header(body, version, flags) :], version)):
        block.burdensome |= n + 1 >= FIELDS or _is_compressed(frame, version)
        wanted = block.wants(frame.name) or frame.name in (*_PICTURES, *_TEXTS_WITH_NAMES)
        content = _content(frame, version, inflater, whole=bool(flags & 0x80)) if wanted else b""
        if frame.name in _PICTURES:
            _add_picture(block, frame.name, content)
        elif frame.name in _TEXTS_WITH_NAMES:
            _add_named_text(block, content[:TEXT_BYTES])
        else:
            for text in _texts(content[:TEXT_BYTES]):
                block.add(frame.name, text)
    return block


def _syncsafe(data: bytes) -> int:
    return sum((byte & 0x7F) << 7 * i for i, byte in enumerate(reversed(data)))


def _resynchronize(data: bytes) -> bytes:
    return data.replace(b"\xff\x00", b"\xff")


def _extended_header(body: bytes, version: int, flags: int) -> int:
    if not flags & 0x40 or version == 2:
        return 0
    return _syncsafe(body[:4]) if version == 4 else 4 + int.from_bytes(body[:4], "big")


def _frames(body: bytes, version: int) -> Iterator[_Frame]:
    letters, head = (3, 6) if version == 2 else (4, 10)
    at = 0
    for _ in range(FIELDS):
        name = body[at : at + letters]
        if len(name) < letters or not _is_name(name):
            return
        size = _frame_size(body, at, version)
        start = at + head
        flags = int.from_bytes(body[start - 2 : start], "big") if version > 2 else 0
        if size > len(body) - start:  # cut off, or damaged
            return
        yield _Frame(name.decode("ascii"), flags, body[start : start + size])
        at = start + size


def _is_name(name: bytes) -> bool:
    return all(0x41 <= c <= 0x5A or 0x30 <= c <= 0x39 for c in name)


def _frame_size(body: bytes, at: int, version: int) -> int:
    if version == 2:
        return int.from_bytes(body[at + 3 : at + 6], "big")
    digits = body[at + 4 : at + 8]
    plain = int.from_bytes(digits, "big")
    if version == 3 or max(digits, default=0) > 0x7F:
        return plain
    size = _syncsafe(digits)
    # iTunes wrote plain sizes: what comes behind a frame tells which it is.
    return plain if not _frame_ends(body, at + 10 + size) and _frame_ends(body, at + 10 + plain) else size


def _frame_ends(body: bytes, at: int) -> bool:
    behind = body[at : at + 4]
    return at <= len(body) and (not behind.strip(b"\0") or _is_name(behind))


def _is_compressed(frame: _Frame, version: int) -> bool:
    return bool(frame.flags & (8 if version == 4 else 0x80))


def _content(frame: _Frame, version: int, inflater: _Inflater, *, whole: bool) -> bytes:
    """A frame without what its flags tell of; nothing where it is encrypted, damaged or inflates too far."""
    data, flags = frame.data, frame.flags
    if version == 4:
        encrypted, grouped = flags & 4, flags & 0x40
        skipped = (1 if grouped else 0) + (4 if flags & 1 else 0)
        if flags & 2 or whole:
            data = _resynchronize(data)
    else:
        encrypted, grouped = flags & 0x40, flags & 0x20
        skipped = (4 if _is_compressed(frame, version) else 0) + (1 if grouped else 0)
    if encrypted:
        return b""
    data = data[skipped:]
    most = PICTURE_BYTES if frame.name in _PICTURES else INFLATED_BYTES
    return inflater.inflate(data, most) if _is_compressed(frame, version) else data


class _Inflater:
    """Inflates frames of one tag, within limits of each and of all."""

    def __init__(self) -> None:
        self._left = PICTURES_BYTES

    def inflate(self, data: bytes, most: int) -> bytes:
        """Nothing where data are damaged, or hold more than ``most`` bytes."""
        most = min(most, self._left)
        try:
            inflated = zlib.decompressobj().decompress(data, most + 1)
        except zlib.error:
            return b""
        self._left = max(0, self._left - len(inflated))
        return inflated if len(inflated) <= most else b""


def _texts(content: bytes) -> Iterator[Text]:
    """The texts of a frame, which NULs separate, in the encoding that its first byte names."""
    if not content or content[0] >= len(_ENCODINGS):
        return
    yield from _decode(content[0], content[1:])


def _decode(encoding: int, data: bytes) -> list[Text]:
    if encoding == 0:
        return list(data.split(b"\0"))
    if encoding == 3:
        try:
            return list(data.decode("utf-8").split("\0"))
        except UnicodeDecodeError:
            return list(data.split(b"\0"))
    name = "utf-16-be" if encoding == 2 or data[:2] == b"\xfe\xff" else "utf-16-le"
    texts = data[: len(data) // 2 * 2].decode(name, "replace").split("\0")
    return [text.lstrip("\ufeff\ufffe") for text in texts]


def _split_text(encoding: int, data: bytes) -> tuple[bytes, bytes]:
    """The bytes before the first NUL of a text's encoding, and those behind it."""
    if encoding in (0, 3):
        text, _, rest = data.partition(b"\0")
        return text, rest
    at = data.find(b"\0\0")
    while at % 2 and at >= 0:
        at = data.find(b"\0\0", at + 1)
    return (data, b"") if at < 0 else (data[:at], data[at + 2 :])


def _add_named_text(block: Block, content: bytes) -> None:
    """A text of the user's own: few of their names are customary."""
    if not content or content[0] >= len(_ENCODINGS):
        return
    name, values = _split_text(content[0], content[1:])
    names = [text for text in _decode(content[0], name)[:1] if text]
    free_name = str(names[0] if isinstance(names[0], str) else names[0].decode("latin-1")) if names else ""
    if free_name.lower() in _FREE_NAMES:
        for text in _decode(content[0], values):
            block.add(free_name, text)


def _add_picture(block: Block, name: str, content: bytes) -> None:
    encoding = content[0] if content else 0
    rest = content[4:] if name == "PIC" else content[1:].partition(b"\0")[2]
    if rest and encoding < len(_ENCODINGS):
        block.add_picture(_split_text(encoding, rest[1:])[1], front=rest[0] == FRONT)


def read_version_1(file: BinaryIO, end: int) -> Block:
    """What the 128 bytes before ``end`` say, where they are such a tag."""
    data, block = read_at(file, end - VERSION_1_BYTES, VERSION_1_BYTES), Block()
    if len(data) < VERSION_1_BYTES or data[:3] != b"TAG":
        return block
    places = {"title": (3, 33), "artist": (33, 63), "album": (63, 93), "year": (93, 97)}
    for name, (start, stop) in places.items():
        block.add(name, _whole_letters(data[start:stop].partition(b"\0")[0].rstrip()))
    if not data[125] and data[126]:
        block.add("track", str(data[126]))
    block.add("genre", numbered_genre(data[127]) or "")
    return block


def _whole_letters(data: bytes) -> bytes:
    """Without the rest of a letter that 30 bytes had no room for, where the text is UTF-8."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and error.start >= len(data) - 3:
            return data[: error.start]
    return data
