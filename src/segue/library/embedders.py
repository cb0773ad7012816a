"""The embedders that a library goes on with when none are named."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from segue.catalog import Catalog, Snapshot, Writer
from segue.embed.published_network import newer_version
from segue.embed.registry import (
    DEFAULT,
    EMBEDDERS,
    embedders_of_spaces,
    make_embedders,
    missing_default_models,
)
from segue.embed.vggish import SPEC as VGGISH
from segue.errors import LibraryNotFoundError, ModelError, UsageError, WeightsError
from segue.library.model_copies import has_copy, load_copy
from segue.sources.audioset.source import SPEC as AUDIOSET
from segue.spec import Embedder, EmbedderSpec, Prior, family_of, label_names, newer_versions
from segue.views.versions import compared_spaces


def embedders_for(spaces: Mapping[str, EmbedderSpec], root: Path) -> list[Embedder]:
    """The embedders that go on with these spaces of the library in ``root``.

    Where there are none yet, it is the default set as far as it is installed. Otherwise it is the embedders
    that made the spaces, without those that cannot be made here (one written in Python, or a model that is
    not installed). If none remain, it is the default set again.
    """
    if not spaces:
        return _load_available(DEFAULT)
    embedders = [_make(spec, root) for spec in spaces.values()]
    return [embedder for embedder in embedders if embedder is not None] or make_embedders()


def chosen_embedders(
    embedders: Iterable[Embedder | str], spaces: Mapping[str, EmbedderSpec]
) -> list[Embedder]:
    """Embedders that somebody names or makes; a name means the versions that the library has.

    Raises
    ------
    UsageError, ModelNotFoundError
    """
    chosen: list[Embedder | str] = []
    for item in embedders:
        chosen += embedders_of_spaces(item, spaces) if isinstance(item, str) else [item]
    return make_embedders(chosen)


def later_embedders(spaces: Iterable[str]) -> list[Embedder]:
    """The newest versions of what made a library's spaces, where it has older ones and they can be made."""
    newer = {space: newer_version(space) for space in spaces}
    return _load_available(family_of(later) for later in newer.values() if later and later not in newer)


def embedders_to_scan(
    embedders: Sequence[Embedder], later: Sequence[Embedder], snapshot: Snapshot
) -> list[Embedder]:
    """What a scan makes: no version that is older than one that is compared already.

    Parameters
    ----------
    later : newer versions; used where the library has begun with them

    Raises
    ------
    UsageError
        Where there is no embedder, or two are of one space.
    """
    chosen = [*embedders, *(one for one in later if one.spec.space in snapshot.spaces)]
    spaces = [embedder.spec.space for embedder in chosen]
    if len(set(spaces)) < len(spaces) or not spaces:
        raise UsageError(f"give at least one embedder, each with a distinct space; got {spaces}")
    compared = compared_spaces(snapshot)
    return [
        embedder
        for embedder in chosen
        if not any(newer in compared for newer in newer_versions(embedder.spec.space, spaces))
    ]


def uses_default_set(spaces: Mapping[str, EmbedderSpec]) -> bool:
    """Whether the default set makes all of a library's spaces."""
    return all(_name(spec) in DEFAULT for spec in spaces.values())


def missing_models(root: Path) -> list[str]:
    """The models that are not installed of those that the library in ``root`` uses of the default set.

    A library that does not exist yet will use all of it. An outdated model is not missed where it still makes
    the version that the library has.
    """
    missing = missing_default_models()
    if not missing:
        return []
    with contextlib.suppress(LibraryNotFoundError), contextlib.closing(Catalog(root)) as catalog:
        spaces = catalog.spaces()
        if spaces:
            own = {_name(spec) for spec in spaces.values()}
            return [x for x in missing if x in own and not _load_available(embedders_of_spaces(x, spaces))]
    return missing


def unused_default_set(spaces: Mapping[str, EmbedderSpec]) -> list[str]:
    """The rest of the default set, where a part of it made all of a library's spaces."""
    if not spaces or not uses_default_set(spaces):
        return []
    own = {_name(spec) for spec in spaces.values()}
    return [name for name in DEFAULT if name not in own]


def add_spaces(writer: Writer, embedders: Iterable[Embedder]) -> None:
    """Make the spaces of embedders, unless they are there. Raises SpecMismatchError."""
    for embedder in embedders:
        writer.add_space(embedder.spec, embedder.dimensions, labels=label_names(embedder))


def _make(spec: EmbedderSpec, root: Path) -> Embedder | None:
    if spec == AUDIOSET:
        vggish = _make(VGGISH, root)
        return vggish and Aliased(vggish, spec)
    if has_copy(spec):
        return load_copy(root, spec)
    name = spec.space if spec.space in EMBEDDERS else _name(spec)
    embedders = _load_available([name] if name in EMBEDDERS else [])
    return embedders[0] if embedders and embedders[0].spec.space == spec.space else None


def _load_available(names: Iterable[str]) -> list[Embedder]:
    """The embedders of some names, without those whose models are not here."""
    embedders = []
    for name in names:
        with contextlib.suppress(ModelError, WeightsError):
            embedders.append(EMBEDDERS[name]())
    return embedders


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
