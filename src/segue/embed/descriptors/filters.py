"""Fixed weights over the bins of a spectrum: mel bands, pitch classes, loudness. Built once.

Equations as in librosa 0.11 (McFee et al. 2015), whose values the tests compare with.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from segue.track import Float32

SR = 22_050  # Hz, librosa's customary rate
N_FFT = 2048  # samples, 93 ms
HOP = 512  # samples, 23 ms
N_MELS = 128
N_MFCC = 20
N_CHROMA = 12

_SLANEY_BREAK = 1000.0  # Hz: the Slaney mel scale is linear below, logarithmic above
_SLANEY_STEP = 200.0 / 3  # Hz a mel below the break
_SLANEY_LOG = np.log(6.4) / 27.0  # a mel above it


@cache
def bin_hz() -> NDArray[np.float64]:
    """float64 (1025,): the frequency of each bin."""
    return np.asarray(np.fft.rfftfreq(N_FFT, 1 / SR), np.float64)


@cache
def hann() -> NDArray[np.float64]:
    """float64 (2048,): periodic."""
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT), np.float64)


def _slaney_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    at_break = _SLANEY_BREAK / _SLANEY_STEP
    log_part = _SLANEY_BREAK * np.exp(_SLANEY_LOG * (mel - at_break))
    return np.asarray(np.where(mel < at_break, mel * _SLANEY_STEP, log_part), np.float64)


@cache
def mel_weights() -> Float32:
    """float32 (1025, 128): Slaney triangles of equal area, 0 Hz to the Nyquist rate, over power."""
    top = _SLANEY_BREAK / _SLANEY_STEP + np.log(SR / 2 / _SLANEY_BREAK) / _SLANEY_LOG
    edges = _slaney_to_hz(np.linspace(0, top, N_MELS + 2))
    ramps = bin_hz()[:, None] - edges
    widths = np.diff(edges)
    rising, falling = ramps[:, :-2] / widths[:-1], -ramps[:, 2:] / widths[1:]
    triangles = np.maximum(0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2])
    return np.asarray(triangles, np.float32)


@cache
def mel_blocks() -> tuple[tuple[int, int, Float32], ...]:
    """(first bin, end bin, weights) of 16 mel bands each: the products without most of the zeros."""
    blocks = []
    for start in range(0, N_MELS, 16):
        weights = mel_weights()[:, start : start + 16]
        used = np.flatnonzero(weights.any(axis=1))
        first, end = int(used[0]), int(used[-1]) + 1
        blocks.append((first, end, np.ascontiguousarray(weights[first:end])))
    return tuple(blocks)


@cache
def dct_weights() -> Float32:
    """float32 (128, 20): orthonormal DCT-II, log-mel bands to MFCC."""
    angles = np.pi * np.outer(np.arange(N_MELS) + 0.5, np.arange(N_MFCC)) / N_MELS
    weights = np.cos(angles) * np.sqrt(2 / N_MELS)
    weights[:, 0] /= np.sqrt(2)
    return np.asarray(weights, np.float32)


@cache
def chroma_weights() -> Float32:
    """float32 (1025, 12): bins to pitch classes from C, equal temperament at A = 440 Hz, over power.

    Gaussian bumps a semitone wide, weighted toward the fifth octave (Ellis 2007).
    """
    bins = N_CHROMA * np.log2(bin_hz()[1:] / (440.0 / 16))
    bins = np.concatenate([[bins[0] - 1.5 * N_CHROMA], bins])
    widths = np.concatenate([np.maximum(np.diff(bins), 1.0), [1.0]])
    distance = np.remainder(bins - np.arange(N_CHROMA)[:, None] + 6 + 10 * N_CHROMA, N_CHROMA) - 6
    weights = np.exp(-0.5 * (2 * distance / widths) ** 2)
    weights /= np.sqrt((weights**2).sum(axis=0, keepdims=True))
    weights *= np.exp(-0.5 * ((bins / N_CHROMA - 5.0) / 2.0) ** 2)
    return np.asarray(np.roll(weights, -3, axis=0).T, np.float32)


@cache
def loudness_weights() -> Float32:
    """float32 (1025, 1): power spectrum to K-weighted mean square (ITU-R BS.1770-4, 48 kHz filters).

    The two filters' squared gains are applied to the bins; the analysis window and the one-sided
    spectrum are divided out.
    """
    z = np.exp(-2j * np.pi * bin_hz() / 48_000)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high_pass = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    sides = np.full(len(z), 2.0)
    sides[[0, -1]] = 1.0
    gains = np.abs(shelf * high_pass) ** 2 * sides / (N_FFT * np.sum(hann() ** 2))
    return np.asarray(gains[:, None], np.float32)


@cache
def contrast_bands() -> tuple[tuple[int, int, int], ...]:
    """(first bin, end bin, bins in a fiftieth) of the seven octave bands from 200 Hz (Jiang 2002)."""
    hz = bin_hz()
    edges = [0.0, *(200.0 * 2.0**i for i in range(7))]
    bands = []
    for i in range(7):
        inside = np.flatnonzero((hz >= edges[i]) & (hz <= edges[i + 1]))
        first, end = int(inside[0]), int(inside[-1]) + 1
        first -= 1 if i > 0 else 0
        end = len(hz) if i == 6 else end
        size = end - first
        # Every band but the last gives its top bin to the next one.
        bands.append((first, end - 1 if i < 6 else end, max(1, round(0.02 * size))))
    return tuple(bands)
