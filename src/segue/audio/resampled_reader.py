"""A reader at another rate: sound is resampled while it is read, in bounded memory."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from types import TracebackType
from typing import Self

import numpy as np

from segue.audio.reader import Reader
from segue.track import Waveform

_BLOCK = 1 << 20  # samples


class ResampledReader:
    """What ``reader`` gives, at ``sr`` Hz; ``info.sr`` says so."""

    def __init__(self, reader: Reader, sr: int) -> None:
        self._reader = reader
        self._ratio = reader.info.sr / sr
        claimed = reader.info.n_samples
        n_samples = None if claimed is None else int(claimed / self._ratio)
        self.info = replace(reader.info, sr=sr, n_samples=n_samples)

    @property
    def faults(self) -> int:
        return self._reader.faults

    def missing(self, n_read: int) -> int:
        return int(self._reader.missing(round(n_read * self._ratio)) / self._ratio)

    def read(self, start: int, n: int) -> Waveform:
        """Up to ``n`` mono samples from ``start``; each call resamples on its own."""
        import soxr

        resampler = soxr.ResampleStream(self._reader.info.sr, self.info.sr, 1, dtype="float32", quality="HQ")
        at, left, ended = round(start * self._ratio), ceil(n * self._ratio), False
        blocks = [np.zeros(0, np.float32)]
        while not ended:
            y = self._reader.read(at, min(left, _BLOCK))
            ended = len(y) < _BLOCK
            at, left = at + len(y), left - len(y)
            blocks.append(resampler.resample_chunk(y, last=ended))
        return np.concatenate(blocks)[:n]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.__exit__(kind, error, trace)
