"""Decoding by FFmpeg's libraries through PyAV: M4A/AAC, ALAC, WMA, WebM and whatever else they know."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import BinaryIO

import av
import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from segue.audio.sndfile import mean_of_channels
from segue.errors import NotAudioError
from segue.sound import SoundInfo
from segue.track import Waveform

# Containers of sound. Left out on purpose: playlists (hls, dash, concat, ...), which would open
# other files and addresses that their text names, and image and subtitle formats.
FORMATS = (
    "aac,ac3,aiff,alp,amr,amrnb,amrwb,ape,asf,asf_o,ast,au,avi,caf,dsf,dts,dtshd,eac3,flac,flv,gsm,iff,"
    "loas,m4v,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp2,mp3,mpc,mpc8,mpeg,mpegts,nut,ogg,oma,rm,rso,"
    "shn,sox,swf,tak,truehd,tta,voc,vqf,w64,wav,wtv,wv,xwma"
)
# Their headers tell no length; FFmpeg guesses it from the bit rate.
RAW_STREAMS = {"aac", "ac3", "eac3", "mp3", "mp2", "dts", "amr", "loas", "truehd"}
PREROLL_S = 0.2  # decoded before an excerpt and dropped: a codec's first frames lean on those before
BUFFER = 1 << 17  # bytes fetched from a file object at a time

_FULL_SCALE = {"u8": 128.0, "s16": 32768.0, "s32": 2147483648.0, "s64": 9223372036854775808.0}


class FFmpegReader:
    """Samples of a file that FFmpeg knows; the first audio stream counts.

    Raises
    ------
    NotAudioError
        Where FFmpeg finds no sound in the content.
    """

    def __init__(self, source: BinaryIO) -> None:
        try:
            self._container = av.open(source, "r", options={"format_whitelist": FORMATS}, buffer_size=BUFFER)
        except (av.FFmpegError, ValueError, OSError) as error:
            raise NotAudioError(getattr(error, "strerror", None) or str(error)) from error
        if not self._container.streams.audio:
            self._container.close()
            raise NotAudioError("no audio stream in it")
        self._stream = self._container.streams.audio[0]
        context = self._stream.codec_context
        if context is None:
            self._container.close()
            raise NotAudioError("no decoder for its codec")
        estimated = self._container.format.name in RAW_STREAMS
        claimed = self._claimed_samples()
        name = context.codec.canonical_name
        self.info = SoundInfo(context.sample_rate, context.channels, name, claimed, estimated)
        self._frames: Iterator[tuple[int, Waveform]] | None = None
        self._ahead = np.zeros(0, np.float32)  # decoded, not yet asked for
        self._position = 0

    def _claimed_samples(self) -> int | None:
        sr = self._stream.codec_context.sample_rate
        if self._stream.duration and self._stream.time_base:
            return int(self._stream.duration * self._stream.time_base * sr)
        if self._container.duration:
            return int(self._container.duration / 1e6 * sr)
        return None

    def read(self, start: int, n: int) -> Waveform:
        """Up to ``n`` mono samples from ``start``; fewer where the file ends or breaks."""
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

    def _seek(self, start: int) -> None:
        self._ahead = np.zeros(0, np.float32)
        if start or self._frames is not None:
            try:
                at_s = max(0.0, start / self.info.sr - PREROLL_S)
                self._container.seek(int(at_s * 1e6), any_frame=False, backward=True)
            except (av.FFmpegError, ValueError, OSError):
                self._frames = iter(())
                return
        self._frames = self._decode_frames()
        for at, block in self._frames:
            if at + len(block) > start:
                self._ahead = block[max(0, start - at) :]
                break

    def _decode_frames(self) -> Iterator[tuple[int, Waveform]]:
        """(position in samples, mono block) of each decoded frame until the end or the first fault."""
        position: int | None = None
        origin = self._stream.start_time or 0
        try:
            for frame in self._container.decode(self._stream):
                block = _mono(frame)
                if position is None and frame.pts is not None and frame.time_base is not None:
                    position = round((frame.pts - origin) * float(frame.time_base) * self.info.sr)
                position = max(0, position or 0)
                yield position, block
                position += len(block)
        except (av.FFmpegError, ValueError, OSError):
            return

    def __enter__(self) -> FFmpegReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._frames = None
        self._container.close()


def _mono(frame: AudioFrame) -> Waveform:
    """float32 (n,), the mean of the channels, scaled to [-1, 1]."""
    raw: NDArray[np.generic] = frame.to_ndarray()  # (channels, n) planar, (1, n x channels) packed
    channels = frame.layout.nb_channels
    samples = (raw.T if frame.format.is_planar else raw.reshape(-1, channels)).astype(np.float32)
    scale = _FULL_SCALE.get(frame.format.name.removesuffix("p"))
    if scale == 128.0:
        samples -= 128.0
    if scale is not None:
        samples /= np.float32(scale)
    return samples[:, 0] if channels == 1 else mean_of_channels(samples)
