"""Pictures by their headers: of which type and size they are, before anything decodes them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

MAX_PIXELS = 25_000_000
_MAX_SCANS = 64  # of a progressive JPEG, which usually has 10
_SCAN = b"\xff\xda"
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")  # others may be packed, and inflate without end
_SEGMENTS = 1_000  # of a JPEG, and chunks of a WebP, that are looked at


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that a browser shows and we may decode.

    Attributes
    ----------
    data : of the file
    media_type : one of four
    demuxer : FFmpeg's, for this type alone
    width, height : in pixels, as the header says
    """

    data: bytes
    media_type: str
    demuxer: str
    width: int
    height: int


def read_image(data: bytes) -> Image | None:
    """The picture, if it is a JPEG, PNG, GIF or WebP that costs little; nothing that a browser could run."""
    if data.startswith(b"\xff\xd8\xff"):
        kind, size = ("image/jpeg", "jpeg_pipe"), _jpeg_size(data)
    elif data.startswith(_PNG):
        kind, size = ("image/png", "png_pipe"), _unpack(">II", data, 16)
    elif data.startswith((b"GIF87a", b"GIF89a")):
        kind, size = ("image/gif", "gif"), _unpack("<HH", data, 6)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind, size = ("image/webp", "webp_pipe"), _webp_size(data)
    else:
        return None
    if size is None or not min(size) or size[0] * size[1] > MAX_PIXELS:
        return None
    return Image(data, *kind, *size)


def for_decoder(image: Image) -> bytes:
    """The picture without what decoding does not need."""
    if image.media_type != "image/png":
        return image.data
    return _PNG + b"".join(chunk for name, chunk in _png_chunks(image.data) if name in _PNG_NEEDED)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_PNG)
    while at + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        yield data[at + 4 : at + 8], data[at : at + 12 + size]
        at += 12 + size


def _unpack(form: str, data: bytes, at: int) -> tuple[int, int] | None:
    if len(data) < at + struct.calcsize(form):
        return None
    width, height = struct.unpack_from(form, data, at)
    return width, height


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Of the first frame; none where there are more scans than a picture needs."""
    if data.count(_SCAN) > _MAX_SCANS:
        return None
    at = 2
    for _ in range(_SEGMENTS):
        if at + 9 > len(data) or data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            size = _unpack(">HH", data, at + 5)
            return size and (size[1], size[0])
        at += 1 if marker == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    form = data[12:16]
    if form == b"VP8X" and len(data) >= 30:
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if form == b"VP8 ":
        size = _unpack("<HH", data, 26)
        return size and (size[0] & 0x3FFF, size[1] & 0x3FFF)
    if form == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return None
