"""Where files begin that stand behind another one of their kind in one file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Literal

from segue.tags.container import Kind
from segue.tags.limits import read_at

_CHUNK = 1 << 20  # bytes searched at a time
_OVERLAP = 64  # bytes; more than any mark is long
_BOXES = 4_096  # of an MP4, that are looked at
_FIRST_OF_STREAM = 0x800  # a flag of WavPack's blocks
_MARK_OF: dict[Kind, bytes] = {
    "flac": rb"fLaC[\0\x80]\0\0\x22",
    "riff": rb"(?:RIFF|RF64|BW64).{4}WAVE(?:fmt |ds64|JUNK|LIST|bext)",
    "w64": rb"riff\x2e\x91\xcf\x11.{16}wave",
    "aiff": rb"FORM.{4}AIF[FC](?:COMM|FVER)",
    "caf": rb"caff\0\x01\0\0desc",
    "au": rb"\.snd\0\0.{6}\0\0\0[\x01-\x1b]",
    "tta": rb"TTA1[\x01-\x03]\0.\0[\x08\x10\x18\x20]\0",
    "wavpack": rb"wvpk.{5}\x04\0.{5}\0{4}(?!\0{4}).{4}",
    "musepack": rb"MPCKSH[\x08-\x20].{4}\x08",
    "mp4": rb"\0\0\0[\x10-\x40]ftyp[A-Za-z0-9][ -~]{3}",
    "asf": re.escape(bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")),
    "matroska": rb"\x1a\x45\xdf\xa3.{1,40}?\x42\x82.{1,8}?(?:matroska|webm)",
}
_MARK_OF["webm"] = _MARK_OF["matroska"]
_MARKS = {kind: re.compile(mark, re.DOTALL) for kind, mark in _MARK_OF.items()}
SEARCHED = frozenset(_MARKS)


def find_starts(file: BinaryIO, start: int, kind: Kind, size: int) -> Iterator[int]:
    """The start, then where each other file begins.

    Parameters
    ----------
    start : where the first one begins, in bytes
    kind : one of ``SEARCHED``
    size : of all of it
    """
    yield start
    for match, at in find_all(file, _MARKS[kind], _told_end(file, start, kind, size)):
        if kind != "wavpack" or _begins_stream(file, at + match.end() - match.start()):
            yield at


def _told_end(file: BinaryIO, start: int, kind: Kind, size: int) -> int:
    """Where the first file ends, as it says itself; its second byte where that cannot be right."""
    if kind == "mp4":
        return _end_of_boxes(file, start, size)
    order: Literal["little", "big"] = "big" if kind == "aiff" else "little"
    if kind in ("riff", "aiff"):
        end = start + 8 + int.from_bytes(read_at(file, start + 4, 4), order)
        return end if end <= size else start + 1
    return start + 1


def _end_of_boxes(file: BinaryIO, start: int, size: int) -> int:
    place = start
    for _ in range(_BOXES):
        head = read_at(file, place, 16)
        if len(head) < 8 or (place > start and head[4:8] == b"ftyp"):
            break
        n = int.from_bytes(head[:4], "big")
        if n == 1:
            n = int.from_bytes(head[8:], "big")
        elif n == 0 and head[4:8] == b"mdat":
            n = size - place
        if n < 8 or place + n > size:
            break
        place += n
    return max(place, start + 1)


def _begins_stream(file: BinaryIO, flags_at: int) -> bool:
    flags = int.from_bytes(read_at(file, flags_at, 4), "little")
    return bool(flags & _FIRST_OF_STREAM)


def find_all(
    file: BinaryIO, pattern: re.Pattern[bytes], start: int = 0
) -> Iterator[tuple[re.Match[bytes], int]]:
    """Each match behind a place, and where in the file it begins."""
    while True:
        file.seek(start)
        chunk = file.read(_CHUNK + _OVERLAP)
        for match in pattern.finditer(chunk):
            if match.start() < _CHUNK:
                yield match, start + match.start()
        if len(chunk) < _CHUNK + _OVERLAP:
            return
        start += _CHUNK
