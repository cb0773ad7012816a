"""Techno: four kicks to the bar, a bass that pumps with them, an acid line or chords in a long echo."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from segue.demo.artists import Artist
from segue.demo.drums import clap, crash, hat, kick
from segue.demo.instruments import swept_saw
from segue.demo.mixing import Desk, Room, Take, Voice, duck, echo
from segue.demo.score import Clock, Note, strokes
from segue.demo.theory import Scale, at_or_above, choose_scale

ROOM = Room(1.5, bright=0.4)
BASS = {"acid": "..x...x...x...x.", "dub": "..x..x....x.o...", "driving": ".xxx.xxx.xxx.xxx"}


def compose_techno(rng: np.random.Generator, artist: Artist) -> Take:
    """Eight bars or so on one chord; the line enters in the first, the claps in the third."""
    clock = Clock(round(float(rng.uniform(*artist.tempo)), 1))
    bars = clock.bars_in(15.4)
    scale = choose_scale(rng, artist.modes)
    desk = Desk(clock, clock.seconds(bars * 4), rng)
    kicks = [desk.clock.seconds(beat) for beat in range(bars * 4)]
    root = at_or_above(scale.tonic, 31)
    low = Voice(partial(swept_saw, low_hz=140.0, high_hz=500.0, sweep_s=0.07, duration_s=0.5), 0, 0.03)
    bass = desk.lay(strokes(BASS[artist.manner], range(bars), tuning=root), low)
    desk.add(duck(bass, kicks, depth=0.8), level_db=-10)
    _add_drums(desk, rng, artist, bars)
    if artist.manner == "dub":
        _add_chords(desk, rng, artist, scale, bars, kicks)
    else:
        _add_line(desk, rng, artist, scale, bars, kicks)
    return Take(desk, ROOM, fade_s=1.8)


def _add_drums(desk: Desk, rng: np.random.Generator, artist: Artist, bars: int) -> None:
    every = range(bars)
    hats = str(rng.choice(("xoxoxoxoxoxoxoxo", "x.oxx.oxx.oxx.ox", "oooxoooxoooxoooo")))
    bass_drum = partial(kick, t60_s=0.5 if artist.manner == "dub" else 0.36, click=0.2 + 0.5 * artist.bright)
    beats = strokes("X...X...X...X...", every, tuning=int(rng.integers(-1, 3)))
    desk.play(beats, Voice(bass_drum), level_db=-7)
    tops = desk.lay(strokes("..x...x...x...x.", every), Voice(partial(hat, t60_s=0.22), pan=0.15))
    tops += desk.lay(strokes(hats, range(1, bars), tuning=2), Voice(hat, pan=-0.25), gain_db=-5)
    tops += desk.lay(strokes("X", [0, 4]), Voice(crash, pan=0.3), gain_db=-4)
    desk.add(tops, level_db=-18 + 3 * artist.bright, send_db=-18)
    claps = "....X.......X..o" if rng.random() < 0.5 else "....X.......X..."
    desk.play(strokes(claps, range(2, bars)), Voice(clap, pan=-0.05), level_db=-15, send_db=-8)


def _add_line(
    desk: Desk, rng: np.random.Generator, artist: Artist, scale: Scale, bars: int, kicks: Sequence[float]
) -> None:
    """Sixteenth notes through a whistling filter that opens from bar to bar."""
    steps = rng.choice((0, 0, 0, 7, 1, 2, 3, 6), 16)
    sounding = rng.random(16) < (0.8 if artist.manner == "acid" else 0.5)
    sounding[0] = True
    resonance = 6.0 if artist.manner == "acid" else 2.0
    stem = np.zeros(desk.n, dtype=np.complex64)
    for bar in range(bars):
        top_hz = 500.0 + (700.0 + 3000.0 * artist.bright) * (0.15 + bar // 2 * 2 / bars)
        tone = partial(
            swept_saw, low_hz=180.0, high_hz=top_hz, sweep_s=0.09, resonance=resonance, duration_s=0.4
        )
        notes = [
            Note(bar * 4 + i / 4, 0.22, scale.pitch(int(steps[i]), 2), 0.9 if i % 4 == 3 else 0.7)
            for i in np.flatnonzero(sounding)
        ]
        stem += desk.lay(notes, Voice(tone, 0, 0.03, pan=0.1))
    wet = echo(stem, desk.clock.seconds(0.75), feedback=0.35, repeats=3)
    desk.add(duck(wet, kicks, depth=0.4), level_db=-11, send_db=-16)


def _add_chords(
    desk: Desk, rng: np.random.Generator, artist: Artist, scale: Scale, bars: int, kicks: Sequence[float]
) -> None:
    """Short minor chords, each repeating into the distance."""
    rhythm = str(rng.choice(("..x.......x.....", "...x..x.........", "......x...x.....")))
    top_hz = 1100.0 + 2500.0 * artist.bright
    tone = partial(swept_saw, low_hz=260.0, high_hz=top_hz, sweep_s=0.1, spread_cents=9.0, duration_s=0.7)
    stem = np.zeros(desk.n, dtype=np.complex64)
    for third, pan in ((0, -0.4), (2, 0.0), (4, 0.4), (6, 0.2)):
        hits = strokes(rhythm, range(bars), tuning=scale.pitch(third, 3 if scale.tonic > 4 else 4))
        stem += desk.lay([hit._replace(beats=0.5) for hit in hits], Voice(tone, 0, 0.15, pan=pan))
    wet = echo(stem, desk.clock.seconds(0.75), feedback=0.6, repeats=5)
    desk.add(duck(wet, kicks, depth=0.5), level_db=-12, send_db=-5)
