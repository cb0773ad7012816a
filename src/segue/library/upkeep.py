"""What a library is told about its files and folders, beside scans."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from segue.catalog import MissingTrack, RemovedTracks
from segue.errors import UsageError
from segue.ingest.absence import is_below_any, is_empty, is_nowhere
from segue.library.contents import Contents
from segue.sources.left_out import compile_patterns


class Upkeep(Contents):
    """The part of ``Library`` that cares for files, folders and the room they take."""

    def missing(self) -> list[MissingTrack]:
        """The tracks whose files are gone, by path, and which of them are away with all of a folder or disk.

        Besides what scans have found out, what lay in a scanned folder is away if that is gone or empty now.
        """
        empty: dict[str, bool] = {}
        folders = self._catalog.folders.all()
        return [self._with_place(track, folders, empty) for track in self._catalog.missing_tracks()]

    @staticmethod
    def _with_place(track: MissingTrack, folders: Sequence[str], empty: dict[str, bool]) -> MissingTrack:
        for folder in folders if track.path and not track.away else ():
            if track.path and is_below_any(track.path, [folder]):
                if folder not in empty:
                    empty[folder] = is_nowhere(folder) or is_empty(folder)
                if empty[folder]:
                    return replace(track, away=folder)
        return track

    def prunable(self, *, older_than_s: float = 0, away: bool = False) -> list[MissingTrack]:
        """What ``prune`` removes, with the same arguments."""
        last = time.time() - older_than_s
        return [
            track for track in self.missing() if track.missing_since <= last and (away or track.away is None)
        ]

    def prune(
        self, *, older_than_s: float = 0, away: bool = False, keep: bool = True, wait_s: float = -1
    ) -> int:
        """Remove the tracks whose files are gone; how many there were.

        What was found out about their audio is kept, up to 1 GB, so that a file that comes back is no new
        track: it gets its id, and costs no analysis. ``forget_removed`` drops it.

        Parameters
        ----------
        older_than_s : only those that have been missing so long
        away : also those that are missing with all of a folder or disk, which may only not be mounted
        keep : whether anything is kept of them

        Raises
        ------
        LibraryBusyError, LibraryWriteError
        """
        with self._catalog.writing(wait_s) as writer:
            keys = [track.key for track in self.prunable(older_than_s=older_than_s, away=away)]
            return writer.remove(keys, keep=keep)

    def removed(self) -> tuple[int, int]:
        """Of how many removed tracks the vectors are kept, and their bytes."""
        return RemovedTracks(self._catalog.root).size()

    def forget_removed(self, *, wait_s: float = -1) -> None:
        """Drop what is kept of removed tracks.

        Raises
        ------
        LibraryBusyError, LibraryWriteError
        """
        with self._catalog.writing(wait_s):
            RemovedTracks(self._catalog.root).forget()

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
