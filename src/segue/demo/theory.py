"""Scales, chords and how one chord moves to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MODES: dict[str, tuple[int, ...]] = {
    "ionian": (0, 2, 4, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "aeolian": (0, 2, 3, 5, 7, 8, 10),
    "harmonic": (0, 2, 3, 5, 7, 8, 11),
}

PROGRESSIONS: dict[str, tuple[tuple[int, ...], ...]] = {
    "ionian": ((0, 4, 5, 3), (0, 5, 3, 4), (0, 2, 3, 4), (5, 3, 0, 4), (0, 3, 1, 4)),
    "dorian": ((0, 3, 0, 3), (0, 6, 3, 0), (0, 2, 3, 6), (0, 1, 3, 0)),
    "phrygian": ((0, 1, 0, 6), (0, 1, 2, 1), (0, 5, 1, 0), (0, 2, 1, 0)),
    "lydian": ((0, 1, 0, 4), (0, 1, 5, 4), (0, 4, 1, 0), (5, 1, 0, 4)),
    "mixolydian": ((0, 6, 3, 0), (0, 3, 6, 3), (0, 4, 6, 3), (0, 1, 6, 3)),
    "aeolian": ((0, 5, 2, 6), (0, 3, 5, 6), (0, 6, 5, 6), (5, 6, 0, 0), (0, 2, 6, 3)),
    "harmonic": ((0, 3, 4, 0), (0, 5, 3, 4), (0, 3, 1, 4), (0, 5, 1, 4)),
}


@dataclass(frozen=True, slots=True)
class Chord:
    """Pitch classes from the root upwards, and the scale degree of the root (0 is the tonic)."""

    degree: int
    classes: tuple[int, ...]

    @property
    def root(self) -> int:
        """Pitch class of the root."""
        return self.classes[0]


@dataclass(frozen=True, slots=True)
class Scale:
    """A mode on a tonic (pitch class, 0 is C)."""

    tonic: int
    mode: str

    def pitch(self, degree: int, octave: int = 4) -> int:
        """MIDI pitch of a degree counted from the tonic of `octave`; any integer is allowed."""
        turn, step = divmod(degree, 7)
        return 12 * (octave + 1 + turn) + self.tonic + MODES[self.mode][step]

    def chord(self, degree: int, size: int = 3) -> Chord:
        """`size` thirds stacked on a degree."""
        return Chord(degree % 7, tuple(self.pitch(degree + 2 * i) % 12 for i in range(size)))


def choose_scale(rng: np.random.Generator, modes: Sequence[str]) -> Scale:
    """A tonic and one of the `modes`."""
    return Scale(int(rng.integers(12)), str(rng.choice(modes)))


def progression(rng: np.random.Generator, scale: Scale, n_chords: int, *, size: int = 3) -> list[Chord]:
    """`n_chords` chords: a common progression of the mode, repeated."""
    options = PROGRESSIONS[scale.mode]
    degrees = options[int(rng.integers(len(options)))]
    return [scale.chord(degrees[i % len(degrees)], size) for i in range(n_chords)]


def at_or_above(pitch_class: int, floor: int) -> int:
    """Lowest pitch of a class that is not below `floor`."""
    return floor + (pitch_class - floor) % 12


def bass_line(chords: Sequence[Chord], floor: int) -> list[int]:
    """The root of each chord within the octave above `floor`."""
    return [at_or_above(chord.root, floor) for chord in chords]


def _voicings(chord: Chord, floor: int) -> list[tuple[int, ...]]:
    """Close positions of a chord, each tone in turn lowest, from `floor` upwards."""
    stacks = []
    for turn in range(len(chord.classes)):
        stack = [at_or_above(chord.classes[turn], floor)]
        for step in range(1, len(chord.classes)):
            stack.append(at_or_above(chord.classes[(turn + step) % len(chord.classes)], stack[-1] + 1))
        stacks.append(tuple(stack))
    return stacks


def _distance(a: tuple[int, ...], b: tuple[int, ...]) -> int:
    return sum(abs(x - y) for x, y in zip(a, b, strict=False))


def voice_lead(chords: Sequence[Chord], floor: int) -> list[tuple[int, ...]]:
    """Voicings in which each voice moves as little as it can, staying near `floor`.

    Returns one tuple of ascending MIDI pitches per chord.
    """
    voicings = [min(_voicings(chords[0], floor), key=lambda v: v[0])]
    for chord in chords[1:]:
        options = _voicings(chord, floor) + _voicings(chord, floor - 5)
        last = voicings[-1]
        voicings.append(min(options, key=lambda v: _distance(v, last) + 0.5 * abs(v[0] - floor - 2)))
    return voicings
