"""Hours of sound in a small FLAC file, whose blocks are one constant for each channel."""

from __future__ import annotations

from pathlib import Path

BLOCK = 65_535  # samples
SR = 44_100  # Hz


def write_endless_flac(path: str | Path, n_blocks: int) -> Path:
    """The same block of 1.5 s again and again, in 16 bytes each; the header tells no length."""
    rate_channels_bits = SR << 44 | 1 << 41 | 15 << 36
    info = 2 * BLOCK.to_bytes(2, "big") + bytes(6) + rate_channels_bits.to_bytes(8, "big") + bytes(16)
    head = b"\xff\xf8\x79\x18\0" + (BLOCK - 1).to_bytes(2, "big")
    head += bytes([_crc(head, 0x07, 8)])
    constants = bytes([0, 17, 170, 0, 99, 5])
    frame = head + constants + _crc(head + constants, 0x8005, 16).to_bytes(2, "big")
    Path(path).write_bytes(b"fLaC\x80\0\0\x22" + info + frame * n_blocks)
    return Path(path)


def _crc(data: bytes, polynomial: int, bits: int) -> int:
    register, top = 0, 1 << bits - 1
    for byte in data:
        register ^= byte << bits - 8
        for _ in range(8):
            register = (register << 1 ^ (polynomial if register & top else 0)) & (1 << bits) - 1
    return register
