"""The classic descriptors: timbre, brightness, harmony, loudness and rhythm, without any weights."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from segue.embed.descriptors.dimensions import DIMENSIONS, Dimension
from segue.embed.descriptors.filters import HOP, SR
from segue.embed.descriptors.prior import prior_values
from segue.embed.descriptors.rhythm import pulse, tempo_bpm, tempogram
from segue.embed.descriptors.spectra import FRAME_FEATURES, frame_features
from segue.sound import Excerpts
from segue.spec import EmbedderSpec, Embedding, Prior
from segue.track import Float32, Vector

__all__ = ["DIMENSIONS", "SPEC", "Descriptors", "Dimension"]

WINDOW = 128  # frames, 2.97 s

SPEC = EmbedderSpec(
    name="descriptors",
    version=1,
    accepts="waveform",
    dim=len(DIMENSIONS),
    sr=SR,
    window_s=WINDOW * HOP / SR,
    hop_s=WINDOW * HOP / SR,
    dtype="float32",
    license="MIT",
    reference="features as defined by librosa 0.11 (McFee et al. 2015) and ITU-R BS.1770-4",
)


class Descriptors:
    """Embeds a sound by its means and deviations of well-known features; see ``DIMENSIONS``."""

    spec = SPEC

    @property
    def dimensions(self) -> Sequence[str]:
        return [dimension.name for dimension in DIMENSIONS]

    @property
    def prior(self) -> Prior:
        return prior_values()

    def embed(self, sound: Excerpts) -> Embedding:
        frames, lengths = frame_features(sound.at(SR))
        rows, at = tempogram(frames[:, FRAME_FEATURES.index("onset_strength")], lengths)
        windows = [
            _summary(frames[start:end], rows[(at >= start) & (at < end)]) for start, end in _windows(lengths)
        ]
        return Embedding(pooled=_summary(frames, rows), windows=np.stack(windows).astype(np.float16))


def _windows(lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(first frame, end) of each window; the rest of a part joins its last window if under half of one."""
    start = 0
    for n in lengths:
        count = max(1, round(n / WINDOW))
        edges = [start + i * WINDOW for i in range(count)] + [start + n]
        yield from itertools.pairwise(edges)
        start += n


def _summary(frames: Float32, rows: Float32) -> Vector:
    """float32 (dim,): all the dimensions of some frames and of the tempogram's rows among them."""
    wide = frames.astype(np.float64)
    rhythm = [tempo_bpm(rows), *pulse(rows)]
    return np.concatenate([wide.mean(axis=0), wide.std(axis=0), rhythm]).astype(np.float32)
