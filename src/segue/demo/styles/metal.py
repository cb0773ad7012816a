"""Metal: palm-muted riffs on two guitars, bass in unison, double bass drum."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from segue.demo.artists import Artist
from segue.demo.drums import crash, hat, kick, ride, snare, tom
from segue.demo.instruments import driven, plucked
from segue.demo.melody import BUSY, CALM, LIVELY, sing
from segue.demo.mixing import Desk, Room, Take, Voice
from segue.demo.score import Clock, Note, strokes
from segue.demo.theory import Chord, Scale, choose_scale, progression

ROOM = Room(1.0, bright=0.5)
POWER = (0, 7, 12)
# m: palm-muted low string, C: open power chord on the bar's root, D: one a scale step above
RIFFS = {
    "gallop": ("C.mmm.mmm.mmC.D.", "m.mmm.mmC.mmm.mm", "C.mmC.mmm.mmD.C."),
    "doom": ("C.....m.C...D...", "C...m.C.....D.C.", "C.......m.m.D..."),
    "thrash": ("mmmmCmmmmmmmDmCm", "mmCmmmCmmmCmmmDm", "CmmmmmmmCmmmDmmm"),
}
FEET = {
    "gallop": ("X.xxX.xxX.xxX.xx", "X.xxX.xxX.xxXxxx"),
    "doom": ("X.....x.X.......", "X.....x.X...xxxx"),
    "thrash": ("xxxxxxxxxxxxxxxx", "XxXxXxXxXxXxXxXx"),
}
BACKBEAT = {"gallop": "....X.......X...", "doom": "....X.......X...", "thrash": "..X...X...X...X."}
LEADS = {"gallop": LIVELY, "doom": CALM, "thrash": BUSY}


def compose_metal(rng: np.random.Generator, artist: Artist) -> Take:
    """One root per bar; the second half adds a lead; a last chord rings."""
    clock = Clock(float(rng.uniform(*artist.tempo)))
    bars = clock.bars_in(13.6)
    scale = Scale(int(rng.choice((4, 2, 3, 5))), choose_scale(rng, artist.modes).mode)
    chords = progression(rng, scale, bars)
    desk = Desk(clock, clock.seconds(bars * 4) + 1.8, rng)
    riffs = RIFFS[artist.manner]
    chosen = [riffs[i] for i in rng.permutation(len(riffs))[:2]]
    muted, ringing = _riff(scale, chords, [chosen[bar // 2 % 2] for bar in range(bars)])
    ringing.append(Note(bars * 4, 8.0, scale.pitch(0, 2), 1.0))
    _add_guitars(desk, artist, muted, ringing)
    low = Voice(partial(plucked, bright=0.35, t60_s=1.8, body_hz=80.0, pick=0.1), 0, 0.03)
    bass = [note._replace(pitch=note.pitch - 12) for note in muted + ringing]
    desk.play(bass, low, level_db=-11)
    _add_drums(desk, rng, artist.manner, bars)
    _add_lead(desk, rng, artist, scale, chords)
    return Take(desk, ROOM, fade_s=1.4)


def _riff(scale: Scale, chords: Sequence[Chord], patterns: Sequence[str]) -> tuple[list[Note], list[Note]]:
    """Palm-muted and ringing notes, each until the next begins."""
    muted, ringing = [], []
    for bar, (chord, pattern) in enumerate(zip(chords, patterns, strict=True)):
        root = chord.degree if chord.degree < 5 else chord.degree - 7
        for i, mark in enumerate(pattern):
            if mark == ".":
                continue
            rest = pattern[i + 1 :]
            steps = 1 + len(rest) - len(rest.lstrip("."))
            beat, beats = bar * 4 + i / 4, steps / 4
            if mark == "m":
                muted.append(Note(beat, beats, scale.pitch(root, 2), 0.8))
            else:
                ringing.append(Note(beat, beats, scale.pitch(root + (mark == "D"), 2), 0.95))
    return muted, ringing


def _add_guitars(desk: Desk, artist: Artist, muted: Sequence[Note], ringing: Sequence[Note]) -> None:
    """Two players, one to each side."""
    gain = 14.0 + 30.0 * artist.bright if artist.manner != "doom" else 55.0
    stem = np.zeros(desk.n, dtype=np.complex64)
    for cents, pan in ((-4.0, -0.85), (4.0, 0.85)):
        for notes, is_muted in ((muted, True), (ringing, False)):
            tone = partial(driven, intervals=POWER, muted=is_muted, gain=gain, cents=cents)
            stem += desk.lay(notes, Voice(tone, 0, 0.025, pan=pan, loose_s=0.004))
    desk.add(stem, level_db=-6, send_db=-22)


def _add_drums(desk: Desk, rng: np.random.Generator, manner: str, bars: int) -> None:
    every = range(bars)
    feet = [FEET[manner][0 if bar % 4 != 3 else 1] for bar in every]
    kicks = [note for bar in every for note in strokes(feet[bar], [bar])] + strokes("X", [bars])
    bass_drum = Voice(partial(kick, t60_s=0.2, drop_hz=220.0, click=0.9), loose_s=0.002)
    stem = desk.lay(kicks, bass_drum, gain_db=-2)
    side_drum = Voice(partial(snare, wires=0.55), loose_s=0.003)
    stem += desk.lay(strokes(BACKBEAT[manner], every), side_drum, gain_db=1)
    time = str(rng.choice(("x...x...x...x...", "x.x.x.x.x.x.x.x.")))
    metal = Voice(partial(hat, t60_s=0.3), pan=0.35) if rng.random() < 0.5 else Voice(ride, pan=0.4)
    stem += desk.lay(strokes(time, every), metal, gain_db=-5)
    stem += desk.lay(strokes("X", [*range(0, bars, 2), bars]), Voice(crash, pan=-0.4), gain_db=-2)
    fills = [Note(bar * 4 + 3 + i / 4, 0.25, 8 - 3 * i, 0.8) for bar in range(3, bars, 4) for i in range(4)]
    stem += desk.lay(fills, Voice(tom, pan=0.1))
    desk.add(stem, level_db=-8, send_db=-16)


def _add_lead(
    desk: Desk, rng: np.random.Generator, artist: Artist, scale: Scale, chords: Sequence[Chord]
) -> None:
    """A tune over the second half, harmonized in thirds where the artist gallops."""
    start = len(chords) // 2
    tune = sing(rng, scale, chords[start:], cells=LEADS[artist.manner], octave=4, rests=0.0)
    tune = [note._replace(beat=note.beat + 4 * start) for note in tune]
    tone = partial(driven, intervals=(0,), muted=False, gain=25.0)
    stem = desk.lay(tune, Voice(tone, 0, 0.04, pan=-0.25))
    if artist.manner == "gallop":
        degrees = {scale.pitch(degree, 4): degree for degree in range(-14, 28)}
        above = [note._replace(pitch=scale.pitch(degrees[note.pitch] + 2, 4)) for note in tune]
        stem += desk.lay(above, Voice(tone, 0, 0.04, pan=0.25))
    desk.add(stem, level_db=-12 if artist.manner != "doom" else -14, send_db=-9)
