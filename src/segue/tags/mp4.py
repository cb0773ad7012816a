"""Tags of MP4 files, as iTunes keeps them: atoms in ``moov/udta/meta/ilst``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from segue.tags.block import Block, Text
from segue.tags.fields import FIELD_OF, SEVERAL
from segue.tags.genres import numbered_genre
from segue.tags.limits import PICTURE_BYTES, TEXT_BYTES, budget, read_at

_PATHS = ((b"moov", b"udta", b"meta", b"ilst"), (b"moov", b"meta", b"ilst"))
_UTF16 = 2  # the type of a value
_NUMBERS = ("trkn", "disk")


@dataclass(frozen=True, slots=True)
class _Atom:
    name: bytes
    start: int  # of what it holds
    end: int


def _atoms(file: BinaryIO, start: int, end: int, left: Iterator[int]) -> Iterator[_Atom]:
    for _ in left:
        head = read_at(file, start, 16) if start + 8 <= end else b""
        if len(head) < 8:
            return
        size, head_bytes = int.from_bytes(head[:4], "big"), 8
        if size == 1:
            size, head_bytes = int.from_bytes(head[8:16], "big"), 16
        stop = end if size == 0 else min(end, start + size)
        if stop < start + head_bytes:
            return
        yield _Atom(head[4:8], start + head_bytes, stop)
        start = stop


def _find(file: BinaryIO, start: int, end: int, path: tuple[bytes, ...]) -> Iterator[_Atom]:
    for atom in _atoms(file, start, end, budget()):
        if atom.name != path[0]:
            continue
        if len(path) == 1:
            yield atom
            return
        # The atom meta has a version before its atoms, but for QuickTime's.
        versioned = atom.name == b"meta" and read_at(file, atom.start + 4, 4) != b"hdlr"
        yield from _find(file, atom.start + (4 if versioned else 0), atom.end, path[1:])
        return


def read_mp4(file: BinaryIO, start: int, end: int) -> Block:
    block, left = Block(), budget(4)  # an item with its name and value
    lists = (atom for path in _PATHS for atom in _find(file, start, end, path))
    ilst = next(lists, None)
    for item in _atoms(file, ilst.start, ilst.end, left) if ilst else ():
        name = item.name.decode("latin-1")
        if name == "----":
            name = _free_name(file, item, left)
        if name == "covr" or block.wants(name):
            _add_values(file, block, name, item, left)
    block.burdensome = next(left, None) is None
    return block


def _free_name(file: BinaryIO, item: _Atom, left: Iterator[int]) -> str:
    for atom in _atoms(file, item.start, item.end, left):
        if atom.name == b"name":
            name = read_at(file, atom.start + 4, min(256, atom.end - atom.start - 4))
            return name.decode("latin-1")
    return ""


def _add_values(file: BinaryIO, block: Block, name: str, item: _Atom, left: Iterator[int]) -> None:
    most = PICTURE_BYTES + 8 if name == "covr" else TEXT_BYTES
    for atom in _atoms(file, item.start, item.end, left):
        size = atom.end - atom.start
        if atom.name != b"data" or size < 8 or (name == "covr" and size > most):
            continue
        data = read_at(file, atom.start, min(size, most))
        kind, value = int.from_bytes(data[1:4], "big"), data[8:]
        if name == "covr":
            block.add_picture(value, front=True)
        elif name in _NUMBERS:
            block.add(name, str(int.from_bytes(value[2:4], "big") or ""))
        elif name == "gnre":
            block.add(name, numbered_genre(int.from_bytes(value[:2], "big") - 1) or "")
        elif name == "cpil":
            block.add(name, str(int(any(value))))
        else:
            for text in _texts(value, kind, several=FIELD_OF.get(name.lower()) in SEVERAL):
                block.add(name, text)


def _texts(value: bytes, kind: int, *, several: bool) -> Sequence[Text]:
    """The values of an item that may hold several between NULs; of another one, which NULs only part."""
    if kind == _UTF16:
        text = value.decode("utf-16-be", "replace")
        return text.split("\0") if several else [text.replace("\0", " ")]
    return value.split(b"\0") if several else [value.replace(b"\0", b" ")]
