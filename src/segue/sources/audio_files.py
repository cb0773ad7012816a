"""Folders of audio: which files there are, and what each says about itself."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from segue import tags
from segue.audio.metadata import read_metadata
from segue.sources import cue_sheets
from segue.sources.contract import SYSTEM_FOLDER, AudioFile
from segue.sources.left_out import Rules, is_system_folder, rules_above, rules_within, stays_out
from segue.track import Tags

EXTENSIONS = frozenset(
    "3g2 3gp aa aac aax ac3 aif aifc aiff alac amr ape asf au awb caf dff dsf dts eac3 flac m4a m4b m4p mka "
    "mp2 mp3 mp4 mpc mpga oga ogg oma opus ra rm shn snd sph spx tak tta voc w64 wav wave webm wma wv".split()
)


@dataclass(slots=True)
class Walk:
    """What a walk over folders found.

    Attributes
    ----------
    unreadable : reasons by path
    left_out : by path, what leaves it out: a pattern, a file, or ``SYSTEM_FOLDER``
    cue_sheets : paths
    """

    files: list[AudioFile] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    cue_sheets: list[str] = field(default_factory=list)


def walk(
    roots: Iterable[str | Path],
    exclude: Mapping[str, Sequence[str]] | None = None,
    touches: Callable[[str], bool] | None = None,
) -> Walk:
    """All audio files below some folders, by path, each once.

    Files and folders named directly are taken whatever their names. Names that begin with a dot are passed
    over. Links are followed, loops are not, and what links lead to comes last: a folder or file that is
    also there under its own name is found by that one.

    Parameters
    ----------
    exclude : by folder, patterns as in a ``.gitignore`` of what stays out below it
    touches : whether a path below a root is to be looked at; by default all are
    """
    walker = _Walker(exclude or {}, touches)
    for root in roots:
        top = os.path.abspath(os.fspath(root))  # noqa: PTH100 - Path.resolve would follow links
        if Path(top).is_dir():
            walker.below(top, rules_above(top, walker.exclude), named=True)
        else:
            walker.file(top)
    walker.follow_links()
    return walker.result


class _Walker:
    def __init__(self, exclude: Mapping[str, Sequence[str]], touches: Callable[[str], bool] | None) -> None:
        self.exclude, self._touches = exclude, touches
        self.result = Walk()
        self._seen_folders: set[tuple[int, int]] = set()
        self._seen_files: set[str] = set()
        self._links: deque[tuple[str, Rules]] = deque()

    def below(self, top: str, rules: Rules, *, named: bool = False) -> None:
        """Take what is below a folder; one that was named is looked into whatever it holds."""
        pending = [(top, rules)]
        while pending:
            folder, outer = pending.pop()
            entries = self._entries(folder)
            names = [entry.name for entry in entries]
            unwanted = stays_out(folder, names)
            if unwanted and not (named and folder == top):
                self.result.left_out[folder] = unwanted
                continue
            rules = rules_within(folder, names, outer, self.exclude)
            pending += reversed(self._take(entries, rules))

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        """What a folder holds, by name; nothing where it was seen before or cannot be read."""
        try:
            status = Path(folder).stat()
            if (status.st_dev, status.st_ino) in self._seen_folders:
                return []
            self._seen_folders.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as listing:
                return sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            self.result.unreadable[folder] = f"the folder cannot be read: {error.strerror}"
            return []

    def _take(self, entries: Iterable[os.DirEntry[str]], rules: Rules) -> list[tuple[str, Rules]]:
        """Take the files among some entries; their folders, with what holds there."""
        folders = []
        for entry in entries:
            if self._touches and not self._touches(entry.path):
                continue
            is_folder = _is_folder(entry)
            if not is_folder and entry.name.lower().endswith(cue_sheets.ENDING):
                self.result.cue_sheets.append(entry.path)
            if entry.name.startswith(".") or not (is_folder or has_audio_ending(entry.name)):
                continue
            system = SYSTEM_FOLDER if is_folder and is_system_folder(entry.name) else None
            if unwanted := system or rules.leave_out(entry.path, is_folder=is_folder):
                self.result.left_out[entry.path] = unwanted
            elif entry.is_symlink():
                self._links.append((entry.path, rules))
            elif is_folder:
                folders.append((entry.path, rules))
            else:
                self.file(entry.path)
        return folders

    def follow_links(self) -> None:
        while self._links:
            path, rules = self._links.popleft()
            if Path(path).is_dir():
                self.below(path, rules)
            else:
                self.file(path)

    def file(self, path: str) -> None:
        if path not in self._seen_files:
            self._seen_files.add(path)
            _look_at(path, self.result)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def has_audio_ending(name: str) -> bool:
    return name.rpartition(".")[2].lower() in EXTENSIONS


def _look_at(path: str, result: Walk) -> None:
    try:
        status = Path(path).stat()
    except (OSError, ValueError) as error:
        result.unreadable[path] = f"cannot be opened: {getattr(error, 'strerror', None) or error}"
        return
    if stat.S_ISREG(status.st_mode):
        times = (status.st_mtime_ns, status.st_ctime_ns)
        result.files.append(AudioFile(path, status.st_size, *times, status.st_dev, status.st_ino))
    else:
        result.unreadable[path] = "not a regular file but a pipe, socket or device"


def read_tags(path: str) -> Tags:
    """What the file says about itself; empty where it says nothing or its tags are damaged."""
    return read_tags_and_cue(path)[0]


def read_tags_and_cue(path: str) -> tuple[Tags, int]:
    """What the file says about itself, and how many tracks a cue sheet inside of it names."""
    try:
        block, whole = tags.read_block(path)
        return tags.tags_of(block if block.fields or whole else read_metadata(path)), block.cue_tracks
    # The sound may be whole where tags are not: what a damaged file holds is anything.
    except Exception:
        return Tags(), 0
