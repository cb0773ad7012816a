"""The embedders that a library goes on with when none are named."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from segue.catalog import Catalog
from segue.embed.registry import DEFAULT, EMBEDDERS, make_embedders, missing_default_models
from segue.embed.vggish import SPEC as VGGISH
from segue.errors import LibraryNotFoundError, ModelError, WeightsError
from segue.library.model_copies import has_copy, load_copy
from segue.sources.audioset.source import SPEC as AUDIOSET
from segue.spec import Embedder, EmbedderSpec, Prior


def embedders_for(spaces: Mapping[str, EmbedderSpec], root: Path) -> list[Embedder]:
    """The embedders that go on with these spaces of the library in ``root``.

    If all spaces are made by the default set, or none are, it is the default set as far as it is
    installed. Otherwise it is the embedders that made the spaces, without those that cannot be made here
    (one written in Python, or a model that is not installed). If none remain, it is the default set again.
    """
    if uses_default_set(spaces):
        return make_embedders()
    embedders = [_make(spec, root) for spec in spaces.values()]
    return [embedder for embedder in embedders if embedder is not None] or make_embedders()


def uses_default_set(spaces: Mapping[str, EmbedderSpec]) -> bool:
    """Whether the default set makes all of a library's spaces."""
    return all(_name(spec) in DEFAULT for spec in spaces.values())


def missing_models(root: Path) -> list[str]:
    """The models of the default set that are not installed, where the library in ``root`` uses that set.

    A library that does not exist yet will use it.
    """
    missing = missing_default_models()
    with contextlib.suppress(LibraryNotFoundError), contextlib.closing(Catalog(root)) as catalog:
        return missing if not missing or uses_default_set(catalog.spaces()) else []
    return missing


def _make(spec: EmbedderSpec, root: Path) -> Embedder | None:
    if spec == AUDIOSET:
        vggish = _make(VGGISH, root)
        return vggish and Aliased(vggish, spec)
    if has_copy(spec):
        return load_copy(root, spec)
    make = EMBEDDERS.get(_name(spec))
    with contextlib.suppress(ModelError, WeightsError):
        return make() if make else None
    return None


class Aliased:
    """An embedder under another spec, whose space its vectors may join."""

    prior: Prior | None = None

    def __init__(self, embedder: Embedder, spec: EmbedderSpec) -> None:
        self.spec = spec
        self.dimensions = embedder.dimensions
        self.embed = embedder.embed


def _name(spec: EmbedderSpec) -> str:
    """The name in ``EMBEDDERS``: ``vggish-relu``, say."""
    return f"{spec.name}-{spec.variant}" if spec.variant else spec.name
