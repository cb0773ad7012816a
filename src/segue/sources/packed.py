"""Files of other people, unpacked within limits as they are read: gzip, bzip2, xz, and zip of one file."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

from segue.errors import SourceError

MAX_UNPACKED = 1 << 26  # bytes that any file may unpack to, however small it is
MAX_RATIO = (
    100  # times its size that a file may unpack to beyond that; text packs to a third, seldom a twentieth
)
MAX_DICTIONARY = 1 << 27  # bytes of memory for unpacking xz; its highest setting takes half of that
READ_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)
_BUFFER = 1 << 18  # bytes
_START = 512  # bytes by which a file is recognized

# What files are that are no text, by their first bytes, and what to do with them.
_FORMATS: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0", "an old Office file, such as .xls; save the sheet as CSV UTF-8"),
    (b"\x28\xb5\x2f\xfd", "packed with Zstandard; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"\x1f\x9d", "packed with compress; unpack it first"),
    (b"\x04\x22\x4d\x18", "packed with LZ4; unpack it first"),
    (b"SQLite format 3", "an SQLite database; export the table as CSV"),
    (b"\x89HDF", "an HDF5 file; save the matrix with numpy.save, or the table as CSV"),
    (b"ARROW1", "an Arrow or Feather file; save the table as Parquet or CSV"),
    (b"ORC", "an ORC file; save the table as Parquet or CSV"),
    (b"Obj\x01", "an Avro file; save the table as Parquet or CSV"),
    (b"MATLAB 5.0", "a MATLAB file; save the matrix with numpy.save"),
    (b"\x93NUMPY", "a NumPy array; it must be unpacked, and its name end in .npy"),
    (b"%PDF", "a PDF document; export the table as CSV"),
    (b"<?xml", "XML; export the table as CSV"),
    (b"<!doctype html", "a web page; download the file itself"),
    (b"<html", "a web page; download the file itself"),
    (b"version https://git-lfs", "a pointer of Git LFS; fetch the file itself with git lfs pull"),
)
_AUDIO = (b"fLaC", b"OggS", b"ID3", b"RIFF", b"FORM", b"\xff\xfb")
_PICKLES = tuple(b"\x80" + bytes([n]) for n in range(2, 6))
_IN_ZIP = (
    ("xl/workbook.xml", "an Excel workbook; save the sheet as CSV UTF-8 (File, Save As)"),
    ("word/document.xml", "a Word document; save the table as CSV"),
    ("content.xml", "an OpenDocument file; save the sheet as CSV"),
    ("Index/Document.iwa", "a Numbers or Pages document; export the table as CSV"),
)


def most_unpacked(packed_bytes: int) -> int:
    """Bytes that a packed file may unpack to."""
    return MAX_UNPACKED + MAX_RATIO * packed_bytes


class Bounded(io.RawIOBase):
    """What a packed file unpacks to, up to a limit; beyond it reading is an ``OSError``.

    Parameters
    ----------
    plain : unpacked as it is read
    packed_bytes : the size of the packed file
    """

    def __init__(self, plain: Any, packed_bytes: int) -> None:
        self._plain = plain
        self._limit = self._left = most_unpacked(packed_bytes)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._plain.read1(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise OSError(f"it unpacks to more than {self._limit >> 20} MiB, {MAX_RATIO} times its size")
        buffer[: len(data)] = data
        return len(data)


class PlainFile:
    """A file's bytes, unpacked if it is packed. It is a context that closes the file.

    Attributes
    ----------
    raw : the file as it lies on the disk, whose place tells how far it is read

    Raises
    ------
    SourceError
        Where it cannot be read, or is of a form that is known not to be text.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fault: Exception | None = None
        try:
            self.raw: BinaryIO = path.open("rb")
            self._read: Callable[[int], bytes] = self.raw.read
            start = self.raw.read(_START)
            self.raw.seek(0)
            unpack = self._unpacker(start)
            if unpack is not None:
                self._read = cast(Any, Bounded(unpack, path.stat().st_size).read)
            self._start = self._first(_START)
            if not self._start and self._fault:
                raise self._fault
            _refuse_what_is_no_text(path, self._start)
        except READ_ERRORS as error:
            self._close()
            reason = getattr(error, "strerror", None) or error
            raise SourceError(f"{path} cannot be read: {reason}") from error
        except SourceError:
            self._close()
            raise

    def read(self, n: int) -> bytes:
        """Some bytes, at most n, or those by which the file was recognized; none at the end.

        Raises
        ------
        one of READ_ERRORS
            Where it is damaged or unpacks to too much; what comes before that was given.
        """
        if self._start:
            start, self._start = self._start, b""
            return start
        if self._fault:
            raise self._fault
        return self._read(n)

    def _first(self, n: int) -> bytes:
        data = b""
        try:
            while len(data) < n and (more := self._read(n - len(data))):
                data += more
        except READ_ERRORS as error:
            self._fault = error
        return data

    def _unpacker(self, start: bytes) -> Any:
        """What unpacks the file, with a method ``read1``; nothing where it is not packed."""
        stream = stream_unpacker(self.raw, start)
        if stream is not None:
            return stream
        return self._only_member() if start[:4] in (b"PK\x03\x04", b"PK\x05\x06") else None

    def _only_member(self) -> Any:
        """Of a zip archive, its one file. Raises SourceError where there is not one."""
        archive = zipfile.ZipFile(self.raw)
        names = {info.filename for info in archive.infolist()}
        what = next((what for name, what in _IN_ZIP if name in names), None)
        if what:
            raise SourceError(f"{self._path} is {what}")
        members = [info for info in archive.infolist() if _is_content(info)]
        if len(members) != 1:
            examples = ", ".join(info.filename for info in members[:5]) or "none"
            raise SourceError(
                f"{self._path} is a zip archive of {len(members)} files ({examples}), expected one: unpack it"
            )
        if members[0].flag_bits & 1:
            raise SourceError(f"{self._path} is an encrypted zip archive; unpack it first")
        return archive.open(members[0])

    def __enter__(self) -> PlainFile:
        return self

    def __exit__(self, *exc: object) -> None:
        self._close()

    def _close(self) -> None:
        if raw := getattr(self, "raw", None):
            raw.close()


