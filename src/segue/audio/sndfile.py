"""Decoding by libsndfile: WAV, FLAC, Ogg Vorbis, MP3, AIFF and their kin."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from segue.audio.excerpts import SoundInfo
from segue.errors import NotAudioError
from segue.track import Waveform

BLOCK_VALUES = 1 << 18  # samples x channels decoded at a time: 1 MiB stays in the processor's cache

_CODECS = {"MPEG_LAYER_III": "mp3", "VORBIS": "vorbis", "WAVEX": "wav"}


class _File(soundfile.SoundFile):  # type: ignore[misc]
    """Reads on where it is: soundfile would seek after each read, which is slow in Ogg."""

    def seekable(self) -> bool:
        return False


class SndfileReader:
    """Samples of a file that libsndfile knows.

    Raises
    ------
    NotAudioError
        Where libsndfile does not recognise the content.
    """

    def __init__(self, source: str | BinaryIO) -> None:
        # Bytes keep names that are not valid Unicode; Windows has no such names.
        name = os.fsencode(source) if isinstance(source, str) and sys.platform != "win32" else source
        try:
            self._file = _File(name)
        except (soundfile.LibsndfileError, TypeError) as error:
            raise NotAudioError("libsndfile does not know it") from error
        if self._file.subtype == "OPUS":  # libsndfile is ten times slower at it than FFmpeg
            self._file.close()
            raise NotAudioError("libsndfile: Opus is left to FFmpeg")
        codec = _CODECS.get(self._file.subtype, _CODECS.get(self._file.format, self._file.format.lower()))
        self.info = SoundInfo(self._file.samplerate, self._file.channels, codec, self._file.frames)
        self._position = 0
        self._block_samples = max(1, BLOCK_VALUES // self.info.channels)
        self._buffer = np.empty((self._block_samples, self.info.channels), np.float32)

    def read(self, start: int, n: int) -> Waveform:
        """Up to ``n`` mono samples from ``start``; fewer where the file ends or breaks."""
        if start != self._position:
            try:
                self._position = self._file.seek(start)
            except (soundfile.LibsndfileError, RuntimeError):
                return np.zeros(0, np.float32)
        y = np.empty(n, np.float32)
        have = 0
        while have < n:
            got = self._read_block(y[have : have + self._block_samples])
            if not got:
                break
            have += got
        self._position += have
        return y[:have]

    def _read_block(self, out: Waveform) -> int:
        """Fill ``out`` with mono samples; how many there were."""
        try:
            samples = self._file.read(out=self._buffer[: len(out)])
        except (soundfile.LibsndfileError, RuntimeError):
            return 0
        mean_of_channels(samples, out[: len(samples)])
        return len(samples)

    def __enter__(self) -> SndfileReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def mean_of_channels(samples: NDArray[np.float32], out: Waveform | None = None) -> Waveform:
    """float32 (n, channels) -> (n,)."""
    weights = np.full(samples.shape[1], 1 / samples.shape[1], np.float32)
    mono: Waveform = np.dot(samples, weights, out)  # much quicker than matmul for so few columns
    return mono
