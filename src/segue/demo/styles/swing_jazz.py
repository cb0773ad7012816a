"""Swing jazz: a trio of piano, double bass and drums over a twelve-bar blues or a turnaround."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from segue.demo.artists import Artist
from segue.demo.drums import brush, hat, kick, ride, snare
from segue.demo.instruments import piano, plucked
from segue.demo.mixing import Desk, Room, Take, Voice
from segue.demo.score import Clock, Note, strokes
from segue.demo.theory import Chord, at_or_above, voice_lead

ROOM = Room(0.9, bright=0.4)
# thirds, sevenths and colors above the root, and the scale that a solo draws from
SHAPES = {"maj": (0, 4, 11, 14), "min": (0, 3, 10, 14), "dom": (0, 4, 10, 21)}
SCALES = {
    "maj": (0, 2, 4, 5, 7, 9, 11),
    "min": (0, 2, 3, 5, 7, 9, 10),
    "dom": (0, 2, 4, 5, 7, 9, 10),
    "blues": (0, 3, 5, 6, 7, 10),
}
CHANGES: dict[str, tuple[tuple[tuple[int, str], ...], ...]] = {
    "blues": (
        ((0, "dom"), (5, "dom"), (0, "dom"), (0, "dom"), (5, "dom"), (5, "dom"), (0, "dom"), (9, "dom")),
        ((0, "dom"), (5, "dom"), (0, "dom"), (9, "dom"), (2, "min"), (7, "dom"), (0, "dom"), (7, "dom")),
    ),
    "bop": (
        ((0, "maj"), (9, "dom"), (2, "min"), (7, "dom"), (4, "min"), (9, "dom"), (2, "min"), (7, "dom")),
        ((2, "min"), (7, "dom"), (0, "maj"), (0, "maj"), (0, "min"), (5, "dom"), (10, "maj"), (7, "dom")),
    ),
    "brushes": (
        ((0, "maj"), (9, "min"), (2, "min"), (7, "dom")),
        ((5, "maj"), (5, "min"), (0, "maj"), (9, "dom")),
        ((2, "min"), (7, "dom"), (0, "maj"), (5, "maj")),
    ),
}


def compose_swing_jazz(rng: np.random.Generator, artist: Artist) -> Take:
    """One chord per bar, ending on the tonic."""
    clock = Clock(float(rng.uniform(*artist.tempo)), swing=0.6 if artist.manner == "bop" else 0.655)
    bars = clock.bars_in(13.4)
    tonic = int(rng.integers(12))
    options = CHANGES[artist.manner]
    changes = options[int(rng.integers(len(options)))]
    plan = [changes[bar % len(changes)] for bar in range(bars)]
    plan.append((0, "dom" if artist.manner == "blues" else "maj"))
    kinds = [kind for _, kind in plan]
    chords = [Chord(0, tuple((tonic + root + i) % 12 for i in SHAPES[kind])) for root, kind in plan]
    desk = Desk(clock, clock.seconds(bars * 4) + 2.0, rng)
    _add_drums(desk, rng, artist.manner, bars)
    strings = partial(plucked, bright=0.12, t60_s=1.9, body_hz=65.0, pick=0.3)
    bass = Voice(strings, 0, 0.06, pan=0.15, loose_s=0.006)
    desk.play(_walk(rng, chords, kinds), bass, level_db=-9, send_db=-18)
    hammers = partial(piano, bright=0.35 + 0.4 * artist.bright)
    keys = Voice(hammers, 0, 0.09, pan=-0.2, spread=0.15, loose_s=0.008)
    comping = desk.lay(_comp(rng, chords), keys, gain_db=-5)
    solo = desk.lay(_solo(rng, chords, kinds, tonic, blues=artist.manner == "blues"), keys)
    desk.add(comping + solo, level_db=-8, send_db=-14)
    return Take(desk, ROOM, fade_s=1.2)


def _add_drums(desk: Desk, rng: np.random.Generator, manner: str, bars: int) -> None:
    every = range(bars)
    if manner == "brushes":
        stem = desk.lay(strokes("xoxo", every), Voice(partial(brush, t60_s=0.4), pan=0.1, loose_s=0.006))
        stem += desk.lay(strokes("...o...o", every, tuning=4), Voice(brush, pan=0.25), gain_db=-3)
        desk.add(stem, level_db=-21, send_db=-14)
    else:
        # eighth notes, which the clock swings
        stem = desk.lay(strokes("X.xoX.xo", every), Voice(ride, pan=0.3, loose_s=0.004))
        ghosts = [note for note in strokes(".o.g.o.o", every) if rng.random() < 0.3]
        stem += desk.lay(ghosts, Voice(partial(snare, wires=0.6, t60_s=0.15), pan=-0.1), gain_db=-2)
        desk.add(stem, level_db=-17, send_db=-15)
    pedal = Voice(partial(hat, t60_s=0.05), pan=0.2, loose_s=0.003)
    feet = desk.lay(strokes("..x...x.", every), pedal, gain_db=-4)
    feet += desk.lay(strokes("g.g.g.g.", every), Voice(partial(kick, t60_s=0.25, drop_hz=60.0, click=0.1)))
    feet += desk.lay(strokes("X", [bars]), Voice(partial(ride, t60_s=2.4), pan=0.3))
    desk.add(feet, level_db=-22, send_db=-15)


def _walk(rng: np.random.Generator, chords: Sequence[Chord], kinds: Sequence[str]) -> list[Note]:
    """Root, two notes of the chord's scale, and a half step into the next root."""
    notes, pitch = [], at_or_above(chords[0].root, 33)
    for bar, kind in enumerate(kinds[:-1]):
        options = [at_or_above(chords[bar + 1].root, floor) for floor in (28, 36)]
        target = options[int(np.argmin(np.abs(np.subtract(options, pitch))))]
        degrees = sorted(SCALES[kind][i] for i in rng.choice((1, 2, 3, 4, 5), 2, replace=False))
        if target < pitch:
            degrees = [degree - 12 for degree in reversed(degrees)] if pitch > 36 else degrees[::-1]
        line = (pitch, pitch + degrees[0], pitch + degrees[1], target + int(rng.choice((-1, 1))))
        notes += [Note(bar * 4 + i, 0.92, p, 0.8 if i % 2 else 0.72) for i, p in enumerate(line)]
        pitch = target
    return [*notes, Note(4 * (len(chords) - 1), 4.0, pitch, 0.8)]


