"""What is played when: notes in beats, and the clock that turns beats into seconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

FORCES = {"X": 1.0, "x": 0.72, "o": 0.42, "g": 0.25}


class Note(NamedTuple):
    """One note or stroke; `pitch` is a MIDI number, for drums semitones of tuning."""

    beat: float
    beats: float
    pitch: int
    force: float = 0.75


@dataclass(frozen=True, slots=True)
class Clock:
    """Beats to seconds.

    Parameters
    ----------
    bpm : beats per minute.
    swing : share of the beat before its second eighth note, 0.5 (even) to 0.7.
    """

    bpm: float
    swing: float = 0.5

    def seconds(self, beat: float) -> float:
        """Time of `beat`, s, after the start."""
        whole, part = divmod(beat, 1.0)
        late = part * 2 * self.swing if part <= 0.5 else self.swing + (part - 0.5) * 2 * (1 - self.swing)
        return (whole + late) * 60.0 / self.bpm

    def bars_in(self, duration_s: float, beats_per_bar: int = 4) -> int:
        """Whole bars that fit into `duration_s`."""
        return int(duration_s / (beats_per_bar * 60.0 / self.bpm) + 1e-6)


def strokes(pattern: str, bars: Iterable[int], *, tuning: int = 0, beats_per_bar: int = 4) -> list[Note]:
    """Notes of a bar-long drum pattern in each of the `bars`.

    `pattern` has one character per step: ``X`` accented, ``x`` plain, ``o`` soft, ``g`` a ghost,
    anything else a rest; ``"X...x..."`` are eighth notes in a bar of four beats.
    """
    step = beats_per_bar / len(pattern)
    return [
        Note(bar * beats_per_bar + i * step, step, tuning, FORCES[mark])
        for bar in bars
        for i, mark in enumerate(pattern)
        if mark in FORCES
    ]
