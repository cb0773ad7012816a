"""VGGish: AudioSet's own embedding, 128 numbers of 8 bits for each 0.96 s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segue.embed.logmel import VGGISH_MIN_SAMPLES, VGGISH_SR, vggish_patches
from segue.embed.postprocess import PCA, to_bytes
from segue.embed.session import Network
from segue.sound import Excerpts
from segue.spec import EmbedderSpec, Embedding, Prior
from segue.track import Frames

SPEC = EmbedderSpec(
    name="vggish",
    version=1,
    accepts="waveform",
    dim=128,
    sr=VGGISH_SR,
    window_s=0.975,
    hop_s=0.96,
    dtype="float32",
    license="Apache-2.0",
    reference="Hershey et al. 2017, tensorflow/models research/audioset/vggish",
    weights_sha256="0962b1914e3e053922d957c45bc84a78c985765641dc6bceeeb3a7d8dfecfdf6",
)

_BATCH = 16  # patches that share one pass over 67 million dense weights; 5 % quicker than 8


class VGGish:
    """8-bit frames as in AudioSet; the pooled row is their mean, 0 to 255.

    Parameters
    ----------
    path : the ONNX file, the last layer before its activation.
    pca : the published projection.
    last_relu : activate the last layer, as older ports and IBM's service do. It is another space.
    int8 : the file computes in 8-bit integers. That is another space too.
    """

    prior: Prior | None = None

    def __init__(self, path: Path, pca: PCA, *, last_relu: bool = False, int8: bool = False) -> None:
        variants = [name for name, chosen in (("relu", last_relu), ("int8", int8)) if chosen]
        self.spec = replace(SPEC, variant="-".join(variants) or None)
        self._network = Network(path, batch=_BATCH)
        self._pca = pca
        self._last_relu = last_relu

    @property
    def dimensions(self) -> Sequence[str]:
        return [f"vggish_{i:03d}" for i in range(SPEC.dim)]

    def embed(self, sound: Excerpts) -> Embedding:
        patches = np.concatenate([vggish_patches(y) for y in sound.at(VGGISH_SR)])
        if not len(patches):
            # Shorter than one patch: the sound is repeated, as for the other networks.
            patches = vggish_patches(np.resize(sound.at(VGGISH_SR)[0], VGGISH_MIN_SAMPLES))
        frames = self._frames(patches)
        # float16 holds whole numbers up to 2048 exactly.
        return Embedding(frames.mean(axis=0, dtype=np.float64).astype(np.float32), frames.astype(np.float16))

    def frames(self, y: NDArray[np.float32]) -> Frames:
        """uint8 (n, 128) of a waveform at 16 kHz; none for less than 0.975 s, as upstream."""
        patches = vggish_patches(y)
        return self._frames(patches) if len(patches) else np.zeros((0, SPEC.dim), np.uint8)

    def _frames(self, patches: NDArray[np.float32]) -> Frames:
        (embeddings,) = self._network(patches)
        return to_bytes(np.maximum(embeddings, 0) if self._last_relu else embeddings, self._pca)
