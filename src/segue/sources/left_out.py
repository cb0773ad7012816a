"""What a walk over folders leaves out: recycle bins, snapshots, and what a user's patterns name."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pathspec import GitIgnoreSpec

from segue.errors import UsageError

if TYPE_CHECKING:
    from pathspec.util import CheckResult

# Folders that systems and network storage make for themselves, without case.
_SYSTEM_FOLDERS = frozenset({
    "#recycle", "@recycle", "$recycle.bin", "recycler", "recycled", "recycle bin", "trashbox",
    "network trash folder", "#snapshot", "@recently-snapshot", "@snapshot", "~snapshot", "@eadir", "@tmp",
    "@__thumb", "@transcode", "@sharesnap", "@synologydrive", "__macosx", "lost+found",
    "system volume information", "temporary items", "backups.backupdb",
})  # fmt: skip
_SYSTEM_PREFIXES = ("#snapshot", "@gmt-", "found.0")  # with a date or a number behind them
WHOLE_FOLDER = ".nomedia"
IGNORE_FILES = (".ndignore", ".ignore", ".mpdignore", ".plexignore")
_MOST_BYTES, _MOST_LINES = 1 << 16, 200  # of a file of patterns
_MOST_LETTERS, _MOST_STARS = 256, 2  # of a pattern


def is_system_folder(name: str) -> bool:
    """Whether a folder of this name holds no music that its owner wants."""
    plain = name.casefold()
    return plain in _SYSTEM_FOLDERS or plain.startswith(_SYSTEM_PREFIXES)


@dataclass(frozen=True, slots=True)
class Patterns:
    """Patterns, written as in a ``.gitignore``, for what lies below a folder.

    Attributes
    ----------
    names : each pattern as it was written; of a file, only its name
    """

    folder: str
    spec: GitIgnoreSpec
    names: Sequence[str]

    def leaves_out(self, path: str, *, is_folder: bool) -> bool | None:
        """Whether it does; ``None`` where no pattern speaks of the path."""
        return self._check(path, is_folder=is_folder).include

    def name(self, path: str, *, is_folder: bool) -> str:
        """The pattern that leaves a path out."""
        return self.names[self._check(path, is_folder=is_folder).index or 0]

    def _check(self, path: str, *, is_folder: bool) -> CheckResult[str]:
        below = path[len(self.folder.rstrip(os.sep)) + 1 :].replace(os.sep, "/")
        return self.spec.check_file(below + "/" * is_folder)


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds within a folder: ``own`` patterns of the user's first, then those of files in folders."""

    own: tuple[Patterns, ...] = ()
    of_files: tuple[Patterns, ...] = ()

    def leave_out(self, path: str, *, is_folder: bool) -> str | None:
        """What leaves a path out, if anything does; of files, that in the innermost folder decides."""
        for patterns in self.own:
            if patterns.leaves_out(path, is_folder=is_folder):
                return patterns.name(path, is_folder=is_folder)
        for patterns in reversed(self.of_files):
            verdict = patterns.leaves_out(path, is_folder=is_folder)
            if verdict is not None:
                return patterns.names[0] if verdict else None
        return None


def rules_above(folder: str, exclude: Mapping[str, Sequence[str]]) -> Rules:
    """The patterns kept with the folders above a named one, but for those that leave all of it out."""
    own = []
    for parent in map(str, reversed(Path(folder).parents)):
        each = [_own(parent, [pattern]) for pattern in exclude.get(parent, ())]
        own += [patterns for patterns in each if not patterns.leaves_out(folder, is_folder=True)]
    return Rules(tuple(own))


def rules_within(
    folder: str, names: Iterable[str], outer: Rules, exclude: Mapping[str, Sequence[str]]
) -> Rules:
    """What holds for the entries of a folder, by their names."""
    own, of_files = outer.own, outer.of_files
    if folder in exclude:
        own = (*own, _own(folder, exclude[folder]))
    for name in sorted(set(names).intersection(IGNORE_FILES)):
        lines = _lines(Path(folder) / name)
        if lines:
            of_files = (*of_files, Patterns(folder, _readable_spec(lines), (name,)))
    return Rules(own, of_files)


def _own(folder: str, patterns: Sequence[str]) -> Patterns:
    return Patterns(folder, compile_patterns(patterns), patterns)


def stays_out(folder: str, names: Iterable[str]) -> str | None:
    """The file in a folder that says that all of it stays out, if there is one."""
    here = set(names)
    if WHOLE_FOLDER in here:
        return WHOLE_FOLDER
    return next((name for name in IGNORE_FILES if name in here and _lines(Path(folder) / name) == []), None)


def compile_patterns(patterns: Sequence[str]) -> GitIgnoreSpec:
    """As in a ``.gitignore``, but that no pattern is a comment or takes back another.

    Raises
    ------
    UsageError
        Where one is no pattern.
    """
    escaped = [f"\\{pattern}" if pattern.startswith(("#", "!")) else pattern for pattern in patterns]
    for pattern, text in zip(patterns, escaped, strict=True):
        if not (pattern.isprintable() and _names_something(text)):
            raise UsageError(f"{pattern!r} is no pattern; write one as in a .gitignore file: Skits/")
        if _may_take_long(text):
            raise UsageError(f"the pattern {pattern!r} has more than {_MOST_STARS} *; leave some out")
    return GitIgnoreSpec.from_lines(escaped)


def _names_something(line: str) -> bool:
    try:
        return any(pattern.include is not None for pattern in GitIgnoreSpec.from_lines([line]).patterns)
    except ValueError:
        return False


def _may_take_long(line: str) -> bool:
    """Whether the time that a pattern takes grows with a high power of a name's length."""
    return (
        len(line) > _MOST_LETTERS or line.replace("**", "").count("*") > _MOST_STARS or line.count("**") > 3
    )


def _lines(path: Path) -> list[str] | None:
    """The patterns in a file; ``None`` where it cannot be read."""
    try:
        with path.open("rb") as f:
            text = f.read(_MOST_BYTES).decode("utf-8-sig", "replace")
    except OSError:
        return None
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _readable_spec(lines: Sequence[str]) -> GitIgnoreSpec:
    good = [line for line in lines[:_MOST_LINES] if not _may_take_long(line) and _names_something(line)]
    return GitIgnoreSpec.from_lines(good)
