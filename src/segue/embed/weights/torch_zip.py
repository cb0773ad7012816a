"""torch's file format since 1.6: a ZIP archive of a pickle and one member per storage.

Source: torch, `torch/serialization.py`. The archive is never compressed, so its size bounds the work.
"""

from __future__ import annotations

import math
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from segue.embed.weights.pickle_tensors import Storage, TensorView, describe_tensors
from segue.embed.weights.tensors import Tensors, check_shape, naming, to_array
from segue.errors import WeightsError

_PICKLE = "/data.pkl"
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    RuntimeError,  # an encrypted member
    EOFError,
    ValueError,
    OverflowError,
)


def read_torch_zip(path: Path, *, first: bool = False) -> Tensors:
    """All tensors of a state dict such as `mn04_as_mAP_432.pt`.

    Parameters
    ----------
    first : whether the file holds other values behind the state dict; they are left unread

    Raises
    ------
    WeightsError
        Where the file is missing, damaged, no such archive, or its pickle holds more than tensors.
    """
    with naming(path), _zip_trouble(), zipfile.ZipFile(path) as archive:
        prefix = _prefix(archive)
        described = describe_tensors(_member(archive, prefix + _PICKLE), first=first)
        _check_byte_order(archive, prefix)
        _check_total(described, path.stat().st_size)
        storages = {view.storage for view in described.values()}
        arrays = {storage: _storage(archive, prefix, storage) for storage in storages}
    with naming(path):
        return {name: _tensor(name, view, arrays[view.storage]) for name, view in described.items()}


@contextmanager
def _zip_trouble() -> Iterator[None]:
    try:
        yield
    except _ZIP_ERRORS as error:
        raise WeightsError(f"this is no ZIP archive of torch, or a damaged one: {error}") from error


def _prefix(archive: zipfile.ZipFile) -> str:
    pickles = [name for name in archive.namelist() if name.endswith(_PICKLE)]
    if len(pickles) != 1:
        raise WeightsError(f"found {len(pickles)} members that end in {_PICKLE}, expected one")
    return pickles[0].removesuffix(_PICKLE)


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        info = archive.getinfo(name)
    except KeyError as error:
        raise WeightsError(f"the archive has no member {name!r}; it is another format or cut") from error
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
        raise WeightsError(f"member {name!r} is compressed, torch never writes that")
    return archive.read(info)


def _check_byte_order(archive: zipfile.ZipFile, prefix: str) -> None:
    name = f"{prefix}/byteorder"
    if name in archive.namelist() and (order := _member(archive, name)) != b"little":
        raise WeightsError(f"the archive says byte order {order[:16]!r}, expected b'little'")


def _check_total(described: dict[str, TensorView], size: int) -> None:
    """Tensors may share a storage, but not so many that they need far more memory than the file."""
    total = 0
    for name, view in described.items():
        check_shape(name, view.shape)
        total += math.prod(view.shape) * np.dtype(view.storage.dtype).itemsize
    if total > 2 * size:
        raise WeightsError(f"the pickle names {total} bytes of tensors, the file has {size}")


def _storage(archive: zipfile.ZipFile, prefix: str, storage: Storage) -> NDArray[Any]:
    name = f"{prefix}/data/{storage.key}"
    return to_array(name, memoryview(_member(archive, name)), storage.dtype, (storage.count,))


def _tensor(name: str, view: TensorView, numbers: NDArray[Any]) -> NDArray[Any]:
    steps = view.strides
    if len(steps) != len(view.shape) or view.offset < 0 or any(step < 0 for step in steps):
        raise WeightsError(f"tensor {name!r} has shape {view.shape}, strides {steps} from {view.offset}")
    last = view.offset + sum((n - 1) * step for n, step in zip(view.shape, steps, strict=True))
    if last >= numbers.size:
        raise WeightsError(f"tensor {name!r} reaches to element {last}, its storage has {numbers.size}")
    strides = [step * numbers.itemsize for step in steps]
    return as_strided(numbers[view.offset :], view.shape, strides, writeable=False).copy()
