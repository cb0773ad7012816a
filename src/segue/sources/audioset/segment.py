"""A segment of AudioSet, and what other programs make of its frames."""

from __future__ import annotations

import math
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from segue.errors import UsageError
from segue.track import Frames

DIM = 128  # numbers a frame, Hershey et al. 2017
FLAT_FRAMES = 10  # frames of a whole segment, one a second


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Some seconds of a video: its labels, and an 8-bit frame for each second.

    Two segments are equal where all but ``source`` and ``offset`` is.

    Attributes
    ----------
    video_id : YouTube's, but in YouTube-8M, whose ids only its own web site translates.
    start_s, end_s : float
        Within the video. AudioSet's files hold them as float32.
    labels : numbers of classes; `read_label_names` has their names.
    frames : uint8 (n, 128), n mostly 10, may be 0
    source : the file it was read from, and the member of an archive.
    offset : of its record in that file, bytes; in a JSON file its number, from 0.
    """

    video_id: str
    start_s: float
    end_s: float
    labels: tuple[int, ...]
    frames: Frames
    source: str = ""
    offset: int = 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Segment):
            return NotImplemented
        return self._facts() == other._facts() and np.array_equal(self.frames, other.frames)

    def __hash__(self) -> int:
        return hash(self._facts())

    def _facts(self) -> tuple[object, ...]:
        return self.video_id, self.start_s, self.end_s, self.labels


@dataclass(frozen=True, slots=True)
class BadRecord:
    """What could not be read, and why.

    Attributes
    ----------
    path : the file, and the member of an archive.
    offset : where the record begins, bytes; in a JSON file its number, from 0.
    """

    path: str
    offset: int
    reason: str

    def __str__(self) -> str:
        return f"{self.path}, record at {self.offset}: {self.reason}"


def check(segment: Segment) -> None:
    """Refuse what no file could hold, so that none is written that cannot be read.

    Raises
    ------
    UsageError
    """
    frames = segment.frames
    if frames.dtype != np.uint8 or frames.ndim != 2 or frames.shape[1] != DIM:
        raise UsageError(f"found frames {frames.dtype} {frames.shape}, expected uint8 (n, {DIM})")
    if not segment.video_id or any("\ud800" <= letter <= "\udfff" for letter in segment.video_id):
        raise UsageError(f"{segment.video_id!r} is not an id; expected valid Unicode text")
    if not (math.isfinite(segment.start_s) and math.isfinite(segment.end_s)):
        raise UsageError(f"found {segment.start_s} to {segment.end_s} s, expected finite numbers")
    for label in segment.labels:
        if not -(1 << 63) <= label < 1 << 63:
            raise UsageError(f"{label} is not a label; expected an integer of 64 bits")


def playable_url(segment: Segment) -> str:
    """Where the segment plays; YouTube takes whole seconds."""
    video = quote(segment.video_id, safe="")
    return f"https://www.youtube.com/watch?v={video}&t={int(segment.start_s)}"


def flatten(frames: Frames, n: int = FLAT_FRAMES) -> NDArray[np.uint8]:
    """The first ``n`` frames as one row, uint8 (n * 128,).

    Fewer frames are repeated from the first on until there are ``n``, as everywhere in Segue a sound
    shorter than its window is. The classic demos leave such segments out: so does
    ``if len(segment.frames) >= 10``.

    Raises
    ------
    UsageError
        Where there is no frame, or ``n`` is not positive.
    """
    _check(frames)
    if n < 1:
        raise UsageError(f"{n} frames cannot be flattened; expected 1 or more")
    return np.resize(frames, (n, DIM)).reshape(-1)


def mean_pool(frames: Frames) -> NDArray[np.float32]:
    """The mean over all frames, float32 (128,), 0 to 255.

    Raises
    ------
    UsageError
        Where there is no frame.
    """
    _check(frames)
    mean: NDArray[np.float64] = frames.mean(axis=0, dtype=np.float64)
    return mean.astype(np.float32)


def _check(frames: Frames) -> None:
    if frames.ndim != 2 or frames.shape[1] != DIM or not len(frames):
        raise UsageError(f"found frames of shape {frames.shape}, expected (n, {DIM}) with at least one")
