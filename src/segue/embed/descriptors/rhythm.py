"""Onset strength to tempo: which periods the beats of a sound repeat with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from segue.embed.descriptors.filters import HOP, SR
from segue.track import Float32

WINDOW = 344  # frames, 8 s: librosa's default for tempo
STRIDE = 8  # frames between two local autocorrelations; one a frame changes no tempo in practice
START_BPM = 120.0  # the prior: log-normal around it, one octave wide (Ellis 2007)
MAX_BPM = 320.0
# Bands of tempo whose pulse strength is kept; half an octave each.
PULSE_BPM = tuple(round(30 * 2 ** (i / 2), 1) for i in range(8))


def tempogram(onset: Float32, lengths: Sequence[int]) -> tuple[Float32, NDArray[np.int64]]:
    """Local autocorrelations of the onset strength (Grosche 2010).

    Returns
    -------
    rows : float32 (n, 344): over lags of 0.. frames, each with its largest value 1
    at : int64 (n,): the frame that each row is centered at
    """
    rows, at = [], []
    start = 0
    for n in lengths:
        padded = np.pad(onset[start : start + n], WINDOW // 2, mode="linear_ramp", end_values=0)
        local = sliding_window_view(padded, WINDOW)[:n:STRIDE]
        rows.append(_autocorrelation(local * _window()))
        at.append(start + STRIDE * np.arange(len(local)))
        start += n
    return np.concatenate(rows), np.concatenate(at)


@cache
def _window() -> NDArray[np.float64]:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)


def _autocorrelation(x: NDArray[np.float64]) -> Float32:
    spectrum = np.fft.rfft(x, 2 * WINDOW)
    lags = np.fft.irfft(spectrum.real**2 + spectrum.imag**2)[:, :WINDOW]
    peak = np.abs(lags).max(axis=1, keepdims=True)
    return (lags / np.where(peak < 1e-30, 1, peak)).astype(np.float32)


@cache
def lag_bpm() -> NDArray[np.float64]:
    """float64 (344,): the tempo of each lag; infinite at lag 0."""
    return np.concatenate([[np.inf], 60 * SR / (HOP * np.arange(1.0, WINDOW))])


def tempo_bpm(rows: Float32) -> float:
    """The likeliest tempo of (n, 344) local autocorrelations, in beats per minute; 0 without any onset."""
    mean = rows.mean(axis=0)
    if mean[0] <= 0:
        return 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        prior = -0.5 * np.log2(lag_bpm() / START_BPM) ** 2
    prior[: int(np.argmax(lag_bpm() < MAX_BPM))] = -np.inf
    return float(lag_bpm()[np.argmax(np.log1p(1e6 * mean) + prior)])


def pulse(rows: Float32) -> Float32:
    """float32 (8,): the strongest autocorrelation in each band of tempo around ``PULSE_BPM``, 0..1."""
    mean = rows.mean(axis=0)
    edges = np.searchsorted(-lag_bpm(), [-bpm * 2**side for bpm in PULSE_BPM for side in (0.25, -0.25)])
    bands = [mean[a : max(b, a + 1)].max() for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return np.asarray(bands, np.float32)
