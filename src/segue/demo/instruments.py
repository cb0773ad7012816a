"""Pitched instruments: each function returns one note, mono, from its attack until it has died away.

Notes are shared between pieces, so whoever plays them cuts and scales copies. Their random parts
(the noise of a plectrum, the phases of a pad) are seeded by the pitch and always the same.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from segue.demo.sound import (
    DEMO_SR,
    Curve,
    Mono,
    Stereo,
    band,
    bump,
    cache_notes,
    falling,
    frequencies,
    hertz,
    highpass,
    hiss,
    lowpass,
    modes,
    n_samples,
    peak_one,
    rounded,
    seconds,
    signal_of,
    spectrum_of,
    spin,
)

TABLE = 4096  # points of one period
PAD_LOOP = 2**17  # samples, 4.1 s


def _period(harmonics: npt.NDArray[np.complexfloating]) -> Mono:
    """One period per row from the complex amplitudes of the harmonics 1, 2, ..., float32 (..., TABLE)."""
    spectrum = np.zeros((*harmonics.shape[:-1], TABLE // 2 + 1), dtype=np.complex128)
    spectrum[..., 1 : harmonics.shape[-1] + 1] = harmonics
    return (np.fft.irfft(spectrum, TABLE) * (TABLE / 2)).astype(np.float32)


def _harmonic_numbers(pitch: float) -> Curve:
    """Numbers of the harmonics below the upper edge of hearing or of the format, float64 (k,)."""
    return np.arange(1, min(int(0.47 * DEMO_SR / hertz(pitch)), TABLE // 2 - 1) + 1, dtype=np.float64)


def _phase(pitch: float, duration_s: float, *, vibrato_cents: float = 0.0) -> npt.NDArray[np.int64]:
    """Table position of each sample, int64 (n_samples,); vibrato sets in after 0.2 s."""
    t = seconds(duration_s)
    turns = hertz(pitch) * t
    if vibrato_cents:
        rate = 5.6  # Hz
        depth = hertz(pitch) * vibrato_cents * np.log(2) / 1200 / (2 * np.pi * rate)
        turns = turns - depth * np.cos(2 * np.pi * rate * t) * np.clip((t - 0.2) / 0.2, 0, 1)
    return (turns * TABLE).astype(np.int64) & (TABLE - 1)


@cache_notes
def pulse(pitch: int, *, duty: float = 0.5, t60_s: float = 3.0) -> Mono:
    """Band-limited rectangle wave with the share `duty` high, as old game consoles had; 1.6 s."""
    k = _harmonic_numbers(pitch)
    table = _period((2 / (k * np.pi) * np.sin(np.pi * k * duty)).astype(np.complex128))
    y = table[_phase(pitch, 1.6, vibrato_cents=18.0)] * falling(1.6, t60_s)
    return rounded(peak_one(y), 0.002, 0.05)


@cache_notes
def triangle(pitch: int) -> Mono:
    """Triangle wave in sixteen levels, the bass of old game consoles; 1.6 s."""
    ramp = np.abs(np.arange(TABLE) / TABLE * 2 - 1) * 2 - 1
    stairs = np.round(ramp * 7.5 + 7.5) / 7.5 - 1
    harmonics = np.fft.rfft(stairs)[1:] / (TABLE / 2)
    table = _period(harmonics[: _harmonic_numbers(pitch).size])
    return rounded(peak_one(table[_phase(pitch, 1.6)]), 0.002, 0.05)


@cache_notes
def swept_saw(
    pitch: int,
    *,
    low_hz: float,
    high_hz: float,
    sweep_s: float,
    resonance: float = 1.0,
    spread_cents: float = 0.0,
    duration_s: float = 1.2,
) -> Mono:
    """Sawtooth through a resonant low-pass whose cutoff falls from `high_hz` to `low_hz`.

    The filter is a bank of 24 ready-filtered periods, between which the note moves: a sum over
    harmonics of a saw's 1/k times the gain of a two-pole filter at each cutoff.

    Parameters
    ----------
    sweep_s : time constant of the cutoff, s; a `low_hz` above `high_hz` opens the filter instead.
    resonance : quality of the two poles; above 3 the cutoff whistles.
    spread_cents : two detuned copies beat against the first; 0 leaves one oscillator.
    """
    k = _harmonic_numbers(pitch)
    cutoff = np.geomspace(low_hz, high_hz, 24)[:, None]
    ratio = k * hertz(pitch) / cutoff
    gain = 1.0 / np.sqrt((1 - ratio**2) ** 2 + (ratio / resonance) ** 2)
    bank = _period(-1j * gain / k)
    place = 22.999 * np.exp(-seconds(duration_s) / sweep_s)
    row = place.astype(np.int64)
    part = (place - row).astype(np.float32)
    y = np.zeros(row.size, dtype=np.float32)
    for cents in (0.0, spread_cents, -0.8 * spread_cents)[: 3 if spread_cents else 1]:
        phase = _phase(pitch + cents / 100, duration_s)
        y += (1 - part) * bank[row, phase] + part * bank[row + 1, phase]
    return rounded(peak_one(y), 0.003, 0.04)


@cache_notes
def sub_bass(pitch: int, *, warmth: float = 0.25, duration_s: float = 2.0) -> Mono:
    """Sine with a little of its octave and twelfth, by `warmth`."""
    table = _period(-1j * np.array([1.0, warmth, 0.5 * warmth, 0.15 * warmth]))
    return rounded(peak_one(table[_phase(pitch, duration_s)]), 0.008, 0.05)


@cache_notes
def chime(pitch: int, *, t60_s: float = 3.5) -> Mono:
    """Struck metal bar: a free bar's partials 1 : 2.76 : 5.40, the upper ones dying sooner."""
    ratios, lives = np.array([1.0, 1.003, 2.756, 5.404]), np.array([1.0, 1.0, 0.4, 0.15])
    gains = np.array([1.0, 0.4, 0.35, 0.16]) * (ratios * hertz(pitch) < 0.45 * DEMO_SR)
    y = modes(hertz(pitch) * ratios, t60_s * lives, gains, np.zeros(4), min(t60_s, 4.0))
    return rounded(peak_one(y), 0.004, 0.3)


