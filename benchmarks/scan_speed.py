"""Scan speed against the student's librosa script, on the same files in one run.

The student's script is what the notebooks that Segue grew from do for each file: load it with
librosa, then the means of 13 MFCC, the spectral centroid and the zero-crossing rate. Segue's side is
a whole scan with one thread: walk, hash, tags, decode, 103 descriptors a window and a track,
library and index on disk. Both sides take turns, whole process excluded: imports and first calls
(librosa compiles some functions) come before the clock. CPU time of the process, so "x real time a
core"; the ratio is the median over the turns.

Usage: python benchmarks/scan_speed.py FOLDER [TURNS]
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import librosa
from page_tables import Table, paragraph

from segue.embed.registry import DEFAULT, missing_default_models
from segue.library import Library
from segue.sources.audio_files import walk


def student(path: str) -> float:
    y, sr = librosa.load(path)
    librosa.feature.mfcc(y=y, sr=sr, n_mfcc=13).mean(axis=1)
    librosa.feature.spectral_centroid(y=y, sr=sr).mean()
    librosa.feature.zero_crossing_rate(y).mean()
    return float(len(y) / sr)


def by_student(paths: list[str]) -> float:
    return sum(student(path) for path in paths)


def by_segue(paths: list[str], jobs: int = 1, embedders: Sequence[str] = ("descriptors",)) -> float:
    with (
        tempfile.TemporaryDirectory() as folder,
        Library.open(Path(folder) / "l", create=True, embedders=embedders) as library,
    ):
        return library.scan(paths, jobs=jobs).audio_s


def timed(run: Callable[[], float]) -> tuple[float, float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    audio_s = run()
    return audio_s, time.process_time() - cpu, time.perf_counter() - wall


def main(folder: str, turns: int) -> None:
    paths = [file.path for file in walk([folder]).files]
    if not paths:
        sys.exit(f"{folder} holds no sounds")
    everything = () if missing_default_models() else DEFAULT
    by_student(paths[:2])
    by_segue(paths[:2])
    figures: dict[str, list[float]] = {}
    for turn in range(turns):
        audio_s, cpu, wall = timed(lambda: by_segue(paths))
        _, student_cpu, _ = timed(lambda: by_student(paths))
        _, _, two_wall = timed(lambda: by_segue(paths, jobs=2))
        row = {
            "Segue, scan with descriptors, x real time a core": audio_s / cpu,
            "librosa script, x real time a core": audio_s / student_cpu,
            "Segue / script": student_cpu / cpu,
            "Segue, two threads / one, wall time": wall / two_wall,
        }
        if everything:
            _, all_cpu, _ = timed(lambda: by_segue(paths, embedders=everything))
            row["Segue, scan with the default set, x real time a core"] = audio_s / all_cpu
        for name, value in row.items():
            figures.setdefault(name, []).append(value)
        print(f"turn {turn + 1} of {turns}: {student_cpu / cpu:.2f}", file=sys.stderr)
    paragraph(f"""
        {len(paths)} files, {audio_s / 60:.0f} minutes of sound, {turns} turns. More is better. The script
        computes 13 MFCC and two more features of a track, the scan 103 of each window and the library.
    """)
    table = Table("", "median", "least", "most", first=52)
    for name, values in figures.items():
        table.row(name, *(f"{count(values):.2f}" for count in (statistics.median, min, max)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("turns", type=int, nargs="?", default=5)
    options = parser.parse_args()
    main(options.folder, options.turns)
