"""Time and memory of searches by words in a library of many made-up tracks with the scores of all labels.

Usage: python benchmarks/search_speed.py [TRACKS]   (default: a million; 2 GB of disk a million)
"""

import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from segue.catalog import SeenKeys
from segue.embed.published_network import audioset_classes
from segue.library import Library
from segue.sources.contract import ImportBatch, SpaceRows
from segue.spec import EmbedderSpec

BATCH = 1 << 15  # tracks
MEASURED = EmbedderSpec("descriptors", 1, "waveform", 103, 22_050, 3.0, 3.0, "float32", "none", "none")
NETWORK = EmbedderSpec("mn04", 1, "waveform", 8, 32_000, 3.0, 3.0, "float32", "none", "none")
NAMES = ["tempo_bpm", "loudness_lkfs_mean", "onset_strength_mean", "centroid_hz_mean"]
WORDS = "river stone light silver morning harbor winter garden echo valley ember lantern".split()
QUERIES = ("river stone", "rain", "calm", "calm piano", "dark ambient", "river piano", "Klavier")
TURNS = 5


def batches(n: int) -> Iterator[ImportBatch]:
    rng = np.random.default_rng(0)
    for start in range(0, n, BATCH):
        size = min(BATCH, n - start)
        words = rng.choice(WORDS, (size, 3)).tolist()
        scores = rng.integers(1, 90, (size, len(audioset_classes())), dtype=np.uint8)
        scores[rng.random(scores.shape) < 0.01] = 140  # some labels that are clearly heard
        nothing = np.zeros((0, 103), np.float16)
        counts = np.zeros(size, np.int64)
        measured = rng.standard_normal((size, 103), np.float32)
        yield ImportBatch(
            "made",
            [f"m{start + i}" for i in range(size)],
            np.arange(start, start + size, dtype=np.int64),
            {"title": [" ".join(three) for three in words]},
            {
                MEASURED.space: SpaceRows(measured, nothing, counts),
                NETWORK.space: SpaceRows(measured[:, :8], nothing[:, :8], counts, scores),
            },
        )


def write(library: Library, n: int) -> None:
    with library.catalog.writing() as writer, writer.deferring_indexes():
        writer.add_space(MEASURED, [*NAMES, *(f"x{i}" for i in range(103 - len(NAMES)))])
        writer.add_space(NETWORK, [f"y{i}" for i in range(8)], labels=audioset_classes())
        seen = SeenKeys()
        for batch in batches(n):
            writer.upsert(batch, seen)


def main(n: int) -> None:
    with tempfile.TemporaryDirectory() as root, Library.open(Path(root) / "l", create=True) as library:
        write(library, n)
        size = sum(p.stat().st_size for p in Path(root).rglob("scores*.matrix"))
        print(f"{n} tracks; scores of {len(audioset_classes())} labels: {size / 1e6:.0f} MB on disk")
        library.search("calm piano")
        for query in QUERIES:
            times = []
            for _ in range(TURNS):
                started = time.perf_counter()
                found = library.search(query)
                times.append(time.perf_counter() - started)
            said = f"{statistics.median(times) * 1e3:6.0f} ms, at most {max(times) * 1e3:.0f}"
            print(f"{query:15s}{said}, {found.total} found")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"peak {peak:.0f} MB of the process, files that are mapped and the import included")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
