"""Segue's index and Annoy's over AudioSet's own frames: VGGish's 128 bytes a second, cosine.

One segment in ten gives the queries, the others the rows. By default, so few rows are compared one by one, so
both ways are measured, beside Annoy with 50 trees, as `index_turns.py` does.

Usage: python benchmarks/index_real.py FOLDER [--json FILE]      (a folder of .tfrecord files)
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import index_turns as turns
import numpy as np
from index import RECALLS, time_at
from index_peers import Annoy, Segue

from segue.index import Index
from segue.sources.audioset import read_segments

EVERY = 10  # of so many segments, one is for queries
TREES = 50


class Lists(Segue):
    """Also of few rows."""

    name = "segue, lists"

    def build(self, rows: Any, path: Path) -> None:
        Index.build(rows, metric=self._metric, exact=False).save(path)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    segments = [s.frames for path in sorted(options.folder.glob("*.tfrecord")) for s in read_segments(path)]
    queries = np.concatenate(segments[::EVERY])
    rows = np.concatenate([frames for i, frames in enumerate(segments) if i % EVERY])
    print(f"{len(rows)} x {rows.shape[1]} {rows.dtype} of {len(segments)} segments, {len(queries)} queries")
    truth = Index.build(rows, exact=True).query(queries, 10)[0]
    askers, files = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "rows.npy", rows)
        mapped = np.load(Path(folder) / "rows.npy", mmap_mode="r")
        for peer in (Segue("cosine"), Lists("cosine"), Annoy("cosine", TREES)):
            path = Path(folder) / peer.name
            peer.build(mapped, path)
            peer.open(path, mapped)
            files[peer.name] = path.stat().st_size
            settings = [1.0] if peer.name == "segue" else turns.useful(peer, queries, truth)
            askers.update({(peer.name, setting): peer.asker(setting) for setting in settings})
        curves = turns.curves(askers, queries, truth, 3)
    for name, curve in curves.items():
        at = {recall: time_at(curve, recall) for recall in RECALLS}
        told = ", ".join(f"{recall}: {f'{t:.0f} us' if t else 'not reached'}" for recall, t in at.items())
        print(f"{name:13s} file {files[name] / 1e6:.2f} MB; {told}")
    if options.json:
        options.json.write_text(json.dumps(curves, indent=1))


if __name__ == "__main__":
    main()
