"""Make files of Annoy's own, one a metric, with what Annoy answers from them.

Run from the project's folder with Annoy 1.17.3 installed: python -m tests.golden.annoy.make_annoy
They were made on little-endian x86-64, once; later versions of Segue must read them.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
SIZES = {"angular": 8, "euclidean": 8, "manhattan": 8, "dot": 8, "hamming": 70}  # f of each metric
GAPS = (7, 13)  # items that are never added
ITEMS = [i for i in range(40) if i not in GAPS]
ASKED = (0, 1, 19, 39)
N_TREES = 3


def vectors(metric: str) -> np.ndarray:
    """float32 (40, f): numbers that any machine makes alike, some of the rows unused."""
    i, j = np.meshgrid(np.arange(40), np.arange(SIZES[metric]), indexing="ij")
    values = ((i * i * 37 + j * 101 + (i + 3) * (j + 1) * 59) % 193 - 96) / 32
    return (values > 0 if metric == "hamming" else values).astype(np.float32)


def main() -> None:
    from annoy import AnnoyIndex

    answers = {}
    for metric, f in SIZES.items():
        index = AnnoyIndex(f, metric)
        index.set_seed(1)
        for i in ITEMS:
            index.add_item(i, vectors(metric)[i].tolist())
        index.build(N_TREES, n_jobs=1)
        index.save(str(HERE / f"{metric}.ann"))
        answers[metric] = {
            "nearest": {i: index.get_nns_by_item(i, 10, 100_000, True) for i in ASKED},
            "distance": index.get_distance(2, 3),
        }
    (HERE / "answers.json").write_text(json.dumps(answers, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
