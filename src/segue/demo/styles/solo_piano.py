"""Solo piano: broken chords in the left hand, a melody in the right, the pedal down."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from segue.demo.artists import Artist
from segue.demo.instruments import piano
from segue.demo.melody import CALM, LIVELY, sing
from segue.demo.mixing import Desk, Room, Take, Voice
from segue.demo.score import Clock, Note
from segue.demo.theory import Chord, at_or_above, bass_line, choose_scale, progression, voice_lead

ROOM = Room(1.9, bright=0.4)
FLOORS = {"nocturne": 36, "pattern": 45, "chorale": 33}  # lowest bass note


def compose_solo_piano(rng: np.random.Generator, artist: Artist) -> Take:
    """One chord per bar, the tonic to end on."""
    clock = Clock(float(rng.uniform(*artist.tempo)))
    bars = clock.bars_in(13.1)
    scale = choose_scale(rng, artist.modes)
    chords = [*progression(rng, scale, bars), scale.chord(0)]
    desk = Desk(clock, clock.seconds(bars * 4) + 2.4, rng)
    hands = {"nocturne": _broken_chords, "pattern": _pattern, "chorale": _block}
    left = hands[artist.manner](rng, chords[:-1], FLOORS[artist.manner])
    cells = LIVELY if artist.manner == "nocturne" else CALM
    right = sing(rng, scale, chords[:-1], cells=cells, octave=5 if scale.tonic < 8 else 4, rests=0.15)
    if artist.manner == "chorale":
        right += [note._replace(pitch=note.pitch - 12, force=0.5) for note in right]
    loose_s = 0.003 if artist.manner == "pattern" else 0.011
    voice = Voice(partial(piano, bright=artist.bright), 0, 0.35, spread=0.22, loose_s=loose_s)
    stem = desk.lay(left + _ending(chords, bars * 4), voice, gain_db=-3) + desk.lay(right, voice)
    desk.add(stem, level_db=-6, send_db=-11)
    return Take(desk, ROOM, fade_s=1.8)


def _broken_chords(rng: np.random.Generator, chords: Sequence[Chord], floor: int) -> list[Note]:
    """Root, fifth, tenth and back in eighth notes."""
    shape = (0, 2, 4, 5, 6, 5, 4, 2) if rng.random() < 0.5 else (0, 2, 4, 6, 5, 4, 5, 2)
    notes = []
    for bar, (chord, bass) in enumerate(zip(chords, bass_line(chords, floor), strict=True)):
        ladder = [bass]
        for i in range(1, 7):
            ladder.append(at_or_above(chord.classes[i % 3], ladder[-1] + 1))
        for i, step in enumerate(shape):
            force = (0.7 if i == 0 else 0.45) * float(rng.uniform(0.9, 1.1))
            notes.append(Note(bar * 4 + i / 2, 4 - i / 2, ladder[step], force))
    return notes


def _pattern(rng: np.random.Generator, chords: Sequence[Chord], floor: int) -> list[Note]:
    """A figure of sixteenths that shifts against the bar, over held fifths."""
    length = int(rng.choice((3, 5, 6, 8)))
    figure = rng.choice((0, 1, 2, 3), length)
    notes = []
    for bar, (voicing, bass) in enumerate(zip(voice_lead(chords, 60), bass_line(chords, floor), strict=True)):
        tones = (*voicing, voicing[0] + 12)
        octave = bass - 12 if bass > 48 else bass + 12
        notes += [Note(bar * 4, 4.0, bass, 0.7), Note(bar * 4, 4.0, octave, 0.55)]
        for i in range(16):
            force = 0.62 if (bar * 16 + i) % length == 0 else 0.45
            notes.append(Note(bar * 4 + i / 4, 0.5, tones[figure[(bar * 16 + i) % length]], force))
    return notes


def _block(rng: np.random.Generator, chords: Sequence[Chord], floor: int) -> list[Note]:
    """Full chords in half notes over an octave in the bass."""
    notes = []
    for bar, (voicing, bass) in enumerate(zip(voice_lead(chords, 52), bass_line(chords, floor), strict=True)):
        for half in (0, 2):
            force = float(rng.uniform(0.5, 0.62)) - 0.05 * half
            low = (bass, bass + 12) if half == 0 else (bass + 12,)
            notes += [Note(bar * 4 + half, 2.2, pitch, force) for pitch in (*low, *voicing)]
    return notes


def _ending(chords: Sequence[Chord], beat: float) -> list[Note]:
    bass = bass_line(chords[-1:], 33)[0]
    tones = (bass, bass + 12, *voice_lead(chords, 55)[-1], bass + 36)
    return [Note(beat + 0.06 * i, 6.0, pitch, 0.6) for i, pitch in enumerate(tones)]
