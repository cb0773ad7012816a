"""The vectors of each window of a file, for programs that want more than a mean."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue import audio
from segue.embed.logmel import VGGISH_PATCH, VGGISH_SR
from segue.embed.vggish import VGGish
from segue.errors import DamagedAudioError
from segue.spec import Embedder
from segue.track import Frames

_HOP = VGGISH_PATCH * VGGISH_SR // 100  # samples; frames of a patch begin every 10 ms


@dataclass(frozen=True, slots=True)
class FileWindows:
    """The windows of one file.

    Attributes
    ----------
    windows : uint8 (n, 128) of VGGish, float32 (n, dim) of another embedder
    warning : what was wrong with the file although it could be used
    """

    windows: NDArray[Any]
    duration_s: float
    warning: str | None


def embed_file(path: str | Path, embedder: Embedder) -> FileWindows:
    """The windows of a file that a scan analyzes; by VGGish, those of the whole file, however long it is.

    Other embedders take 12 excerpts of files over two minutes. A sound shorter than one window is
    repeated until it fills it.

    Raises
    ------
    AudioError
        One of its kinds, where the file cannot be used.
    """
    sound = audio.load(path)
    if isinstance(embedder, VGGish) and len(sound.parts) > 1:
        windows: NDArray[Any] = _embed_whole(path, embedder)
    else:
        windows = embedder.embed(sound).windows
        # Frames of 8 bits are whole numbers in float16 too.
        windows = windows.astype(np.uint8 if isinstance(embedder, VGGish) else np.float32)
    return FileWindows(windows, sound.duration_s, sound.warning)


def _embed_whole(path: str | Path, vggish: VGGish) -> Frames:
    """The frames of a long file; no more than two minutes of it are in memory."""
    frames, rest = [], np.zeros(0, np.float32)
    for block in audio.stream(path, VGGISH_SR):
        y = np.concatenate([rest, block])
        if not np.isfinite(y).all():
            raise DamagedAudioError("some samples are NaN or infinite", str(path))
        frames.append(vggish.frames(y))
        rest = y[len(frames[-1]) * _HOP :]
    return np.concatenate(frames)
