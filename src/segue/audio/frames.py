"""Decoded frames of FFmpeg as blocks of samples, several frames at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame

BATCH = 16_384  # samples of each channel

_FULL_SCALE = {"u8": 128.0, "s16": 32768.0, "s32": 2147483648.0, "s64": 9223372036854775808.0}


class FrameBatch:
    """Frames of one kind that follow each other.

    Attributes
    ----------
    start : position of the first sample
    length : samples of each channel
    """

    def __init__(self, frame: AudioFrame, start: int) -> None:
        self._format = frame.format.name
        self._is_planar = frame.format.is_planar
        self._channels = frame.layout.nb_channels
        self.sr = frame.sample_rate
        self.start = start
        self.length = 0
        self._parts: list[NDArray[np.generic]] = []

    @property
    def is_full(self) -> bool:
        return self.length >= BATCH

    def takes(self, frame: AudioFrame) -> bool:
        """Whether the frame is of the same kind."""
        return (
            frame.sample_rate == self.sr
            and frame.layout.nb_channels == self._channels
            and frame.format.name == self._format
        )

    def add(self, frame: AudioFrame) -> None:
        self._parts.append(frame.to_ndarray())  # (channels, n) planar, (1, n x channels) packed
        self.length += frame.samples

    def samples(self) -> NDArray[np.float32]:
        """(length, channels), scaled to [-1, 1]."""
        raw = np.concatenate(self._parts, axis=1)
        samples = (raw.T if self._is_planar else raw.reshape(-1, self._channels)).astype(np.float32)
        scale = _FULL_SCALE.get(self._format.removesuffix("p"))
        if scale == 128.0:
            samples -= 128.0
        if scale is not None:
            samples /= np.float32(scale)
        return samples

    def int16(self) -> NDArray[np.int16] | None:
        """The first samples as they are, where they have 16 bits."""
        if self._format not in ("s16", "s16p"):
            return None
        raw = np.concatenate(self._parts, axis=1).astype(np.int16)
        return raw.T if self._is_planar else raw.reshape(-1, self._channels)

    def lengths(self) -> list[int]:
        """Samples of each frame."""
        share = 1 if self._is_planar else self._channels
        return [part.shape[1] // share for part in self._parts]
