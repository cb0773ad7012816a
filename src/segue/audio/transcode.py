"""A sound file in another format, a piece at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    import av
    from av.audio.frame import AudioFrame

_CHUNK = 1 << 16  # bytes
_MP3_RATES = (32_000, 44_100, 48_000)  # Hz
_OPUS_SR = 48_000  # Hz
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
) -> Iterator[bytes]:
    """The file as MP3 or Ogg Opus, from a second on; what cannot be decoded ends it."""
    import av

    pipe = _Pipe()
    options = {"write_xing": "0"} if kind == "mp3" else {"page_duration": "200000"}
    with (
        contextlib.suppress(av.FFmpegError, ValueError, OSError, IndexError),
        av.open(str(path), metadata_errors="ignore") as source,
        av.open(pipe, "w", format=kind, container_options=options) as out,
    ):
        yield from _encode(source, out, pipe, kind, start_s, bit_rate)
    if pipe.size:
        yield pipe.take()


def _encode(
    source: av.container.InputContainer,
    out: av.container.OutputContainer,
    pipe: _Pipe,
    kind: str,
    start_s: float,
    bit_rate: int,
) -> Iterator[bytes]:
    stream = source.streams.audio[0]
    rate = _OPUS_SR if kind == "ogg" else stream.rate if stream.rate in _MP3_RATES else 44_100
    layout = "mono" if stream.channels == 1 else "stereo"
    target = cast("av.AudioStream", out.add_stream(_CODECS[kind], rate=rate, layout=layout))
    target.bit_rate = min(320_000, max(32_000, bit_rate))
    if start_s > 0:
        source.seek(int(start_s * 1e6), backward=True)
    for frame in _frames(source, stream, start_s):
        frame.pts = None
        out.mux(target.encode(frame))
        if pipe.size >= _CHUNK:
            yield pipe.take()
    out.mux(target.encode(None))


def _frames(
    source: av.container.InputContainer, stream: av.AudioStream, start_s: float
) -> Iterator[AudioFrame]:
    import av

    with contextlib.suppress(av.FFmpegError):  # the rest of a damaged file
        for frame in source.decode(stream):
            if frame.time is None or frame.time + frame.samples / frame.sample_rate > start_s:
                yield frame
