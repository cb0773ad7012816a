"""How many windows of a track are enough: precision of recommendations, and CPU time, by windows heard.

Each network hears 1 to 10 of a clip's windows of 3 s, spread evenly; a track's row is their mean. The
precision is that of Segue's view, as in quality.py: of one network alone, and of both beside the
descriptors of the whole clip. The time is that of log-mel and network, in turns on some of the clips;
reading and resampling, which come once for all, are told apart.

Usage: python benchmarks/windows.py FOLDER LABELS.csv [TURNS]   (columns path, album, artist)
"""

import csv
import os
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from segue.audio import load
from segue.embed.descriptors import Descriptors
from segue.embed.models import model_path
from segue.embed.published_network import RECIPES, NetworkRecipe
from segue.embed.session import Network
from segue.recommend.retrieval_metrics import precision_at
from segue.sound import Excerpts
from segue.sources.audio_files import walk
from segue.spec import Prior
from segue.track import Vectors, Waveform
from segue.views.transform import SpaceToFit, ViewTransform

COUNTS = (1, 2, 3, 4, 5, 7, 10)
TIMED = 20  # clips


@dataclass(frozen=True, slots=True)
class Ear:
    """A network and how it is fed."""

    recipe: NetworkRecipe
    network: Network

    @property
    def sr(self) -> int:
        return self.recipe.spec.sr

    def windows(self, sound: Excerpts) -> list[Waveform]:
        """Side by side, whatever the recipe's hop."""
        window_s = self.recipe.spec.window_s
        return list(sound.windows(self.sr, window_s, window_s))

    def vectors(self, windows: Sequence[Waveform]) -> Vectors:
        return self.network(np.stack([self.recipe.log_mel(y) for y in windows]))[0]


def ears() -> dict[str, Ear]:
    titles = {"MusiCNN": "musicnn", "mn04": "mn04-1"}
    return {
        title: Ear(RECIPES[name], Network(model_path(RECIPES[name].spec.name)))
        for title, name in titles.items()
    }


def spread(n: int, count: int) -> list[int]:
    """The middles of ``count`` equal parts of n items."""
    return [int((i + 0.5) * n / count) for i in range(count)] if count < n else list(range(n))


def precision(labels: Sequence[str], spaces: Sequence[Vectors], prior: Sequence[Prior | None]) -> str:
    rows = ViewTransform.fit([SpaceToFit(x, prior=p) for x, p in zip(spaces, prior, strict=True)])(spaces)
    distances = 1 - rows @ rows.T
    np.fill_diagonal(distances, np.inf)
    found = precision_at([{label} for label in labels], np.argsort(distances, axis=1)[:, :10])
    return " ".join(f"{found[k]:.3f}".removeprefix("0") for k in (1, 5, 10))


def read(path: str, rates: Sequence[int]) -> Excerpts:
    sound = load(path)
    for sr in rates:
        sound.at(sr)
    return sound


def timed(hearing: dict[str, Ear], paths: Sequence[str], turns: int) -> dict[tuple[str, int], list[float]]:
    """ms of CPU a clip, of each turn, by network and count; ("reading", 0) is what comes before."""
    figures: dict[tuple[str, int], list[float]] = {}

    def note(what: tuple[str, int], started: float) -> None:
        spent_s = time.process_time() - started
        figures.setdefault(what, []).append(1000 * spent_s / len(paths))

    for _ in range(turns):
        started = time.process_time()
        sounds = [read(path, [ear.sr for ear in hearing.values()]) for path in paths]
        note(("reading", 0), started)
        for name, ear in hearing.items():
            windows = [ear.windows(sound) for sound in sounds]
            for count in COUNTS:
                chosen = [[found[i] for i in spread(len(found), count)] for found in windows]
                started = time.process_time()
                for found in chosen:
                    ear.vectors(found)
                note((name, count), started)
    return figures


def main(folder: str, labels_csv: str, turns: int) -> None:
    with Path(labels_csv).open(encoding="utf-8") as f:
        label_of = {Path(row["path"]).name: f"{row['album']}/{row['artist']}" for row in csv.DictReader(f)}
    paths = [file.path for file in walk([folder]).files]
    labels = [label_of[Path(path).name] for path in paths]
    hearing, descriptors = ears(), Descriptors()
    heard: dict[str, list[Vectors]] = {name: [] for name in hearing}
    described = []
    for path in paths:
        sound = load(path)
        described.append(descriptors.embed(sound).pooled)
        for name, ear in hearing.items():
            heard[name].append(ear.vectors(ear.windows(sound)))
    times = timed(hearing, paths[:: max(1, len(paths) // TIMED)], turns)
    print(f"{len(paths)} tracks, P@1 P@5 P@10; ms of CPU a track, median of {turns} turns (least to most)")
    for count in COUNTS:
        pooled = {
            name: np.stack([x[spread(len(x), count)].mean(axis=0) for x in rows])
            for name, rows in heard.items()
        }
        line = [f"{name} {precision(labels, [rows], [None])}" for name, rows in pooled.items()]
        spaces, prior = [np.stack(described), *pooled.values()], [descriptors.prior, None, None]
        line.append(f"all three {precision(labels, spaces, prior)}")
        line += [f"{name} {span(times[name, count])} ms" for name in hearing]
        print(f"{count:3d}  " + "  ".join(line))
    print(f"reading and resampling {span(times['reading', 0])} ms")


def span(found: Sequence[float]) -> str:
    return f"{statistics.median(found):.0f} ({min(found):.0f} to {max(found):.0f})"


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 7)
