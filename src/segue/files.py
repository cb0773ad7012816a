"""Files and folders for other programs are written whole or not at all."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from segue.errors import UsageError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path``, renamed to it once the block is through.

    Raises
    ------
    UsageError
        Where nothing can be written there.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    _sweep_dead(path)
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """A new folder beside ``folder``, renamed to it once the block is through; what was there goes.

    Where a kill comes between two renames, what was there lies aside; the next call puts it back.

    Raises
    ------
    OSError
        Where nothing can be written there.
    """
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    aside = folder.with_name(f".{folder.name}.{os.getpid()}.before")
    _settle_dead(folder)
    try:
        part.mkdir(mode=0o700, parents=True)
        yield part
        if folder.exists():
            folder.rename(aside)
        part.rename(folder)
        sync_folder(folder.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        _settle(folder, aside)


def _settle_dead(folder: Path) -> None:
    """Put back or delete what processes left that were killed while they wrote this folder."""
    left = re.compile(rf"\.{re.escape(folder.name)}\.(\d+)\.(part|before)")
    with contextlib.suppress(OSError):
        for path in list(folder.parent.iterdir()):
            match = left.fullmatch(path.name)
            if not match or _runs(int(match[1])):
                continue
            if match[2] == "before":
                _settle(folder, path)
            else:
                shutil.rmtree(path, ignore_errors=True)


def _settle(folder: Path, aside: Path) -> None:
    """Put back what was in the way of the new folder, or delete it if that is there."""
    with contextlib.suppress(OSError):
        if folder.exists():
            shutil.rmtree(aside, ignore_errors=True)
        elif aside.exists():
            aside.rename(folder)


def _sweep_dead(path: Path) -> None:
    """Delete what processes left that were killed while they wrote this file."""
    with contextlib.suppress(OSError):
        for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
            with contextlib.suppress(OSError, ValueError):
                if not _runs(int(part.name.split(".")[-2])):
                    part.unlink()


def _runs(process: int) -> bool:
    """Whether a process with this number runs; Windows lets nobody delete what a running one writes."""
    if os.name == "nt":
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another's, or no number of a process
        return True
    return True


def sweep(folder: Path) -> None:
    """Delete what processes left in a folder that were killed while they wrote a file there."""
    for part in folder.glob(".*.part"):
        with contextlib.suppress(OSError):
            part.unlink()


def sync_folder(folder: Path) -> None:
    """Have the folder's list of names on the disk; Windows neither needs nor allows it."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
