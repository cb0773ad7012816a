"""An index in one file: a header that names what it was made from, then its arrays."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.embed import EmbedderSpec
from segue.errors import LibraryFormatError
from segue.index import ExactIndex, View

MAGIC = b"SEGUEIDX"
FORMAT_VERSION = 1
_PREFIX = struct.Struct("<8s32sI")  # magic, SHA-256 of all that follows it, bytes of the JSON header
_CHECKED_FROM = 8 + 32
_ARRAYS = ("mean", "projection", "rows", "vectors")


def save(path: Path, index: ExactIndex, specs: Sequence[EmbedderSpec]) -> None:
    """Write the index; readers see the old file or the new one, whole. May raise OSError."""
    arrays = _arrays_of(index)
    payload = b"".join(array.tobytes() for array in arrays.values())
    header = {
        "format": FORMAT_VERSION,
        "metric": "cosine",
        "specs": [[spec.space, spec.digest()] for spec in specs],
        "stamp": index.stamp,
        "rows": len(index.rows),
        "arrays": {name: [array.dtype.str, list(array.shape)] for name, array in arrays.items()},
    }
    text = json.dumps(header).encode()
    checked = struct.pack("<I", len(text)) + text + payload
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as f:
            f.write(MAGIC + hashlib.sha256(checked).digest() + checked)
            f.flush()
            os.fsync(f.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def load(path: Path, specs: Sequence[EmbedderSpec]) -> ExactIndex:
    """The index in a file, checked byte for byte.

    Raises
    ------
    LibraryFormatError
        Where the file is foreign, of another format or other specs, or damaged.
    FileNotFoundError
    """
    data = path.read_bytes()
    header, payload = _split(path, data)
    found = {name: header.get(name) for name in ("format", "metric", "specs")}
    named = [[spec.space, spec.digest()] for spec in specs]
    expected = {"format": FORMAT_VERSION, "metric": "cosine", "specs": named}
    if found != expected:
        raise LibraryFormatError(f"{path} is of {found}, expected {expected}")
    arrays: dict[str, NDArray[Any]] = {}
    offset = 0
    for name, (dtype, shape) in header["arrays"].items():
        count = int(np.prod(shape))
        arrays[name] = np.frombuffer(payload, np.dtype(dtype), count, offset).reshape(shape)
        offset += arrays[name].nbytes
    return ExactIndex(
        View(arrays["mean"], arrays["projection"]), arrays["rows"], arrays["vectors"], header["stamp"]
    )


def _arrays_of(index: ExactIndex) -> dict[str, NDArray[Any]]:
    values = (index.view.mean, index.view.projection, index.rows, index.vectors)
    return dict(zip(_ARRAYS, values, strict=True))


def _split(path: Path, data: bytes) -> tuple[dict[str, Any], bytes]:
    if not data.startswith(MAGIC) or len(data) < _PREFIX.size:
        raise LibraryFormatError(f"{path} is no index of Segue: {len(data)} bytes, the first {data[:8]!r}")
    _, digest, length = _PREFIX.unpack_from(data)
    if hashlib.sha256(data[_CHECKED_FROM:]).digest() != digest:
        raise LibraryFormatError(f"{path} is damaged: the checksum does not fit its {len(data)} bytes")
    end = _PREFIX.size + length
    return json.loads(data[_PREFIX.size : end]), data[end:]
