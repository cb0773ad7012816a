"""Named arrays, and what all readers of them share."""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import WeightsError
from segue.wire.protobuf import WireError

Tensors = dict[str, NDArray[Any]]
"""Arrays by the names that the file gives them; native byte order, contiguous, owned."""

Shape = tuple[int | None, ...]
"""Lengths that a network needs; ``None`` takes any."""

MAX_RANK = 8


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Puts the file's name and the next step on every error raised inside."""
    try:
        yield
    except (WeightsError, WireError) as error:
        message = f"{path}: {error}; fetch the file again and compare its sha256"
        raise WeightsError(message, str(path)) from error
    except OSError as error:
        message = f"{path}: {error.strerror or error}; give a file that can be read"
        raise WeightsError(message, str(path)) from error


def map_file(path: Path) -> memoryview:
    """The bytes of a file, read only when they are looked at.

    The mapping ends with its last view: closing it sooner would fail while a traceback holds one.
    """
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            raise WeightsError("found an empty file, expected weights")
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def check_shape(name: str, shape: tuple[int, ...]) -> None:
    """Refuses a shape that no weight has.

    Raises
    ------
    WeightsError
        Where there are more than 8 dimensions, or one without a length.
    """
    if len(shape) > MAX_RANK or any(length < 1 for length in shape):
        raise WeightsError(f"tensor {name!r} has shape {shape}, expected at most {MAX_RANK} positive lengths")


def to_array(name: str, data: memoryview, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """A copy of ``data`` as an array of ``dtype`` (little-endian in the file) and ``shape``.

    Raises
    ------
    WeightsError
        Where the bytes are not as many as the shape needs.
    """
    check_shape(name, shape)
    file_type = np.dtype(dtype).newbyteorder("<")
    needed = math.prod(shape) * file_type.itemsize
    if len(data) != needed:
        raise WeightsError(f"tensor {name!r} of shape {shape} has {len(data)} bytes, expected {needed}")
    return np.frombuffer(data, file_type).reshape(shape).astype(np.dtype(dtype), copy=True)


def take(tensors: Mapping[str, NDArray[Any]], name: str, shape: Shape) -> NDArray[np.float32]:
    """One tensor of a network, as float32.

    Raises
    ------
    WeightsError
        Where it is missing, has another shape, or holds what is no number.
    """
    if name not in tensors:
        raise WeightsError(f"found no {name!r} among {len(tensors)} tensors; give this network's weights")
    tensor = tensors[name]
    if len(tensor.shape) != len(shape) or any(
        n not in (None, length) for n, length in zip(shape, tensor.shape, strict=True)
    ):
        raise WeightsError(f"tensor {name!r} has shape {tensor.shape}, expected {shape}")
    if not np.isfinite(tensor).all():
        raise WeightsError(f"tensor {name!r} holds values that are no finite numbers")
    return tensor.astype(np.float32, copy=False)
