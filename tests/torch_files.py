"""Writes torch's file format, instruction by instruction, so that no torch is needed."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

STORAGES = {"float32": "FloatStorage", "float16": "HalfStorage", "int64": "LongStorage"}


@dataclass(frozen=True)
class View:
    """A tensor that is a window into an array; offset and strides count elements."""

    base: NDArray[Any]
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def integer(value: int) -> bytes:
    if 0 <= value < 256:
        return b"K" + bytes([value])
    return b"J" + struct.pack("<i", value) if abs(value) < 1 << 31 else b"\x8a\x08" + struct.pack("<q", value)


def name(module: str, attribute: str) -> bytes:
    return f"c{module}\n{attribute}\n".encode()


def group(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


ORDERED_DICT = name("collections", "OrderedDict") + b")R"
REBUILD = name("torch._utils", "_rebuild_tensor_v2")


def storage(key: str, dtype: str, count: int) -> bytes:
    kind = name("torch", STORAGES.get(dtype, dtype))
    return group(text("storage"), kind, text(key), text("cpu"), integer(count)) + b"Q"


def tensor(key: str, view: View) -> bytes:
    parts = (
        storage(key, view.base.dtype.name, view.base.size),
        integer(view.offset),
        group(*map(integer, view.shape)),
        group(*map(integer, view.strides)),
        b"\x89",
        ORDERED_DICT,
    )
    return REBUILD + group(*parts) + b"R"


def as_view(value: NDArray[Any] | View) -> View:
    if isinstance(value, View):
        return value
    return View(value, 0, value.shape, tuple(s // value.itemsize for s in value.strides))


def state_dict(views: Mapping[str, View]) -> bytes:
    """An OrderedDict as torch writes it, with the note on its modules' versions."""
    items = b"".join(text(key) + tensor(str(i), view) for i, (key, view) in enumerate(views.items()))
    note = b"}" + text("_metadata") + ORDERED_DICT + text("") + b"}" + text("version") + b"K\x01sss"
    return b"\x80\x02" + ORDERED_DICT + b"q\x00(" + items + b"u" + note + b"b."


def write_archive(path: Path, members: Mapping[str, bytes], *, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for member, data in members.items():
            archive.writestr(f"archive/{member}", data)
    return path


def members_of(tensors: Mapping[str, NDArray[Any] | View]) -> dict[str, bytes]:
    views = {key: as_view(value) for key, value in tensors.items()}
    data = {f"data/{i}": view.base.tobytes() for i, view in enumerate(views.values())}
    return {"data.pkl": state_dict(views), "byteorder": b"little", **data, "version": b"3\n"}


def write_torch(path: Path, tensors: Mapping[str, NDArray[Any] | View]) -> Path:
    """A state dict as torch saves it."""
    return write_archive(path, members_of(tensors))


def pickled(*values: bytes) -> bytes:
    """Protocol 2 of instructions given as bytes."""
    return b"\x80\x02" + b"".join(values) + b"."


def sample(rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    return {
        "first.weight": rng.standard_normal((3, 4, 5)).astype(np.float32),
        "first.half": rng.standard_normal(7).astype(np.float16),
        "first.steps": np.array([2**40, -3], np.int64),
    }
