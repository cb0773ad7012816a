"""The folder of models: one sub-folder each, complete or absent.

<name>/<name>.onnx        and what else the model needs
<name>/model.json         sums of these files and of what they were made from
.segue-downloads/         what was fetched so far, to go on from
.segue-work/              unfinished; swept by whoever writes next
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import filelock

from segue.advice import data_folder
from segue.embed.models.published import Model
from segue.embed.models.record import (
    RECORD,
    State,
    compare_files,
    describe_files,
    judge_record,
    read_record,
    record_text,
)
from segue.errors import ModelError
from segue.files import sync_folder
from segue.paths import expand_home

VARIABLE = "SEGUE_MODELS"

OnWait = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Status:
    """What the folder holds of one model; ``reason`` says what is wrong with it."""

    model: Model
    folder: Path
    state: State
    reason: str = ""

    @property
    def onnx(self) -> Path:
        return self.folder / f"{self.model.name}.onnx"


def models_folder(folder: str | Path | None = None) -> Path:
    """``folder``, else `$SEGUE_MODELS`, else `models` in the user's data folder.

    Models added on a machine without a network cannot be fetched again, so they are not a mere cache
    that the system may clear.
    """
    chosen = folder or os.environ.get(VARIABLE)
    if chosen:
        return expand_home(chosen).absolute()
    return data_folder() / "models"


def downloads_folder(root: Path) -> Path:
    return root / ".segue-downloads"


def work_folder(root: Path) -> Path:
    return root / ".segue-work"


@contextlib.contextmanager
def write_access(root: Path, on_wait: OnWait | None = None, *, wait: bool = True) -> Iterator[None]:
    """Lock the folder for changes, and clear it of what a killed process left.

    Raises
    ------
    ModelError
        Where the folder cannot be written to, or another process does and ``wait`` is false.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _lock(root, on_wait, wait):
            _sweep(root)
            work_folder(root).mkdir()
            downloads_folder(root).mkdir(exist_ok=True)
            try:
                yield
            finally:
                _sweep(root)
    except OSError as error:
        where = error.filename or root
        raise ModelError(
            f"{where} cannot be written: {error.strerror or error}; "
            f"choose another folder with --folder or ${VARIABLE}"
        ) from error


@contextlib.contextmanager
def _lock(root: Path, on_wait: OnWait | None, wait: bool) -> Iterator[None]:
    lock = filelock.FileLock(root / ".segue-lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        if not wait:
            raise ModelError(f"another Segue is writing to {root}; try again when it is done") from None
        if on_wait:
            on_wait()
        lock.acquire(poll_interval=0.2)
    try:
        yield
    finally:
        lock.release()


def _sweep(root: Path) -> None:
    if work_folder(root).exists():
        shutil.rmtree(work_folder(root))


def build(root: Path, model: Model, files: Mapping[str, Path]) -> None:
    """Convert downloaded files and replace what is in the model's folder; durable on return.

    Raises
    ------
    WeightsError
        Where the files do not hold this model.
    ModelError
        Where something else is in the way.
    """
    new = work_folder(root) / "new"
    new.mkdir()
    model.convert(files, new)
    (new / RECORD).write_text(record_text(model, describe_files(new), files), "utf-8")
    for path in new.iterdir():
        sync_file(path)
    sync_folder(new)
    move_away(root, model)
    new.rename(root / model.name)
    sync_folder(root)


def refuse_foreign(root: Path, model: Model) -> None:
    """Check that the model's folder, if there is one, is Segue's.

    Raises
    ------
    ModelError
        Where the model's folder is somebody else's.
    """
    folder = root / model.name
    if folder.exists() and not (folder / RECORD).is_file():
        raise ModelError(f"{folder} has no {RECORD}, so Segue did not make it; move it elsewhere first")


def move_away(root: Path, model: Model) -> None:
    """Move a model, if there is one, to where it will be deleted.

    Raises
    ------
    ModelError
        Where its folder is somebody else's.
    """
    refuse_foreign(root, model)
    if (root / model.name).exists():
        (root / model.name).rename(work_folder(root) / "old")


def read_status(root: Path, model: Model, *, sums: bool = False, revision: int | None = None) -> Status:
    """What the folder holds of a model.

    Parameters
    ----------
    revision
        The lowest acceptable one; by default, the current one.
    sums
        Whether to read all files and compare their sums; their sizes are always compared.
    """
    folder = root / model.name
    try:
        record = read_record(folder / RECORD)
        state, reason = judge_record(model, record, model.revision if revision is None else revision)
        if state == "ready":
            state, reason = compare_files(folder, record, sums=sums)
    except (FileNotFoundError, NotADirectoryError):
        state, reason = "missing", f"not in {root}"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        state, reason = "damaged", f"{folder / RECORD} cannot be read: {error}"
    except OSError as error:
        state, reason = "damaged", f"{error.filename or folder}: {error.strerror or error}"
    return Status(model, folder, state, reason)


def sync_file(path: Path) -> None:
    """Have a file's content on the disk."""
    with path.open("r+b") as file:  # Windows syncs only what was opened to write
        os.fsync(file.fileno())