def _comp(rng: np.random.Generator, chords: Sequence[Chord]) -> list[Note]:
    """Rootless chords, short and mostly off the beat."""
    rhythms = (((0, 0.5), (1.5, 0.4)), ((1.5, 1.2),), ((0.5, 0.4), (2.5, 0.4)), ((1, 0.4), (3.5, 0.6)))
    shells = [Chord(0, chord.classes[1:]) for chord in chords]
    pair = rng.choice(len(rhythms), 2, replace=False)
    voicings = voice_lead(shells, 52)
    notes = [
        Note(bar * 4 + beat, beats, pitch, float(rng.uniform(0.5, 0.62)))
        for bar, voicing in enumerate(voicings[:-1])
        for beat, beats in rhythms[int(pair[bar % 2])]
        for pitch in voicing
    ]
    return notes + [Note(4 * (len(chords) - 1), 4.0, pitch, 0.6) for pitch in voicings[-1]]


def _solo(
    rng: np.random.Generator, chords: Sequence[Chord], kinds: Sequence[str], tonic: int, *, blues: bool
) -> list[Note]:
    """Swung eighths after one of two rhythms, running through the scale of each chord."""
    masks = rng.permutation(("xx.xx.x.", ".xxxxx..", "x.xx.xx.", "xxxxx...", "..xxxxxx"))[:2]
    notes, pitch, direction = [], 72, 1
    for bar, (chord, kind) in enumerate(zip(chords[:-1], kinds, strict=False)):
        root, steps = (tonic, SCALES["blues"]) if blues else (chord.root, SCALES[kind])
        scale = [p for p in range(62, 87) if (p - root) % 12 in steps]
        for i, mark in enumerate(masks[bar // 2 % 2]):
            if mark == ".":
                continue
            place = int(np.argmin([abs(p - pitch) for p in scale]))
            place += direction * int(rng.choice((1, 1, 1, 2)))
            if not 0 <= place < len(scale) or rng.random() < 0.15:
                direction = -direction
                place = min(max(place + 2 * direction, 0), len(scale) - 1)
            pitch = scale[place]
            notes.append(Note(bar * 4 + i / 2, 0.48, pitch, 0.78 if i % 2 else 0.68))
    return notes
