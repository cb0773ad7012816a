"""The outline of a sound, for drawing its waveform."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue import audio
from segue.errors import TooShortError
from segue.track import Waveform

MAX_PEAKS = 4000  # values that are kept of a sound
_STEP_S = 0.01
_KEPT = 512  # sounds
Peaks = NDArray[np.float32]


def compute_peaks(
    path: str | Path, sr: int, *, longest_s: float = 6 * 3600.0, patience_s: float = 60.0
) -> tuple[Peaks, float]:
    """The largest amplitude of each of up to 4000 parts, 0 to 1, and the length in seconds.

    Parameters
    ----------
    sr : of the file, so that nothing is resampled
    longest_s, patience_s : how much sound is decoded, in how much of this thread's work; ``TooLong`` beyond

    Raises
    ------
    AudioError, TooLong
    """
    ends = time.thread_time() + patience_s
    steps, n = [], 0
    for part, samples in _steps(path, sr):
        steps.append(part)
        n += samples
        if n > longest_s * sr or time.thread_time() > ends:
            raise TooLong(n / sr)
    if not n:
        raise TooShortError("no sound could be decoded", str(path))
    return reduce_peaks(np.minimum(np.concatenate(steps), 1), MAX_PEAKS), n / sr


def outline(y: Waveform, sr: int) -> Peaks:
    """The largest amplitude of each of up to 4000 parts of a sound, float32 (n_samples,), mono."""
    return reduce_peaks(np.minimum(_largest(y, sr), 1), MAX_PEAKS)


def _steps(path: str | Path, sr: int) -> Iterator[tuple[Peaks, int]]:
    for block in audio.stream(path, sr):
        yield _largest(np.nan_to_num(block, copy=False), sr), len(block)


def _largest(y: Waveform, sr: int) -> Peaks:
    """The largest amplitude in each hundredth of a second."""
    step = max(1, int(_STEP_S * sr))
    return np.maximum.reduceat(np.abs(y), np.arange(0, len(y), step)) if len(y) else y


def reduce_peaks(peaks: Peaks, n: int) -> Peaks:
    """At most ``n`` values, each the largest of those it stands for."""
    if len(peaks) <= n:
        return peaks
    return np.maximum.reduceat(peaks, np.linspace(0, len(peaks), n, endpoint=False).astype(np.int64))


def to_list(peaks: Peaks, n: int) -> list[float]:
    return [round(x, 3) for x in reduce_peaks(peaks, n).tolist()]


class TooLong(Exception):  # noqa: N818 - it is no fault of the sound's
    """More sound than is decoded here; ``seconds`` of it were."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"more than {seconds:.0f} s of sound")
        self.seconds = seconds


class PeakStore:
    """The outlines of the tracks that were asked for last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[Peaks, float]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, content_hash: str, make: Callable[[], tuple[Peaks, float]]) -> tuple[Peaks, float]:
        with self._lock:
            peaks = self._kept.get(content_hash)
            if peaks:
                self._kept.move_to_end(content_hash)
                return peaks
        peaks = make()
        with self._lock:
            self._kept[content_hash] = peaks
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return peaks
