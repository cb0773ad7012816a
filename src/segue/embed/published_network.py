"""MusiCNN, mn04 and aiSFX: networks that see log-mel windows, and give an embedding and scores of labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue.embed.logmel import (
    AISFX_MIN_SAMPLES,
    AISFX_SR,
    MN04_SR,
    MUSICNN_PATCH,
    MUSICNN_SR,
    aisfx_patches,
    mn04_logmel,
    musicnn_patches,
)
from segue.embed.session import Network
from segue.sound import Excerpts
from segue.spec import EmbedderSpec, Embedding, Label, Prior, family_of, newer_versions
from segue.track import Waveform

MAX_LABELS = 10  # kept of a track and a network
MIN_LABEL_SCORE = 0.1


@dataclass(frozen=True, slots=True)
class NetworkRecipe:
    """How sound goes into a published network, and what its scores are called.

    Attributes
    ----------
    log_mel : one window, float32 (n_samples,), to the network's float32 input
    label_names : of the scores, in their order; empty where the network has none
    layers : the network's outputs that stand side by side in an embedding
    revision : the least of the converted model that has these outputs
    """

    spec: EmbedderSpec
    log_mel: Callable[[Waveform], NDArray[np.float32]]
    label_names: Callable[[], Sequence[str]]
    layers: tuple[str, ...] = ("embedding",)
    revision: int = 1


def _musicnn_log_mel(window: Waveform) -> NDArray[np.float32]:
    return np.asarray(musicnn_patches(window)[0])


def _aisfx_log_mel(window: Waveform) -> NDArray[np.float32]:
    return np.asarray(aisfx_patches(window)[0])


def _mn04_log_mel(window: Waveform) -> NDArray[np.float32]:
    return mn04_logmel(window)[None]


@cache
def msd_tags() -> tuple[str, ...]:
    """Names of MusiCNN's 50 scores."""
    return _lines("msd_tags.txt")


@cache
def audioset_classes() -> tuple[str, ...]:
    """Names of mn04's 527 scores."""
    return _lines("audioset_classes.txt")


def _lines(name: str) -> tuple[str, ...]:
    from importlib.resources import files

    text = files("segue.embed").joinpath(name).read_text("utf-8")
    return tuple(line for line in text.splitlines() if not line.startswith("#"))


_MN04 = EmbedderSpec(
    name="mn04",
    version=1,
    accepts="waveform",
    dim=384,
    sr=MN04_SR,
    window_s=3.0,  # finds as much as AudioSet's own 10 s; docs/measurements.md
    hop_s=3.0,
    dtype="float32",
    license="MIT",
    reference="EfficientAT mn04_as, Schmid et al. 2023, arXiv:2211.04772",
    weights_sha256="899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c",
)

RECIPES: Mapping[str, NetworkRecipe] = {
    "musicnn": NetworkRecipe(
        EmbedderSpec(
            name="musicnn",
            version=1,
            accepts="waveform",
            dim=200,
            sr=MUSICNN_SR,
            window_s=MUSICNN_PATCH * 256 / MUSICNN_SR,  # one patch, 2.99 s
            # A third of the windows says as much as all, at a third of the time; docs/measurements.md
            hop_s=3 * MUSICNN_PATCH * 256 / MUSICNN_SR,
            dtype="float32",
            license="ISC",
            reference="MSD_musicnn, Pons & Serra 2019, arXiv:1909.06654",
            weights_sha256="f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa",
        ),
        _musicnn_log_mel,
        msd_tags,
    ),
    "mn04": NetworkRecipe(
        # With its middle layers, every second window finds as much as all; docs/measurements.md
        replace(_MN04, version=2, dim=384 + 928, hop_s=6.0),
        _mn04_log_mel,
        audioset_classes,
        layers=("embedding", "middle"),
        revision=2,
    ),
    "aisfx": NetworkRecipe(
        EmbedderSpec(
            name="aisfx",
            version=1,
            accepts="waveform",
            dim=512,
            sr=AISFX_SR,
            window_s=AISFX_MIN_SAMPLES / AISFX_SR,  # one patch, 2.35 s
            hop_s=AISFX_MIN_SAMPLES / AISFX_SR,  # fewer windows find less; docs/models.md
            dtype="float32",
            license="CC-BY-4.0",
            reference="aiSFX, Ma & Lerch 2022, ISMIR, pages 866-875",
            weights_sha256="bfe219950715af179e9a1653e7117cc1852baef267cd6596c42cad74afe1d194",
        ),
        _aisfx_log_mel,
        tuple,
    ),
    "mn04-1": NetworkRecipe(_MN04, _mn04_log_mel, audioset_classes),
}
"""By the names of embedders: that of the model, with a version where it is an older one."""


class PublishedNetwork:
    """Embeds each window by some layers of a network; pooled row and labels are means over windows.

    Parameters
    ----------
    path : the ONNX file, with the recipe's layers and ``scores`` as outputs; it is opened at its first use
    """

    prior: Prior | None = None

    def __init__(self, recipe: NetworkRecipe, path: Path) -> None:
        self.spec = recipe.spec
        self._recipe = recipe
        self._network = Network(path, (*recipe.layers, *(["scores"] if self.label_names else [])))

    @property
    def dimensions(self) -> Sequence[str]:
        return [f"{self.spec.name}_{i:03d}" for i in range(self.spec.dim)]

    @property
    def label_names(self) -> Sequence[str]:
        return self._recipe.label_names()

    def embed(self, sound: Excerpts) -> Embedding:
        windows = sound.windows(self.spec.sr, self.spec.window_s, self.spec.hop_s)
        outputs = self._network(np.stack([self._recipe.log_mel(y) for y in windows]))
        layers = len(self._recipe.layers)
        embeddings = np.concatenate(outputs[:layers], axis=1)
        pooled = embeddings.mean(axis=0, dtype=np.float64).astype(np.float32)
        if not self.label_names:
            return Embedding(pooled, embeddings.astype(np.float16))
        mean_scores = outputs[layers].mean(axis=0)
        labels = _best_labels(mean_scores, self.label_names)
        return Embedding(pooled, embeddings.astype(np.float16), labels, mean_scores)


def _best_labels(scores: NDArray[np.float32], names: Sequence[str]) -> tuple[Label, ...]:
    best = np.argsort(-scores)[:MAX_LABELS]
    return tuple(Label(names[i], round(float(scores[i]), 4)) for i in best if scores[i] >= MIN_LABEL_SCORE)


def newer_version(space: str) -> str | None:
    """The space of the newest version of what made a space, where that one is older."""
    recipe = RECIPES.get(family_of(space))
    return recipe.spec.space if recipe and newer_versions(space, [recipe.spec.space]) else None