@cache_notes
def pad(pitch: int, *, bright: float, vowel_hz: float = 0.0, side: int = 0) -> Mono:
    """Slow ensemble sound: harmonics as wide as several players, with random phases; 8.2 s.

    Parameters
    ----------
    bright : [0, 1], how slowly the harmonics lose level.
    vowel_hz : center of a formant, Hz; 0 for none.
    side : 0 or 1; the two are the same loop half a turn apart, hence incoherent: left and right.
    """
    loop = _pad_loop(pitch, bright=bright, vowel_hz=vowel_hz)
    return rounded(np.tile(np.roll(loop, side * PAD_LOOP // 2), 2), 0.01, 0.5)


@cache_notes
def wind(tuning: int) -> Mono:
    """Band of noise without beginning or end, `tuning` semitones above 300 to 1500 Hz; a loop of 4.1 s."""
    ratio = 2 ** (tuning / 12)
    return peak_one(band(hiss(PAD_LOOP, tuning), 300.0 * ratio, 1500.0 * ratio))


@cache_notes
def _pad_loop(pitch: int, *, bright: float, vowel_hz: float) -> Mono:
    rng = np.random.default_rng(pitch)
    f = frequencies(PAD_LOOP)
    spectrum = np.zeros(f.size, dtype=np.complex64)
    for k in range(1, 40):
        center = k * hertz(pitch)
        width = 0.004 * center + 0.3  # Hz; a choir's pitches scatter by some 7 cents
        low, high = np.searchsorted(f, (center - 4 * width, center + 4 * width))
        if center > 9000.0 or high >= f.size:
            break
        bell = np.exp(-0.5 * ((f[low:high] - center) / width) ** 2) / np.sqrt(width)
        gain = bell * k ** (-2.6 + 1.5 * bright)
        spectrum[low:high] += gain.astype(np.float32) * spin(rng.random(high - low))
    if vowel_hz:
        spectrum *= (bump(f, vowel_hz, 14.0, 0.45) * bump(f, 2.9 * vowel_hz, 8.0, 0.3)).astype(np.float32)
    return peak_one(signal_of(spectrum, PAD_LOOP))


def _string(
    pitch: float, n: int, *, sr: int, t60_s: float, dull: float, pick: float, top_hz: float
) -> Stereo:
    """Spectrum of a plucked string below `top_hz`, complex64 (n_bins,), on the circle of radius `_radius(n)`.

    The loop of Karplus and Strong (1983), y[t] = x[t] + g (h * y)[t - D], in closed form:
    Y = X / (1 - g H z^-D). Unlike the recursion it takes any D, hence is in tune at every pitch.
    """
    period = sr / hertz(pitch)
    turns = np.arange(round(top_hz * n / sr)) / n  # of z, per sample of delay

    def delay(samples: float) -> Stereo:
        return spin(turns * -samples) * np.float32(_radius(n) ** -samples)

    burst = hiss(int(period) + 1, round(pitch * 100))
    pluck: Mono = np.zeros(n, dtype=np.float32)
    pluck[: burst.size] = (burst - burst.mean()) * _radius(n) ** -np.arange(burst.size)
    per_turn = np.float32(10 ** (-3 * period / (sr * t60_s)))
    loop = per_turn * ((1 - dull) + dull * delay(1.0)) * delay(period - dull)
    comb = 1 - np.float32(0.95) * delay(pick * period)
    return np.asarray(spectrum_of(pluck)[: turns.size] * comb / (1 - loop), dtype=np.complex64)


def _unroll(spectrum: Stereo, n: int) -> Mono:
    """The signal of a spectrum on the circle of radius `_radius(n)`; missing bins are silent."""
    return signal_of(spectrum, n) * np.power(np.float32(_radius(n)), np.arange(n, dtype=np.float32))


def _radius(n: int) -> float:
    # the FFT wraps time around; a circle a little outside the unit one damps what comes round by 1/30
    return float(30.0 ** (1.0 / n))


@cache_notes
def plucked(pitch: int, *, bright: float, t60_s: float, body_hz: float = 105.0, pick: float = 0.17) -> Mono:
    """Plucked string on a wooden body; 3.6 s at most.

    Parameters
    ----------
    bright : [0, 1], from fingertip on old gut to plectrum on new steel.
    t60_s : time to lose 60 dB at pitch 52, s; higher strings die sooner.
    body_hz : lowest resonance of the body, Hz: some 105 for a guitar, 65 for a double bass.
    pick : where the string is plucked, as a share of its length.
    """
    life = t60_s * 2 ** ((52 - pitch) / 30)
    n = 2**17 if life > 3.2 else 2**16
    spectrum = _string(pitch, n, sr=DEMO_SR, t60_s=life, dull=0.5 - 0.42 * bright, pick=pick, top_hz=14_000)
    y = _unroll(spectrum * _body(n, body_hz, bright)[: spectrum.size], n)
    return rounded(peak_one(y[: n_samples(min(0.9 * n / DEMO_SR, 3.6, life))]), 0.001, 0.3)


@cache_notes
def _body(n: int, body_hz: float, bright: float) -> Mono:
    f = frequencies(n)
    air, top = bump(f, body_hz, 6.0, 0.25), bump(f, 2.05 * body_hz, 5.0, 0.3)
    back = bump(f, 4.1 * body_hz, 3.0, 0.4) * lowpass(f, 900.0 + 6000.0 * bright) * lowpass(f, 9000.0, 4)
    return (air * top * back * highpass(f, 40.0)).astype(np.float32)


@cache_notes
def driven(pitch: int, *, intervals: tuple[int, ...], muted: bool, gain: float, cents: float = 0.0) -> Mono:
    """Electric guitar through an overdriven amplifier and its loudspeaker; 2 s, palm-muted 0.5 s.

    The strings of all `intervals` (semitones above `pitch`) share the distortion, whose products
    make a chord growl; it runs at twice the rate so that they do not fold back.

    Parameters
    ----------
    gain : drive, 5 for crunch to 60 for a wall.
    cents : detuning; the left and the right guitar of a pair differ by a few.
    """
    sr, n = 2 * DEMO_SR, 2 ** (15 if muted else 17)
    life, dull = (0.35, 0.5) if muted else (6.0, 0.25)
    strings = [
        _string(pitch + i + cents / 100, n, sr=sr, t60_s=life, dull=dull, pick=0.12, top_hz=8000)
        for i in intervals
    ]
    chord = np.sum(strings, axis=0)
    y = _unroll(chord * _pickup(n, sr)[: chord.size], n)
    y *= np.float32(0.3 * gain / np.sqrt(np.mean(y[: n // 8] ** 2)))
    amplified = spectrum_of(np.tanh(y + np.float32(0.15)))[: chord.size]
    sound = peak_one(signal_of(amplified * _loudspeaker(n, sr)[: chord.size], n // 2))
    if muted:
        sound = sound * falling(sound.size / DEMO_SR, 0.45)
    return rounded(sound, 0.001, 0.06)


@cache_notes
def _pickup(n: int, sr: int) -> Mono:
    f = frequencies(n, sr)
    return (highpass(f, 110.0) * lowpass(f, 3500.0)).astype(np.float32)


@cache_notes
def _loudspeaker(n: int, sr: int) -> Mono:
    f = frequencies(n, sr)
    cone = highpass(f, 85.0) * lowpass(f, 4600.0, 5)
    return (cone * bump(f, 120.0, 4.0) * bump(f, 2600.0, 5.0, 0.6)).astype(np.float32)


@cache_notes
def piano(pitch: int, *, bright: float) -> Mono:
    """Piano note: stiff strings, a fast and a slow decay, the knock of the hammer; 4 s at most.

    The partials lie at k f sqrt(1 + B k^2) (Fletcher 1964). Each is two modes a little apart: the
    strong one moves with the bridge and dies soon, the weak one moves along it and stays.
    `bright` in [0, 1] hardens the hammer.
    """
    rng = np.random.default_rng(pitch)
    f0, stiffness = hertz(pitch), 1e-4 * 2 ** ((pitch - 48) / 10.0)
    life = 7.0 * 2 ** ((48 - pitch) / 16.0)  # s, of the first partial
    k = np.arange(1, 31)
    f = k * f0 * np.sqrt(1 + stiffness * k * k)
    k, f = k[f < 11_000.0], f[f < 11_000.0]
    gains = np.abs(np.sin(np.pi * k / 8.3)) * np.exp(-f / (900.0 + 2600.0 * bright)) / k**0.6
    lives, phases = life / (1 + 0.22 * k), rng.random(2 * k.size)
    y = modes(
        np.concatenate((f, 1.0004 * f)),
        np.concatenate((0.35 * lives, lives)),
        np.concatenate((0.7 * gains, 0.3 * gains)),
        phases,
        min(4.0, 0.8 * life),
    )
    y = peak_one(y)
    y[: n_samples(0.05)] += 0.05 * band(hiss(n_samples(0.05), pitch), 120.0, 1800.0) * falling(0.05, 0.04)
    return rounded(peak_one(y), 0.0015, 0.4)
