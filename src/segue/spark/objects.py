"""Files of audio in an object store, such as ``s3://bucket/music``, through fsspec where it is installed."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from segue.catalog import Failure
from segue.errors import UsageError
from segue.ingest.arrow_rows import Outcome
from segue.ingest.embed_files import outcome_of
from segue.sources.audio_files import has_audio_ending
from segue.sources.contract import AudioFile
from segue.spec import Embedder

_CHANGED = ("mtime", "LastModified", "last_modified", "updated", "created")  # as stores call it


def is_address(path: str) -> bool:
    """Whether a path is an address of a store, not one of this machine."""
    return "://" in path


def list_objects(address: str, *, recursive: bool) -> list[AudioFile]:
    """The files of audio below an address, by path; their times are 0 where the store tells none.

    Raises
    ------
    UsageError
        Where there is no such folder, it cannot be listed, or fsspec is missing.
    """
    system, root = _system(address)
    try:
        listing = system.find(root, maxdepth=None if recursive else 1, detail=True)
    except (OSError, ValueError) as error:
        raise UsageError(f"{address} cannot be listed: {error}") from error
    if not listing and not system.exists(root):
        raise UsageError(f"{address} does not exist")
    return [
        AudioFile(system.unstrip_protocol(name), int(info.get("size") or 0), _changed_ns(info))
        for name, info in sorted(listing.items())
        if has_audio_ending(name) and not Path(name).name.startswith(".")
    ]


def outcome_of_object(file: AudioFile, embedders: Sequence[Embedder]) -> Outcome:
    """As ``outcome_of``: the object is fetched first, and gone from this machine afterwards."""
    system, name = _system(file.path)
    with tempfile.TemporaryDirectory(prefix="segue-object-") as folder:
        copy = Path(folder) / Path(name).name
        try:
            system.get_file(name, str(copy))
        except Exception as error:  # each store has errors of its own
            return Failure(file.path, "unreadable", f"cannot be fetched: {type(error).__name__}: {error}")
        outcome = outcome_of(AudioFile(str(copy), copy.stat().st_size, file.mtime_ns), embedders)
    if isinstance(outcome, Failure):
        return replace(outcome, path=file.path, reason=outcome.reason.replace(str(copy), file.path))
    return replace(outcome, path=file.path)


def _system(address: str) -> tuple[Any, str]:
    """The file system of fsspec's that an address is of, and the name of the object in it."""
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        reason = "needs fsspec and the package of its store, such as s3fs: pip install fsspec s3fs"
        raise UsageError(f"reading {address} {reason}") from error
    try:
        system, name = url_to_fs(address)
    except (ImportError, ValueError) as error:  # the store's own package is missing, or there is none
        raise UsageError(f"{address} cannot be read: {error}") from error
    return system, name


def _changed_ns(info: dict[str, Any]) -> int:
    changed = next((info[name] for name in _CHANGED if info.get(name)), 0)
    if isinstance(changed, datetime):
        changed = changed.timestamp()
    return int(float(changed) * 1e9) if isinstance(changed, int | float) else 0
