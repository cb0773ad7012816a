"""AudioSet's features: megabytes a second that are read and imported, and the memory that takes.

Writes shards of made segments (ten frames of 128 bytes each, as the real ones), plain and as tar.gz, reads
them, and imports them in a process of its own: into a new library, then again. The published ones are 2.4 GB.

Usage: python benchmarks/audioset_import.py [--segments N] [SHARD...]   (shards to copy in place of made ones)
"""

import argparse
import multiprocessing
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np
from memory import Peak

from segue.library import Library
from segue.progress import Silent
from segue.sources.audioset import AudioSet, Segment, read_segments, write_tfrecords

A_SHARD = 5_000
TURNS = 3


def make(folder: Path, n: int, real: list[Path]) -> None:
    """Shards of n segments together, with ids of their own."""
    rng = np.random.default_rng(0)
    kept = [segment for path in real for segment in read_segments(path)]
    for start in range(0, n, A_SHARD):
        frames = rng.integers(0, 256, (A_SHARD, 10, 128), np.uint8)
        some = []
        for i in range(start, min(n, start + A_SHARD)):
            like = kept[i % len(kept)] if kept else Segment("", 30.0, 40.0, (i % 527, 137), frames[i - start])
            some.append(Segment(f"v{i:010d}", like.start_s, like.end_s, like.labels, like.frames))
        write_tfrecords(some, folder / f"{start // A_SHARD:04d}.tfrecord")


def reading(path: Path, size: int) -> None:
    """Bytes of TFRecords, unpacked, a second of one core."""
    best = np.inf
    for _ in range(TURNS):
        began = time.process_time()
        n = sum(1 for _ in read_segments(path))
        best = min(best, time.process_time() - began)
    print(f"read {path.name}: {n} segments, {size / best / 1e6:.0f} MB a CPU second")


class LastRecord(Silent):
    """Knows when the last batch was in; what comes after it is the index."""

    def advance(self, done: int, tally: str = "") -> None:
        self.at = time.perf_counter()


def bring_in(send, path: str, library_path: str) -> None:
    with Library.open(library_path, create=True) as library:
        began, cpu, last = time.perf_counter(), time.process_time(), LastRecord()
        report = library.import_from(AudioSet(path), progress=last)
        middle, ended = last.at - began, time.perf_counter() - began
        send((report.added, report.unchanged, report.failed, middle, ended, time.process_time() - cpu))


def importing(path: Path, library: Path, size: int) -> None:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=bring_in, args=(sender.send, str(path), str(library)))
    process.start()
    with Peak(process.pid) as peak:
        added, unchanged, failed, seconds, indexed, cpu = receiver.recv()
    process.join()
    print(
        f"import {path.name}: {added} added, {unchanged} unchanged, {failed} failed in {seconds:.1f} s, "
        f"{size / seconds / 1e6:.0f} MB/s; with the index {indexed:.1f} s ({cpu:.1f} s of CPU), "
        f"at most {peak.bytes / 1e6:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", nargs="*", type=Path)
    parser.add_argument("--segments", type=int, default=200_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "features"
        folder.mkdir()
        make(folder, options.segments, options.real)
        size = sum(path.stat().st_size for path in folder.iterdir())
        print(f"{options.segments} segments, {size / 1e6:.0f} MB")
        packed = Path(root) / "features.tar.gz"
        with tarfile.open(packed, "w:gz") as tar:
            tar.add(folder, "audioset_v1_embeddings")
        for path in (folder, packed):
            reading(path, size)
        for path in (folder, folder, packed):
            importing(path, Path(root) / "library", size)


if __name__ == "__main__":
    main()
