"""Containers of chunks, each with a name and a size: WAV, AIFF, CAF, MP4, ASF, Matroska, DSF and DSDIFF."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Literal

from segue.sources.content.parts import MOST_PARTS, Part, read_at

_TO_THE_END = 0xFFFFFFFF  # a size in RIFF that is not known, or stands elsewhere
_MP4 = frozenset((b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp"))
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_ASF_DATA_HEADER = 26  # bytes before the packets: an id of the file, their number, two reserved
_EBML, _SEGMENT, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a container writes its chunks.

    Attributes
    ----------
    skip : bytes before the first of them
    name, size : bytes of these fields
    order : of the size's bytes
    kept : by name, how many bytes come before the audio in a chunk's content
    padded : chunks begin at even places
    whole : the size counts its own field and the name
    """

    skip: int
    name: int
    size: int
    order: Literal["little", "big"]
    kept: Mapping[bytes, int]
    padded: bool = False
    whole: bool = False


_WAVE: dict[bytes, int] = {b"fmt ": 0, b"data": 0}
_LAYOUTS = {
    b"RIFF": _Layout(12, 4, 4, "little", _WAVE, padded=True),
    b"RF64": _Layout(12, 4, 4, "little", _WAVE, padded=True),
    b"RIFX": _Layout(12, 4, 4, "big", _WAVE, padded=True),
    b"FORM": _Layout(12, 4, 4, "big", {b"COMM": 0, b"SSND": 0}, padded=True),
    b"caff": _Layout(8, 4, 8, "big", {b"desc": 0, b"kuki": 0, b"pakt": 0, b"data": 4}),
    b"FRM8": _Layout(16, 4, 8, "big", {b"PROP": 0, b"DSD ": 0, b"DST ": 0}, padded=True),
    b"DSD ": _Layout(28, 4, 8, "little", {b"fmt ": 0, b"data": 0}, whole=True),
}
_ASF = _Layout(0, 16, 8, "little", {_ASF_DATA: _ASF_DATA_HEADER}, whole=True)


def parts(f: BinaryIO, head: bytes, start: int, stop: int) -> list[Part]:
    """The audio of such a container; nothing where the file is none."""
    layout = _LAYOUTS.get(head[:4])
    if layout:
        return list(_chunks(f, layout, start + layout.skip, stop))
    find: Callable[[BinaryIO, int, int], Iterator[Part]] | None = None
    if head[4:8] in _MP4:
        find = _mp4
    elif int.from_bytes(head[:4], "big") == _EBML:
        find = _matroska
    elif head == _ASF_HEADER:
        return list(_chunks(f, _ASF, start, stop))
    return list(find(f, start, stop)) if find else []


def _chunks(f: BinaryIO, layout: _Layout, place: int, stop: int) -> Iterator[Part]:
    length, size_of_data = layout.name + layout.size, None
    magic = read_at(f, place - layout.skip, 4)
    for _ in range(MOST_PARTS):
        header = read_at(f, place, length)
        if len(header) < length or place >= stop:
            return
        name, size = header[: layout.name], int.from_bytes(header[layout.name :], layout.order)
        if layout.skip and name == magic:  # of a file that was put behind the first
            place += layout.skip
            continue
        content = place + length
        if name == b"ds64":  # the sizes of a WAV of more than 4 GB
            size_of_data = int.from_bytes(read_at(f, content + 8, 8), "little")
        elif size == _TO_THE_END and name == b"data":
            size = size_of_data or stop - content
        end = content + size - length * layout.whole
        if end > stop or end < content:  # it claims more than there is
            end = stop
        if name in layout.kept:
            yield content + layout.kept[name], end
        place = end + (end - content) % 2 * layout.padded


def _mp4(f: BinaryIO, place: int, stop: int) -> Iterator[Part]:
    for _ in range(MOST_PARTS):
        header = read_at(f, place, 16)
        if len(header) < 8 or place >= stop:
            return
        size, content = int.from_bytes(header[:4], "big"), place + 8
        if size == 1:
            size, content = int.from_bytes(header[8:16], "big"), place + 16
        end = place + size if size >= content - place else stop
        if header[4:8] == b"mdat":
            yield content, min(end, stop)
        place = end


def _matroska(f: BinaryIO, place: int, stop: int) -> Iterator[Part]:
    for _ in range(MOST_PARTS):
        element, size, content = _element(f, place)
        if content >= stop or element < 0:
            return
        if element == _SEGMENT:  # its elements are what is looked at next
            place = content
            continue
        end = stop if size is None else content + size
        if element == _CLUSTER:
            yield content, min(end, stop)
        place = end


def _element(f: BinaryIO, place: int) -> tuple[int, int | None, int]:
    """An EBML element's id, or -1; the size of its content, where it is known; and where that begins."""
    header = read_at(f, place, 12)
    n = 9 - header[0].bit_length() if header and header[0] else 0
    if not 1 <= n <= 4 or len(header) <= n or not header[n]:
        return -1, None, place
    width = 9 - header[n].bit_length()
    digits = header[n : n + width]
    value, most = int.from_bytes(digits, "big"), 1 << 7 * width
    size = value - most
    return int.from_bytes(header[:n], "big"), None if size == most - 1 else size, place + n + width
