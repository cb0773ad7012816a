"""What a library is told about its files and folders, beside scans."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from segue.errors import UsageError
from segue.library.contents import Contents
from segue.sources.left_out import compile_patterns


class Upkeep(Contents):
    """The part of ``Library`` that cares for files, folders and the room they take."""

    def prune(self, *, wait_s: float = -1) -> int:
        """Remove the tracks whose files are gone; how many there were."""
        with self._catalog.writing(wait_s) as writer:
            return writer.prune()

    def exclude(self, folder: str | Path, patterns: Sequence[str]) -> None:
        """Keep what these patterns name out of all later scans of a folder.

        Parameters
        ----------
        patterns : as in a ``.gitignore``: ``Audiobooks/``, ``*.wav``, ``/Artist/Album``

        Raises
        ------
        UsageError, LibraryWriteError
        """
        compile_patterns(patterns)
        self._catalog.folders.exclude(absolute(folder), patterns)

    def include(self, folder: str | Path, patterns: Sequence[str]) -> None:
        """Take back what ``exclude`` was given; the next scan adds what is there.

        Raises
        ------
        UsageError
            Where a pattern is not kept with the folder.
        LibraryWriteError
        """
        kept = self._catalog.folders.exclusions().get(absolute(folder), [])
        for pattern in patterns:
            if pattern not in kept:
                listed = ", ".join(map(repr, kept)) or "nothing"
                raise UsageError(f"{absolute(folder)} does not exclude {pattern!r}; it excludes: {listed}")
        self._catalog.folders.include(absolute(folder), patterns)


def absolute(folder: str | Path) -> str:
    """As scans keep a folder: links stay as they are named."""
    return os.path.abspath(Path(folder).expanduser())  # noqa: PTH100
