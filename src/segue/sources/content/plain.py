"""Audio without a container, but with tags before and behind it: MP3, AAC, FLAC, WavPack, Musepack, TTA."""

from __future__ import annotations

import re
from typing import BinaryIO

from segue.sources.content.parts import Part, read_at, syncsafe

_MOST_TAGS = 16  # at each end
_MOST_ZEROS = 1 << 16  # behind a tag
_APE = b"APETAGEX"
_ID3V1 = 128  # bytes
_LYRICS_1 = 5100  # bytes at most
# Of MPEG layer III, by whether it is version 1: kbit/s by the header's index; Hz by version and index.
_KBITS = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


def without_tags(f: BinaryIO, size: int) -> Part:
    """What is left of a file without ID3, APE and Lyrics3 tags at its start and its end."""
    start, stop = 0, size
    for _ in range(_MOST_TAGS):
        n = _tag_before(f, start, stop)
        if not n or start + n > stop:
            break
        start += n
        start += _zeros(read_at(f, start, _MOST_ZEROS))
    for _ in range(_MOST_TAGS):
        n = _tag_behind(f, start, stop)
        if not n or stop - n < start:
            break
        stop -= n
    return start, stop


def _zeros(data: bytes) -> int:
    return len(data) - len(data.lstrip(b"\0")) if data.strip(b"\0") else 0


def _tag_before(f: BinaryIO, start: int, stop: int) -> int:
    """The length of the tag that begins at a place, in bytes."""
    head = read_at(f, start, 32)
    if head[:3] in (b"ID3", b"ea3") and len(head) >= 10:
        size = syncsafe(head[6:10])
        return 0 if size is None else 10 + size + 10 * bool(head[5] & 0x10)
    if head[:8] == _APE and len(head) == 32:
        return 32 + int.from_bytes(head[12:16], "little")
    return 0


def _tag_behind(f: BinaryIO, start: int, stop: int) -> int:
    """The length of the tag that ends at a place, in bytes."""
    tail = read_at(f, max(start, stop - 2 * _ID3V1), min(2 * _ID3V1, stop - start))
    if tail[-_ID3V1:][:3] == b"TAG":
        return _ID3V1
    if tail[-32:][:8] == _APE:
        footer = tail[-32:]
        has_header = bool(int.from_bytes(footer[20:24], "little") >> 31)
        return int.from_bytes(footer[12:16], "little") + 32 * has_header
    if tail[-9:] == b"LYRICS200" and tail[-15:-9].isdigit():
        return int(tail[-15:-9]) + 15
    if tail[-9:] == b"LYRICSEND":
        block = read_at(f, max(start, stop - _LYRICS_1 - 20), min(_LYRICS_1 + 20, stop - start))
        begin = block.rfind(b"LYRICSBEGIN")
        return len(block) - begin if begin >= 0 else 0
    if tail[-10:-7] == b"3DI":
        return (syncsafe(tail[-4:]) or 0) + 20
    return 0


def parts(f: BinaryIO, head: bytes, start: int, stop: int) -> list[Part]:
    """FLAC's description and frames; MP3 without the frame that tells its lengths; else all of it."""
    if head[:4] == b"fLaC":
        return _flac(f, start + 4, stop)
    return [(start + _length_of_info_frame(f, start), stop)]


def _flac(f: BinaryIO, place: int, stop: int) -> list[Part]:
    parts: list[Part] = []
    while place + 4 <= stop:
        header = read_at(f, place, 4)
        end = place + 4 + int.from_bytes(header[1:4], "big")
        if header[0] & 0x7F == 0:  # STREAMINFO
            parts.append((place + 4, end))
        place = end
        if header[0] & 0x80:  # the last
            break
    return [*parts, (place, stop)]


def _length_of_info_frame(f: BinaryIO, start: int) -> int:
    """Bytes of an MP3's first frame where it holds lengths and no sound (Xing, Info, VBRI); else 0."""
    frame = read_at(f, start, 64)
    if len(frame) < 64 or frame[0] != 0xFF or frame[1] & 0xE6 != 0xE2:  # layer III
        return 0
    version, kbits, rate = frame[1] >> 3 & 3, frame[2] >> 4, frame[2] >> 2 & 3
    if version == 1 or kbits in (0, 15) or rate == 3:
        return 0
    first, mono = version == 3, frame[3] >> 6 == 3
    place = 4 + (17 if mono else 32) if first else 4 + (9 if mono else 17)
    if not re.match(rb"Xing|Info", frame[place : place + 4]) and frame[36:40] != b"VBRI":
        return 0
    padding = frame[2] >> 1 & 1
    return (144 if first else 72) * 1000 * _KBITS[first][kbits] // _RATES[version][rate] + padding
