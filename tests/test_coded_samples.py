"""DTS and Dolby Digital in the place of PCM samples are decoded, never taken for noise."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest

from segue import audio
from segue.audio.coded import CodedSoundError, look_for_frames
from segue.errors import DamagedAudioError
from tests.sounds import encode, frequency, melody, sweep, write

AWKWARD = Path(__file__).parent / "awkward"
TONE_HZ = 440.0


def tone(sr, seconds=2):
    return np.stack([sweep(seconds, sr, TONE_HZ, TONE_HZ)] * 2, 1)


def ac3(folder, sr):
    return encode(folder / "frames.ac3", tone(sr), sr, codec="ac3", container="ac3", bit_rate=192_000)


def spdif(path):
    """The frames of a file in bursts of IEC 61937, as a sound card sends them."""
    out = io.BytesIO()
    with av.open(str(path)) as source, av.open(out, "w", format="spdif") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
        target.close()
        return out.getvalue()


def swapped(data):
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2").byteswap().tobytes()


def samples(data):
    return np.frombuffer(data[: len(data) // 4 * 4], "<i2").reshape(-1, 2)


def assert_tone(sound, sr):
    assert sound.info.sr == sr
    assert sound.duration_s == pytest.approx(2, abs=0.05)
    assert frequency(sound.parts[0][sr // 2 : sr], sr) == pytest.approx(TONE_HZ, abs=3)


@pytest.mark.parametrize("order", [bytes, swapped], ids=["little", "big"])
@pytest.mark.parametrize("sr", [32_000, 44_100, 48_000])
@pytest.mark.parametrize("wrap", [Path.read_bytes, spdif], ids=["raw", "spdif"])
@pytest.mark.parametrize("ending", ["wav", "flac", "aiff"])
def test_dolby_digital_is_decoded(ending, wrap, sr, order, tmp_path):
    path = write(tmp_path / f"coded.{ending}", samples(order(wrap(ac3(tmp_path, sr)))), sr, subtype="PCM_16")
    for source in (path, path.read_bytes()):
        sound = audio.load(source)
        assert sound.info.codec == "ac3"
        assert_tone(sound, sr)


def fourteen_bits(data):
    """DTS as CD rips hold it: 14 bits of the stream in each word."""
    mark, words = bytes.fromhex("7ffe8001"), []
    for frame in data.split(mark)[1:]:
        bits = np.unpackbits(np.frombuffer(mark + frame, np.uint8))
        bits = np.r_[bits, np.zeros(-len(bits) % 28, np.uint8)].reshape(-1, 14)
        words.append(np.packbits(np.c_[bits[:, :1], bits[:, :1], bits], axis=1).tobytes())
    return b"".join(words)


@pytest.mark.parametrize("order", [bytes, swapped], ids=["little", "big"])
@pytest.mark.parametrize("packed", [bytes, fourteen_bits], ids=["16 bits", "14 bits"])
def test_dts_is_decoded(packed, order, tmp_path):
    frames = (AWKWARD / "dts_be.wav").read_bytes()[44:]
    path = write(tmp_path / "coded.wav", samples(order(packed(frames))), 44_100, subtype="PCM_16")
    sound = audio.load(path)
    assert sound.info.codec == "dts"
    assert sound.duration_s == pytest.approx(1.39, abs=0.1)
    # Its frames are of equal length, so that half of the energy of noise lies over a quarter of its rate.
    spectrum = np.abs(np.fft.rfft(sound.parts[0])) ** 2
    assert spectrum[len(spectrum) // 2 :].sum() < 0.05 * spectrum.sum()


def test_frames_behind_a_silent_beginning_are_found(tmp_path):
    coded = samples(ac3(tmp_path, 48_000).read_bytes())
    y = np.concatenate([np.zeros((len(coded) // 2, 2), np.int16), coded])
    sound = audio.load(write(tmp_path / "late.wav", y, 48_000, subtype="PCM_16"))
    assert sound.info.codec == "ac3"
    assert_tone(sound, 48_000)


@pytest.mark.parametrize("name", ["alac", "wavpack"])
def test_frames_in_other_lossless_files_are_refused_plainly(name, tmp_path):
    frames = samples((AWKWARD / "dts_be.wav").read_bytes()[44:])
    y = frames.astype(np.float32) / 32768
    form = {"alac": ("alac", "ipod", "m4a", "s16p"), "wavpack": ("wavpack", "wv", "wv", "s16p")}[name]
    codec, container, ending, sample_format = form
    path = tmp_path / f"coded.{ending}"
    encode(path, y, 44_100, codec=codec, container=container, sample_format=sample_format)
    with pytest.raises(DamagedAudioError, match="frames of DTS"):
        audio.load(path)


def test_music_holds_no_frames(tmp_path):
    rng = np.random.default_rng(9)
    y = melody(3)[:, 0]
    for stereo in (
        np.stack([y, -y], 1) / np.abs(y).max(),  # the words 7FFE 8001 stand at its peaks
        np.sign(np.stack([y, -y], 1)),
        rng.normal(0, 0.3, (99_999, 2)),
        np.tile(rng.normal(0, 0.3, (64, 2)), (999, 1)),
    ):
        path = write(tmp_path / "music.wav", np.clip(stereo, -1, 1), subtype="PCM_16")
        assert audio.load(path).info.codec == "wav"


def test_marks_without_the_rest_of_a_header_are_no_frames():
    words = np.zeros((4000, 2), np.int16)
    words[::500] = np.array([0x7FFE, 0x8001 - 65536])
    look_for_frames(words)
    words[1::500, 0] = 0xFC3C - 65536
    with pytest.raises(CodedSoundError):
        look_for_frames(words)


@pytest.mark.parametrize(("ending", "subtype"), [("wav", "PCM_24"), ("wav", "PCM_32"), ("flac", "PCM_24")])
def test_frames_in_samples_that_were_made_wider_are_decoded(ending, subtype, tmp_path):
    wide = samples(ac3(tmp_path, 48_000).read_bytes()).astype(np.int32) << 16
    sound = audio.load(write(tmp_path / f"coded.{ending}", wide, 48_000, subtype=subtype))
    assert sound.info.codec == "ac3"
    assert_tone(sound, 48_000)


def test_frames_in_one_channel_are_decoded(tmp_path):
    coded = samples(ac3(tmp_path, 48_000).read_bytes()).reshape(-1, 1)
    sound = audio.load(write(tmp_path / "coded.wav", coded, 48_000, subtype="PCM_16"))
    assert sound.info.codec == "ac3"
    assert_tone(sound, 48_000)
