"""Tracks whose files a scan did not find: gone one by one, or away with a whole disk or folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    by_path: Mapping[str, KnownFile],
    listing: AudioListing,
    links: Iterable[str],
    claimed: set[int],
    folders: Iterable[str] = (),
) -> Absence:
    """What a listing lacks of the files that were known below its roots.

    Parameters
    ----------
    by_path : the files that were known
    links : paths that were listed and are no tracks
    claimed : keys of tracks that were found at other paths
    folders : scanned by themselves at other times; what is left out of a scan may be one of them
    """
    result = Absence()
    present = listing.others.union((file.path for file in listing.files), links)
    unreadable = [problem.where for problem in listing.problems if not is_nowhere(problem.where)]
    left_out = [folder for folder in folders if is_below_any(folder, listing.left_out)]
    elsewhere = [folder for folder in left_out if folder not in listing.roots]
    inside, skipped = Below(listing.roots), Below([*unreadable, *elsewhere])
    files = {(file.device, file.inode) for file in listing.files if file.inode}
    absent = [
        one
        for path, one in by_path.items()
        if path not in present
        and path in inside
        and one.key not in claimed
        and path not in skipped
        and (one.missing or not _is_one_of(path, files))
    ]
    back = {one.away for path, one in by_path.items() if one.away and path in present}
    unwanted = Below(listing.left_out)  # by their owner: no disk is missed
    result.lost += [one for one in absent if one.away and one.path in unwanted]
    result.gone += [one for one in absent if not one.missing and one.path in unwanted]
    by_root: dict[str, list[KnownFile]] = {}
    for one in (one for one in absent if one.path not in unwanted):
        root = max((root for root in listing.roots if is_below_any(one.path, [root])), key=len)
        by_root.setdefault(root, []).append(one)
    for root, tracks in by_root.items():
        before = [one for one in tracks if one.away]
        result.still_away += [one for one in before if one.away not in back]
        result.lost += [one for one in before if one.away in back]
        new = [one for one in tracks if not one.missing]
        remaining = (one for one in by_path.values() if new and (one.path in present or one.key in claimed))
        places = _Root(root, remaining, listing).places(new) if new else {}
        result.away += [(one, places[one.key]) for one in new if one.key in places]
        result.gone += [one for one in new if one.key not in places]
    return result


class _Root:
    """One of the folders that were scanned, of which something is not there any more.

    Parameters
    ----------
    remaining : all tracks that were found, wherever they lie
    """

    def __init__(self, path: str, remaining: Iterable[KnownFile], listing: AudioListing) -> None:
        self._path, self._inside = path, Below([path])
        self._here = [one for one in remaining if one.path in self._inside]
        # A file in the place of the folder shows nothing of what was in it.
        files = [file for file in listing.files if file.path in self._inside and file.path != path]
        others = any(other in self._inside for other in (*listing.others, *listing.left_out))
        self._shows_something = bool(files) or others
        self._devices = {file.device for file in files}.union(one.state.device for one in self._here)

    def places(self, new: Sequence[KnownFile]) -> dict[int, str]:
        """The places that are away, by the keys of those of the newly absent tracks that went with them."""
        if any(one.path == self._path for one in new):  # a file that was named
            return {}
        if not self._shows_something:
            return {one.key: self._path for one in new}
        places: dict[int, str] = {}
        for folder in self._emptied_folders(new):
            places |= {one.key: folder for one in new if is_below_any(one.path, [folder])}
        for device in {one.state.device for one in new} - self._devices - {0}:
            group = [one for one in new if one.state.device == device]
            folder = os.path.commonpath([str(Path(one.path).parent) for one in group])
            places |= {one.key: folder for one in group}
        return places

    def _emptied_folders(self, new: Sequence[KnownFile]) -> list[str]:
        """Folders below the root that are there, hold nothing now, and held more than an album."""
        parents = Counter(str(Path(one.path).parent) for one in new)
        candidates: dict[str, list[str]] = {}
        for parent in parents:
            for folder in (parent, *map(str, Path(parent).parents)):
                if folder == self._path or folder not in self._inside:
                    break
                candidates.setdefault(folder, []).append(parent)
        most = _MOST * (len(self._here) + len(new))
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


class Below:
    """What lies at or below some folders: ``path in Below(folders)``."""

    def __init__(self, folders: Iterable[str]) -> None:
        self._folders = frozenset(folders)
        self._beginnings = tuple(folder.rstrip(os.sep) + os.sep for folder in self._folders)

    def __contains__(self, path: str) -> bool:
        return path in self._folders or path.startswith(self._beginnings)


def is_below_any(path: str, folders: Iterable[str]) -> bool:
    return path in Below(folders)


def _is_one_of(path: str, files: set[tuple[int, int]]) -> bool:
    """Whether a path leads to one of these files, by their devices and inodes: it was listed by another."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return False
    return (status.st_dev, status.st_ino) in files
