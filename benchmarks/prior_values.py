"""Measure the typical values of the descriptors over the demo's pieces, for embed/descriptors/prior.json.

Usage: python benchmarks/prior_values.py > src/segue/embed/descriptors/prior.json
"""

import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from segue import audio
from segue.demo import write_demo
from segue.embed.descriptors import DIMENSIONS, Descriptors


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
        paths = write_demo(Path(folder))
        embed = Descriptors().embed
        vectors = np.stack(list(pool.map(lambda path: embed(audio.load(path)).pooled, paths)))
    pairs = zip(vectors.mean(axis=0).tolist(), vectors.std(axis=0).tolist(), strict=True)
    rounded = [
        [float(f"{mean:.4g}"), float(f"{max(std, 1e-3 * abs(mean), 1e-6):.3g}")] for mean, std in pairs
    ]
    rows = [f"{json.dumps(d.name)}: {values}" for d, values in zip(DIMENSIONS, rounded, strict=True)]
    sys.stdout.write("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main()
