"""TensorFlow's second checkpoint format: an index (a table file) beside a file of raw tensors.

Source: TensorFlow, `core/protobuf/tensor_bundle.proto`. The entry of the empty key describes the
bundle; each other key is a tensor's name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from segue.embed.weights.table_file import entries
from segue.embed.weights.tensors import Tensors, map_file, naming, to_array
from segue.embed.weights.tf_types import dtype_of, shape_of
from segue.errors import WeightsError
from segue.wire.crc32c import masked_crc32c
from segue.wire.protobuf import Message

DATA_SUFFIX = ".data-00000-of-00001"


def read_tf_bundle(index: Path) -> Tensors:
    """All tensors of a checkpoint such as MusiCNN's.

    Parameters
    ----------
    index
        The file that ends in ``.index``; its tensors are in the one beside it that ends in
        ``.data-00000-of-00001``.

    Raises
    ------
    WeightsError
        Where one of the two is missing, damaged or foreign, or the tensors are spread over more files.
    """
    with naming(index):
        described = _tensor_entries(map_file(index))
    path = index.with_name(index.name.removesuffix(".index") + DATA_SUFFIX)
    with naming(path):
        data = map_file(path)
        _check_total(described, data)
        return {name: _tensor(name, entry, data) for name, entry in described.items()}


def _tensor_entries(table: memoryview) -> dict[str, Message]:
    messages = {_text(key): Message(value) for key, value in entries(table)}
    header = messages.pop("", None)
    if header is None or not messages:
        raise WeightsError(f"found {len(messages)} tensors and no description, expected a bundle's index")
    shards, big_endian = header.number(1), header.number(2)
    if shards != 1 or big_endian:
        raise WeightsError(f"the bundle has {shards} data files, expected one of little-endian numbers")
    return messages


def _text(key: bytes) -> str:
    try:
        return key.decode()
    except UnicodeDecodeError as error:
        raise WeightsError(f"found key {key!r}, expected a tensor's name") from error


def _check_total(described: dict[str, Message], data: memoryview) -> None:
    """Entries that overlap could ask for more memory than the file has bytes."""
    total = sum(max(entry.number(5), 0) for entry in described.values())
    if total > len(data):
        raise WeightsError(f"the index names {total} bytes of tensors, the file has {len(data)}")


def _tensor(name: str, entry: Message, data: memoryview) -> NDArray[Any]:
    offset, size = entry.number(4), entry.number(5)
    if entry.number(3) != 0 or 7 in entry:
        raise WeightsError(f"tensor {name!r} is cut into slices, expected whole tensors in one file")
    if offset < 0 or size < 0 or offset + size > len(data):
        raise WeightsError(f"tensor {name!r} lies at {offset} + {size}, the file has {len(data)} bytes")
    raw = data[offset : offset + size]
    checksum, expected = masked_crc32c(raw), entry.number(6)
    if checksum != expected:
        raise WeightsError(f"tensor {name!r} has checksum {checksum:08x}, expected {expected:08x}")
    return to_array(name, raw, dtype_of(name, entry.number(1)), shape_of(entry.message(2)))
