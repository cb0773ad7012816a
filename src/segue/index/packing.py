"""Codes of 4 bits a part, as Faiss scans them: 32 rows side by side in registers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PACK = 32  # codes that are scanned together; lists on disk are padded to a multiple of it
_PLACES = np.array([0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15])  # of a block's codes


def pack_codes(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Codes as Faiss scans them: 32 at a time, the same two parts of all in 32 bytes.

    Parameters
    ----------
    codes : uint8 (n, code_bytes), two parts in a byte

    Returns
    -------
    uint8 (ceil(n / 32), code_bytes, 32); behind the last row are zeros
    """
    padded = np.zeros((len(codes) + -len(codes) % PACK, codes.shape[1]), np.uint8)
    padded[: len(codes)] = codes
    blocks = padded.reshape(-1, PACK, codes.shape[1])
    first, second = blocks[:, _PLACES], blocks[:, _PLACES + PACK // 2]
    packed = np.concatenate([first & 15 | second << 4, first >> 4 | second & 240], axis=1)
    return np.ascontiguousarray(packed.transpose(0, 2, 1))


def unpack_codes(packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 (n, code_bytes): what ``pack_codes`` was given, and the zeros behind the last row."""
    blocks = packed.transpose(0, 2, 1)
    low, high = blocks[:, : PACK // 2], blocks[:, PACK // 2 :]
    codes = np.empty_like(blocks)
    codes[:, _PLACES] = low & 15 | high << 4
    codes[:, _PLACES + PACK // 2] = low >> 4 | high & 240
    return codes.reshape(-1, packed.shape[1])
