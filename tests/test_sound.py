"""Sounds in memory: what may become one, which parts of it are analyzed."""

from __future__ import annotations

import numpy as np
import pytest

from segue.errors import DamagedAudioError, TooShortError
from segue.sound import ExcerptPlan, Excerpts, SoundInfo


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_are_refused(value: float):
    y = np.zeros(100, np.float32)
    y[50] = value
    with pytest.raises(DamagedAudioError, match="NaN or infinite"):
        Excerpts.from_waveform(y, 22_050)


def test_a_waveform_without_samples_is_refused():
    with pytest.raises(TooShortError, match="0 samples"):
        Excerpts.from_waveform(np.zeros(0, np.float32), 22_050)


def test_a_short_sound_is_taken_whole():
    assert ExcerptPlan(count=4, length_s=2.0).spans(8 * 1000, 1000) == [(0, 8000)]


def test_excerpts_of_a_long_sound_lie_evenly_within_it():
    spans = ExcerptPlan(count=4, length_s=2.0).spans(16_000, 1000)
    assert spans == [(1000, 2000), (5000, 2000), (9000, 2000), (13_000, 2000)]


def test_each_rate_is_resampled_once():
    sound = Excerpts.from_waveform(np.zeros(1000, np.float32), 1000)
    assert len(sound.at(500)[0]) == 500
    assert sound.at(500) is sound.at(500)
    assert sound.at(1000) is sound.parts


def windows(parts: list[list[float]], length: int, hop: int) -> list[list[float]]:
    """At 1 Hz, where seconds are samples."""
    arrays = tuple(np.array(part, np.float32) for part in parts)
    sound = Excerpts(SoundInfo(1, 1, "array", 99), 99.0, (0.0,) * len(parts), arrays)
    return [window.tolist() for window in sound.windows(1, length, hop)]


def test_windows_are_whole_and_within_their_part():
    parts = [list(range(10)), [100, 101, 102, 103]]
    assert windows(parts, 4, 4) == [[0, 1, 2, 3], [4, 5, 6, 7], [100, 101, 102, 103]]
    assert windows(parts, 3, 6) == [[0, 1, 2], [6, 7, 8], [100, 101, 102]]


def test_a_part_shorter_than_a_window_is_repeated():
    assert windows([[1, 2]], 5, 5) == [[1, 2, 1, 2, 1]]
