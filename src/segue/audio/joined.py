"""Files that are several files one after the other, such as chained Ogg and joined MP3s."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO

from segue.audio.mpeg import behind_id3, find_frames, goes_on, parse_frame, read_vbr_header
from segue.audio.starts import SEARCHED, find_all, find_starts
from segue.tags.container import Kind, find_sound

_MISTOLD = 1 << 21  # bytes in which the sound is looked for behind a tag of a wrong size
_PADDING = 1 << 16  # bytes of zeros that may stand before the sound
_BEHIND_ZEROS = (b"fLaC", b"OggS", b"RIFF", b"FORM", b"wvpk", b"MAC ")
# FFmpeg does not know these behind an ID3 tag, where none belongs.
_NEVER_TAGGED: frozenset[Kind] = frozenset(
    ("mp4", "asf", "matroska", "webm", "caf", "dsf", "wavpack", "monkey", "musepack")
)
_OGG_START = re.compile(rb"OggS\0[\2\3\6\7]")  # a page that begins a logical stream
_OGG_HEAD = 27  # bytes
_MPEG_MARK = re.compile(rb"Xing|Info|VBRI")
_MPEG_MARK_AT = (13, 21, 36)  # bytes from the start of a frame, by its version and channels


def split(file: BinaryIO) -> list[tuple[int, int]]:
    """(start, end) in bytes of each part of a file, of which most have one. The position stays as it was."""
    at = file.tell()
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(4)
    file.seek(0)
    starts: list[int] = []
    begin = _behind_zeros(file) if head[:3] == b"ID3" or head == bytes(4) else 0
    start, kind = find_sound(file)
    if head[:3] == b"ID3" and not begin:
        begin = start if kind in _NEVER_TAGGED else 0
    file.seek(0)
    if head[:3] == b"ID3" and behind_id3(file) >= size:  # a tag cannot be all of a file: its size is wrong
        begin = find_frames(file, len(head), _MISTOLD) or 0
    file.seek(0)
    if kind == "ogg":
        starts = list(_ogg_starts(file))
    elif kind in SEARCHED:
        starts = list(find_starts(file, start, kind, size))
    elif not begin and (head[:3] == b"ID3" or parse_frame(head)):
        starts = list(_mp3_starts(file, size))
    file.seek(at)
    bounds = [begin, *starts[1:], size]
    return list(pairwise(bounds))


def _behind_zeros(file: BinaryIO) -> int:
    """Where a file begins that stands behind zeros, or tags and zeros; 0 where none does."""
    file.seek(0)
    start = behind_id3(file)
    file.seek(start)
    data = file.read(_PADDING)
    sound = data.lstrip(b"\0")
    padded = len(sound) < len(data) and sound.startswith(_BEHIND_ZEROS)
    return start + len(data) - len(sound) if padded else 0


def _ogg_starts(file: BinaryIO) -> Iterator[int]:
    """Where each link of a chain begins; streams that begin side by side are one link."""
    end = -1  # of the last of the pages with which a link begins
    for _, at in find_all(file, _OGG_START):
        if at != end:
            yield at
        file.seek(at)
        head = file.read(_OGG_HEAD)
        end = at + len(head) + head[-1] + sum(file.read(head[-1]))


def _mp3_starts(file: BinaryIO, size: int) -> Iterator[int]:
    """Where each MP3 begins that tells its length; searched for only where the first one ends too early."""
    header = read_vbr_header(file)
    if header is None or not goes_on(file, header, size):
        return
    for _, at in find_all(file, _MPEG_MARK):
        for start in (at - before for before in _MPEG_MARK_AT if before <= at):
            file.seek(start)
            header = read_vbr_header(file)
            if header and header.at == start:
                yield start
                break


class FileSlice(io.RawIOBase):
    """A stretch of an open file that reads like a file of its own.

    Parameters
    ----------
    file : whose position is moved at each read
    start, end : in bytes
    """

    def __init__(self, file: BinaryIO, start: int, end: int) -> None:
        super().__init__()
        self._file, self._start, self._size = file, start, end - start
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = 0) -> int:
        """The new position; -1, as decoders take it, where a damaged file leads to before the start."""
        position = (0, self._position, self._size)[whence] + offset
        if position < 0:
            return -1
        self._position = position
        return position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        wanted = max(0, min(len(buffer), self._size - self._position))
        if not wanted:  # no system looks beyond some place
            return 0
        self._file.seek(self._start + self._position)
        data = self._file.read(wanted)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
