"""A library's own copies of the ONNX files that made its vectors, so that it can embed new sounds."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from segue.embed.clap import Clap, is_clap_spec
from segue.embed.onnx_file import OnnxFile, is_onnx_spec
from segue.errors import LibraryFormatError, LibraryWriteError, UsageError, WeightsError
from segue.files import replacing, sync_folder
from segue.spec import Embedder, EmbedderSpec

FOLDER = "models"


def load_copy(root: Path, spec: EmbedderSpec) -> OnnxFile | Clap:
    """The embedder of a space of the library in ``root``; the copy is read at its first use."""
    if is_clap_spec(spec):
        return Clap.from_spec(root / FOLDER / f"{spec.weights_sha256}", spec)
    return OnnxFile.from_spec(root / FOLDER / f"{spec.weights_sha256}.onnx", spec)


def has_copy(spec: EmbedderSpec) -> bool:
    """Whether a library keeps a copy of what made these vectors."""
    return is_onnx_spec(spec) or is_clap_spec(spec)


def save_copies(root: Path, embedders: Iterable[Embedder]) -> None:
    """Copy the ONNX files of some embedders into the library, whose lock the caller holds.

    A copy that is damaged is replaced.

    Raises
    ------
    WeightsError
        Where a file is no longer what the embedder was made from.
    LibraryWriteError
    """
    for embedder in embedders:
        if not isinstance(embedder, OnnxFile | Clap):
            continue
        copy = load_copy(root, embedder.spec)
        if _paths(copy) != _paths(embedder) and not _is_whole(copy):
            for path, content in zip(_paths(copy), _contents(embedder), strict=True):
                _write(path, content)


def verify_copies(root: Path, specs: Iterable[EmbedderSpec]) -> None:
    """Compare the checksums of the copies.

    Raises
    ------
    LibraryFormatError
        Where one is missing or damaged.
    """
    for spec in specs:
        if has_copy(spec):
            try:
                _contents(load_copy(root, spec))
            except WeightsError as error:
                raise LibraryFormatError(str(error)) from error


def _paths(embedder: OnnxFile | Clap) -> list[Path]:
    return [embedder.path] if isinstance(embedder, OnnxFile) else list(embedder.files.values())


def _contents(embedder: OnnxFile | Clap) -> list[bytes]:
    """The files' bytes, in the order of the paths. Raises WeightsError."""
    if isinstance(embedder, OnnxFile):
        return [embedder.content()]
    contents = embedder.contents()
    return [contents[name] for name in embedder.files]


def _is_whole(copy: OnnxFile | Clap) -> bool:
    try:
        _contents(copy)
    except WeightsError:
        return False
    return True


def _write(path: Path, content: bytes) -> None:
    folder = path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob(".*.part"):  # by a writer that was killed
            leftover.unlink()
        with replacing(path) as part, part.open("wb") as f:
            f.write(content)
            f.flush()
            os.fsync(f.fileno())
        sync_folder(folder)
        sync_folder(folder.parent)
    except (OSError, UsageError) as error:
        reason = getattr(error, "strerror", None) or error
        raise LibraryWriteError(f"{path} could not be written: {reason}") from error
