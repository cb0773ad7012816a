"""How a sound begins and ends: where it is first and last audible, and whether it dies away or goes on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from segue import audio
from segue.errors import TooShortError

if TYPE_CHECKING:
    from segue.audio.reader import Reader
    from segue.track import Waveform

Ending = Literal["fade", "cold", "runs on"]
FRAME_S = 0.05
HEAD_S, TAIL_S = 15.0, 30.0  # what is looked at
_SILENT_DB = -60.0  # dBFS; also what is as far under the sound's own level
_QUIET_DB = -35.0  # under the level: where a sound has ended for an ear
_FULL_DB = -9.0  # under the level: from here on down a sound dies away
_SOUNDING_DB = -18.0  # under the level: what still is so loud at the end of its file has not died away
_LAST = 6  # frames of that end
_SMOOTHED = 9  # frames, near half a second: a beat is no decay
_FADE_S = 3.0  # a decay that lasts longer is a fade, a shorter one rings out
_RUNS_ON_S = 0.12  # of silence at the most, behind a sound that goes on to the end of its file

Decibels = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Edges:
    """Where a sound is audible within its file, and how it ends.

    Attributes
    ----------
    start_s, end_s : of the first and of the last audible moment
    decay_s : how long it dies away before ``end_s``
    ending : "fade", for 3 s and more; "cold", it stops or rings out; "runs on", up to the end of the file
    level_db : dBFS, of its louder half near the edges
    """

    start_s: float
    end_s: float
    decay_s: float
    ending: Ending
    level_db: float


def frame_levels(y: Waveform, sr: int) -> Decibels:
    """float64 (n,): the level in dBFS of each 50 ms."""
    step = max(1, int(FRAME_S * sr))
    n = max(1, len(y) // step)
    power = np.square(np.resize(y, n * step).astype(np.float64)).reshape(n, step).mean(axis=1)
    return np.asarray(10 * np.log10(np.maximum(power, 1e-12)))


def edges_of(head: Decibels, tail: Decibels, duration_s: float) -> Edges:
    """From the levels of a sound's first and last part, frame by frame.

    Parameters
    ----------
    head, tail : float64 (n,), dBFS each 50 ms; the same where all of it was looked at
    """
    loud = np.sort(np.concatenate([head, tail]))
    level = float(loud[len(loud) // 2 :].mean())
    audible = max(_SILENT_DB, level + _QUIET_DB)
    starts, ends = np.flatnonzero(head > audible), np.flatnonzero(tail > audible)
    if not len(starts) or not len(ends):
        return Edges(0.0, duration_s, 0.0, "cold", level)
    after_s = (len(tail) - 1 - ends[-1]) * FRAME_S
    tail = tail[: ends[-1] + 1]
    # Of the loudest nearby, so that what rests between two beats is full too.
    padded = np.pad(tail, (0, _SMOOTHED - 1), constant_values=-np.inf)
    nearby = np.lib.stride_tricks.sliding_window_view(padded, _SMOOTHED).max(axis=1)
    full = np.flatnonzero(nearby >= level + _FULL_DB)
    decay = (len(tail) - 1 - (full[-1] if len(full) else 0)) * FRAME_S
    runs_on = after_s <= _RUNS_ON_S and tail[-_LAST:].max() > level + _SOUNDING_DB
    ending: Ending = "runs on" if runs_on else "fade" if decay >= _FADE_S else "cold"
    return Edges(
        round(float(starts[0]) * FRAME_S, 2),
        round(max(0.0, duration_s - float(after_s)), 2),
        0.0 if runs_on else round(float(decay), 2),
        ending,
        round(level, 1),
    )


def measure_edges(path: str | Path) -> Edges:
    """Decode the first 15 s and the last 30 s of a file.

    Raises
    ------
    AudioError
    """
    from segue.audio.decoders import limit_rate, open_reader
    from segue.audio.downmix import Downmix

    with (
        audio._open(path) as file,
        limit_rate(open_reader(file, str(path), Downmix())) as reader,
    ):
        sr = reader.info.sr
        head = reader.read(0, int(HEAD_S * sr))
        n = _length(reader, len(head))
        start = max(0, n - int(TAIL_S * sr))
        tail = reader.read(start, n - start)
    if not len(head) or not len(tail):
        raise TooShortError("no sound could be decoded", str(path))
    return edges_of(frame_levels(head, sr), frame_levels(tail, sr), (start + len(tail)) / sr)


def _length(reader: Reader, n_head: int) -> int:
    """Samples of the whole; a claim of the header is tried, as decoding may end before or after it."""
    sr, claimed = reader.info.sr, reader.info.n_samples
    if n_head < int(HEAD_S * sr):
        return n_head
    if claimed is None or reader.info.estimated:
        return audio._count_samples(reader)
    last = max(0, claimed - sr)
    return last + len(reader.read(last, 2 * sr)) or audio._count_samples(reader)
