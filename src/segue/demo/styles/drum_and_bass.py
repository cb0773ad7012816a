"""Drum and bass: a fast broken beat over a slow bass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from segue.demo.artists import Artist
from segue.demo.drums import crash, hat, kick, ride, snare
from segue.demo.instruments import chime, pad, sub_bass, swept_saw
from segue.demo.melody import LIVELY, sing
from segue.demo.mixing import Desk, Room, Take, Voice, duck, echo
from segue.demo.score import Clock, Note, strokes
from segue.demo.sound import Mono
from segue.demo.theory import Chord, Scale, bass_line, choose_scale, progression, voice_lead

ROOM = Room(1.3, bright=0.6)
KICKS = {
    "liquid": ("X.........X.....", "X.........X..o.."),
    "growl": ("X.........x.....", "X.....x...X....."),
    "jungle": ("X.x.......XX....", "X.....x...X...x."),
}
SNARES = {
    "liquid": ("....X..g.g..X...", "....X..g.g..X..g"),
    "growl": ("....X.......X...", "....X.......X.oo"),
    "jungle": ("....X..x.x..X..x", "....X..x.x....X."),
}
# beat and length within two bars
BASS = (
    ((0, 3.0), (3.5, 2.5), (6.5, 1.5)),
    ((0, 1.5), (2.5, 3.5), (6.5, 1.0)),
    ((0.5, 3.0), (4.5, 3.0)),
)


def compose_drum_and_bass(rng: np.random.Generator, artist: Artist) -> Take:
    """One chord to two bars."""
    clock = Clock(round(float(rng.uniform(*artist.tempo)), 1))
    bars = clock.bars_in(15.4)
    scale = choose_scale(rng, artist.modes)
    chords = progression(rng, scale, (bars + 1) // 2, size=4)
    desk = Desk(clock, clock.seconds(bars * 4), rng)
    beat = _add_drums(desk, rng, artist, bars)
    _add_bass(desk, rng, artist, chords, beat)
    _add_harmony(desk, rng, artist, scale, chords)
    return Take(desk, ROOM, fade_s=1.8)


def _add_drums(desk: Desk, rng: np.random.Generator, artist: Artist, bars: int) -> list[float]:
    """Returns the times of the bass drum, s."""
    tuning = int(rng.integers(0, 4))
    kicks, snares = [], []
    for turn in (0, 1):
        turns = range(turn, bars, 2)
        kicks += strokes(KICKS[artist.manner][turn], turns, tuning=tuning)
        snares += strokes(SNARES[artist.manner][turn], turns, tuning=tuning)
    stem = desk.lay(kicks, Voice(partial(kick, t60_s=0.24, click=0.6)))
    stem += desk.lay(snares, Voice(partial(snare, wires=0.8, t60_s=0.2), pan=0.05, loose_s=0.002), gain_db=-1)
    hats = str(rng.choice(("x.o.x.o.x.o.x.o.", "xoxoxoxoxoxoxoxo", "x.oox.oox.oox.oo")))
    stem += desk.lay(strokes(hats, range(bars)), Voice(hat, pan=-0.2, loose_s=0.002), gain_db=-9)
    metal = "x...x...x...x..." if artist.manner == "jungle" else "..x...x...x...x."
    stem += desk.lay(strokes(metal, range(bars)), Voice(partial(ride, t60_s=0.9), pan=0.3), gain_db=-10)
    stem += desk.lay(strokes("X", [0, bars // 2]), Voice(crash, pan=-0.35), gain_db=-6)
    desk.add(stem, level_db=-7, send_db=-20)
    return [desk.clock.seconds(note.beat) for note in kicks]


def _add_bass(
    desk: Desk, rng: np.random.Generator, artist: Artist, chords: Sequence[Chord], kicks: Sequence[float]
) -> None:
    rhythm = BASS[int(rng.integers(len(BASS)))]
    notes = [
        Note(slot * 8 + beat, beats, pitch + (12 if beat > 6 and slot % 2 else 0), 0.8)
        for slot, pitch in enumerate(bass_line(chords, 29))
        for beat, beats in rhythm
    ]
    deep = desk.lay(notes, Voice(partial(sub_bass, warmth=0.3), 0, 0.05))
    desk.add(duck(deep, kicks, depth=0.6, recover_s=0.07), level_db=-11)
    if artist.manner != "liquid":
        above = [note._replace(pitch=note.pitch + 12) for note in notes]
        middle = desk.lay(above, Voice(_reese(artist), 0, 0.06))
        desk.add(duck(middle, kicks, depth=0.5, recover_s=0.07), level_db=-12, send_db=-22)


def _reese(artist: Artist) -> Callable[[int], Mono]:
    """Three detuned saws behind a filter that opens."""
    growl = artist.manner == "growl"
    return partial(
        swept_saw,
        low_hz=900.0 + 900.0 * artist.bright if growl else 420.0,
        high_hz=160.0,
        sweep_s=0.3,
        resonance=2.5 if growl else 1.0,
        spread_cents=24.0,
        duration_s=1.8,
    )


def _add_harmony(
    desk: Desk, rng: np.random.Generator, artist: Artist, scale: Scale, chords: Sequence[Chord]
) -> None:
    voicings = voice_lead(chords, 57)
    held = [Note(slot * 8, 8.0, pitch, 0.6) for slot, voicing in enumerate(voicings) for pitch in voicing]
    level_db = -13 if artist.manner == "liquid" else -18
    for side, pan in ((0, -0.9), (1, 0.9)):
        tone = partial(pad, bright=0.3 + 0.5 * artist.bright, side=side)
        desk.play(held, Voice(tone, 0.25, 0.5, pan=pan), level_db=level_db, send_db=-6)
    if artist.manner == "liquid":
        tune = sing(rng, scale, chords, cells=LIVELY, octave=5, beats_per_bar=8, rests=0.4)
        bells = desk.lay(tune, Voice(partial(chime, t60_s=1.6), 0, 0.3, spread=0.3))
        desk.add(echo(bells, desk.clock.seconds(1.5), feedback=0.45), level_db=-17, send_db=-6)
    if artist.manner == "jungle":
        _add_stabs(desk, rng, voicings)


def _add_stabs(desk: Desk, rng: np.random.Generator, voicings: Sequence[tuple[int, ...]]) -> None:
    beat = float(rng.choice((1.5, 2.5, 3.5)))
    hits = [Note(slot * 8 + beat, 0.5, pitch) for slot, voicing in enumerate(voicings) for pitch in voicing]
    tone = partial(swept_saw, low_hz=400.0, high_hz=3200.0, sweep_s=0.12, spread_cents=12.0, duration_s=0.6)
    stem = desk.lay(hits, Voice(tone, 0, 0.1, spread=0.3))
    desk.add(echo(stem, desk.clock.seconds(0.75), feedback=0.5), level_db=-15, send_db=-6)
