"""The folder of what lasts as long as the service; what a killed service left is removed by the next."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX = "segue-serve-"
_LOCK = "lock"


@contextlib.contextmanager
def scratch_folder() -> Iterator[str]:
    """A new folder that only this user may read; it is there until the block ends."""
    remove_abandoned()
    folder, lock = _make()
    try:
        yield str(folder)
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def _make() -> tuple[Path, FileLock]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        lock = FileLock(folder / _LOCK)
        lock.acquire()
        if (folder / _LOCK).exists():
            return folder, lock
        lock.release()  # another service took it for an abandoned one, before it was locked


def remove_abandoned() -> None:
    """Remove this user's folders whose services have been killed: nobody holds their locks."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, Timeout):
            if not _is_ours(folder):
                continue
            lock = FileLock(folder / _LOCK)
            with lock.acquire(timeout=0):
                shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    """Whether this user made a folder as above; links are never followed."""
    if folder.is_symlink() or not (folder / _LOCK).is_file():
        return False
    return os.name == "nt" or folder.stat().st_uid == os.getuid()
