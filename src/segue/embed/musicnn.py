"""MusiCNN: what the listeners who tagged the Million Song Dataset heard in a track."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue.embed.logmel import MUSICNN_PATCH, MUSICNN_SR, musicnn_patches
from segue.embed.session import Network, cut, embed_windows
from segue.sound import Excerpts
from segue.spec import EmbedderSpec, Embedding, Prior
from segue.track import Waveform

WINDOW = MUSICNN_PATCH * 256  # samples, 2.99 s: one patch
HOP = 3 * WINDOW  # a third of the windows says as much as all, at a third of the time; docs/measurements.md

SPEC = EmbedderSpec(
    name="musicnn",
    version=1,
    accepts="waveform",
    dim=200,
    sr=MUSICNN_SR,
    window_s=WINDOW / MUSICNN_SR,
    hop_s=HOP / MUSICNN_SR,
    dtype="float32",
    licence="ISC",
    reference="MSD_musicnn, Pons & Serra 2019, arXiv:1909.06654",
    weights_sha256="f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa",
)


class MusiCNN:
    """The 200 numbers before the tags; ``path`` is the ONNX file."""

    spec = SPEC
    prior: Prior | None = None

    def __init__(self, path: Path) -> None:
        self._network = Network(path, ("embedding", "scores"))

    @property
    def dimensions(self) -> Sequence[str]:
        return [f"musicnn_{i:03d}" for i in range(SPEC.dim)]

    def embed(self, sound: Excerpts) -> Embedding:
        from segue.embed.networks.musicnn import MSD_TAGS  # with the library that builds networks

        return embed_windows(cut(sound.at(MUSICNN_SR), WINDOW, HOP), _picture, self._network, MSD_TAGS)


def _picture(y: Waveform) -> NDArray[np.float32]:
    patches: NDArray[np.float32] = musicnn_patches(y)
    return np.asarray(patches[0])
