"""Tracks whose files a scan did not find: gone one by one, or away with a whole disk or folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from segue.catalog import KnownFile
from segue.sources.contract import AudioListing

_MOST = 0.5  # of the tracks below a root, in one folder that is empty now


@dataclass(slots=True)
class Absence:
    """What became of tracks whose files are not there.

    Attributes
    ----------
    gone : newly missing, while what lay around them is there
    away : newly missing with all of a place, which may be a disk that is not mounted; and the place
    still_away : likewise, since an earlier scan
    lost : away until now, but their place is back without them
    """

    gone: list[KnownFile] = field(default_factory=list)
    away: list[tuple[KnownFile, str]] = field(default_factory=list)
    still_away: list[KnownFile] = field(default_factory=list)
    lost: list[KnownFile] = field(default_factory=list)

    def places(self) -> Counter[str]:
        """How many tracks are away with each place."""
        return Counter(place for _, place in self.away) + Counter(one.away or "" for one in self.still_away)


def absence(
    known: Mapping[str, KnownFile],
    listing: AudioListing,
    links: Iterable[str],
    claimed: set[int],
    folders: Iterable[str] = (),
) -> Absence:
    """What a listing lacks of the files that were known below its roots.

    Parameters
    ----------
    known : by path
    links : paths that were listed and are no tracks
    claimed : keys of tracks that were found at other paths
    folders : scanned by themselves at other times; what is left out of a scan may be one of them
    """
    result = Absence()
    present = listing.others.union((file.path for file in listing.files), links)
    unreadable = [problem.where for problem in listing.problems if not is_nowhere(problem.where)]
    files = {(file.device, file.inode) for file in listing.files if file.inode}
    below = {root: _Root(root, present, listing.left_out) for root in listing.roots}
    left_out = [folder for folder in folders if is_below_any(folder, listing.left_out)]
    elsewhere = [folder for folder in left_out if folder not in listing.roots]
    back = set()
    for path, one in known.items():
        root = _innermost(path, listing.roots)
        if root is None or is_below_any(path, [*unreadable, *elsewhere]):
            continue
        if path in present or one.key in claimed or (not one.missing and _is_one_of(path, files)):
            if path in present:
                back.add(one.away)
            below[root].here.append(one)
        else:
            below[root].absent.append(one)
    devices = {root: {f.device for f in listing.files if is_below_any(f.path, [root])} for root in below}
    for root, tracks in below.items():
        tracks.sort_into(result, back, devices[root])
    return result


@dataclass(slots=True)
class _Root:
    """The known tracks below one of the folders that were scanned."""

    path: str
    present: Iterable[str]
    left_out: Sequence[str]
    here: list[KnownFile] = field(default_factory=list)
    absent: list[KnownFile] = field(default_factory=list)

    def sort_into(self, result: Absence, back: set[str | None], devices: set[int]) -> None:
        """Say of each absent track whether it is gone or away; ``devices`` are those of the files there."""
        before = [one for one in self.absent if one.away]
        result.still_away += [one for one in before if one.away not in back]
        result.lost += [one for one in before if one.away in back]
        new = [one for one in self.absent if not one.missing]
        places = self._places(new, devices) if new else {}
        result.away += [(one, places[one.key]) for one in new if one.key in places]
        result.gone += [one for one in new if one.key not in places]

    def _places(self, new: Sequence[KnownFile], devices: set[int]) -> dict[int, str]:
        """The places that are away, by the keys of their tracks."""
        if any(one.path == self.path for one in new):  # a file that was named
            return {}
        shown = (*self.present, *self.left_out)
        if not any(is_below_any(path, [self.path]) for path in shown):
            return {one.key: self.path for one in new}
        places: dict[int, str] = {}
        for folder in self._emptied(new):
            places |= {one.key: folder for one in new if is_below_any(one.path, [folder])}
        known_here = {one.state.device for one in self.here}
        for device in {one.state.device for one in new} - known_here - devices - {0}:
            group = [one for one in new if one.state.device == device]
            folder = os.path.commonpath([str(Path(one.path).parent) for one in group])
            places |= {one.key: folder for one in group}
        return places

    def _emptied(self, new: Sequence[KnownFile]) -> list[str]:
        """Folders below the root that are there, hold nothing now, and held more than an album."""
        parents = Counter(str(Path(one.path).parent) for one in new)
        candidates: dict[str, list[str]] = {}
        for parent in parents:
            for folder in (parent, *map(str, Path(parent).parents)):
                if folder == self.path or not is_below_any(folder, [self.path]):
                    break
                candidates.setdefault(folder, []).append(parent)
        most = _MOST * (len(self.here) + len(new))
        return [
            folder
            for folder, below in candidates.items()
            if (len(below) > 1 or sum(parents[parent] for parent in below) > most) and is_empty(folder)
        ]


def is_empty(folder: str) -> bool:
    """Whether a folder is there and holds nothing."""
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except OSError:
        return False


def is_nowhere(path: str) -> bool:
    """Whether nothing is at a path, as opposed to what cannot be reached."""
    try:
        Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False


def is_below_any(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)


def _innermost(path: str, roots: Iterable[str]) -> str | None:
    return max((root for root in roots if is_below_any(path, [root])), key=len, default=None)


def _is_one_of(path: str, files: set[tuple[int, int]]) -> bool:
    """Whether a path leads to one of these files, by their devices and inodes: it was listed by another."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return False
    return (status.st_dev, status.st_ino) in files
