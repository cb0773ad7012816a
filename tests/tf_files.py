"""Writes TensorFlow's two checkpoint formats and frozen graphs, so that readers meet real ones."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
from numpy.typing import NDArray

MAGIC = bytes.fromhex("57fb808b247547db")
RESTART_EVERY = 16  # entries between full keys, LevelDB's default
BLOCK = 4096  # bytes after which a block is closed
DTYPES = {"float32": 1, "float64": 2, "int32": 3, "int64": 9, "float16": 19}


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def chunk(field: int, data: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(data)) + data


def masked(data: bytes) -> int:
    crc = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


class _Block:
    def __init__(self) -> None:
        self.data = bytearray()
        self.restarts: list[int] = []
        self.count = 0
        self.last = b""

    def add(self, key: bytes, value: bytes) -> None:
        shared = 0
        if self.count % RESTART_EVERY == 0:
            self.restarts.append(len(self.data))
        else:
            shared = next((i for i, (a, b) in enumerate(zip(key, self.last, strict=False)) if a != b), None)
            shared = min(len(key), len(self.last)) if shared is None else shared
        self.data += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        self.last, self.count = key, self.count + 1

    def finished(self, kind: int = 0) -> bytes:
        restarts = self.restarts or [0]
        body = bytes(self.data) + struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))
        return body + bytes([kind]) + struct.pack("<I", masked(body + bytes([kind])))


def table(entries: Iterable[tuple[bytes, bytes]], *, kind: int = 0, block: int = BLOCK) -> bytes:
    """A table file of the entries, whose keys must be in order; ``kind`` is each block's compression byte."""
    out, index, current = bytearray(), _Block(), _Block()

    def close() -> None:
        nonlocal current
        data = current.finished(kind)
        index.add(current.last, varint(len(out)) + varint(len(data) - 5))
        out.extend(data)
        current = _Block()

    for key, value in entries:
        current.add(key, value)
        if len(current.data) >= block:
            close()
    if current.count:
        close()
    return bytes(out) + _ending(len(out), index)


def _ending(at: int, index: _Block) -> bytes:
    meta, index_block = _Block().finished(), index.finished()
    handles = varint(at) + varint(len(meta) - 5) + varint(at + len(meta)) + varint(len(index_block) - 5)
    return meta + index_block + handles.ljust(40, b"\0") + MAGIC


def shape_proto(shape: tuple[int, ...]) -> bytes:
    return b"".join(chunk(2, number(1, n)) for n in shape)


def slice_key(name: str, rank: int) -> bytes:
    """The ordered code of a whole tensor: 0, the name, its rank, and (0, all) for each dimension."""
    coded_rank = bytes([1, rank]) if rank else b"\0"
    return b"\0" + name.encode() + b"\0\x01" + coded_rank + b"\x80\x7f" * rank


def _values(array: NDArray[Any]) -> bytes:
    if array.dtype.kind == "f":
        return chunk(5 if array.itemsize == 4 else 6, array.astype(array.dtype.newbyteorder("<")).tobytes())
    return chunk(7 if array.itemsize == 4 else 10, b"".join(varint(int(v)) for v in array.ravel()))


def _saved_slice(name: str, array: NDArray[Any]) -> bytes:
    extents = b"".join(chunk(1, b"") for _ in array.shape)
    return chunk(2, chunk(1, name.encode()) + chunk(2, extents) + chunk(3, _values(array)))


def _slice_meta(name: str, array: NDArray[Any]) -> bytes:
    extents = b"".join(chunk(1, b"") for _ in array.shape)
    kind = number(3, DTYPES[array.dtype.name])
    return chunk(1, chunk(1, name.encode()) + chunk(2, shape_proto(array.shape)) + kind + chunk(4, extents))


def checkpoint_entries(tensors: Mapping[str, NDArray[Any]]) -> list[tuple[bytes, bytes]]:
    metas = b"".join(_slice_meta(name, array) for name, array in tensors.items())
    rows = [(slice_key(name, array.ndim), _saved_slice(name, array)) for name, array in tensors.items()]
    return [(b"", chunk(1, metas + chunk(2, number(1, 0)))), *sorted(rows)]


