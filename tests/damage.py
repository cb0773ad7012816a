"""Damages a file in many small ways; a reader must refuse each, or read the same tensors as before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from segue.embed.weights import Tensors
from segue.errors import WeightsError


def flips(data: bytes, rng: np.random.Generator, times: int) -> Iterator[bytes]:
    """The bytes with one bit turned, at seeded places; the first and last 100 bytes come more often."""
    for i in range(times):
        damaged = bytearray(data)
        near = int(rng.integers(100))
        at = (int(rng.integers(len(data))), near, -1 - near)[i % 3]
        damaged[at % len(data)] ^= 1 << int(rng.integers(8))
        yield bytes(damaged)


def cuts(data: bytes, rng: np.random.Generator, times: int) -> Iterator[bytes]:
    yield b""
    for _ in range(times):
        yield data[: int(rng.integers(len(data)))]


def foreign() -> Iterator[bytes]:
    yield from (
        b"",
        b"\0",
        b"{}",
        b"<html>404</html>" * 100,
        b"RIFF" + bytes(5000),
        b"PK\x05\x06" + bytes(18),
    )
    yield np.random.default_rng(5).bytes(20_000)


def assert_refused_or_same(read: Callable[[Path], Tensors], path: Path, expected: Tensors) -> bool:
    """Whether it was refused."""
    try:
        found = read(path)
    except WeightsError as error:
        return bool(error.path)
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name])
    return False
