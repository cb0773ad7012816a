"""Decodes a file, or its bytes, to mono float32 excerpts in bounded memory.

The decoding libraries are imported when the first sound is decoded.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from segue.errors import (
    AudioError,
    DamagedAudioError,
    SilentError,
    TooShortError,
    UnreadableError,
)
from segue.sound import ExcerptPlan, Excerpts
from segue.track import Waveform

if TYPE_CHECKING:
    from segue.audio.downmix import Downmix
    from segue.audio.reader import Reader

__all__ = ["load", "stream"]

MIN_DURATION_S = 0.5
SILENCE = 1e-4  # standard deviation; -80 dBFS, above the dither of 16-bit audio
COARSE, COARSE_LEVELS = 2 / 128, 5  # dither of 8-bit audio: from -1 to 1, of two channels' mean
SILENCE_BLOCK_S = 1.0  # that any sound must rise above it within
ABSURD = 100.0  # peak; 40 dB over full scale comes from broken decoding, not from loud music
COUNT_BLOCK_S = 60.0
SLACK, SLACK_S = 0.02, 0.25  # codecs pad both ends; more than this share and time missing is worth a warning

_Span = tuple[int, int]


def load(source: str | Path | bytes, plan: ExcerptPlan | None = None) -> Excerpts:
    """The analyzed parts of a sound, mono at its own rate, or at 96 kHz where that is over 192 kHz.

    Parameters
    ----------
    source : path of a file, or the bytes of one.
    plan : how much of a long sound is taken; 12 excerpts of 10 s unless given.

    Raises
    ------
    UnreadableError, NotAudioError, ProtectedError, DamagedAudioError, TooShortError, SilentError
        Each names what was found; ``path`` is set where there is one.
    """
    path = None if isinstance(source, bytes) else str(source)
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else _open(source) as file:
            return _load(file, path, plan or ExcerptPlan())
    except AudioError as error:
        error.path = path
        raise


def stream(path: str | Path, sr: int) -> Iterator[Waveform]:
    """All of a sound, mono at ``sr`` Hz, about a minute at a time; float32 (n_samples,) each.

    Put together, the blocks are the sound resampled as a whole. What ``load`` refuses is not looked for.

    Raises
    ------
    UnreadableError, NotAudioError, ProtectedError, DamagedAudioError
    """
    import soxr

    from segue.audio.decoders import limit_rate, open_reader
    from segue.audio.downmix import Downmix

    downmix = Downmix()
    with _open(path) as file, limit_rate(open_reader(file, str(path), downmix)) as reader:
        block, start, ended = int(COUNT_BLOCK_S * reader.info.sr), 0, False
        resampler = soxr.ResampleStream(reader.info.sr, sr, 1, dtype="float32", quality="HQ")
        while not ended:
            y = reader.read(start, block) if start else _read_spans(reader, [(0, block)], downmix)[0]
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
    from segue.audio.cut_short import is_cut
    from segue.audio.decoders import limit_rate, open_reader
    from segue.audio.downmix import Downmix

    downmix = Downmix()
    whole = open_reader(file, path, downmix)
    with limit_rate(whole) as reader:
        spans, parts, n_samples, warning = _read_excerpts(reader, plan, downmix)
        sr = reader.info.sr
        _check_samples(parts, sr)
        starts_s = tuple(start / sr for start, _ in spans)
        if warning is None and is_cut(file):
            warning = f"may be cut short: {n_samples / sr:.1f} s could be decoded, and its end is missing"
        return Excerpts(whole.info, n_samples / sr, starts_s, tuple(parts), warning, sr)


def _read_excerpts(
    reader: Reader, plan: ExcerptPlan, downmix: Downmix
) -> tuple[list[_Span], list[Waveform], int, str | None]:
    """(where the excerpts lie, the excerpts, samples of the whole, a warning)."""
    info = reader.info
    claimed = None if info.estimated else info.n_samples
    # An unknown length and an excerpt that ends early call for the true length: decode and count.
    n_read = _count_samples(reader) if claimed is None else claimed
    missing = reader.missing(n_read) if claimed is None else 0
    spans = plan.spans(n_read + missing, info.sr)
    parts = _read_spans(reader, spans, downmix)
    if len(spans) == 1:
        n_read = len(parts[0])
        missing = reader.missing(n_read)
    elif any(len(y) < n for y, (_, n) in zip(parts, spans, strict=True)):
        n_read = _count_samples(reader)
        missing = reader.missing(n_read)
        spans = plan.spans(n_read + missing, info.sr)
        parts = _read_spans(reader, spans, downmix)
    warning = _warning(reader, claimed, n_read, n_read + missing)
    return spans, parts, n_read + missing, warning


def _warning(reader: Reader, claimed: int | None, n_read: int, n_samples: int) -> str | None:
    sr = reader.info.sr
    if claimed is not None and claimed - n_samples > max(SLACK_S * sr, SLACK * claimed):
        return f"cut short or damaged: {n_read / sr:.1f} of {claimed / sr:.1f} s could be decoded"
    if reader.faults:
        return f"damaged: {n_read / sr:.1f} of {n_samples / sr:.1f} s could be decoded"
    return None


def _read_spans(reader: Reader, spans: list[_Span], downmix: Downmix) -> list[Waveform]:
    """Each (start, length) in samples; read again where the channels cancel in their mean."""
    parts = [reader.read(start, n) for start, n in spans]
    if downmix.cancels():
        downmix.watch()
        for start, n in spans:
            reader.read(start, n)
        downmix.turn_opposed()
        parts = [reader.read(start, n) for start, n in spans]
    return parts


def _count_samples(reader: Reader) -> int:
    block = int(COUNT_BLOCK_S * reader.info.sr)
    total = 0
    while got := len(reader.read(total, block)):
        total += got
    return total


def _check_samples(parts: list[Waveform], sr: int) -> None:
    n = sum(len(y) for y in parts)
    if n < MIN_DURATION_S * sr:
        raise TooShortError(f"{n / sr:.3f} s of sound; at least {MIN_DURATION_S} s are needed")
    peak = np.max([max(float(y.max()), -float(y.min())) for y in parts if len(y)])
    if not np.isfinite(peak):
        raise DamagedAudioError("some samples are NaN or infinite")
    if peak > ABSURD:
        raise DamagedAudioError(f"samples up to {peak:.3g}; full scale is 1, so the file is damaged")
    if _is_silent(parts, int(SILENCE_BLOCK_S * sr)):
        raise SilentError("silence, or a constant level: there is nothing to compare")


def _is_silent(parts: list[Waveform], block: int) -> bool:
    """Whether no second of it varies by more than the dither of 16-bit audio does."""
    blocks = (y[start : start + block] for y in parts for start in range(0, len(y), block))
    return not any(_varies(y) for y in blocks)


def _varies(y: Waveform) -> bool:
    # Most are told by a few of their samples: all vary by a quarter of what each sixteenth does, or more.
    spread = np.std(y[::16])
    if spread <= COARSE and np.ptp(y) <= COARSE and len(np.unique(y)) <= COARSE_LEVELS:
        return False
    return bool(spread > 10 * SILENCE or np.std(y, dtype=np.float64) > SILENCE)
