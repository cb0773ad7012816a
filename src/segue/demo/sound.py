"""Samples, spectra and the cache that lets pieces share the notes of an instrument."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeAlias

import numpy as np
import numpy.typing as npt

DEMO_SR = 32_000  # Hz; keeps the band that embedders look at and costs less than 44.1 kHz

Mono: TypeAlias = npt.NDArray[np.float32]
"""One channel, (n_samples,)."""

Stereo: TypeAlias = npt.NDArray[np.complex64]
"""Two channels, (n_samples,): left is the real part, right the imaginary, so one FFT filters both."""

Curve: TypeAlias = npt.NDArray[np.float64]
"""Gain over frequency, or any other series in double precision."""

P = ParamSpec("P")


def cache_notes(make: Callable[P, Mono]) -> Callable[P, Mono]:
    """Remember the notes that `make` returned; they become read-only because pieces share them."""

    @lru_cache(maxsize=96)
    def frozen(*args: P.args, **kwargs: P.kwargs) -> Mono:
        note = make(*args, **kwargs)
        note.setflags(write=False)
        return note

    @wraps(make)
    def cached(*args: P.args, **kwargs: P.kwargs) -> Mono:
        return frozen(*args, **kwargs)  # type: ignore[arg-type]  # lru_cache's stub forgets the parameters

    return cached


def n_samples(duration_s: float) -> int:
    """Samples in `duration_s` seconds."""
    return round(duration_s * DEMO_SR)


def seconds(duration_s: float) -> Curve:
    """Time of each sample, float64 (n_samples,), s."""
    return np.arange(n_samples(duration_s)) / DEMO_SR


def hertz(pitch: float) -> float:
    """Frequency of a MIDI pitch, Hz (69 is 440 Hz)."""
    return float(440.0 * 2.0 ** ((pitch - 69.0) / 12.0))


def decibels(level_db: float) -> float:
    """Amplitude factor of a level, dB."""
    return float(10.0 ** (level_db / 20.0))


def hiss(n: int, seed: int) -> Mono:
    """White noise of unit variance, float32 (n,)."""
    return np.random.default_rng(seed).standard_normal(n, dtype=np.float32)


def falling(duration_s: float, t60_s: float) -> Mono:
    """Exponential decay from 1, losing 60 dB in `t60_s`, float32 (n_samples,)."""
    return np.exp(seconds(duration_s) * (-6.9078 / t60_s)).astype(np.float32)


def peak_one(y: npt.NDArray[np.floating]) -> Mono:
    """`y` scaled to a peak of 1, float32 (n_samples,)."""
    return (y / max(float(np.abs(y).max()), 1e-9)).astype(np.float32)


def rounded(y: Mono, attack_s: float, release_s: float) -> Mono:
    """`y` with a raised-cosine ramp at each end, so that it neither starts nor ends with a click."""
    shaped = y.copy()
    for ramp_s, part in ((attack_s, shaped), (release_s, shaped[::-1])):
        n = min(n_samples(ramp_s), part.size)
        part[:n] *= rise(n)
    return shaped


@lru_cache(maxsize=256)
def rise(n: int) -> Mono:
    """Raised cosine from 0 to nearly 1, float32 (n,), read-only."""
    ramp = (0.5 - 0.5 * np.cos(np.pi * np.arange(n) / max(n, 1))).astype(np.float32)
    ramp.setflags(write=False)
    return ramp


def spin(turns: Curve) -> Stereo:
    """exp(2 pi i turns), complex64: the whole turns go in double precision, the sine in single."""
    angle = ((turns - np.floor(turns)) * (2 * np.pi)).astype(np.float32)
    spun = np.empty(angle.shape, dtype=np.complex64)
    spun.real, spun.imag = np.cos(angle), np.sin(angle)
    return spun


def modes(freqs_hz: Curve, t60_s: Curve, gains: Curve, phases: Curve, duration_s: float) -> Mono:
    """Sum of decaying sinusoids, float32 (n_samples,).

    A mode is a power of a complex number, so time split into blocks makes the sum one matrix
    product: z^(256 b + i) = z^(256 b) z^i.

    Parameters
    ----------
    freqs_hz, t60_s, gains, phases : float64 (n_modes,); phases in turns.
    """
    block = 256
    n = n_samples(duration_s)
    decay, turn = -6.9078 / (t60_s * DEMO_SR), freqs_hz / DEMO_SR
    inner, outer = np.arange(block)[None, :], np.arange(0, n, block)[:, None]
    fine = spin(turn[:, None] * inner) * np.exp(decay[:, None] * inner).astype(np.float32)
    coarse = spin(turn * outer + phases) * (gains * np.exp(decay * outer)).astype(np.float32)
    y = coarse.real @ fine.imag + coarse.imag @ fine.real
    return np.asarray(y.reshape(-1)[:n], dtype=np.float32)


def spectrum_of(y: Mono) -> Stereo:
    """Real FFT, complex64 (n_samples // 2 + 1,), scaled to keep the power."""
    # numpy computes a float32 FFT in double precision, four times slower, unless it scales both ways
    return np.asarray(np.fft.rfft(y, norm="ortho"), dtype=np.complex64)


def signal_of(spectrum: Stereo, n: int) -> Mono:
    """Inverse of `spectrum_of`, float32 (n,)."""
    return np.asarray(np.fft.irfft(spectrum, n, norm="ortho"), dtype=np.float32)


def frequencies(n: int, sr: int = DEMO_SR) -> Curve:
    """Frequency of each bin of a real FFT of `n` samples, float64 (n // 2 + 1,), Hz; bin 0 reads 1e-3."""
    return np.asarray(np.maximum(np.fft.rfftfreq(n, 1.0 / sr), 1e-3))


def lowpass(f: Curve, cutoff_hz: float, order: int = 2) -> Curve:
    """Butterworth gain at the frequencies `f`, -3 dB at `cutoff_hz`."""
    return np.asarray(1.0 / np.sqrt(1.0 + (f / cutoff_hz) ** (2 * order)))


def highpass(f: Curve, cutoff_hz: float, order: int = 2) -> Curve:
    """Mirror image of `lowpass`."""
    return np.asarray(1.0 / np.sqrt(1.0 + (cutoff_hz / f) ** (2 * order)))


def bump(f: Curve, center_hz: float, gain_db: float, octaves: float = 0.5) -> Curve:
    """Gain of 1 with a bell of `gain_db` around `center_hz`, `octaves` wide to either side."""
    bell = np.exp(-((np.log2(f / center_hz) / octaves) ** 2))
    return np.asarray(10.0 ** (gain_db * bell / 20.0))


def band(y: Mono, low_hz: float, high_hz: float, order: int = 2) -> Mono:
    """`y` without what lies below `low_hz` or above `high_hz`, filtered in the spectrum."""
    f = frequencies(y.size)
    gain = (highpass(f, low_hz, order) * lowpass(f, high_hz, order)).astype(np.float32)
    return signal_of(spectrum_of(y) * gain, y.size)
