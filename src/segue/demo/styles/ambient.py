"""Ambient: slow pads over a drone, a few chimes, wind."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from segue.demo.artists import Artist
from segue.demo.instruments import chime, pad, wind
from segue.demo.mixing import Desk, Room, Take, Voice, echo
from segue.demo.score import Clock, Note
from segue.demo.sound import Stereo, rise
from segue.demo.theory import Chord, Scale, at_or_above, bass_line, choose_scale, progression, voice_lead

ROOM = Room(3.4, bright=0.6)
VOWELS = {"drone": 0.0, "glass": 0.0, "choir": 620.0}  # Hz
CHIMES = {"drone": 3, "glass": 14, "choir": 6}


def compose_ambient(rng: np.random.Generator, artist: Artist) -> Take:
    """One chord per bar of four slow beats."""
    clock = Clock(float(rng.uniform(*artist.tempo)))
    bars = clock.bars_in(13.8)
    scale = choose_scale(rng, artist.modes)
    chords = progression(rng, scale, bars, size=4)
    desk = Desk(clock, clock.seconds(bars * 4) + 1.6, rng)
    _add_pads(desk, artist, chords, floor=50 if artist.manner == "drone" else 55)
    # a pad lasts 8 s, hence two notes overlap
    drone = [Note(bar * 4, 8, at_or_above(scale.tonic, 31), 0.7) for bar in range(0, bars, 2)]
    low = partial(pad, bright=0.15 + 0.3 * artist.bright)
    desk.add(_wide(desk, drone, low, 1.5), level_db=-9, send_db=-10)
    figures = _chime_notes(rng, scale, bars, CHIMES[artist.manner])
    bells = desk.lay(figures, Voice(chime, spread=0.35, loose_s=0.02))
    desk.add(echo(bells, clock.seconds(0.75), feedback=0.55), level_db=-15, send_db=-2)
    desk.add(_wind(rng, desk.n, artist.bright), level_db=-27, send_db=-6)
    return Take(desk, ROOM, fade_s=3.0)


def _add_pads(desk: Desk, artist: Artist, chords: Sequence[Chord], floor: int) -> None:
    tone = partial(pad, bright=artist.bright, vowel_hz=VOWELS[artist.manner])
    notes = [
        Note(bar * 4 + 0.15 * i, 4.0, pitch, 0.7)
        for bar, voicing in enumerate(voice_lead(chords, floor))
        for i, pitch in enumerate(voicing)
    ]
    roots = [Note(bar * 4, 4.0, pitch, 0.6) for bar, pitch in enumerate(bass_line(chords, 38))]
    desk.add(_wide(desk, notes + roots, tone, 1.1), level_db=-6, send_db=-5)


def _wide(desk: Desk, notes: Sequence[Note], tone: partial[np.ndarray], attack_s: float) -> Stereo:
    """Left and right played by different players."""
    sides = ((0, -0.8), (1, 0.8))
    stems = [desk.lay(notes, Voice(partial(tone, side=i), attack_s, 1.6, pan=pan)) for i, pan in sides]
    return stems[0] + stems[1]


def _chime_notes(rng: np.random.Generator, scale: Scale, bars: int, count: int) -> list[Note]:
    """A short figure of the pentatonic scale that comes back, each time with other notes left out."""
    figure = rng.choice((0, 1, 2, 4, 5, 7, 9), 4)
    beats = (0.5, 1.5, 2.25, 3.0)
    slots = [(bar * 4 + beat, int(figure[i])) for bar in range(bars) for i, beat in enumerate(beats)]
    picked = sorted(rng.choice(len(slots), min(count, len(slots)), replace=False))
    return [Note(slots[i][0], 3.0, scale.pitch(slots[i][1], 5), float(rng.uniform(0.4, 0.8))) for i in picked]


def _wind(rng: np.random.Generator, n: int, bright: float) -> Stereo:
    """Noise that swells and sinks once or twice, different left and right."""
    loop = wind(round(14 * bright))
    start = int(rng.integers(loop.size))
    left, right = (np.resize(np.roll(loop, -start - side * loop.size // 2), n) for side in (0, 1))
    swell = 0.25 + 0.75 * np.interp(np.arange(n), np.linspace(0, n, 6), rng.random(6))
    swell[: n // 8] *= rise(n // 8)
    return ((left + 1j * right) * swell).astype(np.complex64)
