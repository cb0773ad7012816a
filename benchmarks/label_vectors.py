"""Encode the names of the networks' labels and of the moods, for embed/label_vectors.npz.

Needs the extra ``words``. Usage: python benchmarks/label_vectors.py src/segue/embed/label_vectors.npz
"""

import sys

import numpy as np

from segue.embed.published_network import audioset_classes, msd_tags
from segue.embed.vocabulary import encode_names
from segue.recommend.moods import MOODS
from segue.track import Vectors


def to_bytes(vectors: Vectors) -> np.ndarray:
    """int8 (n, dim): their directions."""
    return np.rint(127 * vectors / np.abs(vectors).max(axis=1, keepdims=True)).astype(np.int8)


def main(path: str) -> None:
    labels, moods = [*audioset_classes(), *msd_tags()], [mood.words[0] for mood in MOODS]
    vectors = encode_names(labels)
    mean = vectors.mean(axis=0)
    np.savez_compressed(
        path,
        labels=np.array(labels),
        moods=np.array(moods),
        label_vectors=to_bytes(vectors - mean),
        mood_vectors=to_bytes(encode_names(moods) - mean),
        mean=mean,
    )


if __name__ == "__main__":
    main(sys.argv[1])
