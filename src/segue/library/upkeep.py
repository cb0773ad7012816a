"""What a library is told about its files and folders, beside scans."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from segue.catalog import MissingTrack
from segue.errors import LibraryBusyError, UsageError
from segue.ingest.absence import is_below_any, is_empty, is_nowhere
from segue.library.contents import Contents
from segue.paths import expand_home
from segue.texts import count, each_of
from segue.track import readable


class Upkeep(Contents):
    """The part of ``Library`` that cares for files, folders and the room they take."""

    def is_being_written(self) -> bool:
        """Whether something else is writing to the library now."""
        try:
            with self._catalog.writing(0):
                return False
        except LibraryBusyError:
            return True

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
        from segue.catalog import RemovedTracks

        return RemovedTracks(self._catalog.root).size()

    def forget_removed(self, *, wait_s: float = -1) -> None:
        """Drop what is kept of removed tracks.

        Raises
        ------
        LibraryBusyError, LibraryWriteError
        """
        from segue.catalog import RemovedTracks

        with self._catalog.writing(wait_s):
            RemovedTracks(self._catalog.root).forget()

    def scanned_folders(self) -> list[ScannedFolder]:
        """The folders that were scanned or exclude something, by path."""
        exclusions, missing = self._catalog.folders.exclusions(), self.missing()
        listed = []
        for path in sorted({*self._catalog.folders.all(), *exclusions}):
            below = [track for track in missing if track.path and is_below_any(track.path, [path])]
            away = sum(track.away is not None for track in below)
            is_there = not (is_nowhere(path) or is_empty(path))
            n = self._catalog.folders.count(path)
            excluded = tuple(exclusions.get(path, ()))
            listed.append(ScannedFolder(path, n, len(below) - away, away, is_there, excluded))
        return listed

    def tracks_only_in(self, folder: str | Path) -> list[int]:
        """Keys of the tracks below a scanned folder that no other scanned folder holds.

        Raises
        ------
        UsageError
            Where the folder was not scanned.
        """
        top, others = self._require_scanned(folder)
        own = self._catalog.folders.own_tracks(top)
        return [key for key, path in own.items() if not is_below_any(path, others)]

    def _require_scanned(self, folder: str | Path) -> tuple[str, list[str]]:
        """A scanned folder, and all others."""
        top = absolute(folder)
        folders = [*self._catalog.folders.all(), *self._catalog.folders.exclusions()]
        if top not in folders:
            listed = ", ".join(map(readable, dict.fromkeys(folders))) or "none"
            raise UsageError(f"{readable(top)} was not scanned; folders that were: {listed}")
        return top, [other for other in folders if other != top]

    def remove_folder(self, folder: str | Path, *, keep: bool = True, wait_s: float = -1) -> int:
        """Remove a scanned folder with its tracks, but for those that lie in another one too; how many went.

        Parameters
        ----------
        keep : what was found out about their audio, as ``prune`` does

        Raises
        ------
        UsageError, LibraryBusyError, LibraryWriteError
        """
        with self._catalog.writing(wait_s) as writer:
            top, others = self._require_scanned(folder)
            n = writer.remove(self.tracks_only_in(top), keep=keep)
            failed = (failure.path for failure in self._catalog.failures())
            writer.forget_failures(
                path for path in failed if is_below_any(path, [top]) and not is_below_any(path, others)
            )
            writer.forget_folder(top)
        return n

    def move_folder(self, old: str | Path, new: str | Path, *, wait_s: float = -1) -> MovedFolder:
        """Say that the music in a folder has been moved; its tracks keep all but their paths.

        Raises
        ------
        UsageError
            Where no track lies below the old folder, or none of their files below the new one.
        LibraryBusyError, LibraryWriteError
        """
        a, b = absolute(old), absolute(new)
        with self._catalog.writing(wait_s) as writer:
            files = self._catalog.known_files()
            below = [one for one in files.values() if is_below_any(one.path, [a])]
            if not below:
                raise UsageError(f"no track lies below {readable(a)}")
            paths = {one.key: b.rstrip(os.sep) + path_below(one.path, a) for one in below}
            present = {key for key, path in paths.items() if Path(path).is_file()}
            if not present:
                example = readable(next(iter(paths.values())))
                raise UsageError(
                    f"none of {count(len(paths), 'file')} is below {readable(b)}; expected {example}"
                )
            occupied = files.keys() - {one.path for one in below}
            free = {key: path for key, path in paths.items() if path not in occupied}
            writer.move(free, present & free.keys(), a, b)
        folders = self._catalog.folders
        if not is_below_any(b, folders.all()):
            folders.note([b])
        return MovedFolder(len(free), len(present & free.keys()), len(paths) - len(free))

    def back_up(self, to: str | Path) -> int:
        """Copy the library to a new folder, also while it is written to; how many bytes that took.

        The copy is a library: open it, or put it in the place of this one.

        Raises
        ------
        UsageError
            Where the folder is there and not empty.
        LibraryWriteError, LibraryFormatError
        """
        from segue.catalog.backup import back_up

        folder, root = Path(absolute(to)), Path(absolute(self._catalog.root))
        if folder == root or root in folder.parents:
            raise UsageError(f"{folder} is in the library itself; choose a folder outside")
        if folder.exists() and not is_empty(str(folder)):
            raise UsageError(f"{folder} is there already; choose a new folder")
        return back_up(self._catalog.root, folder)

    def dismiss_failures(self, path: str | Path | None = None, *, again: bool = False) -> int:
        """Show failures no more until their files change; how many.

        Parameters
        ----------
        path : of a file, or a folder with all below; by default, all failures
        again : take it back, and show them again

        Raises
        ------
        UsageError
            Where nothing failed there.
        LibraryBusyError, LibraryWriteError
        """
        top = None if path is None else absolute(path)
        with self._catalog.writing() as writer:
            chosen = [
                one
                for one in self._catalog.failures()
                if one.dismissed == again and (top is None or is_below_any(one.path, [top]))
            ]
            if top is not None and not chosen:
                raise UsageError(f"no file failed at {readable(top)}")
            (writer.show_again if again else writer.dismiss)(chosen)
        return len(chosen)

    def exclude(self, folder: str | Path, patterns: str | Sequence[str]) -> None:
        """Keep what these patterns name out of all later scans of a folder.

        Parameters
        ----------
        patterns : as in a ``.gitignore``: ``Audiobooks/``, ``*.wav``, ``/Artist/Album``

        Raises
        ------
        UsageError, LibraryWriteError
        """
        from segue.sources.left_out import compile_patterns

        chosen = each_of(patterns)
        compile_patterns(chosen)
        self._catalog.folders.exclude(absolute(folder), chosen)

    def include(self, folder: str | Path, patterns: str | Sequence[str]) -> None:
        """Take back what ``exclude`` was given; the next scan adds what is there.

        Raises
        ------
        UsageError
            Where a pattern is not kept with the folder.
        LibraryWriteError
        """
        excluded = self._catalog.folders.exclusions().get(absolute(folder), [])
        chosen = each_of(patterns)
        for pattern in chosen:
            if pattern not in excluded:
                listed = ", ".join(map(repr, excluded)) or "nothing"
                raise UsageError(f"{absolute(folder)} does not exclude {pattern!r}; it excludes: {listed}")
        self._catalog.folders.include(absolute(folder), chosen)


@dataclass(frozen=True, slots=True)
class ScannedFolder:
    """A folder that was scanned.

    Attributes
    ----------
    tracks, missing, away : tracks below it whose files were there, were not, and went with all of a place
    there : whether it is there now, and not empty
    exclude : patterns of what stays out
    """

    path: str
    tracks: int
    missing: int
    away: int
    there: bool
    exclude: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MovedFolder:
    """What became of tracks whose folder was moved.

    Attributes
    ----------
    moved, there : how many have new paths, and of how many the file is there
    taken : how many stay as they were, as another track has the path
    """

    moved: int
    there: int
    taken: int


def path_below(path: str, folder: str) -> str:
    """The rest of a path behind a folder, from the separator on."""
    return path[len(folder.rstrip(os.sep)) :]


def absolute(folder: str | Path) -> str:
    """As scans keep a folder: links stay as they are named."""
    return os.path.abspath(expand_home(folder))  # noqa: PTH100
