"""How far a question travels through the code: calls, files, and changes of file and room.

Usage: python benchmarks/trace_calls.py FOLDER [--music FOLDER]

FOLDER holds the demo's pieces and their library; where there are none, they are made (half a minute), or a
library is made of other music.
The numbers depend on the code alone, not on the machine.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from page_tables import Table

import segue
from segue import Library, Where
from segue.demo import write_demo

HOME = Path(segue.__file__).parent
EMBEDDERS = ["descriptors"]


@dataclass
class Trace:
    """What was called, in order."""

    files: list[str] = field(default_factory=list)
    depth: int = 0
    deepest: int = 0

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        path = Path(frame.f_code.co_filename)
        if event not in ("call", "return") or HOME not in path.parents:
            return
        self.depth += 1 if event == "call" else -1
        self.deepest = max(self.deepest, self.depth)
        if event == "call":
            self.files.append(path.relative_to(HOME).as_posix())

    def counts(self) -> tuple[int, ...]:
        """Calls, files, changes of file and of folder, and how deep the calls lie in each other."""
        rooms = [file.split("/")[0] for file in self.files]
        return len(self.files), len(set(self.files)), changes(self.files), changes(rooms), self.deepest


def changes(places: list[str]) -> int:
    """How often a call lies elsewhere than the one before it."""
    return sum(a != b for a, b in itertools.pairwise(places))


def record(work: Callable[[], object]) -> Trace:
    """The calls that some work makes."""
    trace = Trace()
    threading.setprofile(trace)
    sys.setprofile(trace)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    return trace


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--music", type=Path, help="in place of the demo's pieces")
    options = parser.parse_args()
    folder, music = options.folder, options.music or options.folder / "pieces"
    if not (folder / "library").exists():
        if not options.music:
            write_demo(music)
        with Library.open(folder / "library", create=True, embedders=EMBEDDERS) as library:
            library.scan(music)
    with Library.open(folder / "library", embedders=EMBEDDERS) as library:
        track = next(iter(library))
        title, genre = track.title, Where(genre=track.tags.genre)
        library.similar(track)  # the index is open
        print("Calls of Segue's functions. Fewer mean a shorter way; the machine does not count.")
        table = Table("", "calls", "files", "changes of file", "of folder", "depth", first=30)
        table.row("`similar(title)`", *record(lambda: library.similar(title)).counts())
        found = record(lambda: library.similar(title, where=genre))
        table.row("`similar(title, where=genre)`", *found.counts())
        with tempfile.TemporaryDirectory() as outside:
            copy = shutil.copy(track.path, outside)
            table.row("`similar(a file outside)`", *record(lambda: library.similar(copy)).counts())
        table.row("`playlist(title)`", *record(lambda: library.playlist(title)).counts())
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "music").mkdir()
        shutil.copy(track.path, Path(home) / "music")
        with Library.open(Path(home) / "library", create=True, embedders=EMBEDDERS) as library:
            found = record(lambda: library.scan(Path(home) / "music", jobs=1))
            table.row("a scan of one file", *found.counts())


if __name__ == "__main__":
    main()
