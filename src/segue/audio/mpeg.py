"""Frames of MP3, and what the first of them says of the length (Xing, Info and VBRI headers)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

_KBPS = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),  # MPEG 1, layer III
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # MPEG 2 and 2.5
)
_SR = (44_100, 48_000, 32_000)  # Hz, of MPEG 1
_HEAD = 4  # bytes
_VBRI_AT = 36  # bytes from the start of its frame
_SEARCHED = 4096  # bytes in which the first frame is looked for
_TAIL = 1 << 16  # bytes behind the told end in which more frames are looked for
_ID3V1 = 128  # bytes
_IN_A_ROW = 3  # frames that are no coincidence


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame's header: its size in bytes, its samples, and where a Xing header would stand in it."""

    n_bytes: int
    n_samples: int
    xing_at: int


@dataclass(frozen=True, slots=True)
class VbrHeader:
    """What the first frame says of the whole; 0 where it does not say.

    Attributes
    ----------
    at : where that frame begins, in bytes
    """

    at: int
    n_bytes: int
    n_samples: int


def parse_frame(head: bytes) -> Frame | None:
    """The frame of MPEG audio, layer III, that begins with these four bytes, if one does."""
    if len(head) < _HEAD or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    version, kbps, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or kbps in (0, 15) or rate == 3:
        return None
    first = version == 3
    sr = _SR[rate] >> (0 if first else 2 - version // 2)
    n_bytes = (144_000 if first else 72_000) * _KBPS[not first][kbps] // sr + (head[2] >> 1 & 1)
    mono = head[3] >> 6 == 3
    side_info = (17 if mono else 32) if first else (9 if mono else 17)
    return Frame(n_bytes, 1152 if first else 576, _HEAD + side_info)


def read_vbr_header(file: BinaryIO) -> VbrHeader | None:
    """What an MP3 says of its length, from wherever the file's position is."""
    start = behind_id3(file)
    file.seek(start)
    data = file.read(_SEARCHED)
    at = data.find(b"\xff")
    while at >= 0:
        frame = parse_frame(data[at : at + _HEAD])
        if frame:
            return _parse_vbr_header(data[at:], start + at, frame)
        at = data.find(b"\xff", at + 1)
    return None


def _parse_vbr_header(data: bytes, at: int, frame: Frame) -> VbrHeader | None:
    if data[_VBRI_AT : _VBRI_AT + 4] == b"VBRI":
        fields = data[_VBRI_AT + 10 : _VBRI_AT + 18]
        n_bytes, n_frames = int.from_bytes(fields[:4], "big"), int.from_bytes(fields[4:], "big")
        return VbrHeader(at, n_bytes, n_frames * frame.n_samples)
    xing = data[frame.xing_at : frame.xing_at + 16]
    if xing[:4] not in (b"Xing", b"Info"):
        return None
    flags, rest = int.from_bytes(xing[4:8], "big"), xing[8:]
    n_frames = int.from_bytes(rest[:4], "big") if flags & 1 else 0
    sizes = rest[4:8] if flags & 1 else rest[:4]
    return VbrHeader(at, int.from_bytes(sizes, "big") if flags & 2 else 0, n_frames * frame.n_samples)


def behind_id3(file: BinaryIO) -> int:
    """Where what follows ID3v2 tags begins, from wherever the file's position is."""
    at = file.tell()
    while True:
        head = file.read(10)
        if head[:3] != b"ID3" or len(head) < 10:
            return at
        shifts = (21, 14, 7, 0)
        at += 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], shifts, strict=True))
        file.seek(at)


def goes_on(file: BinaryIO, header: VbrHeader, size: int) -> bool:
    """Whether more frames follow where the sound should end, as in joined files."""
    end = header.at + header.n_bytes
    if not header.n_bytes:
        return False
    file.seek(end)
    if file.read(3) == b"TAG":  # the first file's own, before the cover of the second
        end += _ID3V1
    file.seek(end)
    end = behind_id3(file)
    if end + _SEARCHED > size:
        return False
    return find_frames(file, end, _TAIL) is not None


def find_frames(file: BinaryIO, start: int, n: int) -> int | None:
    """Where frames of MP3 begin within ``n`` bytes from ``start`` on, if they do."""
    file.seek(start)
    data = file.read(n)
    at = data.find(b"\xff")
    while at >= 0:
        if _frames_in_a_row(data, at):
            return start + at
        at = data.find(b"\xff", at + 1)
    return None


def _frames_in_a_row(data: bytes, at: int) -> bool:
    for _ in range(_IN_A_ROW):
        frame = parse_frame(data[at : at + _HEAD])
        if frame is None:
            return False
        at += frame.n_bytes
    return True
