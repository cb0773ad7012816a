"""Reads a file that is several files one after the other as one sound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

import numpy as np

from segue.audio.reader import Reader
from segue.audio.resampled_reader import ResampledReader
from segue.errors import NotAudioError
from segue.sound import SoundInfo
from segue.track import Waveform

_COUNT_BLOCK = 1 << 22  # samples


@dataclass(slots=True, eq=False)
class _Part:
    """``start`` and ``n_samples`` are at the rate of the whole; ``missing`` was at faults."""

    open: Callable[[], Reader]
    start: int
    n_samples: int
    missing: int = 0
    faults: int = 0


class JoinedReader:
    """The sound of several readers; rate, channels and codec are those of the first.

    Parameters
    ----------
    openers : each opens one part; one part is open at a time

    Raises
    ------
    NotAudioError
        Where no part can be opened.
    """

    def __init__(self, openers: Sequence[Callable[[], Reader]]) -> None:
        self.info = SoundInfo(0, 0, "", 0)  # of no part yet
        self._parts: list[_Part] = []
        self._open: tuple[_Part, Reader] | None = None
        reason: NotAudioError | None = None
        end = 0
        for opener in openers:
            try:
                n_samples = self._length(opener)
            except NotAudioError as error:  # a tag between two parts, say
                reason = error
                continue
            self._parts.append(_Part(opener, end, n_samples))
            end += n_samples
        if not self._parts:
            raise reason or NotAudioError("no part of it can be read")
        self.info = replace(self.info, n_samples=end, estimated=False)

    def _length(self, opener: Callable[[], Reader]) -> int:
        """Samples of one part, at the rate of the first."""
        with opener() as reader:
            if not self._parts:
                self.info = reader.info
            part = self._at_rate(reader)
            if part.info.n_samples is not None and not part.info.estimated:
                return part.info.n_samples
            return _count(part)

    def _at_rate(self, reader: Reader) -> Reader:
        return reader if reader.info.sr == self.info.sr else ResampledReader(reader, self.info.sr)

    @property
    def faults(self) -> int:
        return sum(part.faults for part in self._parts)

    def missing(self, n_read: int) -> int:
        return sum(part.missing for part in self._parts)

    def read(self, start: int, n: int) -> Waveform:
        """Up to ``n`` mono samples from ``start``; where a part ends too soon, the next follows at once."""
        blocks = [np.zeros(0, np.float32)]
        position, left = start, n
        for part in self._parts:
            if left and position < part.start + part.n_samples:
                y = self._read_part(part, position - part.start, left)
                blocks.append(y)
                position, left = position + len(y), left - len(y)
        return np.concatenate(blocks)

    def _read_part(self, part: _Part, start: int, n: int) -> Waveform:
        n = min(n, part.n_samples - start)  # decoders may have more, of padding
        y = self._reader_of(part).read(start, n)
        self._note(part, y if start == 0 else None)
        if len(y) < n and start + len(y) < part.n_samples:
            ended = start + len(y) if len(y) or start == 0 else _count(self._reader_of(part))
            later = self._parts[self._parts.index(part) + 1 :]
            for other in later:
                other.start -= part.n_samples - ended
            part.n_samples = ended
        return y

    def _note(self, part: _Part, whole: Waveform | None) -> None:
        reader = self._reader_of(part)
        part.faults = reader.faults
        part.missing = reader.missing(len(whole)) if whole is not None else 0

    def _reader_of(self, part: _Part) -> Reader:
        if self._open is None or self._open[0] is not part:
            self._close()
            self._open = part, self._at_rate(part.open())
        return self._open[1]

    def _close(self) -> None:
        if self._open is not None:
            self._open[1].__exit__(None, None, None)
            self._open = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()


def _count(reader: Reader) -> int:
    total = 0
    while got := len(reader.read(total, _COUNT_BLOCK)):
        total += got
    return total
