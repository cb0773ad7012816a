"""Which kind of file the first bytes show, whatever the file's name ends with."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Literal

from segue.tags import asf
from segue.tags.id3 import tag_size
from segue.tags.limits import read_at

Kind = Literal[
    "flac", "ogg", "riff", "w64", "aiff", "dsdiff", "dsf", "mp4", "asf", "matroska", "webm", "caf", "au",
    "mp3", "adts", "wavpack", "musepack", "monkey", "tta", "other",
]  # fmt: skip

HEAD_BYTES = 64
_ZEROS_BYTES = 1 << 16  # of zeros between an ID3 tag and the sound; some taggers leave padding outside of it
_TAGS = 8  # ID3 tags one after another
_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"fLaC", "flac"), (b"OggS", "ogg"), (b"riff\x2e\x91\xcf\x11", "w64"), (b"FRM8", "dsdiff"),
    (b"DSD ", "dsf"), (asf.HEADER, "asf"), (b"caff", "caf"), (b".snd", "au"), (b"wvpk", "wavpack"),
    (b"MPCK", "musepack"), (b"MP+", "musepack"), (b"MAC ", "monkey"), (b"TTA1", "tta"), (b"TTA2", "tta"),
)  # fmt: skip
_RIFF = (b"RIFF", b"RF64", b"BW64")
_MEDIA_TYPES: dict[Kind, str] = {
    "flac": "audio/flac", "ogg": "audio/ogg", "riff": "audio/wav", "aiff": "audio/aiff", "mp4": "audio/mp4",
    "asf": "audio/x-ms-wma", "matroska": "audio/x-matroska", "webm": "audio/webm", "caf": "audio/x-caf",
    "au": "audio/basic", "mp3": "audio/mpeg", "adts": "audio/aac", "wavpack": "audio/x-wavpack",
    "musepack": "audio/x-musepack", "monkey": "audio/x-ape", "tta": "audio/x-tta", "dsf": "audio/x-dsf",
}  # fmt: skip


def kind_of(head: bytes) -> Kind:
    """The kind of file whose sound begins with ``head``, ID3 tags left out; "other" where none is known."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] in _RIFF and head[8:12] == b"WAVE":
        return "riff"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mp4"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm" if b"webm" in head else "matroska"
    return _mpeg(head)


def _mpeg(head: bytes) -> Kind:
    """By the first frame: a sync word of 11 or 12 bits, then the layer, which is 0 in AAC."""
    if len(head) < 3 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return "other"
    layer = head[1] >> 1 & 3
    if layer == 0:
        return "adts" if head[1] & 0xF0 == 0xF0 else "other"
    return "mp3" if layer == 1 and head[2] >> 4 != 15 and head[2] >> 2 & 3 != 3 else "other"


def find_sound(file: BinaryIO) -> tuple[int, Kind]:
    """Where the sound begins behind ID3 tags and zeros, and of which kind it is."""
    start = 0
    for _ in range(_TAGS):
        size = tag_size(read_at(file, start, 10))
        if not size:
            break
        start += size
    head = read_at(file, start, HEAD_BYTES)
    if start and head[:1] == b"\0" and kind_of(head) == "other":
        zeros = read_at(file, start, _ZEROS_BYTES)
        skipped = len(zeros) - len(zeros.lstrip(b"\0"))
        head = read_at(file, start + skipped, HEAD_BYTES)
        start += skipped
    kind = kind_of(head)
    return start, "mp3" if kind == "other" and start else kind


def media_type(path: Path) -> str | None:
    """The media type of a file by its content; none where the content is of no known kind."""
    with path.open("rb") as file:
        return _MEDIA_TYPES.get(find_sound(file)[1])