def stream_unpacker(raw: BinaryIO, start: bytes) -> Any:
    """What unpacks gzip, bzip2 or xz, with a method ``read1``; nothing where a file begins otherwise."""
    if start[:2] == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=raw)
    if start[:3] == b"BZh":
        return _Streams(raw, bz2.BZ2Decompressor)
    if start[:6] == b"\xfd7zXZ\x00":
        return _Streams(raw, lambda: lzma.LZMADecompressor(memlimit=MAX_DICTIONARY))
    return None


class _Streams:
    """Streams of bzip2 or xz, one after the other, unpacked some bytes at a time."""

    def __init__(self, raw: BinaryIO, start: Callable[[], Any]) -> None:
        self._raw, self._start = raw, start
        self._stream = start()
        self._ended = False

    def read1(self, n: int) -> bytes:
        while not self._ended:
            if self._stream.eof:
                rest = self._stream.unused_data.lstrip(b"\0") or self._raw.read(_BUFFER).lstrip(b"\0")
                if not rest:
                    self._ended = True
                    return b""
                self._stream = self._start()
                data = self._stream.decompress(rest, n)
            else:
                more = self._raw.read(_BUFFER) if self._stream.needs_input else b""
                if self._stream.needs_input and not more:
                    raise EOFError("it is cut short")
                data = self._stream.decompress(more, n)
            if data:
                return cast(bytes, data)
        return b""


def _is_content(info: zipfile.ZipInfo) -> bool:
    """Whether a member is a file of the user's, not one that an operating system adds."""
    parts = info.filename.split("/")
    return not info.is_dir() and parts[0] != "__MACOSX" and not parts[-1].startswith(".")


def _refuse_what_is_no_text(path: Path, start: bytes) -> None:
    lower = start.lstrip().lower()
    for magic, what in _FORMATS:
        if start.startswith(magic) or (magic.islower() and lower.startswith(magic)):
            raise SourceError(f"{path} is {what}")
    if start.startswith(_AUDIO):
        raise SourceError(f"{path} is a file of audio; segue scan analyzes it")
    if start.startswith(_PICKLES):
        raise SourceError(f"{path} is a pickle, which can run any program and is not read; save it as CSV")
    if start[257:262] == b"ustar":
        raise SourceError(f"{path} is a tar archive; unpack it first")
