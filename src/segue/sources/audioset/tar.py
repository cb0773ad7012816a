"""The members of a tar archive, one after the other as they come; nothing is unpacked.

The standard library's reader ends without a word where a header is damaged, keeps all headers in
memory, and believes what one says of its own size. Format: POSIX, `pax` interchange format; GNU tar
manual, "Basic Tar Format".
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from typing import BinaryIO

from segue.sources.audioset.tfrecord import READ_ERRORS, Lost, skip_bytes

BLOCK = tarfile.BLOCKSIZE
_MAX_NAME = 1 << 20  # bytes of a header that holds a name
_BUFFER = 1 << 17  # bytes
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_WITHOUT_DATA = (
    tarfile.LNKTYPE,
    tarfile.SYMTYPE,
    tarfile.CHRTYPE,
    tarfile.BLKTYPE,
    tarfile.DIRTYPE,
    tarfile.FIFOTYPE,
)
_NAMES = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME)  # of the next member


class _Member(io.RawIOBase):
    """What an archive has of one file; ends where the file does."""

    def __init__(self, archive: BinaryIO, size: int) -> None:
        self._archive = archive
        self.left = size  # bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._archive.read(min(len(buffer), self.left))
        self.left -= len(data)
        buffer[: len(data)] = data
        return len(data)


def is_header(block: bytes) -> bool:
    """Whether a tar archive may begin so."""
    return _header(block) is not None


def members(archive: BinaryIO, lost: Lost) -> Iterator[tuple[str, BinaryIO]]:
    """The name and content of each plain file; read one before you ask for the next.

    Names are text from a stranger: no path of this machine.

    Parameters
    ----------
    lost : told where a header begins, in bytes of the archive, that makes no sense.
    """
    at, name = 0, ""
    try:
        while not _is_end(block := archive.read(BLOCK)):
            header = _header(block)
            if header is None:
                lost(at, f"{_what_is_wrong(block)}; the rest of the archive is lost")
                return
            size = 0 if header.type in _WITHOUT_DATA else header.size
            member, padding = _Member(archive, size), -size % BLOCK
            if header.type in _FILES:
                yield name or header.name, io.BufferedReader(member, _BUFFER)
            telling = header.type in _NAMES
            name = (_long_name(header.type, member.read(_MAX_NAME) or b"") or name) if telling else ""
            if not skip_bytes(archive.read, member.left + padding):
                lost(at, f"the archive is cut short inside of {header.name!r}; its rest is lost")
                return
            at += BLOCK + size + padding
    except READ_ERRORS as error:
        lost(at, f"the archive cannot be read any further, and its rest is lost: {error}")


def _is_end(block: bytes) -> bool:
    return len(block) == BLOCK and not block.strip(b"\0")


def _header(block: bytes) -> tarfile.TarInfo | None:
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "backslashreplace")
    except tarfile.HeaderError:
        return None
    return header if header.size >= 0 else None


def _what_is_wrong(block: bytes) -> str:
    if not block:
        return "the archive ends without its mark"
    return "no header of a member" if len(block) == BLOCK else f"cut short: {len(block)} bytes of a header"


def _long_name(kind: bytes, data: bytes) -> str:
    """The name of the next member, where this one tells it; else nothing."""
    if kind == tarfile.GNUTYPE_LONGNAME:
        return data.rstrip(b"\0").decode("utf-8", "backslashreplace")
    name, at = b"", 0
    while (space := data.find(b" ", at)) > 0 and data[at:space].isdigit() and space - at < 8:
        end = at + int(data[at:space])
        key, _, value = data[space + 1 : end - 1].partition(b"=")
        if key == b"path":
            name = value
        at = max(end, space)
    return name.decode("utf-8", "backslashreplace")
