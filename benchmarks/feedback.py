"""What likes and dislikes do to answers, and how long they take.

For each clip, a listener likes three other clips of its album and dislikes the three nearest of other albums.
Of the ten nearest, without those six, the share of the clip's album is counted, and the mean score.

Usage: python benchmarks/feedback.py LIBRARY LABELS.csv   (columns path, album), or
       python benchmarks/feedback.py --time N              (generated vectors of 64 numbers)
"""

import csv
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from segue.library import Library
from segue.sources.vectors import Vectors
from segue.track import Track

K = 10
JUDGED = 3


def answers(library: Library, seed: Track, without: set[str], *, feedback: bool) -> list[tuple[str, float]]:
    found = library.similar(seed, k=K + 2 * JUDGED, feedback=feedback)
    return [(match.track.id, match.score) for match in found if match.track.id not in without][:K]


def measure(library: Library, album: dict[str, str]) -> None:
    rng = np.random.default_rng(0)
    tracks, sizes = list(library), Counter(album.values())
    rows = []
    for seed in tracks:
        own = [t.id for t in tracks if album[t.id] == album[seed.id] and t.id != seed.id]
        if sizes[album[seed.id]] < 2 * JUDGED + 2:
            continue
        liked = rng.choice(own, JUDGED, replace=False).tolist()
        nearest = library.similar(seed, k=len(tracks), feedback=False)
        disliked = [m.track.id for m in nearest if album[m.track.id] != album[seed.id]][:JUDGED]
        judged = {*liked, *disliked}
        before = answers(library, seed, judged, feedback=False)
        library.feedback.give(liked, "like")
        library.feedback.give(disliked, "dislike")
        after = answers(library, seed, judged, feedback=True)
        library.feedback.take_back(judged)
        rows.append([
            *(np.mean([album[name] == album[seed.id] for name, _ in x]) for x in (before, after)),
            *(np.mean([score for _, score in x]) for x in (before, after)),
            len({name for name, _ in after} - {name for name, _ in before}),
        ])  # fmt: skip
    means = np.mean(rows, axis=0)
    print(f"{len(rows)} seeds: share of the album {means[0]:.3f} -> {means[1]:.3f}")
    print(f"mean score {means[2]:.3f} -> {means[3]:.3f}; {means[4]:.2f} of {K} answers are others")


def measure_time(n: int) -> None:
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as root, Library.open(Path(root) / "l", create=True) as library:
        library.import_from(
            Vectors(rng.standard_normal((n, 64)).astype(np.float32), name="v", metric="cosine")
        )
        tracks = library.tracks.by_ids([str(x) for x in library.vectors()[0][:2500]])
        for n_judged in (0, 10, 1000):
            library.feedback.clear()
            library.feedback.give([t.id for t in tracks[500 : 500 + n_judged]], "like")
            library.feedback.give([t.id for t in tracks[1500 : 1500 + n_judged]], "dislike")
            library.similar(tracks[0])
            took = []
            for seed in tracks[:200]:
                start = time.perf_counter()
                library.similar(seed)
                took.append(time.perf_counter() - start)
            print(f"{n_judged:5d} likes and dislikes each: {np.median(took) * 1e3:.2f} ms")


if __name__ == "__main__":
    if sys.argv[1] == "--time":
        measure_time(int(sys.argv[2]))
    else:
        with Library.open(sys.argv[1]) as opened, Path(sys.argv[2]).open(encoding="utf-8") as f:
            by_name = {Path(row["path"]).name: row["album"] for row in csv.DictReader(f)}
            measure(opened, {track.id: by_name[Path(track.path).name] for track in opened})
