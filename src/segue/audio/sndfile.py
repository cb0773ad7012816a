"""Decoding by libsndfile: WAV, FLAC, Ogg Vorbis, MP3, AIFF and their kin."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import soundfile

from segue.audio.coded import PROBED, CodedSoundError, SampleBytes, look_for_frames
from segue.audio.downmix import Downmix
from segue.audio.limits import DecodingBudget
from segue.audio.mp3_frames import open_seeking
from segue.audio.mpeg import goes_on, read_vbr_header
from segue.audio.streamed_file import StreamedFile
from segue.errors import NotAudioError
from segue.sound import SoundInfo
from segue.track import Waveform

BLOCK_VALUES = 1 << 18  # samples x channels decoded at a time: 1 MiB stays in the processor's cache

WORTH_COUNTING_S = 3.0  # as far ahead as a place must be
LOST = -1  # position after a failed seek
SALVAGED = 1024  # samples read at a time in front of a fault
UNKNOWN_LENGTH = 1 << 62  # samples; a header that was never finished claims no less
STREAMED = 0x7FFF0000  # bytes; so does the data chunk of a WAV that was written to a pipe
_SHOULD_BE = re.compile(r"(?:data|SSND|Data Size|riff|Riff size) *: (\d+) \(should be (\d+)\)")

_EXACT = ("PCM_16", "PCM_24", "PCM_32")  # what a program makes wider keeps its 16 bits
_CODECS = {"MPEG_LAYER_III": "mp3", "OPUS": "opus", "VORBIS": "vorbis", "WAVEX": "wav"}


class SndfileReader:
    """Samples of a file that libsndfile knows.

    Parameters
    ----------
    source : the path of a file, or an open one
    downmix : makes one channel of several
    budget : what may be decoded
    choosy : leave to FFmpeg what that does better

    Attributes
    ----------
    faults : 0; libsndfile does not tell

    Raises
    ------
    NotAudioError
        Where libsndfile does not recognize the content.
    """

    faults = 0

    def __init__(
        self, source: str | BinaryIO, downmix: Downmix, budget: DecodingBudget, *, choosy: bool = True
    ) -> None:
        self._downmix, self._budget = downmix, budget
        # Bytes keep names that are not valid Unicode; Windows has no such names.
        self._source = os.fsencode(source) if isinstance(source, str) and sys.platform != "win32" else source
        try:
            self._file: Any = StreamedFile(self._source)
        except (soundfile.LibsndfileError, TypeError) as error:
            raise NotAudioError("libsndfile does not know it") from error
        if self._file.format == "RAW" and self._file.subtype in ("ULAW", "ALAW"):
            self._file.close()  # whatever is called .au or .snd and has no header is taken for speech
            raise NotAudioError("libsndfile sees no header")
        codec = _CODECS.get(self._file.subtype, _CODECS.get(self._file.format, self._file.format.lower()))
        # libsndfile is ten times slower at Opus than FFmpeg, and ends an MP3 where it guesses its end.
        if choosy and (codec == "opus" or (codec == "mp3" and not _tells_its_length(source))):
            self._file.close()
            raise NotAudioError(f"libsndfile: this {codec} is left to FFmpeg")
        self._seeks = codec != "mp3"  # it lands near the place only
        self._may_count = not self._seeks
        self.info = SoundInfo(self._file.samplerate, self._file.channels, codec, self._claimed_samples())
        self._position = 0  # of the file's next sample
        self._block_samples = max(1, BLOCK_VALUES // self.info.channels)
        self._buffer = np.empty((self._block_samples, self.info.channels), np.float32)

    def read(self, start: int, n: int) -> Waveform:
        """Up to ``n`` mono samples from ``start``; fewer where the file ends or breaks."""
        if not self._go_to(start):
            return np.zeros(0, np.float32)
        y = np.empty(n, np.float32)
        have = 0
        while have < n and (got := self._read_block(y[have : have + self._block_samples])):
            have += got
        return y[:have]

    def missing(self, n_read: int) -> int:
        return 0

    def coded(self) -> tuple[SampleBytes, str] | None:
        """Frames of DTS or AC-3 that stand in the place of the samples, and FFmpeg's name of their format."""
        if self._file.subtype not in _EXACT or self.info.channels > 2:
            return None
        probes = []
        with contextlib.suppress(soundfile.LibsndfileError, RuntimeError):
            for start in (0, self._file.frames // 2):
                self._position = self._file.seek(start)
                probes.append(self._file.read(PROBED, "int16", always_2d=True))
        try:
            for probe in probes:
                look_for_frames(probe)
        except CodedSoundError as error:
            return SampleBytes(self._file, error), error.container
        self._position = LOST
        return None

    def _go_to(self, start: int) -> bool:
        if start == self._position:
            return True
        if self._may_count and start > self._position + WORTH_COUNTING_S * self.info.sr:
            self._count_frames()
        if self._seeks or start < self._position or self._position == LOST:
            reached = self._seek(start if self._seeks else 0)
            if not reached and not (self._reopen() and self._seek(start if self._seeks else 0)):
                return False
        nowhere = np.empty(self._block_samples, np.float32)
        while self._position < start and self._read_block(nowhere[: start - self._position]):
            pass
        return self._position == start

    def _count_frames(self) -> None:
        """From here on, go straight to places of an MP3 that is a file of its own, where that is possible."""
        self._may_count = False
        if not isinstance(self._source, str | bytes):
            return
        with contextlib.suppress(OSError, RuntimeError):
            mp3 = open_seeking(os.fsdecode(self._source))
            if mp3:
                self._file.close()
                self._file, self._seeks = mp3, True

    def _seek(self, target: int) -> bool:
        try:
            self._position = self._file.seek(target)
        except (soundfile.LibsndfileError, RuntimeError):
            self._position = LOST
        return self._position == target

    def _reopen(self) -> bool:
        """Start again: after a fault in a FLAC, libsndfile reads and seeks no more."""
        self._file.close()
        if not isinstance(self._source, str | bytes):
            self._source.seek(0)
        try:
            self._file = StreamedFile(self._source)
        except (soundfile.LibsndfileError, TypeError):
            return False
        self._seeks = self._seeks and self.info.codec != "mp3"
        self._position = 0
        return True

    def _read_block(self, out: Waveform) -> int:
        """Fill ``out`` with mono samples; how many there were."""
        try:
            samples = self._file.read(out=self._buffer[: len(out)])
        except (soundfile.LibsndfileError, RuntimeError):
            return self._salvage(out) if len(out) > SALVAGED else 0
        self._budget.spend(samples.size)
        self._downmix.mix(samples, out[: len(samples)])
        self._position += len(samples)
        return len(samples)

    def _salvage(self, out: Waveform) -> int:
        """What comes before a fault: libsndfile gives nothing of a block that holds one."""
        start, have = self._position, 0
        if self._reopen() and self._seek(start):
            while have < len(out) and (got := self._read_block(out[have : have + SALVAGED])):
                have += got
        self._position = start + have
        return have

    def _claimed_samples(self) -> int | None:
        """The length in the header; libsndfile itself goes by the size of the file where it is cut short."""
        frames = int(self._file.frames)
        if not 0 < frames < UNKNOWN_LENGTH:
            return None
        cut = _SHOULD_BE.search(self._file.extra_info)
        if cut and 0 < int(cut[2]) < int(cut[1]) < STREAMED:
            return frames * int(cut[1]) // int(cut[2])
        return frames

    def __enter__(self) -> SndfileReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def _tells_its_length(source: str | BinaryIO) -> bool:
    """Whether an MP3 begins with a frame that tells how many there are, and has no more than those."""
    if not isinstance(source, str):
        at = source.tell()
        source.seek(0)
        has_length = _has_length(source)
        source.seek(at)
        return has_length
    with Path(source).open("rb") as f:
        return _has_length(f)


def _has_length(f: BinaryIO) -> bool:
    head = f.read(10)
    if head[:3] == b"ID3" and len(head) == 10:
        size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
        f.seek(10 + size)
    else:
        f.seek(0)
    first = f.read(4096)
    if not any(name in first for name in (b"Xing", b"Info", b"VBRI")):
        return False
    f.seek(0)
    header = read_vbr_header(f)
    return header is None or not goes_on(f, header, f.seek(0, 2))
