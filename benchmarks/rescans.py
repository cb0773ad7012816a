"""What a second scan costs, after files were tagged, moved, unplugged, removed and brought back.

``python benchmarks/rescans.py FOLDER`` copies the folder's files and scans the copies.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import mutagen

from segue import Library
from segue.ingest.report import Report
from segue.sources.audio_files import has_audio_ending
from segue.sources.content import hash_file

SHARE = 5  # one file in so many is tagged


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--embedder", "-e", action="append", help="repeat it for several")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        music = Path(folder) / "disk" / "music"
        music.mkdir(parents=True)
        for path in sorted(arguments.folder.iterdir()):
            if has_audio_ending(path.name):
                shutil.copy2(path, music)
        with Library.open(Path(folder) / "library", create=True, embedders=arguments.embedder) as library:
            run(library, music)


def run(library: Library, music: Path) -> None:
    first = timed("first scan", lambda: library.scan(music))
    print("spaces:", ", ".join(library.spaces()))
    timed("nothing changed", lambda: library.scan(music))
    timed("nothing changed, --full", lambda: library.scan(music, full=True))
    tag(music, every=SHARE)
    timed(f"one file in {SHARE} tagged", lambda: library.scan(music))
    moved = music.rename(music.with_name("moved"))
    tag(moved, every=1)
    timed("folder renamed and all files tagged", lambda: library.scan(moved.parent))
    aside = moved.parent.rename(moved.parent.with_name("aside"))
    aside.with_name("disk").mkdir()
    timed("disk not mounted", lambda: library.scan(moved.parent))
    print(f"{library.prune()} removed by prune")
    removed = library.prune(away=True)
    n, n_bytes = library.removed()
    print(f"{removed} removed by prune --away; kept of {n}: {n_bytes / 1e6:.2f} MB")
    aside.with_name("disk").rmdir()
    aside.rename(aside.with_name("disk"))
    timed("disk mounted again", lambda: library.scan(moved.parent))
    started = time.process_time()
    n_bytes = sum(path.stat().st_size for path in moved.iterdir() if hash_file(str(path)))
    spent = time.process_time() - started
    print(f"hashes of {n_bytes / 1e6:.0f} MB: {spent:.2f} s of a processor, the first scan {first:.1f} s")


def timed(what: str, scan: Callable[[], Report]) -> float:
    started, spent = time.perf_counter(), time.process_time()
    report = scan()
    elapsed, spent = time.perf_counter() - started, time.process_time() - spent
    print(f"{what}: {elapsed:.2f} s, {spent:.2f} s of a processor; {report.summary()}", flush=True)
    return spent


def tag(folder: Path, every: int) -> None:
    for path in sorted(folder.iterdir())[::every]:
        file = mutagen.File(path, easy=True)
        if file is not None:
            if file.tags is None:
                file.add_tags()
            file["title"] = f"{path.stem} {time.time_ns()}"
            file.save()


if __name__ == "__main__":
    main()
