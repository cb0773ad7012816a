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
from page_tables import Table, paragraph

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


def reading(table: Table, path: Path, size: int) -> None:
    """Bytes of TFRecords, unpacked, a second of one core."""
    best = np.inf
    for _ in range(TURNS):
        began = time.process_time()
        n = sum(1 for _ in read_segments(path))
        best = min(best, time.process_time() - began)
    table.row(path.name, n, f"{size / best / 1e6:.0f}")


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


def importing(table: Table, path: Path, library: Path, size: int) -> None:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=bring_in, args=(sender.send, str(path), str(library)))
    process.start()
    with Peak(process.pid) as peak:
        sender.close()  # so that a process that ends without a word is no endless wait
        added, unchanged, failed, seconds, indexed, cpu = receiver.recv()
    process.join()
    times = f"{seconds:.1f}", f"{size / seconds / 1e6:.0f}", f"{indexed:.1f}", f"{cpu:.1f}"
    table.row(path.name, added, unchanged, failed, *times, f"{peak.bytes / 1e6:.0f}")


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
        paragraph(f"""
            {options.segments} segments, {size / 1e6:.0f} MB as plain files. More MB a second, less time and
            less memory are better.
        """)
        packed = Path(root) / "features.tar.gz"
        with tarfile.open(packed, "w:gz") as tar:
            tar.add(folder, "audioset_v1_embeddings")
        table = Table("read", "segments", "MB a CPU second", first=16)
        for path in (folder, packed):
            reading(table, path, size)
        columns = "added", "unchanged", "failed", "s", "MB/s", "s with index", "CPU s", "memory, MB"
        table = Table("import", *columns, first=16)
        for path in (folder, folder, packed):
            importing(table, path, Path(root) / "library", size)


if __name__ == "__main__":
    main()
