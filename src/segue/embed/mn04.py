"""EfficientAT's mn04_as: what AudioSet's 527 kinds of sound have in common with a track."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue.embed.logmel import MN04_SR, mn04_logmel
from segue.embed.session import Network, cut, embed_windows
from segue.sound import Excerpts
from segue.spec import EmbedderSpec, Embedding, Prior
from segue.track import Waveform

WINDOW = 3 * MN04_SR  # samples; 3 s finds as much as AudioSet's own 10 s, see docs/measurements.md

SPEC = EmbedderSpec(
    name="mn04",
    version=1,
    accepts="waveform",
    dim=384,
    sr=MN04_SR,
    window_s=WINDOW / MN04_SR,
    hop_s=WINDOW / MN04_SR,
    dtype="float32",
    licence="MIT",
    reference="EfficientAT mn04_as, Schmid et al. 2023, arXiv:2211.04772",
    weights_sha256="899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c",
)


class MN04:
    """384 features before the classifier; ``path`` is the ONNX file."""

    spec = SPEC
    prior: Prior | None = None

    def __init__(self, path: Path) -> None:
        self._network = Network(path, ("embedding", "scores"))

    @property
    def dimensions(self) -> Sequence[str]:
        return [f"mn04_{i:03d}" for i in range(SPEC.dim)]

    def embed(self, sound: Excerpts) -> Embedding:
        windows = cut(sound.at(MN04_SR), WINDOW, WINDOW)
        return embed_windows(windows, _picture, self._network, audioset_classes())


@cache
def audioset_classes() -> tuple[str, ...]:
    """Names of the 527 scores, in their order."""
    text = files("segue.embed.networks").joinpath("audioset_classes.txt").read_text("utf-8")
    return tuple(line for line in text.splitlines() if not line.startswith("#"))


def _picture(y: Waveform) -> NDArray[np.float32]:
    return mn04_logmel(y)[None]
