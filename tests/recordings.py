"""Recordings that are known by construction, and their versions: of other formats, sound and tags."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import soundfile

from tests.conftest import tag

SR = 22_050  # Hz
NOTES = 2.0 ** (np.array([0, 2, 3, 5, 7, 8, 10]) / 12)  # of a minor scale


def performance(seed: int, duration_s: float = 20.0, *, timing: int | None = None) -> np.ndarray:
    """float32 (n,): notes of a scale, of a length, loudness and number of harmonics each, and some noise.

    Parameters
    ----------
    seed : of the notes
    timing : of their lengths, loudness and harmonics; another one is another performance of the same notes
    """
    notes, played = np.random.default_rng(seed), np.random.default_rng((seed, timing or 0))
    y = np.zeros(round(duration_s * SR))
    at = 0
    while at < len(y):
        n = round(played.uniform(0.15, 0.9) * SR)
        t = np.arange(min(n, len(y) - at)) / SR
        hz = 220 * notes.choice(NOTES) * 2.0 ** notes.integers(0, 2)
        harmonics = played.integers(1, 9)
        waves = sum(np.sin(2 * np.pi * hz * h * t) / h for h in range(1, harmonics + 1))
        noise = played.uniform(0, 0.2) * played.standard_normal(len(t))
        y[at : at + n] = played.uniform(0.05, 0.3) * (waves + noise) * np.exp(-played.uniform(1, 6) * t)
        at += n
    return y.astype(np.float32)


def brighter(y: np.ndarray) -> np.ndarray:
    """As a remaster may sound: more treble, louder, its peaks limited."""
    return np.tanh(2.5 * (y + 0.6 * np.diff(y, prepend=0))).astype(np.float32)


def write(path: Path, y: np.ndarray, **tags: str) -> Path:
    """A FLAC file, tagged."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, y, SR)
    if tags:
        tag(path, **tags)
    return path


def encode(path: Path, y: np.ndarray, codec: str, bit_rate: int, **tags: str) -> Path:
    """A file of another codec, tagged."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as file:
        file.metadata.update(tags)
        stream = file.add_stream(codec, rate=SR, layout="mono")
        stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(y[None], "fltp", "mono")
        frame.sample_rate = SR
        resampler = av.AudioResampler(stream.format, "mono", SR, stream.frame_size or 1152)
        for part in [*resampler.resample(frame), *resampler.resample(None), None]:
            for packet in stream.encode(part):
                file.mux(packet)
    return path
