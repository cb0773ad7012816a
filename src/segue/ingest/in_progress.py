"""Which files a scan is at work on, kept on disk: those of a scan that died may have killed it."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

FOLDER = "in_progress"


class FilesInProgress:
    """A small file for each thread, with the path that it is at work on.

    Parameters
    ----------
    root : the library's folder

    Attributes
    ----------
    suspects : paths that an earlier scan was at work on when its process died
    """

    def __init__(self, root: Path) -> None:
        self._folder = root / FOLDER
        paths = [path.read_bytes() for path in self._folder.iterdir()] if self._folder.is_dir() else []
        self.suspects = frozenset(os.fsdecode(path) for path in paths if path)
        with contextlib.suppress(OSError):
            self._folder.mkdir(exist_ok=True)

    @contextlib.contextmanager
    def working_on(self, path: str) -> Iterator[None]:
        """Within this, in this thread, the path is told on disk, where there is room for it."""
        file = self._folder / str(threading.get_ident())
        with contextlib.suppress(OSError):
            file.write_bytes(os.fsencode(path))
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)

    def close(self) -> None:
        """The scan has ended by itself."""
        shutil.rmtree(self._folder, ignore_errors=True)
