"""Which embedders make a library's vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from segue.embed.descriptors import Descriptors
from segue.embed.models import installed, path_of
from segue.errors import UsageError
from segue.spec import Embedder

DEFAULT = ("descriptors", "musicnn", "mn04")


def _musicnn() -> Embedder:
    from segue.embed.musicnn import MusiCNN

    return MusiCNN(path_of("musicnn"))


def _mn04() -> Embedder:
    from segue.embed.mn04 import MN04

    return MN04(path_of("mn04"))


def _vggish(*, last_relu: bool = False, int8: bool = False) -> Embedder:
    from segue.embed.postprocess import read_pca
    from segue.embed.vggish import VGGish

    path = path_of("vggish", "vggish-int8.onnx" if int8 else None)
    return VGGish(path, read_pca(path_of("vggish", "pca.npz")), last_relu=last_relu, int8=int8)


EMBEDDERS: Mapping[str, Callable[[], Embedder]] = {
    "descriptors": Descriptors,
    "musicnn": _musicnn,
    "mn04": _mn04,
    "vggish": _vggish,
    "vggish-relu": lambda: _vggish(last_relu=True),
    "vggish-int8": lambda: _vggish(int8=True),
}


def chosen(embedders: Sequence[Embedder | str] | None = None) -> list[Embedder]:
    """Embedders by name or as they are; unless told, the default set as far as it is installed.

    Raises
    ------
    UsageError
        Where a name is unknown.
    ModelNotFoundError
        Where a named one's weights are not here; the message has the command that fetches them.
    """
    if embedders is None:
        here = {"descriptors", *installed()}
        embedders = [name for name in DEFAULT if name in here]
    unknown = [name for name in embedders if isinstance(name, str) and name not in EMBEDDERS]
    if unknown:
        raise UsageError(f"no embedder {unknown[0]!r}; there are: {', '.join(EMBEDDERS)}")
    return [EMBEDDERS[found]() if isinstance(found, str) else found for found in embedders]


def missing_of_default() -> list[str]:
    """The networks of the default set that are not installed."""
    here = installed()
    return [name for name in DEFAULT if name != "descriptors" and name not in here]
