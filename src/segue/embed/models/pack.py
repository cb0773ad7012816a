"""All installed models in one file, for machines without a network: a plain zip, its sums compared."""

from __future__ import annotations

import re
import shutil
import stat
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from segue.embed.models.cache import (
    OnWait,
    models_folder,
    move_away,
    read_status,
    sync_file,
    work_folder,
    write_access,
)
from segue.embed.models.published import MODELS, Model, get_model
from segue.embed.models.record import RECORD, read_record
from segue.errors import ModelNotFoundError, UsageError, WeightsError
from segue.files import replacing, sync_folder
from segue.paths import expand_home

_NAME = re.compile(r"([a-z0-9_-]{1,40})/([A-Za-z0-9_-][A-Za-z0-9._-]{0,80})")
_MOST_FILES = 200
_LARGEST = 2 << 30  # bytes of a file; VGGish has 290 MB
_CHUNK = 1 << 20


def pack(path: str | Path, names: Sequence[str] = (), *, folder: str | Path | None = None) -> list[str]:
    """Write models to one file, and say which.

    Parameters
    ----------
    names : by default, all that are installed

    Raises
    ------
    UsageError
        Where there is no model of a name, or the file cannot be written.
    ModelNotFoundError
        Where one is not installed, or none is.
    WeightsError
        Where one is damaged.
    """
    root = models_folder(folder)
    models = [get_model(name) for name in names] or list(MODELS.values())
    statuses = [read_status(root, model, sums=True) for model in models]
    ready = [status for status in statuses if status.state == "ready"]
    for status in statuses if names else ():
        if status.state != "ready":
            name = status.model.name
            raise ModelNotFoundError(f"the model {name} is {status.state} ({status.reason})", name)
    if not ready:
        raise ModelNotFoundError(f"no models are installed in {root}", "")
    with (
        replacing(expand_home(path)) as part,
        zipfile.ZipFile(part, "w") as archive,
    ):
        for status in ready:
            for file in sorted(status.folder.iterdir()):
                archive.write(file, f"{status.model.name}/{file.name}")
    return [status.model.name for status in ready]


def unpack(path: str | Path, *, folder: str | Path | None = None, on_wait: OnWait | None = None) -> list[str]:
    """Install the models in a file that ``pack`` wrote: all of them, or none; which they are.

    Raises
    ------
    UsageError
        Where the file is not there, or no such archive.
    WeightsError
        Where a model in it is unknown, damaged, or not what was published.
    ModelError
        Where the folder of models cannot be written to.
    """
    source, root = expand_home(path), models_folder(folder)
    try:
        with zipfile.ZipFile(source) as archive:
            members = _members(source, archive.infolist())
            with write_access(root, on_wait):
                return _install(source, archive, members, root)
    except FileNotFoundError as error:
        raise UsageError(f"{source} is not there") from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise UsageError(f"{source} was not written by segue models pack, or is damaged: {error}") from error


def _members(source: Path, infos: Iterable[zipfile.ZipInfo]) -> dict[str, list[zipfile.ZipInfo]]:
    """The files of each model; nothing in an archive names a place outside of the model's own folder."""
    members: dict[str, list[zipfile.ZipInfo]] = {}
    seen: set[str] = set()
    for info in infos:
        match = _NAME.fullmatch(info.filename)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if not match or kind not in (0, stat.S_IFREG) or info.filename.lower() in seen:
            raise UsageError(f"{source} was not written by segue models pack: it holds {info.filename!r}")
        if info.file_size > _LARGEST or len(seen) >= _MOST_FILES:
            raise UsageError(f"{source} holds more than models have: {info.filename!r}")
        if match[1] not in MODELS:
            raise WeightsError(f"{source} holds {match[1]!r}, which is no model of this Segue", str(source))
        seen.add(info.filename.lower())
        members.setdefault(match[1], []).append(info)
    if not members:
        raise UsageError(f"{source} holds no models")
    return members


def _install(
    source: Path, archive: zipfile.ZipFile, members: dict[str, list[zipfile.ZipInfo]], root: Path
) -> list[str]:
    new = work_folder(root) / "unpacked"
    for name, infos in members.items():
        (new / name).mkdir(parents=True)
        for info in infos:
            _extract(archive, info, new / name / info.filename.rpartition("/")[2])
        _require_whole(source, new, MODELS[name])
    for name in members:
        sync_folder(new / name)
        move_away(root, MODELS[name])
        (new / name).rename(root / name)
        shutil.rmtree(work_folder(root) / "old", ignore_errors=True)
    sync_folder(root)
    return list(members)


def _extract(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> None:
    left = info.file_size
    with archive.open(info) as packed, path.open("xb") as file:
        while chunk := packed.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise zipfile.BadZipFile(f"{info.filename} is larger than the archive says")
            file.write(chunk)
    sync_file(path)


def _require_whole(source: Path, folder: Path, model: Model) -> None:
    status = read_status(folder, model, sums=True)
    if status.state != "ready":
        raise WeightsError(f"{source}: {model.name} is {status.state}: {status.reason}", str(source))
    recorded = {file.name for file in read_record(status.folder / RECORD).files} | {RECORD}
    if strange := {file.name for file in status.folder.iterdir()} - recorded:
        raise WeightsError(f"{source}: {model.name} has no file {min(strange)!r}", str(source))
