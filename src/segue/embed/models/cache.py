"""The folder of models: one sub-folder each, complete or absent.

<name>/<name>.onnx        and what else the model needs
<name>/model.json         sums of these files and of what they were made from
.segue-downloads/         what was fetched so far, to go on from
.segue-work/              unfinished; swept by whoever writes next
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import filelock

from segue.advice import data_folder
from segue.embed.models.published import KnownFile, Model, difference, sha256_of
from segue.errors import ModelError
from segue.files import sync_folder

RECORD = "model.json"
RECORD_FORMAT = 1
VARIABLE = "SEGUE_MODELS"

State = Literal["ready", "missing", "outdated", "damaged"]
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


@dataclass(frozen=True, slots=True)
class _Record:
    format: int
    revision: int
    sources: Mapping[str, str]  # sha256 by name
    files: tuple[KnownFile, ...]


def models_folder(folder: str | Path | None = None) -> Path:
    """``folder``, else `$SEGUE_MODELS`, else `models` in the user's data folder.

    Models added on a machine without a network cannot be fetched again, so they are not a mere cache
    that the system may clear.
    """
    chosen = folder or os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
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
    (new / RECORD).write_text(_record_text(model, new), "utf-8")
    for path in new.iterdir():
        _sync(path)
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


def read_status(root: Path, model: Model, *, sums: bool = False) -> Status:
    """What the folder holds of a model.

    Parameters
    ----------
    sums
        Whether to read all files and compare their sums; their sizes are always compared.
    """
    folder = root / model.name
    try:
        record = _read_record(folder)
        state, reason = _judge_record(model, record)
        if state == "ready":
            state, reason = _compare_files(folder, record, sums)
    except (FileNotFoundError, NotADirectoryError):
        state, reason = "missing", f"not in {root}"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        state, reason = "damaged", f"{folder / RECORD} cannot be read: {error}"
    except OSError as error:
        state, reason = "damaged", f"{error.filename or folder}: {error.strerror or error}"
    return Status(model, folder, state, reason)


def _judge_record(model: Model, record: _Record) -> tuple[State, str]:
    if record.format != RECORD_FORMAT or record.revision != model.revision:
        return "outdated", "converted by another version of Segue"
    if record.sources != _sources(model):
        return "outdated", "made from other files than Segue now expects"
    if f"{model.name}.onnx" not in {file.name for file in record.files}:
        return "damaged", f"{RECORD} names no {model.name}.onnx"
    return "ready", ""


def _compare_files(folder: Path, record: _Record, sums: bool) -> tuple[State, str]:
    for file in record.files:
        path = folder / file.name
        if not path.is_file():
            return "damaged", f"{path} is missing"
        size = path.stat().st_size
        if size != file.size_bytes:
            return "damaged", f"{path}: found {size} bytes, expected {file.size_bytes}"
        if sums and (reason := difference(path, file)):
            return "damaged", f"{path}: {reason}"
    return "ready", ""


def _record_text(model: Model, folder: Path) -> str:
    files = {
        path.name: {"size_bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in sorted(folder.iterdir())
    }
    record = {
        "format": RECORD_FORMAT,
        "model": model.name,
        "revision": model.revision,
        "sources": _sources(model),
        "files": files,
    }
    return json.dumps(record, indent=2) + "\n"


def _sources(model: Model) -> dict[str, str]:
    return {download.file.name: download.file.sha256 for download in model.downloads}


def _read_record(folder: Path) -> _Record:
    data = json.loads((folder / RECORD).read_text("utf-8"))
    files = tuple(
        KnownFile(_require_plain_name(name), int(file["size_bytes"]), str(file["sha256"]))
        for name, file in data["files"].items()
    )
    return _Record(int(data["format"]), int(data["revision"]), dict(data["sources"]), files)


def _require_plain_name(name: str) -> str:
    if Path(name).name != name:
        raise ValueError(f"{name!r} is not a plain file name")
    return name


def _sync(path: Path) -> None:
    with path.open("r+b") as file:  # Windows syncs only what was opened to write
        os.fsync(file.fileno())
