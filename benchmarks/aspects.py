"""Does a change of one side of a sound move that side's score most? Changes that are known, of real clips.

Each clip is stretched in time, transposed, and equalized; the score of the changed side should be the lowest
of the three (segue why: timbre, harmony and melody, rhythm). Needs librosa and SciPy (extra bench).

Usage: python benchmarks/aspects.py FOLDER [N_CLIPS]
"""

import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import librosa
import numpy as np
from scipy import signal

from segue.embed.descriptors import Descriptors
from segue.library import Library
from segue.recommend.aspects import compare_aspects
from segue.sound import Excerpts

SR = 22_050
EMBEDDER = Descriptors()


def stretched(y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return librosa.effects.time_stretch(y, rate=rng.choice([0.75, 0.8, 1.25, 1.33]))


def transposed(y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return librosa.effects.pitch_shift(y, sr=SR, n_steps=rng.choice([-4, -3, -2, 2, 3, 4]))


def equalized(y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """More treble, less treble, or more of the middle."""
    kind, cut, gain, dry = [("high", 2_000, 3, 1), ("low", 2_000, 0.8, 0.2), ("band", [400, 1_600], 2, 1)][
        rng.integers(3)
    ]
    b, a = signal.butter(1, cut, kind, fs=SR)
    return dry * y + gain * signal.lfilter(b, a, y)


CHANGES = {"rhythm": stretched, "harmony and melody": transposed, "timbre": equalized}


def embedded(y: np.ndarray) -> np.ndarray:
    return np.asarray(EMBEDDER.embed(Excerpts.from_waveform(y.astype(np.float32), SR)).pooled, np.float64)


def main(folder: str, n: int = 67) -> None:
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as root, Library.open(Path(root) / "l", create=True) as library:
        library.scan(folder)
        paths = [track.path for track in library]
        rows = np.asarray(library.snapshot().spaces[EMBEDDER.spec.space].vectors, np.float64)
    found = defaultdict(list)
    for i in rng.permutation(len(paths))[:n]:
        y = librosa.load(paths[i], sr=SR)[0]
        y = 0.5 * y / max(np.abs(y).max(), 1e-6)
        before = embedded(y)
        for own, change in CHANGES.items():
            aspects = compare_aspects(EMBEDDER.dimensions, before, embedded(change(y, rng)), rows)
            found[own].append({aspect.name: aspect.score for aspect in aspects})
    for own, all_scores in found.items():
        lowest = np.mean([min(scores, key=scores.__getitem__) == own for scores in all_scores])
        means = {name: round(float(np.mean([s[name] for s in all_scores])), 2) for name in all_scores[0]}
        print(f"{CHANGES[own].__name__}: {own} is lowest in {lowest:.0%} of {len(all_scores)}; {means}")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
