"""Melodies: a motif of a bar, repeated and moved along with the chords."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from segue.demo.score import Note
from segue.demo.theory import Chord, Scale

CALM = ((2.0,), (1.0, 1.0), (1.5, 0.5), (1.0, 0.5, 0.5))
LIVELY = ((1.0, 0.5, 0.5), (0.5, 0.5, 1.0), (0.5, 1.0, 0.5), (1.5, 0.5), (0.5, 0.5, 0.5, 0.5))
BUSY = ((0.5, 0.5, 0.5, 0.5), (0.75, 0.75, 0.5), (0.5, 0.25, 0.25, 1.0), (0.25, 0.25, 0.5, 0.5, 0.5))
WALTZ = ((2.0, 1.0), (1.0, 1.0, 1.0), (1.5, 0.5, 1.0), (1.0, 0.5, 0.5, 1.0))

PLANS = ("AABA", "ABAC", "AABC", "ABAB")


class Motif(NamedTuple):
    """Lengths in beats, and scale steps from each note to the next."""

    lengths: tuple[float, ...]
    steps: tuple[int, ...]


def invent_motif(rng: np.random.Generator, cells: Sequence[tuple[float, ...]], beats: float = 4.0) -> Motif:
    """A motif of `beats` beats from rhythmic `cells`, mostly stepwise, turning back after a leap."""
    lengths: list[float] = []
    while sum(lengths) < beats:
        lengths += cells[int(rng.integers(len(cells)))]
    steps: list[int] = []
    for _ in lengths:
        if steps and abs(steps[-1]) > 1:
            steps.append(-int(np.sign(steps[-1])))
        else:
            steps.append(int(rng.choice((-2, -1, -1, 0, 1, 1, 2, 3))))
    return Motif(tuple(lengths), tuple(steps))


def to_chord(degree: int, chord: Chord) -> int:
    """Nearest scale degree that belongs to the triad of `chord`."""
    tones = {(chord.degree + third) % 7 for third in (0, 2, 4)}
    near = (degree + shift for shift in (0, -1, 1, -2, 2))
    return next(d for d in near if d % 7 in tones)


def sing(
    rng: np.random.Generator,
    scale: Scale,
    chords: Sequence[Chord],
    *,
    cells: Sequence[tuple[float, ...]],
    octave: int = 5,
    beats_per_bar: int = 4,
    rests: float = 0.1,
) -> list[Note]:
    """A melody with one chord per bar, its motifs repeated after a plan such as AABA.

    Parameters
    ----------
    cells : rhythms to draw from, beats.
    octave : the melody stays within an octave around the tonic of this octave.
    rests : chance of each note that is neither on a strong beat nor long to be left out.
    """
    plan = str(rng.choice(PLANS))
    motifs = {letter: invent_motif(rng, cells, beats_per_bar) for letter in sorted(set(plan))}
    notes: list[Note] = []
    degree = 2
    for bar, chord in enumerate(chords):
        motif = motifs[plan[bar % len(plan)]]
        degree = to_chord(degree, chord)
        beat = 0.0
        for length, step in zip(motif.lengths, motif.steps, strict=True):
            strong = beat % 2 == 0
            degree = to_chord(degree, chord) if strong else degree
            if strong or length > 1 or rng.random() >= rests:
                force = 0.85 if beat == 0 else 0.75 if strong else 0.62
                notes.append(Note(bar * beats_per_bar + beat, length, scale.pitch(degree, octave), force))
            beat += length
            degree = degree + step if -4 <= degree + step <= 7 else degree - step
    return notes
