"""Which embedders a library uses when nothing is said."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from segue.embed.onnx_file import is_of_onnx_file
from segue.embed.registry import DEFAULT, EMBEDDERS, chosen
from segue.embed.vggish import SPEC as VGGISH
from segue.errors import ModelError, WeightsError
from segue.library.model_copies import kept
from segue.sources.audioset.source import SPEC as AUDIOSET
from segue.spec import Embedder, EmbedderSpec, Prior


def embedders_of(spaces: Mapping[str, EmbedderSpec], root: Path) -> list[Embedder]:
    """What goes on with the library in ``root``, which has these spaces.

    The default set, as far as it is installed, where there is nothing else; otherwise what made the
    spaces. Of those, what cannot be made here is left out: an embedder written in Python, or a model
    that is not installed. Where nothing remains, it is the default set again.
    """
    if follows_default(spaces):
        return chosen()
    found = [_made(spec, root) for spec in spaces.values()]
    return [embedder for embedder in found if embedder is not None] or chosen()


def follows_default(spaces: Mapping[str, EmbedderSpec]) -> bool:
    """Whether a library holds nothing but what the default set makes."""
    return all(_name(spec) in DEFAULT for spec in spaces.values())


def _made(spec: EmbedderSpec, root: Path) -> Embedder | None:
    if spec == AUDIOSET:
        vggish = _made(VGGISH, root)
        return vggish and ForAnother(vggish, spec)
    if is_of_onnx_file(spec):
        return kept(root, spec)
    make = EMBEDDERS.get(_name(spec))
    with contextlib.suppress(ModelError, WeightsError):
        return make() if make else None
    return None


class ForAnother:
    """An embedder whose vectors go to the space of another spec, which is the same in spirit."""

    prior: Prior | None = None

    def __init__(self, embedder: Embedder, spec: EmbedderSpec) -> None:
        self.spec = spec
        self.dimensions = embedder.dimensions
        self.embed = embedder.embed


def _name(spec: EmbedderSpec) -> str:
    """By which ``chosen`` knows an embedder: ``vggish-relu``, say."""
    return f"{spec.name}-{spec.variant}" if spec.variant else spec.name
