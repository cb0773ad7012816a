"""Vectors as documents hold them: BSON's vectors, plain bytes of float32, arrays of numbers."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

SUBTYPE = 9  # of BSON's binary data: a vector, its type and its padding in the first two bytes
_FLOAT32, _INT8 = 0x27, 0x03
_HEADER = struct.pack("BB", _FLOAT32, 0)
_PLAIN = (0, 128)  # subtypes of bytes that say nothing of what they are


class NoVectorError(Exception):
    """Why a value is no vector that can be used."""


def value_at(document: Mapping[str, Any], path: str) -> Any:
    """What a document holds at a path such as ``vectors.audio``; ``None`` for nothing."""
    if path in document:
        return document[path]
    value: Any = document
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def parse_vector(value: Any, dim: int | None = None, *, holes: bool = False) -> NDArray[np.float32]:
    """float32 (dim,), finite.

    Parameters
    ----------
    holes : some of its numbers may be NaN

    Raises
    ------
    NoVectorError
    """
    if value is None:
        raise NoVectorError("it has no vector")
    if isinstance(value, bytes):
        vector = _from_bytes(value, getattr(value, "subtype", 0))
    elif isinstance(value, list):
        vector = _from_list(value)
    else:
        raise NoVectorError(f"its vector is a {type(value).__name__}: expected numbers or binary data")
    if not len(vector) or (dim is not None and len(vector) != dim):
        raise NoVectorError(f"its vector has {len(vector)} numbers, expected {dim or 'at least 1'}")
    finite = np.isfinite(vector)
    if not (finite.any() if holes else finite.all()):
        raise NoVectorError("its vector holds a number that is not finite")
    return vector


def _from_bytes(value: bytes, subtype: int) -> NDArray[np.float32]:
    # A server that keeps no subtypes gives a vector back as bytes; its header fits no other length.
    if subtype == SUBTYPE or (subtype in _PLAIN and len(value) % 4 == 2 and value[:2] == _HEADER):
        if len(value) < 2:
            raise NoVectorError("its vector is incomplete")
        kind, body = value[0], value[2:]
        if kind == _INT8:
            return np.frombuffer(body, np.int8).astype(np.float32)
        if kind != _FLOAT32:
            raise NoVectorError(f"its vector is of the type {kind:#04x}: expected float32 or int8")
        value = body
    elif subtype not in _PLAIN:
        raise NoVectorError(f"its binary data are of the subtype {subtype}: expected a vector or plain bytes")
    if len(value) % 4:
        raise NoVectorError(f"its vector has {len(value)} bytes, which is not a list of float32")
    return np.frombuffer(value, "<f4").astype(np.float32, copy=False)


def _from_list(value: list[Any]) -> NDArray[np.float32]:
    try:
        vector = np.asarray(value)
    except ValueError:  # lists of several lengths
        vector = np.zeros(0, object)
    if value and (vector.ndim != 1 or vector.dtype.kind not in "iuf"):
        raise NoVectorError("its array has items that are not numbers")
    with np.errstate(over="ignore"):  # what float32 cannot hold is told as not finite
        return vector.astype(np.float32)


def as_bytes(vector: NDArray[Any]) -> bytes:
    """What BSON's binary data of the subtype ``SUBTYPE`` hold for a vector of float32."""
    return _HEADER + np.ascontiguousarray(vector, "<f4").tobytes()
