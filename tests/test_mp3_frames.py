"""The middle of an MP3 is decoded as if all before it had been."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from segue import audio
from segue.audio.mp3_frames import find_frames, open_seeking
from segue.sound import ExcerptPlan
from tests.sounds import encode, write

PLAN = ExcerptPlan(3, 1.0)


def sound(duration_s: float, sr: int, channels: int, seed: int = 0) -> np.ndarray:
    """Noise that swells and dies away, other each second, so that frames of other sizes follow each other."""
    rng = np.random.default_rng(seed)
    n = round(duration_s * sr)
    loud = np.repeat(rng.random(n // sr + 1), sr)[:n] ** 3
    return (0.3 * loud[:, None] * rng.standard_normal((n, channels))).astype(np.float32)


def by_lame(path: Path, y: np.ndarray, sr: int) -> Path:
    return write(path, y, sr, format="MP3", subtype="MPEG_LAYER_III")


def by_ffmpeg(kbps: int):
    def make(path: Path, y: np.ndarray, sr: int) -> Path:
        return encode(path, y, sr, codec="libmp3lame", container="mp3", bit_rate=kbps * 1000)

    return make


CASES = [(by_lame, 44_100, 2), (by_lame, 22_050, 1), (by_ffmpeg(320), 48_000, 2), (by_ffmpeg(64), 44_100, 2),
         (by_ffmpeg(32), 32_000, 1), (by_ffmpeg(8), 16_000, 1)]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("make", "sr", "channels"), CASES)
def test_excerpts_are_those_of_the_whole(make, sr, channels, tmp_path):
    path = make(tmp_path / "a.mp3", sound(20, sr, channels), sr)
    excerpts = audio.load(path, PLAN)
    whole = audio.load(path, ExcerptPlan(1, 60.0))
    mp3 = open_seeking(str(path))
    assert mp3 is not None
    mp3.close()
    for excerpt, start_s in zip(excerpts.parts, excerpts.starts_s, strict=True):
        start = round(start_s * sr)
        np.testing.assert_allclose(excerpt, whole.parts[0][start : start + len(excerpt)], atol=2e-7)


@pytest.mark.slow
def test_a_long_stretch_is_read_in_several_parts(tmp_path):
    sr = 44_100
    path = by_ffmpeg(320)(tmp_path / "a.mp3", sound(60, sr, 1), sr)
    whole, _ = soundfile.read(path, dtype="float32", always_2d=True)
    mp3 = open_seeking(str(path))
    assert mp3 is not None
    out = np.empty((50 * sr, 1), np.float32)
    mp3.seek(5 * sr)
    np.testing.assert_allclose(mp3.read(out), whole[5 * sr : 55 * sr], atol=2e-7)
    mp3.close()


def test_frames_that_do_not_follow_each_other_are_read_from_the_start(tmp_path):
    sr = 44_100
    path = by_lame(tmp_path / "a.mp3", sound(20, sr, 1), sr)
    data = path.read_bytes()
    with path.open("rb") as file:
        places = find_frames(file)
    assert places is not None
    middle = int(places.offsets[len(places.offsets) // 2])
    path.write_bytes(data[:middle] + b"junk" * 500 + data[middle:])
    assert open_seeking(str(path)) is None
    assert len(audio.load(path, PLAN).parts) == 3
