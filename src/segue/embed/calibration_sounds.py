"""Synthetic sounds that set the ranges of an 8-bit network, and others that judge it.

They are made here so that every machine that converts a model has the same ones and needs no files.
The demo's pieces are more like music, but a range depends on levels, slopes of the spectrum, tones
beside noise, onsets and rests, and these vary more here.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from segue.embed.logmel import VGGISH_SR
from segue.track import Waveform

DURATION_S = 4.0
_NOISE_DB = (-50, -30, -12)  # RMS, of full scale

_Float64 = NDArray[np.float64]


def synthetic_music(seed: int, count: int) -> Iterator[Waveform]:
    """Short pieces, float32 (64 000,) at 16 kHz each: notes, chords and drums of all levels."""
    for i in range(count):
        yield _piece(np.random.default_rng((seed, i)))


def noise_and_sweep(seed: int) -> Iterator[Waveform]:
    """Noise at several levels, a sweep over all bands, silence."""
    rng, t = np.random.default_rng(seed), _time()
    for level_db in _NOISE_DB:
        yield (rng.standard_normal(len(t) // 2) * 10 ** (level_db / 20)).astype(np.float32)
    turns = 50 * DURATION_S / np.log(150) * (150 ** (t / DURATION_S) - 1)  # 50 to 7500 Hz
    yield (0.3 * np.sin(2 * np.pi * turns)).astype(np.float32)
    yield np.zeros(VGGISH_SR, np.float32)


def _time() -> _Float64:
    return np.arange(int(DURATION_S * VGGISH_SR)) / VGGISH_SR


def _piece(rng: np.random.Generator) -> Waveform:
    beat_s = rng.uniform(0.15, 0.8)
    y: _Float64 = rng.uniform(0.3, 1) * _voice(rng, rng.uniform(40, 110), 2 * beat_s)
    chord = rng.uniform(110, 500) * 2 ** (np.array([0, 4, 7, 11]) / 12)
    for hz in chord[: rng.integers(0, 5)]:
        y += rng.uniform(0.1, 0.5) * _voice(rng, hz, 4 * beat_s)
    y += rng.uniform(0, 0.8) * _voice(rng, rng.uniform(300, 1200), beat_s)
    y += rng.choice([0, 0.2, 1]) * _drums(rng, beat_s)
    y += 10 ** rng.uniform(-5, -2) * rng.standard_normal(len(y))  # what a recording brings along
    if rng.random() < 0.3:
        y = np.tanh(rng.uniform(2, 10) * y)  # overdriven
    y *= 10 ** (rng.uniform(-35, -9) / 20) / np.sqrt(np.mean(y**2))
    return y.clip(-1, 1).astype(np.float32)


def _voice(rng: np.random.Generator, hz: float, note_s: float) -> _Float64:
    """A tone with harmonics that moves on after every note, struck or held."""
    t = _time()
    scale = 2 ** (rng.choice([-5, -3, 0, 0, 2, 4, 7], 64) / 12)
    bend = 1 + rng.choice([0, 0.01]) * np.sin(2 * np.pi * 5.5 * t)
    phase = 2 * np.pi * np.cumsum(hz * scale[(t / note_s).astype(int)] * bend) / VGGISH_SR
    count = min(24, int(VGGISH_SR / 2 / (hz * scale.max() * 1.01)))
    slope = rng.uniform(0.6, 2.5)
    turn, power, y = np.exp(1j * phase), np.ones(len(t), complex), np.zeros(len(t))
    for harmonic in range(1, count + 1):
        power *= turn
        y += power.imag / harmonic**slope
    y *= np.exp(-rng.choice([0.2, 2, 8]) * (t % note_s))
    return y


def _drums(rng: np.random.Generator, beat_s: float) -> _Float64:
    t, into = _time(), _time() % beat_s
    noise = rng.standard_normal(len(t))
    hat = np.diff(noise, prepend=0) * np.exp(-60 * (t % (beat_s / 2)))
    snare = noise * np.exp(-25 * into) * ((t / beat_s).astype(int) % 2)
    kick = np.sin(2 * np.pi * 25 * (1 - np.exp(-12 * into))) * np.exp(-8 * into)
    drums: _Float64 = 0.3 * hat + 0.6 * snare + 1.5 * kick
    return drums
