"""Decodes a file, or its bytes, to mono float32 excerpts in bounded memory.

The decoding libraries are imported when the first sound is decoded.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

import numpy as np

from segue.errors import DamagedAudioError, NotAudioError, SilentError, TooShortError, UnreadableError
from segue.sound import ExcerptPlan, Excerpts, SoundInfo
from segue.track import Waveform

if TYPE_CHECKING:
    from segue.audio.ffmpeg import FFmpegReader
    from segue.audio.sndfile import SndfileReader

__all__ = ["load", "stream"]

MIN_SR, MAX_SR = 4_000, 768_000  # Hz
MAX_CHANNELS = 64
MIN_DURATION_S = 0.5
SILENCE = 1e-5  # peak; -100 dBFS, a third of the smallest step of 16-bit audio
ABSURD = 100.0  # peak; 40 dB over full scale comes from broken decoding, not from loud music
COUNT_BLOCK_S = 60.0
SLACK, SLACK_S = 0.02, 0.25  # codecs pad both ends; more than this share and time missing is worth a warning


class _Reader(Protocol):
    @property
    def info(self) -> SoundInfo: ...

    def read(self, start: int, n: int) -> Waveform: ...


def load(source: str | Path | bytes, plan: ExcerptPlan | None = None) -> Excerpts:
    """The analyzed parts of a sound, mono at its own rate.

    Parameters
    ----------
    source : path of a file, or the bytes of one.
    plan : how much of a long sound is taken; 12 excerpts of 10 s unless given.

    Raises
    ------
    UnreadableError, NotAudioError, DamagedAudioError, TooShortError, SilentError
        Each names what was found; ``path`` is set where there is one.
    """
    path = None if isinstance(source, bytes) else str(source)
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else _open(source) as file:
            return _load(file, path, plan or ExcerptPlan())
    except (UnreadableError, NotAudioError, DamagedAudioError, TooShortError, SilentError) as error:
        error.path = path
        raise


def stream(path: str | Path, sr: int) -> Iterator[Waveform]:
    """All of a sound, mono at ``sr`` Hz, about a minute at a time; float32 (n_samples,) each.

    Put together, the blocks are the sound resampled as a whole. What ``load`` refuses is not looked for.

    Raises
    ------
    UnreadableError, NotAudioError, DamagedAudioError
    """
    import soxr

    with _open(path) as file, _open_reader(file, str(path)) as reader:
        _check_header(reader.info)
        block, start, ended = int(COUNT_BLOCK_S * reader.info.sr), 0, False
        resampler = soxr.ResampleStream(reader.info.sr, sr, 1, dtype="float32", quality="HQ")
        while not ended:
            y = reader.read(start, block)
            start, ended = start + len(y), len(y) < block
            yield y if reader.info.sr == sr else resampler.resample_chunk(y, last=ended)


def _open(path: str | Path) -> BinaryIO:
    try:
        if Path(path).is_dir():
            raise UnreadableError("a folder, not a file")
        if Path(path).exists() and not Path(path).is_file():
            raise UnreadableError("not a regular file but a pipe, socket or device")
        return Path(path).open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableError(f"cannot be opened: {reason}") from error


def _load(file: BinaryIO, path: str | None, plan: ExcerptPlan) -> Excerpts:
    with _open_reader(file, path) as reader:
        return _excerpts(reader, plan)


def _open_reader(file: BinaryIO, path: str | None) -> SndfileReader | FFmpegReader:
    from segue.audio.ffmpeg import FFmpegReader
    from segue.audio.sndfile import SndfileReader

    head = file.read(12)
    if not head:
        raise NotAudioError("the file is empty (0 bytes)")
    file.seek(0)
    try:
        return SndfileReader(path or file)
    except NotAudioError:
        file.seek(0)
        try:
            return FFmpegReader(file)
        except NotAudioError as error:
            raise NotAudioError(f"no decoder recognizes it ({error})") from error


def _excerpts(reader: _Reader, plan: ExcerptPlan) -> Excerpts:
    info = reader.info
    _check_header(info)
    claimed = info.n_samples
    # An unknown length and an excerpt that ends early call for the true length: decode and count.
    if claimed is None or info.estimated:
        claimed = _count_samples(reader)
    spans = plan.spans(claimed, info.sr)
    parts = [reader.read(start, n) for start, n in spans]
    n_samples = claimed
    if len(spans) == 1:
        n_samples = len(parts[0])
    elif any(len(y) < n for y, (_, n) in zip(parts, spans, strict=True)):
        n_samples = _count_samples(reader)
        spans = plan.spans(n_samples, info.sr)
        parts = [reader.read(start, n) for start, n in spans]
    _check_samples(parts, info.sr)
    warning = None
    if claimed - n_samples > max(SLACK_S * info.sr, SLACK * claimed) and not info.estimated:
        decoded_s, claimed_s = n_samples / info.sr, claimed / info.sr
        warning = f"cut short or damaged: {decoded_s:.1f} of {claimed_s:.1f} s could be decoded"
    starts_s = tuple(start / info.sr for start, _ in spans)
    return Excerpts(info, n_samples / info.sr, starts_s, tuple(parts), warning)


def _count_samples(reader: _Reader) -> int:
    block = int(COUNT_BLOCK_S * reader.info.sr)
    total = 0
    while got := len(reader.read(total, block)):
        total += got
    return total


def _check_header(info: SoundInfo) -> None:
    if not MIN_SR <= info.sr <= MAX_SR:
        raise DamagedAudioError(
            f"the header claims a rate of {info.sr} Hz; {MIN_SR} to {MAX_SR} Hz are supported"
        )
    if not 1 <= info.channels <= MAX_CHANNELS:
        raise DamagedAudioError(
            f"the header claims {info.channels} channels; 1 to {MAX_CHANNELS} are supported"
        )


def _check_samples(parts: list[Waveform], sr: int) -> None:
    n = sum(len(y) for y in parts)
    if n < MIN_DURATION_S * sr:
        raise TooShortError(f"{n / sr:.3f} s of sound; at least {MIN_DURATION_S} s are needed")
    peak = np.max([max(float(y.max()), -float(y.min())) for y in parts if len(y)])
    if not np.isfinite(peak):
        raise DamagedAudioError("some samples are NaN or infinite")
    if peak > ABSURD:
        raise DamagedAudioError(f"samples up to {peak:.3g}; full scale is 1, so the file is damaged")
    if peak < SILENCE:
        raise SilentError("digital silence when mixed to mono: there is nothing to compare")
