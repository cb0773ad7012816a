"""What a library's own tags teach its view, by cross-validation over albums and artists.

Precision at 1, 5 and 10 of tracks of albums and artists that the fit does not know, beside the sound alone.
Then the same with tags that are mixed up, which should gain nothing and not be used.

Usage: python benchmarks/tags.py LIBRARY LABELS.csv   (columns path, album, artist)
"""

import csv
import sys
from pathlib import Path

import numpy as np

from segue.library import Library
from segue.track import Vectors
from segue.views import tag_fit
from segue.views.tag_fit import TrackTags, fit_on_tags

MIXED = 100  # times that tags are mixed up


def read(library: str, labels_csv: str) -> tuple[Vectors, TrackTags]:
    """The vectors of a library's tracks by their sound alone, and the tags in the file."""
    with Path(labels_csv).open(encoding="utf-8") as f:
        tags_of = {Path(row["path"]).name: (row["artist"], row["album"]) for row in csv.DictReader(f)}
    with Library.open(library) as opened:
        index = opened.view_index("all/sound")
        tracks = opened.tracks.by_keys(index.keys.tolist())
        names = [tags_of[Path(tracks[key].path).name] for key in index.keys.tolist()]
        return np.array(index.vectors), TrackTags.of([x for x, _ in names], [x for _, x in names])


def main(library: str, labels_csv: str) -> None:
    vectors, tags = read(library, labels_csv)
    for k in (1, 5, 10):
        tag_fit.K = k
        _, fit = fit_on_tags(vectors, tags)
        gain = f"{fit.with_tags - fit.without:+.3f} ({fit.low:+.3f} to {fit.high:+.3f})"
        print(f"P@{k:<3}{fit.without:.3f} -> {fit.with_tags:.3f}  {gain}")
    tag_fit.K, rng = 5, np.random.default_rng(0)
    mixed = [fit_on_tags(vectors, tags.take(rng.permutation(len(tags))))[1] for _ in range(MIXED)]
    gain = np.mean([fit.with_tags - fit.without for fit in mixed])
    print(f"mixed up {MIXED} times: P@5 {gain:+.4f}, used {sum(fit.used for fit in mixed)} times")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
