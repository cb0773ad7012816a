"""Several channels become one in which they cannot cancel; ordinary stereo is their mean, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from segue import audio
from segue.audio.downmix import Downmix
from segue.embed.descriptors import Descriptors
from segue.sound import ExcerptPlan
from tests.sounds import FORMATS, SR, correlation, melody, sweep, write


def cosine(a, b):
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def mono():
    return melody(3)[:, 0]


def surround(y, **signs):
    """Six channels of which some hold ``y`` times a sign."""
    return np.stack([signs.get(f"c{i}", 0) * y for i in range(6)], 1)


OPPOSED = {
    "opposite": lambda y: np.stack([y, -y], 1),
    "the right turned over and quieter": lambda y: np.stack([y, -0.9 * y], 1),
    "nearly all in the side": lambda y: np.stack([y + 0.02 * sweep(3), -y + 0.02 * sweep(3)], 1),
    "front pair of six": lambda y: surround(y, c0=1, c1=-1),
    "rear pair of six, with a little in the center": lambda y: (
        surround(y, c4=1, c5=-1) + surround(0.2 * sweep(3), c2=1)
    ),
    "three against three": lambda y: surround(y, c0=1, c1=-1, c2=1, c3=-1, c4=1, c5=-1),
}


@pytest.mark.parametrize("kind", OPPOSED)
@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_opposed_channels_sound_like_the_same_in_mono(kind, subtype, tmp_path):
    found = audio.load(write(tmp_path / "opposed.wav", OPPOSED[kind](mono()), subtype=subtype))
    expected = audio.load(write(tmp_path / "mono.wav", mono(), subtype=subtype))
    assert abs(correlation(found.parts[0], expected.parts[0])[0]) > 0.97
    vectors = [Descriptors().embed(sound).pooled for sound in (found, expected)]
    assert cosine(*vectors) > 0.95


@pytest.mark.parametrize("name", ["flac", "mp3", "ogg", "m4a", "opus", "wavpack"])
def test_no_decoder_lets_channels_cancel(name, tmp_path):
    y = melody(3, FORMATS[name].sr)[:, 0]
    sound = audio.load(FORMATS[name].write(tmp_path, np.stack([y, -y], 1)))
    assert abs(correlation(sound.parts[0], y)[0]) > 0.97


def test_excerpts_of_a_long_file_do_not_cancel_either(tmp_path):
    y = np.tile(mono(), 5)
    sound = audio.load(write(tmp_path / "long.flac", np.stack([y, -y], 1)), ExcerptPlan(4, 1))
    for part, start_s in zip(sound.parts, sound.starts_s, strict=True):
        at = round(start_s * SR)
        assert np.allclose(part, y[at : at + SR], atol=1e-4)


def test_a_stream_does_not_cancel(tmp_path):
    y = mono()
    path = write(tmp_path / "opposite.wav", np.stack([y, -y], 1), subtype="FLOAT")
    assert np.array_equal(np.concatenate(list(audio.stream(path, SR))), y)


def split(y):
    """Below and above 300 Hz."""
    spectrum = np.fft.rfft(y)
    low = np.fft.irfft(spectrum * (np.fft.rfftfreq(len(y), 1 / SR) < 300), len(y)).astype(np.float32)
    return low, y - low


ONE_ALONE = {
    "treble opposed": lambda y: np.stack([y, 0.9 * (split(y)[0] - split(y)[1])], 1),
    "bass opposed": lambda y: np.stack([y, 0.9 * (split(y)[1] - split(y)[0])], 1),
    "opposed on a constant": lambda y: np.stack([y + 0.3, 0.3 - y], 1),
}


@pytest.mark.parametrize("kind", ONE_ALONE)
def test_one_channel_is_taken_where_no_mix_keeps_all_of_the_sound(kind, tmp_path):
    sweeping = 0.3 * sweep(3, SR, 60, 250) + 0.1 * sweep(3, SR, 400, 9_000)
    sound = audio.load(write(tmp_path / "opposed.wav", ONE_ALONE[kind](sweeping), subtype="FLOAT"))
    assert correlation(sound.parts[0] - sound.parts[0].mean(), sweeping)[0] > 0.99  # the first of equals


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.75])
def test_ordinary_stereo_is_the_mean_to_the_bit(share, tmp_path):
    middle, side = melody(3).T
    y = np.stack([middle + share * side, middle - share * side], 1).astype(np.float32)
    sound = audio.load(write(tmp_path / "stereo.wav", y, subtype="FLOAT"))
    assert np.array_equal(sound.parts[0], np.dot(y, np.full(2, 0.5, np.float32)))


@pytest.mark.parametrize("sr", [44_100, 48_000, 96_000])
def test_a_bass_that_is_opposed_is_kept_beside_music_that_is_not(sr, tmp_path):
    t = np.arange(3 * sr) / sr
    bass = (0.3 * np.sin(2 * np.pi * 60 * t)).astype(np.float32)
    y = melody(3, sr) + np.stack([bass, -bass], 1)
    sound = audio.load(write(tmp_path / "bass.wav", y, sr, subtype="FLOAT"))
    assert any(np.array_equal(sound.parts[0], channel) for channel in y.T)


@pytest.mark.parametrize("level", ["a record's rumble", "a constant"])
def test_what_is_no_bass_changes_nothing(level, tmp_path):
    t = np.arange(3 * SR) / SR
    more = {"a record's rumble": 0.02 * np.sin(2 * np.pi * 40 * t), "a constant": 0.2 + 0 * t}[level]
    y = (melody(3) + np.stack([more, -more], 1)).astype(np.float32)
    sound = audio.load(write(tmp_path / "stereo.wav", y, subtype="FLOAT"))
    assert np.array_equal(sound.parts[0], np.dot(y, np.full(2, 0.5, np.float32)))


def test_one_channel_alone_stays_a_half(tmp_path):
    y = np.stack([mono(), np.zeros_like(mono())], 1)
    sound = audio.load(write(tmp_path / "left.wav", y, subtype="FLOAT"))
    assert np.array_equal(sound.parts[0], mono() / 2)


def test_each_number_of_channels_is_decided_on_its_own():
    rng = np.random.default_rng(4)
    y = rng.normal(0, 0.1, 999).astype(np.float32)
    opposed, alike = np.stack([y, -y], 1), np.stack([y, y, y], 1)
    downmix = Downmix()
    for samples in (opposed, alike):
        downmix.mix(samples)
    assert downmix.cancels()
    downmix.watch()
    for samples in (opposed, alike):
        downmix.mix(samples)
    downmix.turn_opposed()
    assert np.allclose(downmix.mix(opposed), y, atol=1e-6)
    assert np.allclose(downmix.mix(alike), y, atol=1e-6)
    assert not downmix.cancels()
