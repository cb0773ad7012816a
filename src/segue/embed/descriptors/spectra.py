"""Frames of a sound to what each frame sounds like: one shared STFT, many numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from segue.embed.descriptors.filters import (
    HOP,
    N_FFT,
    bin_hz,
    chroma_weights,
    contrast_bands,
    dct_weights,
    hann,
    loudness_weights,
    mel_blocks,
)
from segue.track import Float32, Waveform

BLOCK = 128  # frames transformed at a time
TOP_DB = 80.0  # levels further below the loudest of the sound are raised to this floor
FLOOR_LKFS = -70.0  # the absolute gate of BS.1770
ROLLOFF = 0.85
GROUP = 25  # bins; 1025 = 41 x 25

# Columns of the frame matrix, in order.
FRAME_FEATURES = (
    *(f"mfcc_{i:02d}" for i in range(20)),
    "centroid_hz",
    "bandwidth_hz",
    "rolloff_hz",
    "flatness",
    "zero_crossing_rate",
    *(f"contrast_{i}_db" for i in range(7)),
    *(f"chroma_{name}" for name in ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")),
    "rms",
    "loudness_lkfs",
    "onset_strength",
)

_Block = dict[str, Float32]


def frame_features(parts: Sequence[Waveform]) -> tuple[Float32, list[int]]:
    """What each frame of a sound's parts sounds like.

    Parameters
    ----------
    parts : float32 (n_samples,) each, at 22 050 Hz.

    Returns
    -------
    frames : float32 (n_frames, len(FRAME_FEATURES)), the parts one after another
    lengths : the number of frames of each part
    """
    spectrometer = _Spectrometer()
    blocks = [[_measure(block, spectrometer.magnitude(block)) for block in _blocks(y)] for y in parts]
    lengths = [sum(len(block["mel"]) for block in part) for part in blocks]
    flat = [block for part in blocks for block in part]
    joined = {name: np.concatenate([block[name] for block in flat]) for name in flat[0]}
    zero_crossings = np.concatenate([_zero_crossing_rate(y) for y in parts])
    log_mel = _decibels(joined["mel"])
    columns = [
        log_mel @ dct_weights(),
        joined["shape"],
        zero_crossings[:, None],
        _decibels(joined["peaks"]) - _decibels(joined["valleys"]),
        _unit_peak(joined["chroma"]),
        joined["rms"],
        np.maximum(_decibels(joined["loudness"], top_db=None) - 0.691, FLOOR_LKFS),
        _onset_strength(log_mel, lengths)[:, None],
    ]
    return np.hstack(columns).astype(np.float32), lengths


def _blocks(y: Waveform) -> Iterator[Float32]:
    """float32 (up to 256, 2048): frames centered every 512 samples, zeros beyond both ends."""
    frames = sliding_window_view(np.pad(y, N_FFT // 2), N_FFT)[::HOP]
    for start in range(0, len(frames), BLOCK):
        yield frames[start : start + BLOCK]


class _Spectrometer:
    """Magnitude spectra of blocks of frames; its buffers are written again for each block."""

    def __init__(self) -> None:
        self._windowed = np.empty((BLOCK, N_FFT))
        self._spectrum = np.empty((BLOCK, N_FFT // 2 + 1), np.complex128)

    def magnitude(self, frames: Float32) -> Float32:
        """float32 (n, 2048) -> float32 (n, 1025); transformed in float64."""
        n = len(frames)
        windowed = np.multiply(frames, hann(), out=self._windowed[:n])
        spectrum = np.fft.rfft(windowed, out=self._spectrum[:n])
        return np.abs(spectrum.astype(np.complex64))


def _measure(frames: Float32, magnitude: Float32) -> _Block:
    power = magnitude * magnitude
    mean_power = power @ np.full(power.shape[1], 1 / power.shape[1], np.float32)
    peaks, valleys = _peaks_and_valleys(magnitude)
    energy = np.einsum("ij,ij->i", frames, frames, dtype=np.float32)
    return {
        "mel": np.hstack([power[:, a:b] @ weights for a, b, weights in mel_blocks()]),
        "chroma": power @ chroma_weights(),
        "loudness": power @ loudness_weights(),
        "shape": np.stack([*_moments_and_rolloff(magnitude), _flatness(magnitude, mean_power)], axis=1),
        "peaks": peaks,
        "valleys": valleys,
        "rms": np.sqrt(energy / N_FFT)[:, None],
    }


def _moments_and_rolloff(magnitude: Float32) -> tuple[Float32, Float32, Float32]:
    """float32 (n,) each: centroid, bandwidth and rolloff in Hz.

    Summed in 41 groups of 25 bins around each group's middle, then in float64: the variance of a
    pure tone is a small difference of large numbers. The group sums also find the rolloff's group,
    so only 25 bins of a frame are summed one by one.
    """
    n = len(magnitude)
    offsets = np.arange(GROUP) - GROUP // 2
    grouped = magnitude.reshape(n, -1, GROUP)
    weights = np.stack([np.ones(GROUP), offsets, offsets**2], axis=1).astype(np.float32)
    moments = magnitude.reshape(-1, GROUP) @ weights  # one product is far quicker than one a frame
    sums, first, second = (moments[:, i].reshape(n, -1).astype(np.float64) for i in range(3))
    middle = GROUP // 2 + GROUP * np.arange(grouped.shape[1])
    total = np.where(sums.sum(axis=1) < np.finfo(np.float32).tiny, 1.0, sums.sum(axis=1))
    centroid = (sums @ middle + first.sum(axis=1)) / total
    away = middle - centroid[:, None]
    variance = (sums * away**2 + 2 * first * away + second).sum(axis=1) / total
    running = np.cumsum(sums, axis=1)
    threshold = ROLLOFF * running[:, -1]
    group = np.count_nonzero(running < threshold[:, None], axis=1)
    rows = np.arange(n)
    inside = np.cumsum(grouped[rows, group], axis=1, dtype=np.float64)
    inside += (running[rows, group] - sums[rows, group])[:, None]
    rolloff = group * GROUP + np.count_nonzero(inside < threshold[:, None], axis=1)
    hz = bin_hz()[1]
    bandwidth = np.sqrt(np.maximum(0, variance))
    in_hz = (np.stack([centroid, bandwidth, rolloff]) * hz).astype(np.float32)
    return in_hz[0], in_hz[1], in_hz[2]


def _flatness(magnitude: Float32, mean_power: Float32) -> Float32:
    """float32 (n,): geometric over arithmetic mean of the power, 0 (tone) to 1 (noise)."""
    # The logarithm of a product of five stands for the sum of five logarithms, the costly part;
    # magnitudes from 1e-5 to 1e7 keep the product within float32.
    floored = np.maximum(magnitude, np.float32(1e-5)).reshape(len(magnitude), 5, -1)
    log_power = 2 * np.log(np.multiply.reduce(floored, axis=1)).sum(axis=1) / magnitude.shape[1]
    flatness = np.exp(log_power) / np.maximum(mean_power, np.float32(1e-10))
    return np.asarray(flatness, np.float32)


def _peaks_and_valleys(magnitude: Float32) -> tuple[Float32, Float32]:
    """float32 (n, 7) each: mean of the strongest and of the weakest fiftieth of each octave band."""
    peaks, valleys = [], []
    for first, end, n in contrast_bands():
        band = magnitude[:, first:end]
        if n == 1:
            peaks.append(band.max(axis=1))
            valleys.append(band.min(axis=1))
        else:
            band = np.sort(band, axis=1)
            peaks.append(band[:, -n:].mean(axis=1))
            valleys.append(band[:, :n].mean(axis=1))
    return np.stack(peaks, axis=1), np.stack(valleys, axis=1)


def _decibels(power: Float32, top_db: float | None = TOP_DB) -> Float32:
    """10 log10, no lower than ``top_db`` below the loudest."""
    # NumPy's float32 log is vectorised, its log10 is not.
    db = np.float32(10 / np.log(10)) * np.log(np.maximum(power, np.float32(1e-10)))
    return np.asarray(db if top_db is None else np.maximum(db, db.max() - top_db), np.float32)


def _unit_peak(chroma: Float32) -> Float32:
    peak = chroma.max(axis=1, keepdims=True)
    return np.asarray(chroma / np.where(peak < np.finfo(np.float32).tiny, 1, peak), np.float32)


def _zero_crossing_rate(y: Waveform) -> Float32:
    """float32 (n_frames,): share of neighboring samples with a change of sign."""
    negative = np.pad(y, N_FFT // 2, mode="edge") < -1e-10
    crossings = np.concatenate([[0], np.cumsum(negative[1:] != negative[:-1], dtype=np.int32)])
    starts = np.arange(0, len(negative) - N_FFT + 1, HOP)
    rates: Float32 = ((crossings[starts + N_FFT - 1] - crossings[starts]) / N_FFT).astype(np.float32)
    return rates


def _onset_strength(log_mel: Float32, lengths: Sequence[int]) -> Float32:
    """float32 (n_frames,): mean rise of the mel bands over the frame before, in dB (Boeck 2013).

    Moved two frames later, as a frame sees a sound half a window before its center; the first
    three frames of each part, which have no past, are zero.
    """
    lag = 1 + N_FFT // (2 * HOP)
    onset = np.zeros(len(log_mel), np.float32)
    start = 0
    for n in lengths:
        rise = np.maximum(0, np.diff(log_mel[start : start + n], axis=0)).mean(axis=1)
        onset[start + lag : start + n] = rise[: max(0, n - lag)]
        start += n
    return onset
