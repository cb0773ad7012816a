"""Files and folders for other programs are written whole or not at all."""

from __future__ import annotations

import contextlib
import glob
import itertools
import os
import re
import shutil
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from segue.errors import UsageError

_lock = threading.Lock()
_writers: set[tuple[Path, int]] = set()  # what this process is writing, and which writer of it
_OPENED = re.compile("/dev/(stdin|stdout|stderr)$|/dev/fd/|/proc/")  # names of what a process has open


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path``, renamed to it once the block is through.

    A link stays, and leads to the new file. A pipe or a device, such as ``/dev/stdout``, stays, too, and is
    written to.

    Raises
    ------
    UsageError
        Where nothing can be written there.
    """
    if _is_stream(path):
        with _written_to(path) as part:
            yield part
        return
    target = Path(os.path.realpath(path))
    _sweep_dead(target)
    with _own_mark(target) as mark:
        part = target.with_name(f".{target.name}.{mark}.part")
        try:
            yield part
            part.replace(target)
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)


@contextlib.contextmanager
def _own_mark(target: Path) -> Iterator[str]:
    """What tells this process's and this writer's temporary names of a target from all others."""
    with _lock:
        number = next(n for n in itertools.count() if (target, n) not in _writers)
        _writers.add((target, number))
    try:
        yield f"w{number}.{os.getpid()}" if number else f"{os.getpid()}"
    finally:
        with _lock:
            _writers.discard((target, number))


def _is_stream(path: Path) -> bool:
    """Whether it is a device, a pipe or a socket, or stands for what a process has open."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # not there
        return False
    opened = _OPENED.match(os.path.abspath(path))  # noqa: PTH100 - the name, not where it leads
    return not stat.S_ISDIR(mode) and (bool(opened) or not stat.S_ISREG(mode))


@contextlib.contextmanager
def _written_to(path: Path) -> Iterator[Path]:
    """A temporary file whose content is written to ``path`` once the block is through."""
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "part"
        yield part
        try:
            with part.open("rb") as made, path.open("wb") as out:
                shutil.copyfileobj(made, out)
        except BrokenPipeError:  # its reader has seen enough
            return
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error


@contextlib.contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """A new folder beside ``folder``, renamed to it once the block is through; what was there goes.

    Where a kill comes between two renames, what was there lies aside; the next call puts it back.

    Raises
    ------
    OSError
        Where nothing can be written there.
    """
    folder = Path(os.path.realpath(folder))  # a link stays, and leads to the new folder
    _settle_dead(folder)
    with _own_mark(folder) as mark:
        part, aside = (folder.with_name(f".{folder.name}.{mark}.{end}") for end in ("part", "before"))
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
    left = re.compile(rf"\.{re.escape(folder.name)}\.(?:w\d+\.)?(\d+)\.(part|before)")
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


def is_same_file(a: str | Path, b: str | Path) -> bool:
    """Whether two paths lead to one file that is there."""
    try:
        return Path(a).samefile(b)
    except (OSError, ValueError):
        return False
