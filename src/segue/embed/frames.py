"""What an embedder makes of each window of a file, for programs that want more than a mean."""

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
class Heard:
    """One file.

    Attributes
    ----------
    windows : uint8 (n, 128) of VGGish, float32 (n, dim) of another embedder
    warning : what was wrong with the file although it could be used
    """

    windows: NDArray[Any]
    duration_s: float
    warning: str | None


def heard(path: str | Path, embedder: Embedder) -> Heard:
    """A file's windows, as a scan hears it, but VGGish's are of the whole file, however long it is.

    Other embedders hear files over two minutes in 12 excerpts. A sound shorter than one window is
    repeated until it fills it.

    Raises
    ------
    AudioError
        One of its kinds, where the file cannot be used.
    """
    sound = audio.load(path)
    if isinstance(embedder, VGGish) and len(sound.parts) > 1:
        windows: NDArray[Any] = _whole(path, embedder)
    else:
        windows = embedder.embed(sound).windows
        # Frames of 8 bits are whole numbers in float16 too.
        windows = windows.astype(np.uint8 if isinstance(embedder, VGGish) else np.float32)
    return Heard(windows, sound.duration_s, sound.warning)


def _whole(path: str | Path, vggish: VGGish) -> Frames:
    """The frames of a long file, of which a minute or two are in memory."""
    found, rest = [], np.zeros(0, np.float32)
    for block in audio.stream(path, VGGISH_SR):
        y = np.concatenate([rest, block])
        if not np.isfinite(y).all():
            raise DamagedAudioError("samples that are not numbers (NaN or infinite)", str(path))
        frames = vggish.frames(y)
        found.append(frames)
        rest = y[len(frames) * _HOP :]
    return np.concatenate(found)
