"""How near each track lies to a text, by a model that puts both into one space."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.catalog import Snapshot
from segue.spec import Embedder, TextEmbedder

WITHOUT_TEXTS = frozenset({"descriptors", "musicnn", "mn04", "aisfx", "vggish"})  # names of specs
_BLOCK = 1 << 14  # rows at a time
_NEAREST = 0.1  # share of the library that can be an answer
_AT_LEAST = 10  # tracks that can be, in small libraries


@dataclass(frozen=True, slots=True)
class JointText:
    """A text in the space of a library's tracks.

    Attributes
    ----------
    vector : float32 (dim,), of length 1
    """

    space: str
    vector: NDArray[np.float32]

    def cosines(self, snapshot: Snapshot, rows: slice) -> NDArray[np.float32]:
        """float32 (n,): with the tracks at some rows; NaN where a track has no vector."""
        x = np.asarray(snapshot.spaces[self.space].vectors[rows], np.float32)
        lengths = np.linalg.norm(x, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(x @ self.vector / lengths, np.float32)

    def evidence(self, snapshot: Snapshot) -> NDArray[np.float32]:
        """float32 (n,), [0, 1]: the share of the library that is farther; 0 beyond the nearest tenth."""
        n = len(snapshot.keys)
        parts = [self.cosines(snapshot, slice(i, min(i + _BLOCK, n))) for i in range(0, n, _BLOCK)]
        cosines = np.concatenate(parts) if parts else np.zeros(0, np.float32)
        rows = np.flatnonzero(np.isfinite(cosines) & (snapshot.keys >= 0))
        order = rows[np.argsort(-cosines[rows], kind="stable")]
        nearest = order[: max(_AT_LEAST, round(_NEAREST * len(order)))]
        shares = np.zeros(n, np.float32)
        shares[nearest] = 1 - (np.arange(len(nearest)) + 0.5) / max(1, len(order))
        return shares


def joint_text(
    text: str, embedders: Callable[[], Sequence[Embedder]], snapshot: Snapshot
) -> JointText | None:
    """The text as the first embedder puts it that also takes texts and has a space here.

    Parameters
    ----------
    embedders : called where the space of any may be such a one; to make them takes a moment

    Raises
    ------
    EmbeddingError, WeightsError
    """
    specs = (space.spec for space in snapshot.spaces.values())
    if all(spec.accepts != "waveform" or spec.name in WITHOUT_TEXTS for spec in specs):
        return None
    for embedder in embedders():
        if isinstance(embedder, TextEmbedder) and embedder.spec.space in snapshot.spaces:
            vector = np.asarray(embedder.embed_text(text), np.float32)
            return JointText(embedder.spec.space, vector / np.linalg.norm(vector))
    return None
