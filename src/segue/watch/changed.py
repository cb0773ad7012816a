"""Some changed places of scanned folders as a source: everything else counts as it is known."""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from segue.catalog import Catalog
from segue.ingest.absence import Below
from segue.sources.audio_files import walk
from segue.sources.audio_folders import AudioFolders
from segue.sources.contract import AudioFile, AudioListing


class ChangedPlaces(AudioFolders):
    """The audio files at or below some places in scanned folders.

    Parameters
    ----------
    roots : the scanned folders, by which is judged whether a file is gone, or away with its disk
    places : paths of files and folders that are looked at
    library_paths : paths whose tracks and failures stay as they are, but for those below ``places``
    unsettled : paths that are still being written; they are left for later
    young_s : so long after its last change a file in a changed folder is left for later, too

    Attributes
    ----------
    left : paths that were left for later, once the files were listed
    """

    def __init__(
        self,
        roots: Sequence[str],
        places: Iterable[str],
        library_paths: Iterable[str],
        *,
        exclude: Mapping[str, Sequence[str]],
        unsettled: Container[str] = (),
        young_s: float = 0.0,
    ) -> None:
        super().__init__(roots, exclude=exclude)
        self.places = frozenset(places)
        self.left: list[str] = []
        self._inside = Below(self.places)
        self._above = {str(parent) for place in self.places for parent in Path(place).parents}
        self._library_paths, self._unsettled, self._young_s = library_paths, unsettled, young_s

    @property
    def folders(self) -> Sequence[str]:
        """Those that are looked at as a whole."""
        return [root for root in self._roots if root in self.places]

    def tracks(self) -> AudioListing:
        listing = walk(self._roots, self._exclude, self._touches)
        now = time.time()
        self.left = [file.path for file in listing.files if self._is_unsettled(file, now)]
        left = frozenset(self.left)
        files = [file for file in listing.files if file.path not in left]
        others = left.union(path for path in self._library_paths if path not in self._inside)
        return replace(self._as_listing(listing), files=files, others=others)

    def _touches(self, path: str) -> bool:
        return path in self._above or path in self._inside

    def _is_unsettled(self, file: AudioFile, now: float) -> bool:
        if file.path in self._unsettled:
            return True
        return file.path not in self.places and 0 <= now - file.ctime_ns / 1e9 < self._young_s


def known_paths(catalog: Catalog) -> list[str]:
    """Of all files that are there, and of those that failed."""
    paths = [one.path for one in catalog.known_files().values() if not one.missing]
    return [*paths, *(failure.path for failure in catalog.failures())]
