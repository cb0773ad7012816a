"""Matrices in memory and in NumPy's files, npy and npz, whose headers may claim what is not there."""

from __future__ import annotations

import ast
import math
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import SourceError
from segue.sources.vectors.parts import NAMES, Part

_TYPES = ("float32", "float64", "float16", "uint8", "int8", "int16", "int32", "int64")
BATCH_BYTES = 1 << 23  # of vectors at a time
_MAGIC = b"\x93NUMPY"
_MAX_HEADER = 10_000  # bytes, as NumPy itself reads without being asked for more
_BROKEN = (ValueError, TypeError, OverflowError, EOFError, SyntaxError, RecursionError, MemoryError,
           NotImplementedError, zipfile.BadZipFile, zlib.error)  # fmt: skip


class ArrayMatrix:
    """A matrix in memory or mapped."""

    columns: tuple[str, ...] = ()

    def __init__(self, array: NDArray[Any], name: str, ids: Sequence[Any] | None = None) -> None:
        if array.ndim != 2 or not array.shape[1]:
            raise SourceError(f"{name} is of the shape {array.shape}, expected rows and columns")
        if array.dtype.name not in _TYPES:
            raise SourceError(f"{name} is of {array.dtype}, expected one of {', '.join(_TYPES)}")
        if ids is not None and len(ids) != len(array):
            raise SourceError(f"{name} has {len(array)} rows and {len(ids)} ids")
        self._array, self._ids = array, ids
        self.has_ids = ids is not None
        self.total, self.dim = array.shape
        self.dtype = "uint8" if array.dtype == np.uint8 else "float32"

    def parts(self) -> Iterator[Part]:
        step = max(256, BATCH_BYTES // (4 * self.dim))
        for start in range(0, len(self._array), step):
            ids = None if self._ids is None else self._ids[start : start + step]
            rows = np.asarray(self._array[start : start + step])
            yield Part(rows, range(start, start + len(rows)), ids)


def is_array_file(path: Path) -> bool:
    """Whether a file is called as NumPy's are, in capitals or not."""
    return path.suffix.lower() in (".npy", ".npz")


def open_arrays(path: Path, name: str | None) -> ArrayMatrix:
    """The matrix of an npy file, or one of an npz file.

    Parameters
    ----------
    name : of the array in an npz file, where it has several

    Raises
    ------
    SourceError
    """
    try:
        if path.suffix.lower() == ".npy":
            return ArrayMatrix(load_npy(path), str(path))
        return _of_archive(path, name)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}") from error
    except _BROKEN as error:
        raise SourceError(f"{path} is not a NumPy file: {_why(error)}") from error


def load_npy(path: Path) -> NDArray[Any]:
    """The array in an npy file, mapped. Raises OSError and one of the errors of a broken file."""
    with path.open("rb") as file:
        _check_header(file, path.stat().st_size)
    array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def _of_archive(path: Path, name: str | None) -> ArrayMatrix:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            with archive.open(info) as file:
                _check_header(file, info.file_size)
    with np.load(path, allow_pickle=False) as arrays:
        chosen = name or next((n for n in NAMES if n in arrays), None)
        matrices = [n for n in arrays if arrays[n].ndim == 2] if chosen is None else [chosen]
        if len(matrices) != 1 or matrices[0] not in arrays:
            listed = ", ".join(arrays)
            raise SourceError(f"{path} has several arrays ({listed}); name the one with the vectors")
        ids = arrays["ids"].tolist() if "ids" in arrays else None
        return ArrayMatrix(arrays[matrices[0]], f"{path}: {matrices[0]}", ids)


def _check_header(file: IO[bytes], size: int) -> None:
    """Raises ValueError where a header is too long, or claims more than a file of ``size`` bytes holds."""
    start = file.read(12)
    if len(start) < 12 or start[:6] != _MAGIC:
        raise ValueError(f"it begins with {start[:6]!r}")
    wide = start[6] > 1
    length = int.from_bytes(start[8:12] if wide else start[8:10], "little")
    if length > _MAX_HEADER:
        raise ValueError(f"its header claims {length} bytes, expected {_MAX_HEADER} at the most")
    text = start[(12 if wide else 10) :] + file.read(length)
    header = ast.literal_eval(text[:length].decode("latin-1").strip())
    shape = header.get("shape") if isinstance(header, dict) else None
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(f"its header says the shape {shape}, expected whole numbers from 0 on")
    dtype = np.dtype(header.get("descr"))
    if dtype.hasobject:
        raise ValueError("it holds objects of Python, which are not read: save an array of numbers")
    if math.prod(shape) * dtype.itemsize > size:
        raise ValueError(f"its header says {shape} numbers of {dtype}, more than its {size} bytes hold")


def _why(error: Exception) -> str:
    if isinstance(error, SyntaxError | RecursionError | MemoryError):
        return "its header makes no sense"
    return str(error) or type(error).__name__
