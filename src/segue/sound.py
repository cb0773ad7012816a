"""Which parts of a sound are analyzed, and those parts in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from segue.errors import DamagedAudioError, TooShortError
from segue.track import Waveform

MIN_SR, MAX_SR = 4_000, 768_000  # Hz; files of other rates are refused


@dataclass(frozen=True, slots=True)
class SoundInfo:
    """What a file's header says. ``n_samples`` is a claim until decoding proves it."""

    sr: int  # Hz
    channels: int
    codec: str
    n_samples: int | None  # per channel
    estimated: bool = False  # n_samples was guessed from the bit rate


@dataclass(frozen=True, slots=True)
class ExcerptPlan:
    """How much of a long sound is analyzed: ``count`` excerpts of ``length_s``, spread evenly.

    A sound no longer than all excerpts together is taken whole. More excerpts cost time in
    proportion and steady the vectors of long, varied tracks.
    """

    count: int = 12
    length_s: float = 10.0

    @property
    def whole_up_to_s(self) -> float:
        """Sounds up to this length, in seconds, are taken whole."""
        return self.count * self.length_s

    def spans(self, n_samples: int, sr: int) -> list[tuple[int, int]]:
        """(start, length) in samples of each excerpt of a sound of ``n_samples``."""
        if n_samples <= self.whole_up_to_s * sr:
            return [(0, n_samples)]
        length = int(self.length_s * sr)
        share = n_samples / self.count
        return [(int((i + 0.5) * share - length / 2), length) for i in range(self.count)]


class Excerpts:
    """The analyzed parts of one sound, mono at ``sr`` Hz, the file's own rate as a rule; ``at`` resamples.

    Parameters
    ----------
    info : SoundInfo
    duration_s : float
        Of the whole sound, not of the excerpts.
    starts_s : where each part begins in the whole sound.
    parts : float32 (n_samples,) each, in [-1, 1] nominally.
    warning : what is wrong with the file although it can be used.
    sr : of the parts in Hz, where it is not the file's.
    """

    def __init__(
        self,
        info: SoundInfo,
        duration_s: float,
        starts_s: tuple[float, ...],
        parts: tuple[Waveform, ...],
        warning: str | None = None,
        sr: int | None = None,
    ) -> None:
        self.info = info
        self.duration_s = duration_s
        self.starts_s = starts_s
        self.parts = parts
        self.warning = warning
        self.sr = sr or info.sr
        self._resampled: dict[int, tuple[Waveform, ...]] = {self.sr: parts}
        self._lock = threading.Lock()

    @classmethod
    def from_waveform(cls, y: Waveform, sr: int) -> Excerpts:
        """One part: the whole of ``y``, float32 (n_samples,), mono.

        Raises
        ------
        TooShortError
            Where there is no sample.
        DamagedAudioError
            Where a sample is not finite.
        """
        y = np.ascontiguousarray(y, dtype=np.float32)
        if not len(y):
            raise TooShortError("a waveform of 0 samples; at least 1 is needed")
        if not np.isfinite(y).all():
            raise DamagedAudioError("some samples are NaN or infinite")
        info = SoundInfo(sr, 1, "array", len(y))
        return cls(info, len(y) / sr, (0.0,), (y,))

    def at(self, sr: int) -> tuple[Waveform, ...]:
        """The parts at ``sr`` Hz (soxr, high quality); each rate is computed once."""
        import soxr

        with self._lock:
            if sr not in self._resampled:
                self._resampled[sr] = tuple(soxr.resample(y, self.sr, sr, "HQ") for y in self.parts)
            return self._resampled[sr]

    def windows(self, sr: int, window_s: float, hop_s: float) -> Iterator[Waveform]:
        """Whole windows at ``sr`` Hz, one every ``hop_s`` of each part; what is left at its end is dropped.

        A part shorter than a window is repeated until it fills one, as silence after it would change the
        vector.
        """
        length, hop = round(window_s * sr), round(hop_s * sr)
        for y in self.at(sr):
            if len(y) < length:
                yield np.resize(y, length)
            for start in range(0, len(y) - length + 1, hop):
                yield y[start : start + length]
