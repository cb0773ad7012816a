"""The embedders that Segue brings along, by name."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from segue.embed.descriptors import Descriptors
from segue.embed.models import MODELS, installed, model_path, upgrade
from segue.embed.published_network import RECIPES, PublishedNetwork
from segue.errors import ModelError, UsageError, WeightsError
from segue.spec import Embedder, family_of

DEFAULT = ("descriptors", "musicnn", "mn04")


def _vggish(*, last_relu: bool = False, int8: bool = False) -> Embedder:
    from segue.embed.postprocess import read_pca
    from segue.embed.vggish import VGGish

    path = model_path("vggish", "vggish-int8.onnx" if int8 else None)
    return VGGish(path, read_pca(model_path("vggish", "pca.npz")), last_relu=last_relu, int8=int8)


def _published(name: str) -> Embedder:
    recipe = RECIPES[name]
    return PublishedNetwork(recipe, model_path(recipe.spec.name, revision=recipe.revision))


EMBEDDERS: Mapping[str, Callable[[], Embedder]] = {
    "descriptors": Descriptors,
    **{name: partial(_published, name) for name in RECIPES},
    "vggish": _vggish,
    "vggish-relu": partial(_vggish, last_relu=True),
    "vggish-int8": partial(_vggish, int8=True),
}


def embedders_of_spaces(name: str, spaces: Iterable[str]) -> list[str]:
    """Names in ``EMBEDDERS`` of the versions of an embedder that made some of a library's spaces.

    The newest where none did.
    """
    own = [space for space in spaces if family_of(space) == name]
    return [space if space in EMBEDDERS else name for space in own] or [name]


def make_embedders(embedders: Sequence[Embedder | str] | None = None) -> list[Embedder]:
    """Embedders, made from their names where they are not made yet.

    Parameters
    ----------
    embedders
        Names in ``EMBEDDERS``, or embedders; unless given, those of ``DEFAULT`` that are installed.

    Raises
    ------
    UsageError
        Where a name is unknown.
    ModelNotFoundError
        Where a named one's weights are not installed; the message has the command that fetches them.
    """
    if embedders is None:
        available = {"descriptors", *_installed()}
        embedders = [name for name in DEFAULT if name in available]
    unknown = [name for name in embedders if isinstance(name, str) and name not in EMBEDDERS]
    if unknown:
        raise UsageError(f"unknown embedder {unknown[0]!r}; there are: {', '.join(EMBEDDERS)}")
    return [EMBEDDERS[item]() if isinstance(item, str) else item for item in embedders]


def missing_default_models() -> list[str]:
    """The networks of the default set that are not installed."""
    available = _installed()
    return [name for name in DEFAULT if name != "descriptors" and name not in available]


def _installed() -> tuple[str, ...]:
    """Names of the models that are ready, once those of an older Segue are upgraded where they can be."""
    for name in MODELS:
        with contextlib.suppress(ModelError, WeightsError):
            upgrade(name)
    return installed()
