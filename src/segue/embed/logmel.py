"""Waveform to log-mel: the four recipes that published networks were trained with.

The Fourier transform runs in float64, in blocks that bound the memory: in float32 the quiet bands of
some files come out wrong by more than 1e-4. A waveform is float32 (n_samples,), mono, at the rate
of its recipe.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from segue.track import Float32, Waveform

Float64 = NDArray[np.float64]

VGGISH_SR = 16_000  # Hz, Hershey et al. 2017
VGGISH_PATCH = 96  # frames, 0.96 s
VGGISH_MELS = 64
VGGISH_MIN_SAMPLES = 15_600  # of one patch: 95 hops and a window

MUSICNN_SR = 16_000  # Hz, Pons and Serra 2019
MUSICNN_PATCH = 187  # frames, 3 s
MUSICNN_MELS = 96
MUSICNN_MIN_SAMPLES = 186 * 256  # of one patch

MN04_SR = 32_000  # Hz, Schmid et al. 2023
MN04_MELS = 128
MN04_MIN_SAMPLES = 514  # shorter ones have nothing to reflect at the edges

CLAP_SR = 48_000  # Hz, Wu et al. 2023
CLAP_MELS = 64
CLAP_FRAMES = 1001  # 10 s

AISFX_SR = 44_100  # Hz, Ma and Lerch 2022
AISFX_PATCH = 100  # frames, 2.3 s
AISFX_MELS = 96
AISFX_MIN_SAMPLES = 99 * 1024 + 2048  # of one patch

_AISFX_LARGEST = np.float32(9.457798957824707)  # of the log-mel values that it was trained on

_BLOCK = 128  # frames; small enough for a core's cache


def vggish_patches(y: Waveform) -> Float32:
    """VGGish's log-mel patches, float32 (n_patches, 96, 64): patch, frame, band.

    Frames of 25 ms every 10 ms, unpadded; magnitude; 64 bands, 125-7500 Hz; ``log(mel + 0.01)``.
    A tail shorter than a patch is dropped, so less than 0.975 s gives no patch.
    Source: tensorflow/models, `research/audioset/vggish/mel_features.py`.
    """
    window = _hann(400, periodic=True)
    magnitudes = (np.abs(spectrum) for spectrum in _spectra(y, window, n_fft=512, hop=160))
    mel = _mel(magnitudes, _vggish_bands())
    return _patches(np.log(mel + np.float32(0.01)), VGGISH_PATCH)


def musicnn_patches(y: Waveform) -> Float32:
    """MusiCNN's log-mel patches, float32 (n_patches, 187, 96): patch, frame, band.

    Frames of 32 ms every 16 ms, centered, edges reflected; power; 96 Slaney bands, 0-8000 Hz;
    ``log10(10000 mel + 1)``. A tail shorter than a patch is dropped.
    Source: jordipons/musicnn, `extractor.py`; its rounding to float16 is left out, since loud
    bands overflow in it.
    """
    if len(y) < MUSICNN_MIN_SAMPLES:
        return np.zeros((0, MUSICNN_PATCH, MUSICNN_MELS), np.float32)
    padded = np.pad(y, 256, mode="reflect")
    spectra = _spectra(padded, _hann(512, periodic=True), n_fft=512, hop=256)
    mel = _mel(map(_power, spectra), _musicnn_bands())
    return _patches(np.log10(np.float32(10_000) * mel + np.float32(1)), MUSICNN_PATCH)


def mn04_logmel(y: Waveform) -> Float32:
    """EfficientAT's log-mel picture, float32 (128, n_frames): band, frame; ``1 + (n - 2) // 320`` frames.

    Pre-emphasis 0.97; frames of 25 ms every 10 ms, centered in 1024 points, edges reflected; power;
    128 bands, 0-15000 Hz; ``(log(mel + 1e-5) + 4.5) / 5``. No frame for fewer than 514 samples.
    Source: fschmid56/EfficientAT, `models/preprocess.py`, as in evaluation.
    """
    if len(y) < MN04_MIN_SAMPLES:
        return np.zeros((MN04_MELS, 0), np.float32)
    emphasised = y[1:] - np.float32(0.97) * y[:-1]
    padded = np.pad(emphasised, 512, mode="reflect")
    window = np.pad(_hann(800, periodic=False), 112)
    mel = _mel(map(_power, _spectra(padded, window, n_fft=1024, hop=320)), _mn04_bands())
    return np.ascontiguousarray(((np.log(mel + np.float32(1e-5)) + np.float32(4.5)) / np.float32(5)).T)


def clap_logmel(y: Waveform) -> Float32:
    """CLAP's log-mel picture of 10 s, float32 (1001, 64): frame, band; in decibels.

    Frames of 1024 points every 10 ms, centered, edges reflected; power; 64 Slaney bands, 50-14000 Hz;
    ``10 log10(max(mel, 1e-10))``. Source: huggingface/transformers, ``feature_extraction_clap.py``, without
    fusion.
    """
    padded = np.pad(y, 512, mode="reflect")
    mel = _mel(map(_power, _spectra(padded, _hann(1024, periodic=True), n_fft=1024, hop=480)), _clap_bands())
    return np.float32(10) * np.log10(np.maximum(mel, np.float32(1e-10)))


def aisfx_patches(y: Waveform) -> Float32:
    """aiSFX's log-mel patches, float32 (n_patches, 100, 96): patch, frame, band.

    Frames of 46 ms every 23 ms, unpadded; power; 96 bands of HTK's scale, 0-22050 Hz, each of weights that
    add up to 1; ``log10(10000 mel + 1)``, divided by its largest value in training. A tail shorter than a
    patch is dropped. Source: the wheel `aisfx` 0.1.2, `spectrogram_essentia.py` and `preprocessing.py`.
    """
    spectra = _spectra(y, _hann(2048, periodic=False), n_fft=2048, hop=1024)
    mel = _mel(map(_power, spectra), _aisfx_bands())
    log_mel = np.log10(np.float32(10_000) * mel + np.float32(1))
    return _patches(log_mel / _AISFX_LARGEST, AISFX_PATCH)


def _spectra(y: Waveform, window: Float64, *, n_fft: int, hop: int) -> Iterator[NDArray[np.complex128]]:
    """Blocks (n, n_fft // 2 + 1) of the spectra of whole frames."""
    if len(y) < len(window):
        return
    frames = sliding_window_view(y, len(window))[::hop]
    for start in range(0, len(frames), _BLOCK):
        yield np.fft.rfft(frames[start : start + _BLOCK] * window, n_fft)


def _mel(blocks: Iterator[Float64], bands: Float32) -> Float32:
    parts = [block.astype(np.float32) @ bands for block in blocks]
    return np.concatenate(parts) if parts else np.zeros((0, bands.shape[1]), np.float32)


def _power(spectrum: NDArray[np.complex128]) -> Float64:
    return np.square(spectrum.real) + np.square(spectrum.imag)


def _patches(frames: Float32, length: int) -> Float32:
    count = len(frames) // length
    return frames[: count * length].reshape(count, length, frames.shape[1])


def _hann(length: int, *, periodic: bool) -> Float64:
    turn = 2 * np.pi * np.arange(length) / (length if periodic else length - 1)
    return 0.5 - 0.5 * np.cos(turn)


@cache
def _vggish_bands() -> Float32:
    bands = _triangles_in_mel(257, VGGISH_SR, VGGISH_MELS, 125.0, 7500.0)
    bands[0] = 0  # the recipe leaves out the constant part
    return _as_constant(bands)


@cache
def _mn04_bands() -> Float32:
    return _as_constant(_triangles_in_mel(513, MN04_SR, MN04_MELS, 0.0, 15_000.0))


@cache
def _aisfx_bands() -> Float32:
    bands = _triangles_in_mel(1025, AISFX_SR, AISFX_MELS, 0.0, 22_050.0)
    return _as_constant(bands / bands.sum(axis=0))


@cache
def _musicnn_bands() -> Float32:
    return _as_constant(_slaney_triangles(257, MUSICNN_SR, MUSICNN_MELS, 0.0, 8000.0))


@cache
def _clap_bands() -> Float32:
    return _as_constant(_slaney_triangles(513, CLAP_SR, CLAP_MELS, 50.0, 14_000.0))


def _slaney_triangles(n_bins: int, sr: int, n_mels: int, low: float, high: float) -> Float64:
    """Slaney's scale as librosa has it: triangles linear in Hz, each of unit area; (n_bins, n_mels)."""
    edges = _slaney_hz(np.linspace(_slaney_mel(low), _slaney_mel(high), n_mels + 2))
    bands = _triangles(np.linspace(0, sr / 2, n_bins), edges)
    return bands * (2 / (edges[2:] - edges[:-2]))


def _triangles_in_mel(n_bins: int, sr: int, n_mels: int, low: float, high: float) -> Float64:
    """Triangles linear in mel, HTK's scale, height 1; float64 (n_bins, n_mels)."""
    first, last = _htk_mel(np.array([low, high]))
    edges = np.linspace(first, last, n_mels + 2)
    return _triangles(_htk_mel(np.linspace(0, sr / 2, n_bins)), edges)


def _triangles(points: Float64, edges: Float64) -> Float64:
    left, center, right = edges[:-2], edges[1:-1], edges[2:]
    up = (points[:, None] - left) / (center - left)
    down = (right - points[:, None]) / (right - center)
    return np.maximum(0, np.minimum(up, down))


def _htk_mel(hz: Float64) -> Float64:
    return 1127 * np.log1p(hz / 700)


_SLANEY_STEP = np.log(6.4) / 27  # of the part above 1 kHz, which is 15 mel


def _slaney_mel(hz: float) -> float:
    return float(hz * 3 / 200 if hz < 1000 else 15 + np.log(hz / 1000) / _SLANEY_STEP)


def _slaney_hz(mel: Float64) -> Float64:
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp(_SLANEY_STEP * (mel - 15)))


def _as_constant(bands: Float64) -> Float32:
    matrix = bands.astype(np.float32)
    matrix.flags.writeable = False
    return matrix
