"""A sound file in another format, a piece at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from segue.audio.joined import FileSlice, split
from segue.audio.timed_file import OPENING_S
from segue.errors import AudioError, NotAudioError
from segue.tags import find_burden

if TYPE_CHECKING:
    import av
    from av.audio.frame import AudioFrame

_CHUNK = 1 << 16  # bytes
_TIMEOUTS_S = (OPENING_S, None)  # of opening, of reading
_MP3_RATES = (32_000, 44_100, 48_000)  # Hz
_OPUS_SR = 48_000  # Hz
_BLOCKS_SR = 44_100  # Hz
TYPES = {"mp3": "audio/mpeg", "ogg": "audio/ogg"}
_CODECS = {"mp3": "libmp3lame", "ogg": "libopus"}


class _Pipe:
    """What a muxer writes to, and we take from."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        self.size += len(data)
        return len(data)

    def take(self) -> bytes:
        data, self._parts, self.size = b"".join(self._parts), [], 0
        return data


def transcode(
    path: Path, kind: Literal["mp3", "ogg"], start_s: float = 0.0, bit_rate: int = 192_000
) -> Generator[bytes, None, None]:
    """The file as MP3 or Ogg Opus, from a second on; what cannot be decoded ends it.

    The same formats are read as by ``audio.load``, so no playlist opens other files.
    """
    import av

    pipe = _Pipe()
    options = {"write_xing": "0"} if kind == "mp3" else {"page_duration": "200000"}
    faults = (av.FFmpegError, AudioError, ValueError, OSError, LookupError, ArithmeticError)
    with (
        contextlib.suppress(*faults),
        _open_frames(path, start_s) as source,
        av.open(pipe, "w", format=kind, container_options=options) as out,
    ):
        yield from _encode(source, out, pipe, kind, bit_rate)
    if pipe.size:
        yield pipe.take()


@dataclass(frozen=True, slots=True)
class _Source:
    """Decoded sound, in frames."""

    sr: int  # Hz
    channels: int
    frames: Iterator[AudioFrame]


@contextlib.contextmanager
def _open_frames(path: Path, start_s: float) -> Iterator[_Source]:
    import av

    from segue.audio.ffmpeg import FORMATS

    allowed = {"format_whitelist": FORMATS}
    with path.open("rb") as file:
        burden = find_burden(file)
        sound = FileSlice(file, burden.start, file.seek(0, 2)) if burden.start else str(path)
        try:
            if burden.inside:
                raise ValueError("FFmpeg would not come to an end of its tags")
            if len(split(file)) > 1 or _holds_frames(path):
                raise ValueError("FFmpeg would read the first part alone, or frames of a codec as samples")
            container = av.open(sound, "r", options=allowed, metadata_errors="ignore", timeout=_TIMEOUTS_S)
        except (av.FFmpegError, ValueError):  # what libsndfile alone reads
            yield _Source(_BLOCKS_SR, 1, _blocks(path, start_s))
            return
        yield from _open_source(container, path, start_s)


def _holds_frames(path: Path) -> bool:
    """Whether frames of DTS or Dolby Digital stand in the place of samples."""
    from segue.audio.downmix import Downmix
    from segue.audio.limits import DecodingBudget
    from segue.audio.sndfile import SndfileReader

    try:
        with SndfileReader(str(path), Downmix(), DecodingBudget(path.stat().st_size)) as reader:
            return reader.coded() is not None
    except NotAudioError:
        return False


def _open_source(container: av.container.InputContainer, path: Path, start_s: float) -> Iterator[_Source]:
    with container:
        stream = container.streams.audio[0]
        if stream.codec_context is None:
            raise NotAudioError("no decoder for its codec", str(path))
        if start_s > 0:
            container.seek(int(start_s * 1e6), backward=True)
        yield _Source(stream.rate, stream.channels, _frames(container, stream, start_s))


def _frames(
    container: av.container.InputContainer, stream: av.AudioStream, start_s: float
) -> Iterator[AudioFrame]:
    import av

    from segue.audio.ffmpeg import FAULTS_IN_A_ROW

    form = None
    faults = 0
    while faults < FAULTS_IN_A_ROW:
        try:
            for frame in container.decode(stream):
                faults = 0
                form = form or (frame.sample_rate, frame.layout.name, frame.format.name)
                # One that was made of junk has another form, which no encoder takes in between.
                if (frame.sample_rate, frame.layout.name, frame.format.name) == form and (
                    frame.time is None or frame.time + frame.samples / frame.sample_rate > start_s
                ):
                    yield frame
            return
        except EOFError:
            return
        except av.FFmpegError:  # what is damaged is left out
            faults += 1


def _blocks(path: Path, start_s: float) -> Iterator[AudioFrame]:
    import av

    from segue import audio

    left = int(start_s * _BLOCKS_SR)  # samples to pass over
    for block in audio.stream(path, _BLOCKS_SR):
        y, left = block[left:], max(0, left - len(block))
        if len(y):
            frame = av.AudioFrame.from_ndarray(y[None], "flt", "mono")
            frame.sample_rate = _BLOCKS_SR
            yield frame


def _encode(
    source: _Source, out: av.container.OutputContainer, pipe: _Pipe, kind: str, bit_rate: int
) -> Iterator[bytes]:
    rate = _OPUS_SR if kind == "ogg" else source.sr if source.sr in _MP3_RATES else 44_100
    layout = "mono" if source.channels == 1 else "stereo"
    target = cast("av.AudioStream", out.add_stream(_CODECS[kind], rate=rate, layout=layout))
    target.bit_rate = min(320_000, max(32_000, bit_rate))
    for frame in source.frames:
        frame.pts = None
        out.mux(target.encode(frame))
        if pipe.size >= _CHUNK:
            yield pipe.take()
    out.mux(target.encode(None))
