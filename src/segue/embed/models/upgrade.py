"""Brings a model that an older Segue converted to the current revision, from its own file.

The record of what it will be is written first, then the network, then the record takes its place. A process
that is killed on the way leaves the old model, or one that the next call finishes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from segue.embed.models.cache import read_status, sync_file, work_folder, write_access
from segue.embed.models.published import KnownFile, Model, sha256_of
from segue.embed.models.record import RECORD, Record, compare_files, judge_record, read_record, record_text
from segue.errors import WeightsError
from segue.files import sync_folder

NEXT = "model.next.json"


def can_upgrade(root: Path, model: Model) -> bool:
    """Whether the folder holds the revision before this one, of a model that can be upgraded."""
    return _old_record(root / model.name, model) is not None


def upgrade(root: Path, model: Model) -> bool:
    """Whether a model in the folder is now of the current revision; nothing is fetched.

    Raises
    ------
    WeightsError
        Where its file is damaged, or lacks what this revision takes from it.
    ModelError
        Where the folder cannot be written to.
    """
    if not can_upgrade(root, model):
        return False
    with write_access(root):  # for which another process may have been quicker
        return upgrade_locked(root, model) or read_status(root, model).state == "ready"


def upgrade_locked(root: Path, model: Model) -> bool:
    """Whether there was something to upgrade; the caller holds the folder's lock. Raises as ``upgrade``."""
    folder = root / model.name
    old = _old_record(folder, model)
    if old is None or model.upgrade is None:
        return False
    if not _was_written(folder, model):
        _write_network(root, model, old, model.upgrade)
    (folder / NEXT).replace(folder / RECORD)
    sync_folder(folder)
    return True


def _old_record(folder: Path, model: Model) -> Record | None:
    if model.upgrade is None:
        return None
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        record = read_record(folder / RECORD)
        if record.revision == model.revision - 1:
            return record if judge_record(model, record, record.revision)[0] == "ready" else None
    return None


def _was_written(folder: Path, model: Model) -> bool:
    """Whether a killed process got as far as to write the network."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        record = read_record(folder / NEXT)
        current = judge_record(model, record, model.revision)[0] == "ready"
        return current and compare_files(folder, record, sums=True)[0] == "ready"
    return False


def _write_network(root: Path, model: Model, old: Record, convert: Callable[[bytes], bytes]) -> None:
    folder, name, work = root / model.name, f"{model.name}.onnx", work_folder(root)
    state, reason = compare_files(folder, old, sums=True)
    if state != "ready":
        raise WeightsError(reason, str(folder / name))
    try:
        content = convert((folder / name).read_bytes())
    except WeightsError as error:
        raise WeightsError(f"{folder / name}: {error}", str(folder / name)) from error
    _write(work / name, content)
    new = KnownFile(name, len(content), sha256_of(work / name))
    others = [file for file in old.files if file.name != name]
    _write(work / NEXT, record_text(model, [new, *others], old.sources).encode())
    (work / NEXT).replace(folder / NEXT)
    sync_folder(folder)
    (work / name).replace(folder / name)
    sync_folder(folder)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    sync_file(path)
