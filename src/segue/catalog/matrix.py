"""A matrix in a file that only grows; rows that the catalog has not committed do not exist."""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue.errors import LibraryFormatError
from segue.files import sync_folder

MAGIC = b"SEGUEMAT"
HEADER_BYTES = 64
_HEADER = struct.Struct("<8sI8sI")  # magic, format, dtype, width
_CHUNK = 1 << 24  # bytes checked at a time


@dataclass(frozen=True, slots=True)
class MatrixState:
    """The committed part of a file: its first ``rows`` rows, and their checksum."""

    file: str
    dtype: str  # NumPy's name, little-endian
    width: int
    rows: int
    crc32: int

    @property
    def row_bytes(self) -> int:
        return np.dtype(self.dtype).itemsize * self.width


def create(folder: Path, file: str, dtype: str, width: int) -> MatrixState:
    """An empty matrix in a new file."""
    header = _HEADER.pack(MAGIC, 1, dtype.encode(), width).ljust(HEADER_BYTES, b"\0")
    with (folder / file).open("wb") as f:
        f.write(header)
        os.fsync(f.fileno())
    sync_folder(folder)
    return MatrixState(file, dtype, width, 0, 0)


def append(folder: Path, state: MatrixState, rows: NDArray[np.generic]) -> MatrixState:
    """The state once ``rows``, (n, width), follow the committed ones; durable on return.

    Bytes that a killed writer left behind the committed rows are overwritten.
    """
    data = np.ascontiguousarray(rows, dtype=np.dtype(state.dtype)).tobytes()
    with (folder / state.file).open("r+b") as f:
        f.seek(HEADER_BYTES + state.rows * state.row_bytes)
        f.write(data)
        f.flush()
        os.fsync(f.fileno())
    n = len(rows)
    return MatrixState(state.file, state.dtype, state.width, state.rows + n, zlib.crc32(data, state.crc32))


def view(folder: Path, state: MatrixState) -> NDArray[np.generic]:
    """(rows, width), memory-mapped, read-only.

    Raises
    ------
    LibraryFormatError
        Where the file is foreign or shorter than what was committed, or cannot be read.
    FileNotFoundError
    """
    path = folder / state.file
    try:
        with path.open("rb") as f:
            header = f.read(HEADER_BYTES)
            size = os.fstat(f.fileno()).st_size
    except FileNotFoundError:
        raise
    except OSError as error:
        raise LibraryFormatError(f"{path} cannot be read: {error.strerror}") from error
    expected = _HEADER.pack(MAGIC, 1, state.dtype.encode(), state.width)
    if not header.startswith(expected):
        raise LibraryFormatError(
            f"{path} is not the {state.dtype} matrix of {state.width} columns that the catalog expects"
        )
    needed = HEADER_BYTES + state.rows * state.row_bytes
    if size < needed:
        raise LibraryFormatError(f"{path} has {size} bytes where {needed} were committed: restore or rescan")
    if not state.rows:
        return np.zeros((0, state.width), np.dtype(state.dtype))
    return np.memmap(path, np.dtype(state.dtype), "r", HEADER_BYTES, (state.rows, state.width))


def verify(folder: Path, state: MatrixState) -> None:
    """Read all committed rows and compare their checksum.

    Raises
    ------
    LibraryFormatError
    """
    view(folder, state)
    crc, left = 0, state.rows * state.row_bytes
    with (folder / state.file).open("rb") as f:
        f.seek(HEADER_BYTES)
        while left:
            data = f.read(min(left, _CHUNK))
            crc, left = zlib.crc32(data, crc), left - len(data)
    if crc != state.crc32:
        path = folder / state.file
        raise LibraryFormatError(f"{path} is damaged: its checksum is {crc:08x}, not {state.crc32:08x}")
