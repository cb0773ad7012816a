"""Drums and cymbals: each function returns one stroke, mono, tuned by a number of semitones."""

from __future__ import annotations

import numpy as np

from segue.demo.sound import (
    Mono,
    band,
    cache_notes,
    falling,
    hiss,
    modes,
    n_samples,
    peak_one,
    rounded,
    seconds,
)


@cache_notes
def kick(tuning: int, *, t60_s: float = 0.45, drop_hz: float = 160.0, click: float = 0.3) -> Mono:
    """Bass drum: a sine that falls by `drop_hz` to about 48 Hz, and the click of the beater."""
    t = seconds(1.3 * t60_s)
    f0, fall = 48.0 * 2 ** (tuning / 12), 0.028
    turns = f0 * t + drop_hz * fall * (1 - np.exp(-t / fall))
    y = np.tanh(1.8 * np.sin(2 * np.pi * turns)) * np.exp(-6.9 * t / t60_s)
    beater = band(hiss(n_samples(0.02), 1), 1500.0, 6500.0) * falling(0.02, 0.018)
    y[: beater.size] += click * beater
    return rounded(peak_one(y), 0.0008, 0.05)


@cache_notes
def snare(tuning: int, *, wires: float = 0.7, t60_s: float = 0.28) -> Mono:
    """Snare drum: two modes of the head and, by `wires`, the rattle below it."""
    t = seconds(1.4 * t60_s)
    f0 = 186.0 * 2 ** (tuning / 12)
    head = np.sin(2 * np.pi * (f0 * t + 1.1 * (1 - np.exp(-t / 0.012))))
    head += 0.5 * np.sin(2 * np.pi * 1.78 * f0 * t)
    rattle = band(hiss(t.size, 2), 1400.0, 9500.0)
    y = 0.6 * head * np.exp(-11.0 * t / t60_s) + wires * rattle * np.exp(-6.9 * t / t60_s)
    y[: n_samples(0.004)] += 0.8 * hiss(n_samples(0.004), 3) * falling(0.004, 0.006)
    return rounded(peak_one(y), 0.0005, 0.05)


@cache_notes
def clap(tuning: int) -> Mono:
    """Several hands at nearly the same time, in a small room."""
    y = np.zeros(n_samples(0.35), dtype=np.float32)
    noise = band(hiss(y.size, 4), 900.0 * 2 ** (tuning / 12), 4200.0)
    for late_s, t60_s in ((0.0, 0.02), (0.011, 0.02), (0.023, 0.03), (0.034, 0.28)):
        start = n_samples(late_s)
        y[start:] += noise[start:] * falling(0.35, t60_s)[: y.size - start]
    return rounded(peak_one(y), 0.0008, 0.08)


@cache_notes
def hat(tuning: int, *, t60_s: float = 0.06) -> Mono:
    """Hi-hat: six square waves of no common pitch and noise, only what lies above 6 kHz."""
    t = seconds(max(0.08, 1.3 * t60_s))
    scale = 2 ** (tuning / 12)
    freqs = scale * np.array([317.0, 465.0, 541.0, 733.0, 1021.0, 1298.0])
    squares = np.sign(np.sin(2 * np.pi * freqs[:, None] * t)).sum(axis=0)
    mixed = (0.25 * squares + hiss(t.size, 5)).astype(np.float32)
    y = band(mixed, 6200.0 * scale, 15_000.0, 3) * np.exp(-6.9 * t / t60_s)
    return rounded(peak_one(y), 0.0005, 0.02)


def _bronze(duration_s: float, t60_s: float, low_hz: float, seed: int) -> Mono:
    """A plate's crowd of partials above `low_hz`, the high ones dying first, float32 (n_samples,)."""
    rng = np.random.default_rng(seed)
    freqs = low_hz + (12_500.0 - low_hz) * rng.random(300) ** 1.4
    lives = t60_s * np.interp(freqs, (500.0, 2000.0, 12_000.0), (1.0, 0.8, 0.35))
    return peak_one(modes(freqs, lives, np.ones(300), rng.random(300), duration_s))


@cache_notes
def ride(tuning: int, *, t60_s: float = 1.6) -> Mono:
    """Ride cymbal: the ping of the stick over a long even shimmer."""
    body = _bronze(1.5, t60_s, 380.0 * 2 ** (tuning / 12), 6)
    stick = band(hiss(n_samples(0.03), 7), 3500.0, 11_000.0) * falling(0.03, 0.025)
    y = 0.55 * body * (0.35 + 0.65 * np.exp(-seconds(1.5) / 0.08))
    y[: stick.size] += 0.35 * stick
    return rounded(peak_one(y), 0.0005, 0.5)


@cache_notes
def crash(tuning: int, *, t60_s: float = 2.4) -> Mono:
    """Crash cymbal: noise that opens within 20 ms and dies away over two seconds."""
    duration_s = 2.2
    wash = band(hiss(n_samples(duration_s), 8), 900.0 * 2 ** (tuning / 12), 13_000.0)
    y = (0.4 * wash + 0.9 * _bronze(duration_s, t60_s, 500.0, 9)) * falling(duration_s, t60_s)
    return rounded(peak_one(y), 0.004, 0.6)


@cache_notes
def tom(tuning: int) -> Mono:
    """Tom-tom: a head whose pitch sinks a little."""
    t = seconds(0.55)
    f0 = 98.0 * 2 ** (tuning / 12)
    y = np.sin(2 * np.pi * (f0 * t + 0.9 * (1 - np.exp(-t / 0.04)))) * np.exp(-6.9 * t / 0.5)
    y += 0.25 * np.sin(2 * np.pi * 1.59 * f0 * t) * np.exp(-6.9 * t / 0.2)
    y[: n_samples(0.01)] += 0.3 * hiss(n_samples(0.01), 10) * falling(0.01, 0.01)
    return rounded(peak_one(y), 0.001, 0.08)


@cache_notes
def brush(tuning: int, *, t60_s: float = 0.32) -> Mono:
    """Wire brush drawn over a snare head: noise that swells and goes."""
    t = seconds(t60_s)
    swell = np.sin(np.pi * np.sqrt(t / t60_s)) ** 2
    return rounded(peak_one(band(hiss(t.size, 11), 1200.0 * 2 ** (tuning / 12), 7500.0) * swell), 0.01, 0.05)


@cache_notes
def crackle(tuning: int, *, t60_s: float = 0.12, hold: int = 3) -> Mono:
    """The noise channel of old game consoles: random levels, each held for `hold` samples."""
    n = n_samples(1.2 * t60_s)
    levels = np.sign(hiss(n // hold + 1, 12 + tuning))
    return rounded(peak_one(np.repeat(levels, hold)[:n] * falling(1.2 * t60_s, t60_s)[:n]), 0.0005, 0.01)
