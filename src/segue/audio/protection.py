"""Recognizes files whose sound is encrypted, by what their headers say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from segue.errors import ProtectedError

HEAD = 1 << 17  # bytes in which the headers of ASF and Matroska stand
_MAX_BOXES = 10_000

_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_ENCRYPTION = tuple(
    bytes.fromhex(name)
    for name in (
        "fbb31122 23bdd211 b4b700a0 c955fc6e",  # content encryption
        "14e68a29 2226174c b935dae0 7ee9289c",  # extended content encryption
        "33850543 8169e649 9b74ad12 cb86d58c",  # advanced content encryption
    )
)
_PATH = (b"trak", b"mdia", b"minf", b"stbl")
_MP4_STARTS = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"}
_MP4_SCHEMES = {b"drms": "FairPlay", b"aavd": "Audible", b"enca": "Common Encryption"}
_EBML = b"\x1aE\xdf\xa3"
_MKV_ENCRYPTION = b"\x50\x35"  # ContentEncryption
_MKV_PATH = (b"\x18\x53\x80\x67", b"\x16\x54\xae\x6b", b"\xae", b"\x6d\x80", b"\x62\x40")
_AUDIBLE = b"\x57\x90\x75\x36"
_OPEN_MG = (0xFFFF, 0xFF80)  # the ids of keys that stand for no encryption


def refuse_protected(file: BinaryIO) -> None:
    """Leaves the position as it was.

    Raises
    ------
    ProtectedError
        Where the sound is encrypted: purchases of iTunes and Audible, Windows Media DRM, Common Encryption.
    """
    at = file.tell()
    head = file.read(16)
    scheme = None
    if head[4:8] in _MP4_STARTS:
        scheme = _of_mp4(file)
    elif head.startswith(_ASF):
        scheme = "Windows Media DRM" if _asf_is_encrypted(_head(file)) else None
    elif head.startswith(_EBML):
        scheme = "encrypted Matroska" if _mkv_is_encrypted(_head(file), _MKV_PATH) else None
    elif head[4:8] == _AUDIBLE:
        scheme = "Audible"
    elif head.startswith((b"EA3", b"ea3")):
        scheme = "OpenMG" if _oma_is_encrypted(_head(file)) else None
    file.seek(at)
    if scheme:
        raise ProtectedError(f"the sound is encrypted ({scheme}), so that only its own player can play it")


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(HEAD)


def _asf_is_encrypted(head: bytes) -> bool:
    header = head[: int.from_bytes(head[16:24], "little")]
    return any(name in header for name in _ASF_ENCRYPTION)


def _of_mp4(file: BinaryIO) -> str | None:
    """The scheme of the first sample entry that is encrypted."""
    end = file.seek(0, 2)
    for name, start, stop in _boxes(file, 0, end):
        if name == b"moov":
            for entry in _sample_entries(file, start, stop, _PATH):
                if entry in _MP4_SCHEMES:
                    return _MP4_SCHEMES[entry]
    return None


def _sample_entries(file: BinaryIO, start: int, end: int, path: tuple[bytes, ...]) -> Iterator[bytes]:
    wanted = path[0] if path else b"stsd"
    for name, inside, stop in _boxes(file, start, end):
        if name == wanted and path:
            yield from _sample_entries(file, inside, stop, path[1:])
        elif name == wanted:
            yield from (entry for entry, _, _ in _boxes(file, inside + 8, stop))


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(name, where its content begins, where it ends) of the boxes in a stretch of an MP4."""
    for _ in range(_MAX_BOXES):
        if start + 8 > end:
            return
        file.seek(start)
        head = file.read(16)
        size, name, inside = int.from_bytes(head[:4], "big"), head[4:8], start + 8
        if size == 1:
            size, inside = int.from_bytes(head[8:16], "big"), start + 16
        stop = end if size == 0 else start + size
        if stop < inside:
            return
        yield name, inside, min(stop, end)
        start = stop


def _mkv_is_encrypted(data: bytes, path: tuple[bytes, ...]) -> bool:
    """Whether a track of a Matroska or WebM file says that its content is encrypted."""
    for name, content in _elements(data):
        if not path:
            if name == _MKV_ENCRYPTION:
                return True
        elif name == path[0] and _mkv_is_encrypted(content, path[1:]):
            return True
    return False


def _elements(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(id, content) of EBML elements; what is cut off is given as far as it goes."""
    at = 0
    while at < len(data) and data[at]:
        id_length = 9 - data[at].bit_length()
        name, at = data[at : at + id_length], at + id_length
        if at >= len(data) or not data[at]:
            return
        length = 9 - data[at].bit_length()
        size = int.from_bytes(data[at : at + length], "big") & (1 << 7 * length) - 1
        at += length
        stop = len(data) if size == (1 << 7 * length) - 1 else at + size
        yield name, data[at:stop]
        at = stop


def _oma_is_encrypted(head: bytes) -> bool:
    """Sony's OpenMG: the header after the tags names a key."""
    at = 0
    if head[:3] == b"ea3":
        at = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    header = head[at : at + 8]
    return header[:3] == b"EA3" and len(header) == 8 and int.from_bytes(header[6:8], "big") not in _OPEN_MG
