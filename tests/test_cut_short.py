"""Files that were cut off have a warning also where their length does not tell; whole files have none."""

from __future__ import annotations

import av
import numpy as np
import pytest

from segue import audio
from tests.sounds import FORMATS, SR, encode, melody, write

LENGTH_S = 4.0


def fragmented(path, y):
    """An MP4 of pieces, as streams are recorded."""
    whole = encode(path.with_suffix(".whole"), y, codec="aac", container="ipod")
    options = {"movflags": "empty_moov+frag_every_frame+default_base_moof"}
    with av.open(str(whole)) as source, av.open(str(path), "w", format="mp4", options=options) as out:
        stream = out.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    return path


MAKERS = {
    "vorbis": lambda path, y: write(path, y, format="OGG", subtype="VORBIS"),
    "opus": lambda path, y: encode(path, y, 48_000, codec="libopus", container="ogg"),
    "flac in ogg": lambda path, y: encode(path, y, codec="flac", container="ogg", sample_format="s16"),
    "caf": lambda path, y: write(path, y, format="CAF", subtype="PCM_16"),
    "au": lambda path, y: write(path, y, format="AU", subtype="PCM_16"),
    "w64": lambda path, y: write(path, y, format="W64", subtype="PCM_16"),
    "rf64": lambda path, y: write(path, y, format="RF64", subtype="PCM_16"),
    "fragmented": fragmented,
}
OGG = ("vorbis", "opus", "flac in ogg")


def sound_file(kind, folder):
    """Music with noise under it, so that every format spends bytes on every moment."""
    noise = np.random.default_rng(7).normal(0, 0.02, (round(LENGTH_S * SR), 2))
    return MAKERS[kind](folder / "sound", (melody(LENGTH_S) + noise).astype(np.float32))


@pytest.mark.parametrize("share", [0.5, 0.9])
@pytest.mark.parametrize("kind", MAKERS)
def test_a_file_that_was_cut_off_has_a_warning(kind, share, tmp_path):
    path = sound_file(kind, tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    sound = audio.load(path)
    assert "cut short" in sound.warning
    assert sound.duration_s < LENGTH_S - 0.2


@pytest.mark.parametrize("tail", [b"", b"TAG".ljust(128, b"A"), bytes(999), b"TAGMdatdata" * 20])
@pytest.mark.parametrize("kind", MAKERS)
def test_a_whole_file_has_none_whatever_stands_behind_it(kind, tail, tmp_path):
    path = sound_file(kind, tmp_path)
    path.write_bytes(path.read_bytes() + tail)
    assert audio.load(path).warning is None


@pytest.mark.parametrize("kind", OGG)
def test_of_a_chain_the_last_stream_counts(kind, tmp_path):
    data = sound_file(kind, tmp_path).read_bytes()
    path = tmp_path / "chain"
    path.write_bytes(data + data)
    assert audio.load(path).warning is None
    path.write_bytes(data + data[: len(data) // 2])
    assert audio.load(path).warning.startswith("may be cut short: ")


@pytest.mark.parametrize("kind", OGG)
def test_a_recording_of_a_stream_that_went_on_says_so(kind, tmp_path):
    """A program that records a radio leaves off between two pages."""
    path = sound_file(kind, tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"OggS\0")])
    assert audio.load(path).warning.startswith("may be cut short: ")


@pytest.mark.parametrize("name", FORMATS)
def test_no_whole_file_of_any_format_has_a_warning(name, tmp_path):
    assert audio.load(FORMATS[name].write(tmp_path, melody(2, FORMATS[name].sr))).warning is None
