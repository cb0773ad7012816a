"""AudioSet's segments: how often the nearest share a label with the seed, in every view.

A neighbor counts where it has any label of the seed, of all labels or of those alone that are instruments or
genres in AudioSet's ontology. "among labelled": only such segments are there to be found.

Usage: python benchmarks/audioset_labels.py FOLDER   (shards, class_labels_indices.csv and ontology.json)
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from segue.library import Library
from segue.sources.audioset import AudioSet
from segue.sources.audioset.source import SPEC

K = 5
MUSIC = ("Musical instrument", "Music genre")
VIEWS = ("", "/flattened", "/frames")


def music_labels(path: Path) -> set[str]:
    """Names of all that is below instruments and genres in the ontology."""
    nodes = {node["id"]: node for node in json.loads(path.read_text("utf-8"))}
    todo = [node["id"] for node in nodes.values() if node["name"] in MUSIC]
    found: set[str] = set()
    while todo:
        node = nodes[todo.pop()]
        found.add(node["name"])
        todo += node["child_ids"]
    return found


def precision(library: Library, view: str, labels: dict[str, set[str]], *, alone: bool) -> float:
    """Share of the five nearest with a label in common, mean over the segments with labels."""
    shares = []
    for track in library:
        own = labels[track.id]
        if own:
            found = library.similar(track, k=len(library) if alone else K, view=view).matches
            near = [labels[match.track.id] for match in found]
            near = [theirs for theirs in near if theirs or not alone][:K]
            shares.append(np.mean([not own.isdisjoint(theirs) for theirs in near]))
    return float(np.mean(shares))


def main() -> None:
    source = Path(sys.argv[1])
    music = music_labels(source / "ontology.json")
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder), create=True) as library:
        library.import_from(AudioSet(source))
        every = {track.id: set(library.labels(track)[SPEC.space]) for track in library}
        some = {track_id: labels & music for track_id, labels in every.items()}
        print(f"{len(every)} segments, {sum(map(bool, some.values()))} with instruments or genres")
        for form in VIEWS:
            for kind in ("raw", "centred"):
                view = f"{SPEC.space}{form}/{kind}"
                print(
                    f"{view}: any label {precision(library, view, every, alone=False):.3f}, instruments and "
                    f"genres {precision(library, view, some, alone=True):.3f} among labelled, "
                    f"{precision(library, view, some, alone=False):.3f} among all"
                )


if __name__ == "__main__":
    main()
