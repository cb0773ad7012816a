"""Folk guitar: one fingerpicked steel-string guitar, the thumb on the bass, a tune above."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from segue.demo.artists import Artist
from segue.demo.instruments import plucked
from segue.demo.melody import CALM, LIVELY, WALTZ, sing
from segue.demo.mixing import Desk, Room, Take, Voice
from segue.demo.score import Clock, Note
from segue.demo.theory import Chord, Scale, at_or_above, bass_line, choose_scale, progression, voice_lead

ROOM = Room(1.1, bright=0.5)
# strings 0, 1, 2 are the three treble ones; -1 is the thumb on the root, -2 on the fifth
PICKING: dict[str, tuple[tuple[tuple[float, int], ...], ...]] = {
    "travis": (
        ((0, -1), (0.5, 1), (1, -2), (1.5, 2), (2, -1), (2.5, 1), (3, -2), (3.5, 0)),
        ((0, -1), (1, -2), (1.5, 1), (2, -1), (2.5, 2), (3, -2), (3.5, 1)),
        ((0, -1), (0.5, 2), (1, -2), (1.5, 1), (2, -1), (2.5, 0), (3, -2), (3.5, 2)),
    ),
    "waltz": (
        ((0, -1), (1, 0), (1, 1), (2, 1), (2, 2)),
        ((0, -1), (0.5, 0), (1, 1), (1.5, 2), (2, 1), (2.5, 0)),
    ),
    "harp": (
        tuple((i / 4, string) for i, string in enumerate((-1, 0, 1, 2, -2, 0, 1, 2) * 2)),
        tuple((i / 4, string) for i, string in enumerate((-1, -2, 0, 1, 2, 1, 0, 1) * 2)),
    ),
}


def compose_folk_guitar(rng: np.random.Generator, artist: Artist) -> Take:
    """One chord per bar, a strummed tonic at the end."""
    beats = 3 if artist.manner == "waltz" else 4
    clock = Clock(float(rng.uniform(*artist.tempo)), swing=0.53)
    bars = clock.bars_in(13.1, beats)
    scale = choose_scale(rng, artist.modes)
    chords = [*progression(rng, scale, bars), scale.chord(0)]
    desk = Desk(clock, clock.seconds(bars * beats) + 2.4, rng)
    tone = partial(plucked, bright=0.25 + 0.55 * artist.bright, t60_s=4.5)
    capo = 5 if artist.manner == "harp" else 0
    picking = PICKING[artist.manner][int(rng.integers(len(PICKING[artist.manner])))]
    notes = _picked_chords(rng, chords[:-1], picking, beats, capo) + _strum(chords, bars * beats, capo)
    desk.play(notes, Voice(tone, 0, 0.12, pan=-0.1, spread=0.12, loose_s=0.006), level_db=-8, send_db=-13)
    _add_tune(desk, rng, scale, chords[:-1], artist, beats)
    return Take(desk, ROOM, fade_s=1.6)


def _picked_chords(
    rng: np.random.Generator,
    chords: Sequence[Chord],
    picking: Sequence[tuple[float, int]],
    beats_per_bar: int,
    capo: int,
) -> list[Note]:
    """The pattern on each chord; a string rings until the end of the bar."""
    notes = []
    basses, voicings = bass_line(chords, 40 + capo), voice_lead(chords, 53 + capo)
    for bar, (chord, bass, voicing) in enumerate(zip(chords, basses, voicings, strict=True)):
        thumb = {-1: bass, -2: at_or_above(chord.classes[2], bass)}
        for beat, string in picking:
            pitch = thumb[string] if string < 0 else voicing[string]
            force = (0.8 if string < 0 else 0.6) * float(rng.uniform(0.85, 1.1))
            notes.append(Note(bar * beats_per_bar + beat, max(beats_per_bar - beat, 1.0), pitch, force))
    return notes


def _strum(chords: Sequence[Chord], beat: float, capo: int) -> list[Note]:
    """The last chord, downwards over all strings."""
    bass = bass_line(chords[-1:], 40 + capo)[0]
    voicing = voice_lead(chords, 53 + capo)[-1]
    strings = (bass, at_or_above(chords[-1].classes[2], bass), *voicing)
    return [Note(beat + 0.05 * i, 6.0, pitch, 0.8) for i, pitch in enumerate(strings)]


def _add_tune(
    desk: Desk, rng: np.random.Generator, scale: Scale, chords: Sequence[Chord], artist: Artist, beats: int
) -> None:
    cells = {"travis": LIVELY, "waltz": WALTZ, "harp": CALM}[artist.manner]
    octave = 4 if scale.tonic > 3 else 5
    notes = sing(rng, scale, chords, cells=cells, octave=octave, beats_per_bar=beats, rests=0.25)
    tone = partial(plucked, bright=0.35 + 0.55 * artist.bright, t60_s=5.0, pick=0.12)
    desk.play(notes, Voice(tone, 0, 0.15, pan=0.2, loose_s=0.006), level_db=-10, send_db=-12)
