"""What varies by less than -80 dBFS is silent, whatever its level: dither, a constant, 8-bit silence."""

from __future__ import annotations

import numpy as np
import pytest

from segue import audio
from segue.errors import SilentError
from tests.sounds import SR, sweep, write


def rng():
    return np.random.default_rng(2)


def dither(n, channels=2):
    """16-bit silence with triangular dither, as mastering leaves it."""
    return np.round(rng().triangular(-1, 0, 1, (n, channels))) / 32768


SILENT = {
    "zeros": (np.zeros(2 * SR), "PCM_16"),
    "dithered": (dither(2 * SR), "PCM_16"),
    "dithered mono": (dither(2 * SR, 1), "PCM_16"),
    "constant": (np.full(2 * SR, 0.4), "PCM_16"),
    "constant and dithered": (0.25 + dither(2 * SR), "PCM_24"),
    "another constant on each side": (np.tile([0.3, -0.2], (2 * SR, 1)), "FLOAT"),
    "opposite constants": (np.tile([0.3, -0.3], (2 * SR, 1)), "FLOAT"),
    "8 bits at 127": (np.full(2 * SR, -1 / 128), "PCM_U8"),
    "8 bits between 127 and 128": (-rng().integers(0, 2, 2 * SR) / 128, "PCM_U8"),
    "8 bits with dither": (np.round(rng().triangular(-1, 0, 1, (2 * SR, 2))) / 128, "PCM_U8"),
    "A-law, which has no zero": (dither(2 * SR), "ALAW"),
    "a constant that changes between seconds": (np.repeat([0.1, -0.3], SR), "PCM_16"),
}


@pytest.mark.parametrize("name", SILENT)
def test_silence_of_every_kind_is_told(name, tmp_path):
    y, subtype = SILENT[name]
    with pytest.raises(SilentError):
        audio.load(write(tmp_path / "silent.wav", y, subtype=subtype))


def test_eight_bit_silence_is_one_byte_all_over(tmp_path):
    y, subtype = SILENT["8 bits at 127"]
    data = write(tmp_path / "silent.wav", y, subtype=subtype).read_bytes()
    assert data.endswith(b"\x7f" * SR)


def test_one_quiet_second_in_minutes_of_silence_is_sound(tmp_path):
    y = np.zeros(60 * SR, np.float32)
    y[30 * SR : 31 * SR] = 0.002 * sweep(1)
    assert audio.load(write(tmp_path / "quiet.wav", y, subtype="FLOAT")).duration_s == 60


def test_quiet_sound_on_a_constant_is_sound(tmp_path):
    y = 0.25 + 0.004 * sweep(2)
    assert audio.load(write(tmp_path / "offset.wav", y, subtype="FLOAT")).duration_s == 2
