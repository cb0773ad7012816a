"""Decoding by FFmpeg's libraries through PyAV: M4A/AAC, ALAC, WMA, WebM and whatever else they know."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

import av
import numpy as np
from av.audio.frame import AudioFrame

from segue.audio.coded import look_for_frames
from segue.audio.downmix import Downmix
from segue.audio.frames import FrameBatch
from segue.audio.limits import DecodingBudget
from segue.audio.musepack import read_sample_count
from segue.audio.timed_file import TimedFile
from segue.errors import NotAudioError
from segue.sound import SoundInfo
from segue.track import Waveform

if TYPE_CHECKING:
    import soxr

# Containers of sound. Left out on purpose: playlists (hls, dash, concat, ...), which would open
# other files and addresses that their text names, and image and subtitle formats.
FORMATS = (
    "aac,ac3,aiff,alp,amr,amrnb,amrwb,ape,asf,asf_o,ast,au,avi,caf,dsf,dts,dtshd,eac3,flac,flv,gsm,iff,"
    "loas,m4v,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp2,mp3,mpc,mpc8,mpeg,mpegts,nut,ogg,oma,rm,rso,"
    "shn,sox,spdif,swf,tak,truehd,tta,voc,vqf,w64,wav,wtv,wv,xwma"
)
# Their headers tell no length; FFmpeg guesses it from the bit rate.
RAW_STREAMS = {"aac", "ac3", "eac3", "mp3", "mp2", "dts", "amr", "loas", "spdif", "truehd"}
PREROLL_S = 0.2  # decoded before an excerpt and dropped: a codec's first frames lean on those before
BUFFER = 1 << 17  # bytes fetched from a file object at a time
FORWARD = {"mpc8", "rm"}  # FFmpeg comes out at other places than it says when it seeks in these
FORWARD_BLOCK = 1 << 18  # samples passed over at a time
GAP_S = 0.02  # by which a frame must be late for something to be missing before it
FAULTS_IN_A_ROW = 100_000  # attempts at going on behind a fault: some formats search in steps of 32 bytes
ABSURD = 100.0  # a frame of a lossy codec that is 40 dB over full scale is damaged

_BROKEN = (av.FFmpegError, ValueError, OSError)
_CHECKED = dict.fromkeys(
    ("ac3", "ape", "flac", "tak", "tta", "wavpack"), "crccheck+explode"
)  # else a frame whose checksum is wrong is a burst of noise
_LOSSLESS = {"alac", "ape", "flac", "tak", "tta", "wavpack"}  # and what begins with pcm


class FFmpegReader:
    """Samples of a file that FFmpeg knows; the first audio stream counts. Faults are skipped.

    Parameters
    ----------
    downmix : makes one channel of several
    budget : what may be decoded
    container : FFmpeg's name of the format, where the content is not to be asked

    Attributes
    ----------
    faults : places at which something was missing or could not be decoded, before sound that could

    Raises
    ------
    NotAudioError
        Where FFmpeg finds no sound in the content.
    """

    def __init__(
        self, source: BinaryIO, downmix: Downmix, budget: DecodingBudget, container: str | None = None
    ) -> None:
        self._downmix, self._budget = downmix, budget
        self._source = source
        self._timed = TimedFile(source)
        self._open = partial(
            av.open, self._timed, "r", container, options={"format_whitelist": FORMATS}, buffer_size=BUFFER
        )
        self._open_stream()
        context = self._stream.codec_context
        name = context.codec.canonical_name
        estimated = self._container.format.name in RAW_STREAMS
        claimed = self._claimed_samples()
        self.info = SoundInfo(context.sample_rate, context.channels, name, claimed, estimated)
        self.faults = self._lost = 0
        self._may_be_coded = name in _LOSSLESS and context.channels == 2
        self._may_be_absurd = not name.startswith("pcm") and name not in _LOSSLESS
        self._resampler: tuple[int, soxr.ResampleStream] | None = None
        self._frames: Iterator[tuple[int, Waveform]] | None = None
        self._goes_forward = self._container.format.name in FORWARD
        self._ahead = np.zeros(0, np.float32)  # decoded, not yet asked for
        self._position = 0

    def _open_stream(self) -> None:
        self._timed.start()
        try:
            self._container = self._open()
        except _BROKEN as error:
            raise NotAudioError(getattr(error, "strerror", None) or str(error)) from error
        finally:
            self._timed.stop()
        streams = self._container.streams.audio
        if not streams or streams[0].codec_context is None:
            self._container.close()
            raise NotAudioError("no decoder for its codec" if streams else "no audio stream in it")
        self._stream = streams[0]
        checks = _CHECKED.get(self._stream.codec_context.codec.canonical_name)
        if checks:
            self._stream.codec_context.options = {"err_detect": checks}

    def _claimed_samples(self) -> int | None:
        if self._container.format.name == "mpc8":  # its clock ticks each second or two
            return read_sample_count(self._source)
        sr = self._stream.codec_context.sample_rate
        if self._stream.duration and self._stream.time_base:
            return int(self._stream.duration * self._stream.time_base * sr)
        if self._container.duration:
            return int(self._container.duration / 1e6 * sr)
        return None

    def read(self, start: int, n: int) -> Waveform:
        """Up to ``n`` mono samples from ``start``; fewer where the file ends.

        What is missing is skipped: the samples before and after it stand side by side.

        Raises
        ------
        CodedSoundError
            Where the samples are no sound but frames of DTS or AC-3.
        """
        if self._goes_forward:
            self._pass_over(start)
        if self._frames is None or start != self._position:
            self._seek(start)
        blocks = [self._ahead]
        have = len(self._ahead)
        frames = self._frames or iter(())
        while have < n:
            _, block = next(frames, (0, None))
            if block is None:
                break
            blocks.append(block)
            have += len(block)
        y = np.concatenate(blocks)
        self._ahead = y[n:].copy()
        self._position = start + min(n, len(y))
        return y[:n]

    def missing(self, n_read: int) -> int:
        """How many samples are missing at faults, as the times of frames tell."""
        return self._lost

    def _pass_over(self, start: int) -> None:
        """Go on to a place by decoding; from the beginning, if it lies behind."""
        if start < self._position:
            self._seek(0)
            self._position = 0
        while self._position < start:
            if not len(self.read(self._position, min(start - self._position, FORWARD_BLOCK))):
                return

    def _seek(self, start: int) -> None:
        self._ahead = np.zeros(0, np.float32)
        self._lost = 0
        if not start and self._frames is not None:
            self._reopen()
        elif start:
            try:
                at_s = max(0.0, start / self.info.sr - PREROLL_S)
                self._container.seek(int(at_s * 1e6), any_frame=False, backward=True)
            except _BROKEN:
                self._frames = iter(())
                return
        self._frames = self._decode_frames()
        for at, block in self._frames:
            if at + len(block) > start:
                self._ahead = block[max(0, start - at) :]
                break

    def _reopen(self) -> None:
        """Back to the start, where seeking may not lead to."""
        self._frames = None
        self._container.close()
        self._source.seek(0)
        self._open_stream()

    def _decode_frames(self) -> Iterator[tuple[int, Waveform]]:
        """(position in samples, mono block) of decoded frames until the end."""
        batch: FrameBatch | None = None
        per_tick, origin = self._clock()
        position, faulty = -1, False
        for frame in self._raw_frames():
            if frame is None:
                faulty = position >= 0
                continue
            at = position if frame.pts is None else max(0, round((frame.pts - origin) * per_tick))
            late = at - position if position >= 0 else 0
            if faulty or late > GAP_S * self.info.sr:
                self._note_fault(late)
            else:
                late = 0
            if batch and (batch.is_full or late or not batch.takes(frame)):
                yield batch.start, self._mono(batch)
                batch = None
            position = max(0, at) if position < 0 else position + max(0, late)
            batch = batch or FrameBatch(frame, position)
            batch.add(frame)
            position += frame.samples
            faulty = False
        if batch:
            yield batch.start, self._mono(batch)

    def _clock(self) -> tuple[float, int]:
        """Samples a tick of the stream's clock, and the tick at which it starts."""
        time_base = self._stream.time_base
        return float(time_base) * self.info.sr if time_base else 0.0, self._stream.start_time or 0

    def _note_fault(self, missing: int) -> None:
        self.faults += 1
        self._lost += max(0, missing)

    def _raw_frames(self) -> Iterator[AudioFrame | None]:
        """Each frame that can be decoded; None for a fault."""
        faults = 0
        while faults < FAULTS_IN_A_ROW:
            try:
                for frame in self._container.decode(self._stream):
                    faults = 0
                    yield frame
                return
            except EOFError:
                return
            except _BROKEN:
                faults += 1
                self._budget.spend(0)
                yield None

    def _mono(self, batch: FrameBatch) -> Waveform:
        """float32 (n,), one of the channels, without frames that are damaged."""
        samples = batch.samples()
        self._budget.spend(samples.size)
        if self._may_be_coded:
            self._may_be_coded = False
            words = batch.int16()
            if words is not None:
                look_for_frames(words)
        y = samples[:, 0] if samples.shape[1] == 1 else self._downmix.mix(samples)
        if self._may_be_absurd and not float(np.dot(y, y)) <= ABSURD**2:
            y = self._without_absurd(y, batch.lengths())
        return y if batch.sr == self.info.sr else self._resample(y, batch.sr)

    def _without_absurd(self, y: Waveform, lengths: list[int]) -> Waveform:
        frames = np.split(y, np.cumsum(lengths)[:-1])
        sound = [frame for frame in frames if np.abs(frame).max(initial=0) <= ABSURD]
        if len(sound) < len(frames):
            self._note_fault(len(y) - sum(map(len, sound)))
        return np.concatenate([*sound, y[:0]])

    def _resample(self, y: Waveform, sr: int) -> Waveform:
        """To the rate that the file began with, of a frame of another rate."""
        import soxr

        if self._resampler is None or self._resampler[0] != sr:
            self._resampler = sr, soxr.ResampleStream(sr, self.info.sr, 1, dtype="float32", quality="HQ")
        resampled: Waveform = self._resampler[1].resample_chunk(np.ascontiguousarray(y))
        return resampled

    def __enter__(self) -> FFmpegReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._frames = None
        self._container.close()
