"""Musepack and RealMedia have coarse clocks, and are read with the right length and from the right places."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segue import audio
from segue.sound import ExcerptPlan
from tests.sounds import SR, encode, frequency, sweep

MUSEPACK = Path(__file__).parent / "awkward" / "sweep.mpc"  # by mpcenc 1.30.1 --quality 0
LENGTH_S, START_HZ, END_HZ = 6.0, 400.0, 1600.0


@pytest.fixture(params=["musepack", "realmedia"])
def path(request, tmp_path):
    if request.param == "musepack":
        return MUSEPACK
    y = sweep(LENGTH_S, SR, START_HZ, END_HZ)
    return encode(tmp_path / "sweep.rm", y, codec="ac3", container="rm", bit_rate=192_000)


def assert_from(y, sr, start_s):
    """A half second of the sweep from a place."""
    expected = START_HZ + (END_HZ - START_HZ) * (start_s + 0.25) / LENGTH_S
    assert frequency(y[: sr // 2], sr) == pytest.approx(expected, abs=8)


def test_the_sound_is_read_to_its_end(path):
    sound = audio.load(path)
    assert sound.duration_s == pytest.approx(LENGTH_S, abs=0.05)
    assert sound.warning is None
    assert_from(sound.parts[0][-sound.sr :], sound.sr, LENGTH_S - 1)


def test_excerpts_come_from_the_times_they_name(path):
    sound = audio.load(path, ExcerptPlan(7, 0.5))
    assert [len(y) for y in sound.parts] == [sound.sr // 2] * 7
    for y, start_s in zip(sound.parts, sound.starts_s, strict=True):
        assert_from(y, sound.sr, start_s)


def test_places_may_be_asked_for_in_any_order(path):
    from segue.audio.decoders import open_reader
    from segue.audio.downmix import Downmix

    with path.open("rb") as file, open_reader(file, str(path), Downmix()) as reader:
        sr = reader.info.sr
        for start_s in (4.0, 1.0, 3.0, 0.0):
            assert_from(reader.read(int(start_s * sr), sr // 2), sr, start_s)
        assert len(reader.read(int(9 * sr), sr)) == 0


def test_joined_musepack_files_are_read_to_the_end_of_the_last(tmp_path):
    path = tmp_path / "joined.mpc"
    path.write_bytes(MUSEPACK.read_bytes() * 2)
    sound = audio.load(path)
    assert (sound.duration_s, sound.warning) == (pytest.approx(2 * LENGTH_S), None)
    halves = np.split(sound.parts[0], 2)
    assert np.allclose(*halves, atol=1e-3)


def test_a_tag_in_front_of_a_musepack_hides_no_sound(tmp_path):
    path = tmp_path / "tagged.mpc"
    path.write_bytes(b"ID3\4\0\0\0\0\1\0" + bytes(128) + MUSEPACK.read_bytes())
    sound = audio.load(path)
    assert (sound.duration_s, sound.warning) == (pytest.approx(LENGTH_S), None)
