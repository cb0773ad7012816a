"""What is converted is all of the sound that an analysis finds: damage costs the moment that it damages."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from segue.audio.transcode import transcode
from tests.sounds import FORMATS, SR, encode, frequency, sweep, write

LENGTH_S = 6.0
HZ = (500.0, 900.0)


def converted(path):
    """float32 (n,), and the rate in Hz."""
    with av.open(io.BytesIO(b"".join(transcode(path, "mp3")))) as container:
        frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
        return np.concatenate(frames), container.streams.audio[0].rate


def tone(hz, sr=SR, seconds=LENGTH_S):
    noise = np.random.default_rng(7).normal(0, 0.02, (int(seconds * sr), 2))
    return (sweep(seconds, sr, hz, hz)[:, None] + noise).astype(np.float32)


def assert_whole(y, sr, length_s, hz):
    assert len(y) / sr == pytest.approx(length_s, abs=1.5)
    assert frequency(y[-sr : -sr // 2], sr) == pytest.approx(hz, abs=30)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["flac", "mp3", "m4a", "aac", "opus", "wavpack"])
def test_a_damaged_place_costs_that_place(name, tmp_path):
    path = FORMATS[name].write(tmp_path, tone(HZ[0], FORMATS[name].sr))
    data = bytearray(path.read_bytes())
    middle, n = len(data) * 2 // 5, len(data) // 50
    data[middle : middle + n] = np.random.default_rng(6).bytes(n)
    path.write_bytes(data)
    assert_whole(*converted(path), LENGTH_S, HZ[0])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mp3", "ogg"])
def test_joined_files_are_converted_to_their_end(name, tmp_path):
    parts = [FORMATS[name].write(tmp_path, tone(hz, FORMATS[name].sr), f"part {hz}") for hz in HZ]
    path = tmp_path / f"joined.{FORMATS[name].ending}"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert_whole(*converted(path), 2 * LENGTH_S, HZ[1])


def test_frames_in_the_place_of_samples_are_converted_as_what_they_are(tmp_path):
    frames = encode(
        tmp_path / "x.ac3", tone(HZ[0], 48_000), 48_000, codec="ac3", container="ac3"
    ).read_bytes()
    samples = np.frombuffer(frames[: len(frames) // 4 * 4], "<i2").reshape(-1, 2)
    path = write(tmp_path / "coded.wav", samples, 48_000, subtype="PCM_16")
    assert_whole(*converted(path), LENGTH_S, HZ[0])