def write_checkpoint(path: Path, tensors: Mapping[str, NDArray[Any]]) -> Path:
    """A checkpoint of the first format, as `vggish_model.ckpt` is."""
    path.write_bytes(table(checkpoint_entries(tensors)))
    return path


def constant(name: str, array: NDArray[Any], values: bytes | None = None) -> bytes:
    """A constant node of a graph; by default its values are the array's bytes."""
    values = chunk(4, array.tobytes()) if values is None else values
    tensor = number(1, DTYPES[array.dtype.name]) + chunk(2, shape_proto(array.shape)) + values
    kind = chunk(1, b"dtype") + chunk(2, number(6, DTYPES[array.dtype.name]))
    value = chunk(1, b"value") + chunk(2, chunk(8, tensor))
    return chunk(1, chunk(1, name.encode()) + chunk(2, b"Const") + chunk(5, kind) + chunk(5, value))


def write_graph(path: Path, tensors: Mapping[str, NDArray[Any]]) -> Path:
    """A frozen graph: each tensor a constant, and a node that reads it."""
    nodes = []
    for name, array in tensors.items():
        read = chunk(1, f"{name}/read".encode()) + chunk(2, b"Identity") + chunk(3, name.encode())
        nodes += [constant(name, array), chunk(1, read)]
    path.write_bytes(b"".join(nodes) + chunk(4, number(1, 27)))
    return path


def bundle_entry(array: NDArray[Any], offset: int) -> bytes:
    data = array.tobytes()
    place = number(4, offset) if offset else b""
    checksum = varint(6 << 3 | 5) + struct.pack("<I", masked(data))
    kind = number(1, DTYPES[array.dtype.name])
    return kind + chunk(2, shape_proto(array.shape)) + place + number(5, len(data)) + checksum


def write_bundle(
    index: Path, tensors: Mapping[str, NDArray[Any]], *, shards: int = 1, endian: int = 0
) -> Path:
    """A checkpoint of the second format, as MusiCNN's is; its data file lies beside the index."""
    header = number(1, shards) + number(2, endian) + chunk(3, number(1, 1))
    rows, data = [(b"", header)], b""
    for name in sorted(tensors):
        rows.append((name.encode(), bundle_entry(tensors[name], len(data))))
        data += tensors[name].tobytes()
    index.write_bytes(table(rows, block=256))
    index.with_name(index.name.removesuffix(".index") + ".data-00000-of-00001").write_bytes(data)
    return index


def vggish_tensors(rng: np.random.Generator, *, width: int = 64) -> dict[str, NDArray[np.float32]]:
    """Seeded weights of VGGish, scaled so that values keep their size; 64 is the published width."""
    convs = {"conv1": 1, "conv2": 2, "conv3/conv3_1": 4, "conv3/conv3_2": 4, "conv4/conv4_1": 8}
    channels, tensors = 1, {}
    for scope, factor in (convs | {"conv4/conv4_2": 8}).items():
        shape = (3, 3, channels, factor * width)
        tensors |= _layer(rng, f"vggish/{scope}", shape)
        channels = factor * width
    for scope, (rows, columns) in {
        "fc1/fc1_1": (24 * channels, 64 * width),
        "fc1/fc1_2": (64 * width, 64 * width),
        "fc2": (64 * width, 128),
    }.items():
        tensors |= _layer(rng, f"vggish/{scope}", (rows, columns))
    return tensors


def _layer(rng: np.random.Generator, scope: str, shape: tuple[int, ...]) -> dict[str, NDArray[np.float32]]:
    weights = rng.standard_normal(shape, np.float32)
    weights *= np.float32(np.sqrt(2 / np.prod(shape[:-1])))
    return {f"{scope}/weights": weights, f"{scope}/biases": rng.normal(0, 0.1, shape[-1]).astype(np.float32)}
