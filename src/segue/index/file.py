"""A file of named sections: each aligned, memory-mapped and checked; written whole or not at all."""

from __future__ import annotations

import json
import math
import os
import re
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import IndexFormatError, UsageError
from segue.files import replacing, sync_folder

MAGIC = b"SEGUEIDX"
FORMAT_VERSION = 3
ALIGNMENT = 64  # bytes
_PREFIX = struct.Struct(
    "<8sIIQQI"
)  # magic, format, CRC of what follows, place and bytes of the header, its CRC
_PLACES = struct.Struct("<QQI")
_DTYPE = re.compile(r"\|[bui]1|<[ui][248]|<f[248]")  # of sections
_CHUNK = 1 << 24  # bytes read at a time

Content = NDArray[Any] | Iterable[bytes]
"""Of a section: an array, or the pieces of bytes that follow each other."""


@dataclass(frozen=True, slots=True)
class Section:
    """Where a section lies in its file; its checksum is also of the zeros before it."""

    dtype: str
    shape: tuple[int, ...]
    offset: int
    n_bytes: int
    crc32: int


def write_sections(path: Path, header: Mapping[str, Any], contents: Mapping[str, Content]) -> None:
    """Write a file; readers see the old one or the new one, whole.

    Parameters
    ----------
    header : whatever JSON can say
    contents : the sections by their names

    Raises
    ------
    UsageError
        Where nothing can be written there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part, part.open("wb") as file:
        file.write(bytes(_PREFIX.size))
        sections = {name: _write_section(file, content) for name, content in contents.items()}
        places = {
            name: [s.dtype, list(s.shape), s.offset, s.n_bytes, s.crc32] for name, s in sections.items()
        }
        text = json.dumps({**header, "sections": places}).encode()
        at = file.tell()
        file.write(text)
        tail = _PLACES.pack(at, len(text), zlib.crc32(text))
        file.seek(0)
        file.write(struct.pack("<8sII", MAGIC, FORMAT_VERSION, zlib.crc32(tail)) + tail)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def _write_section(file: IO[bytes], content: Content) -> Section:
    padding = bytes(-file.tell() % ALIGNMENT)
    file.write(padding)
    offset, crc = file.tell(), zlib.crc32(padding)
    if isinstance(content, np.ndarray):
        dtype, shape = content.dtype.str, content.shape
        if not _DTYPE.fullmatch(dtype):
            raise UsageError(f"an array of {content.dtype} cannot be stored in a file")
        step = max(1, _CHUNK // max(1, content[:1].nbytes))
        pieces: Iterable[Any] = (
            np.ascontiguousarray(content[i : i + step]).reshape(-1).view(np.uint8).data
            for i in range(0, len(content), step)
        )
    else:
        dtype, shape, pieces = "|u1", (-1,), content
    for piece in pieces:
        file.write(piece)
        crc = zlib.crc32(piece, crc)
    n = file.tell() - offset
    return Section(dtype, shape if shape != (-1,) else (n,), offset, n, crc)


class IndexFile:
    """A file that was checked, byte for byte, and is mapped read-only.

    Attributes
    ----------
    header : what ``write`` was given
    sections : by name, where each lies
    place : by what name it was opened; ``path`` is what people call it
    """

    def __init__(self, path: Path, place: Path | None = None) -> None:
        """Raises IndexFormatError where the file is foreign, newer, cut short or damaged."""
        self.path, self.place = path, place or path
        stat = self.place.stat()
        self._inode, size = stat.st_ino, stat.st_size
        if size < _PREFIX.size:
            raise IndexFormatError(f"{path} is no index of Segue: it has {size} bytes")
        # No memmap any more: a matrix in here must not be taken for one in a file of its own.
        self._bytes = np.asarray(np.memmap(self.place, np.uint8, "r"))
        self.header, at = self._read_header()
        try:
            self.sections, ends = _sections(self.header.pop("sections"), at)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise IndexFormatError(f"{path} names no sections that can be read: {error!r}") from error
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor() as pool:
            list(pool.map(self._check, self.sections, ends))

    def _read_header(self) -> tuple[dict[str, Any], int]:
        """The header and the byte that it begins at."""
        return _parse_header(
            self.path, len(self._bytes), lambda at, length: self._bytes[at : at + length].tobytes()
        )

    def _check(self, name: str, start: int) -> None:
        section = self.sections[name]
        data = self._bytes[start : section.offset + section.n_bytes]
        crc = 0
        for at in range(0, len(data), _CHUNK):
            crc = zlib.crc32(data[at : at + _CHUNK].data, crc)
        if len(data) != section.offset - start + section.n_bytes or crc != section.crc32:
            raise IndexFormatError(f"{self.path} is damaged: the checksum of {name!r} does not fit")

    def is_current(self) -> bool:
        """Whether the path still names the file that was opened, not a newer one."""
        return self.place != self.path or self.path.stat().st_ino == self._inode

    def __contains__(self, name: str) -> bool:
        return name in self.sections

    def array(self, name: str) -> NDArray[Any]:
        """A section, memory-mapped."""
        section = self.sections[name]
        data = self._bytes[section.offset : section.offset + section.n_bytes]
        return data.view(np.dtype(section.dtype)).reshape(section.shape)


def read_header(path: Path) -> dict[str, Any]:
    """What ``write_sections`` was given as the header of a file; no section is looked at.

    Raises
    ------
    IndexFormatError
        Where the file is foreign, newer, cut short or its header damaged.
    FileNotFoundError
    """
    with path.open("rb") as file:

        def read(at: int, length: int) -> bytes:
            file.seek(at)
            return file.read(length)

        header, _ = _parse_header(path, os.fstat(file.fileno()).st_size, read)
    header.pop("sections", None)
    return header


def _parse_header(path: Path, size: int, read: Callable[[int, int], bytes]) -> tuple[dict[str, Any], int]:
    """The header of a file of some bytes, and the byte that it begins at."""
    if size < _PREFIX.size:
        raise IndexFormatError(f"{path} is no index of Segue: it has {size} bytes")
    prefix = read(0, _PREFIX.size)
    magic, version, crc, at, length, header_crc = _PREFIX.unpack(prefix)
    if magic != MAGIC:
        raise IndexFormatError(f"{path} is no index of Segue: it begins with {magic!r}")
    if version != FORMAT_VERSION:
        raise IndexFormatError(
            f"{path} has format {version}, this Segue reads {FORMAT_VERSION}: build it again"
        )
    fits = zlib.crc32(prefix[16:]) == crc and at + length == size
    text = read(at, length) if fits else b""
    if not fits or zlib.crc32(text) != header_crc:
        raise IndexFormatError(f"{path} is damaged: the checksum of its header does not fit")
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise IndexFormatError(f"{path} has a header that is no JSON: {error}") from error
    if not isinstance(header, dict):
        raise IndexFormatError(f"{path} has a header that is {type(header).__name__}, expected dict")
    return header, at


def _sections(places: Any, end: int) -> tuple[dict[str, Section], list[int]]:
    """The sections, and the byte that each follows; they lie one behind the other as ``write`` puts them.

    Raises
    ------
    ValueError, TypeError, AttributeError
        Where they do not, so that what they say can be relied on.
    """
    sections, ends = {}, [_PREFIX.size]
    for name, (dtype, shape, *numbers) in places.items():
        section = Section(dtype, tuple(shape), *numbers)
        if any(type(number) is not int or number < 0 for number in (*section.shape, *numbers)):
            raise ValueError(f"{name!r} has {shape} and {numbers}, expected counts")
        if (
            not _DTYPE.fullmatch(dtype)
            or math.prod(section.shape) * np.dtype(dtype).itemsize != section.n_bytes
            or section.offset != ends[-1] + -ends[-1] % ALIGNMENT
        ):
            raise ValueError(f"{name!r} cannot be {shape} of {dtype} at {numbers[:2]}")
        sections[name] = section
        ends.append(section.offset + section.n_bytes)
    if ends.pop() != end:
        raise ValueError(f"the sections do not end at byte {end}")
    return sections, ends
