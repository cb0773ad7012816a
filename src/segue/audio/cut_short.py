"""Whether a file was cut off before its end, where its length does not tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from segue.tags.container import find_sound
from segue.tags.limits import read_at

_TAIL = 1 << 17  # bytes in which the last page of an Ogg file begins, which has 65 307 at the most
_PAGE_HEAD = 27  # bytes
_LAST = 4  # a flag of an Ogg page
_CHUNKS = 4_096  # of a file, that are looked at
_CHUNK_HEAD = 16  # bytes; more than a chunk's name and size have
_SOUND = (b"data", b"pakt", b"mdat", b"moof")  # a tag behind a file is no chunk, and its letters no size


def is_cut(file: BinaryIO) -> bool:
    """Whether an Ogg lacks the mark of its end, or the sound in a CAF or MP4 goes beyond the file."""
    size = file.seek(0, 2)
    start, kind = find_sound(file)
    if kind == "ogg":
        return _lacks_last_page(file, size)
    if kind == "caf":
        return _chunk_is_cut(file, start + 8, size, _caf_chunk)
    return kind == "mp4" and _chunk_is_cut(file, start, size, _mp4_box)


def _lacks_last_page(file: BinaryIO, size: int) -> bool:
    tail = read_at(file, max(0, size - _TAIL), _TAIL)
    at = tail.rfind(b"OggS\0")
    if at < 0:  # behind a very long tag, say
        return False
    head = tail[at : at + _PAGE_HEAD]
    if len(head) < _PAGE_HEAD or not head[5] & _LAST:
        return True
    lacing = tail[at + _PAGE_HEAD : at + _PAGE_HEAD + head[-1]]
    return at + _PAGE_HEAD + head[-1] + sum(lacing) > len(tail)


def _chunk_is_cut(file: BinaryIO, place: int, size: int, parse: Callable[[bytes], tuple[bytes, int]]) -> bool:
    for _ in range(_CHUNKS):
        head = read_at(file, place, _CHUNK_HEAD)
        name, n = parse(head)
        if len(head) < _CHUNK_HEAD or n < 1:
            break
        place += n
        if place > size:
            return name in _SOUND
    return False


def _caf_chunk(head: bytes) -> tuple[bytes, int]:
    """The chunk's name, and its size in bytes; 0 where it goes to the end of any file."""
    n = int.from_bytes(head[4:12], "big", signed=True)
    return head[:4], 12 + n if n >= 0 else 0


def _mp4_box(head: bytes) -> tuple[bytes, int]:
    n = int.from_bytes(head[:4], "big")
    return head[4:8], int.from_bytes(head[8:], "big") if n == 1 else n
