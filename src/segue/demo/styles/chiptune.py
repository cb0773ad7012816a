"""Chiptune: two rectangle waves, a stepped triangle and switched noise, as in an old console."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from segue.demo.artists import Artist
from segue.demo.drums import crackle
from segue.demo.instruments import pulse, triangle
from segue.demo.melody import BUSY, LIVELY, sing
from segue.demo.mixing import Desk, Room, Take, Voice
from segue.demo.score import Clock, Note, strokes
from segue.demo.theory import Chord, Scale, bass_line, choose_scale, progression, voice_lead

ROOM = Room(0.5, bright=0.5)
DUTY = {"arpeggio": 0.125, "duet": 0.25, "march": 0.5}


def compose_chiptune(rng: np.random.Generator, artist: Artist) -> Take:
    """One chord per bar, a final chord after the last."""
    clock = Clock(float(rng.uniform(*artist.tempo)))
    bars = clock.bars_in(13.6)
    scale = choose_scale(rng, artist.modes)
    chords = progression(rng, scale, bars)
    desk = Desk(clock, clock.seconds(bars * 4) + 1.4, rng)
    cells = LIVELY if artist.manner == "march" else BUSY + LIVELY
    octave = 4 if scale.tonic > 5 else 5
    tune = sing(rng, scale, chords, cells=cells, octave=octave)
    tune.append(Note(bars * 4, 2.0, scale.pitch(0, octave)))
    lead = Voice(partial(pulse, duty=DUTY[artist.manner]), 0, 0.01, pan=-0.15)
    desk.play(tune, lead, level_db=-8, send_db=-22)
    second = Voice(partial(pulse, duty=0.5, t60_s=0.7), 0, 0.01, pan=0.45)
    desk.play(_second_voice(rng, artist.manner, scale, chords, tune), second, level_db=-14, send_db=-22)
    desk.play(_bass(rng, chords, scale), Voice(triangle, 0, 0.01, pan=0.05), level_db=-10)
    _add_noise(desk, rng, bars)
    return Take(desk, ROOM, fade_s=0.8)


def _second_voice(
    rng: np.random.Generator, manner: str, scale: Scale, chords: Sequence[Chord], tune: Sequence[Note]
) -> list[Note]:
    if manner == "duet":
        return _thirds_below(scale, tune)
    step = 0.25 if manner == "arpeggio" else 0.5
    order = rng.permutation((0, 1, 2, 1))
    voicings = voice_lead(chords, 57)
    return [
        Note(bar * 4 + i * step, step, voicing[order[i % 4]] + 12 * (i % 8 > 3), 0.65)
        for bar, voicing in enumerate(voicings)
        for i in range(int(4 / step))
    ]


def _thirds_below(scale: Scale, tune: Sequence[Note]) -> list[Note]:
    degrees = {scale.pitch(degree, 4): degree for degree in range(-14, 28)}
    return [note._replace(pitch=scale.pitch(degrees[note.pitch] - 2, 4), force=0.6) for note in tune]


def _bass(rng: np.random.Generator, chords: Sequence[Chord], scale: Scale) -> list[Note]:
    leap = rng.permutation((0, 12, 0, 12, 7, 12, 0, 7)) if rng.random() < 0.4 else (0, 12) * 4
    notes = [
        Note(bar * 4 + i / 2, 0.42, pitch + int(leap[i]), 0.8)
        for bar, pitch in enumerate(bass_line(chords, 36))
        for i in range(8)
    ]
    return [*notes, Note(len(chords) * 4, 2.0, scale.pitch(0, 2))]


def _add_noise(desk: Desk, rng: np.random.Generator, bars: int) -> None:
    beats = ("X.......X.......", "X.....x.X.......", "X..x....X..x....")
    hats = ("x.o.x.o.x.o.x.o.", "..x...x...x...x.", "xooxxooxxooxxoox")
    every = range(bars)
    low, middle, high, splash = (
        Voice(partial(crackle, t60_s=t60_s, hold=hold))
        for t60_s, hold in ((0.09, 24), (0.2, 4), (0.04, 1), (0.9, 2))
    )
    stem = desk.lay(strokes(str(rng.choice(beats)), every), low, gain_db=2)
    stem += desk.lay(strokes("....X.......X...", every), middle)
    stem += desk.lay(strokes(str(rng.choice(hats)), every), high, gain_db=-9)
    stem += desk.lay(strokes("X", [bars]), splash, gain_db=-3)
    desk.add(stem, level_db=-13)
