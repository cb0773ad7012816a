"""Where the frames of an MP3 stand, so that its middle is decoded without all that comes before.

libsndfile lands near a place that it is asked to go to, not on it. So a place is found by counting frames,
and decoding begins a few frames before it.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from segue.audio.mpeg import Frame, parse_frame, read_vbr_header
from segue.audio.streamed_file import StreamedFile

_CHUNK = 1 << 20  # bytes read at a time
_PART = 1 << 20  # bytes that a decoder is given
_RESERVOIR = 1024  # bytes; a frame may take bits from 511 bytes in front of it, headers not counted
_OVERLAP = 2  # frames, whose waves reach into the next
_DECODER_DELAY = 529  # samples, of every decoder
_DELAY_AT = 141  # bytes from a Xing header's start to the delay of the encoder
_MISSING = 0.01  # of the frames told, which may not be there
_COMPARED_AT, _COMPARED = 40, 2304  # frames, samples
_ROUNDING = 1e-6  # decoders round now one way and now the other


@dataclass(frozen=True, slots=True)
class FramePlaces:
    """Of an MP3 whose frames stand one behind the other from its start to its end.

    Attributes
    ----------
    offsets : int64 (n_frames,), bytes
    n_samples : of each frame
    left_out : samples at the start that are the encoder's and the decoder's delay, not sound
    """

    offsets: NDArray[np.int64]
    n_samples: int
    left_out: int

    def before(self, sample: int) -> tuple[int, int]:
        """Where to begin to decode, so that all is right from a sample on: the byte, and its sample."""
        frame = min((sample + self.left_out) // self.n_samples, len(self.offsets) - 1) - _OVERLAP
        if frame > 0:
            frame = int(np.searchsorted(self.offsets, self.offsets[frame] - _RESERVOIR, "right")) - 1
        frame = max(0, frame)
        return int(self.offsets[frame]), frame * self.n_samples - self.left_out

    def frame_at(self, at: int) -> int | None:
        """Where the last frame begins that does so up to a byte; none where that is the file's last."""
        frame = int(np.searchsorted(self.offsets, at, "right")) - 1
        return int(self.offsets[frame]) if 0 <= frame < len(self.offsets) - 1 else None


def find_frames(file: BinaryIO) -> FramePlaces | None:
    """Those of an MP3 that tells its length; none where something stands between them."""
    file.seek(0)
    header = read_vbr_header(file)
    if header is None or not header.n_samples:
        return None
    file.seek(header.at)
    head = file.read(4096)
    first = parse_frame(head)
    if first is None:
        return None
    frames = list(_walk(file, header.at + first.n_bytes, first))
    if len(frames) * first.n_samples < (1 - _MISSING) * header.n_samples:
        return None
    return FramePlaces(np.array(frames, np.int64), first.n_samples, _left_out(head[first.xing_at :]))


def _walk(file: BinaryIO, at: int, first: Frame) -> Iterator[int]:
    """Where each frame begins, until something else stands there."""
    chunk, start = b"", at
    while True:
        if at + 4 > start + len(chunk):
            file.seek(at)
            chunk, start = file.read(_CHUNK), at
        frame = parse_frame(chunk[at - start : at - start + 4])
        if frame is None or frame.n_samples != first.n_samples:
            return
        yield at
        at += frame.n_bytes


def _left_out(xing: bytes) -> int:
    """By LAME's tag; nothing is left out where there is none."""
    delays = int.from_bytes(xing[_DELAY_AT : _DELAY_AT + 3], "big")
    has_delays = len(xing) > _DELAY_AT and xing[120:124].strip(b"\0") and delays
    return (delays >> 12) + _DECODER_DELAY if has_delays else 0


class SeekingMp3:
    """An MP3 that goes to a sample, and gives there what it would give when read from its start.

    Parameters
    ----------
    file : an open file, whose position is moved, and which is closed with this
    """

    def __init__(self, file: BinaryIO, places: FramePlaces) -> None:
        self._file, self._places = file, places
        self._size = file.seek(0, 2)
        self._decoder: StreamedFile | None = None
        self._position, self._end = 0, 0  # of the next sample; of the decoder's part, in bytes

    def seek(self, sample: int) -> int:
        """The sample that is read next. Raises LibsndfileError."""
        start, at = self._places.before(sample)
        self._end = self._places.frame_at(start + _PART) or self._size
        self._file.seek(start)
        self._decoder = StreamedFile(io.BytesIO(self._file.read(self._end - start)))
        self._decoder.read(sample - at, "float32")
        self._position = sample
        return sample

    def read(self, out: NDArray[np.float32]) -> NDArray[np.float32]:
        """Samples into ``out``, (n, n_channels); what was filled of it."""
        have = self._fill(out)
        while have < len(out) and self._end < self._size:
            self.seek(self._position)
            got = self._fill(out[have:])
            if not got:
                break
            have += got
        return out[:have]

    def _fill(self, out: NDArray[np.float32]) -> int:
        """How many samples the decoder has left for ``out``, at the most."""
        got = len(self._decoder.read(out=out)) if self._decoder else 0
        self._position += got
        return got

    def agrees(self) -> bool:
        """Whether it gives at some place what comes there when all is read."""
        sample = _COMPARED_AT * self._places.n_samples
        self._file.seek(0)
        with StreamedFile(self._file) as whole:
            whole.read(sample, "float32")
            expected = whole.read(_COMPARED, "float32", always_2d=True)
        self.seek(sample)
        return np.allclose(self.read(np.empty_like(expected)), expected, atol=_ROUNDING)

    def close(self) -> None:
        self._file.close()


def open_seeking(path: str) -> SeekingMp3 | None:
    """An MP3 that goes to its samples, if that is possible. Raises OSError, LibsndfileError."""
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(Path(path).open("rb"))
        places = find_frames(file)
        mp3 = places and SeekingMp3(file, places)
        if not mp3 or not mp3.agrees():
            return None
        stack.pop_all()  # it stays open
    return mp3
