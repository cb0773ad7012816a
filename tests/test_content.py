"""What of a file is its audio: the same whatever is done to tags, pictures and padding."""

from __future__ import annotations

import io
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import av
import mutagen
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, COMM, ID3, TIT2

from segue.sources.content import audio_parts, hash_file
from tests.sounds import clip

ENCODERS = {
    "mp3": "mp3", "flac": "flac", "opus": "libopus", "m4a": "aac", "wma": "wmav2", "aac": "aac",
    "wv": "wavpack", "tta": "tta", "aiff": "pcm_s16be", "wav": "pcm_s16le", "webm": "libopus",
    "caf": "pcm_s16le", "mp2": "mp2",
}  # fmt: skip
ENDINGS = sorted([*ENCODERS, "ogg", "oga", "mka"])


def encoded(path: Path, hz: float = 440.0, **tags: str) -> Path:
    """Two seconds of a tone, in the format of the path's ending."""
    kind, sr = path.suffix[1:], 48_000
    wave = (0.3 * np.sin(2 * np.pi * hz * np.arange(2 * sr) / sr)).astype(np.float32)
    if kind == "ogg":
        soundfile.write(path, wave, sr, format="OGG", subtype="VORBIS")
        return path
    if kind in ("oga", "mka"):  # from FLAC
        return remuxed(encoded(path.with_suffix(".flac"), hz), path, **tags)
    with av.open(str(path), "w") as out:
        out.metadata.update(tags)
        stream = out.add_stream(ENCODERS[kind], rate=sr, layout="mono")
        stream.bit_rate = 96_000
        frame = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
        frame.sample_rate = sr
        context = stream.codec_context
        context.open()
        resampler = av.AudioResampler(context.format, "mono", sr, context.frame_size)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    return path


def remuxed(path: Path, to: Path, **tags: str) -> Path:
    """The same packets in a new file with other tags."""
    with av.open(str(path)) as source, av.open(str(to), "w") as out:
        stream = out.add_stream_from_template(source.streams.audio[0])
        out.metadata.update(tags)
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    return to


def assert_only_tags_differ(one: Path, other: Path) -> None:
    a, b = hash_file(str(one)), hash_file(str(other))
    assert a.file != b.file
    assert a.audio == b.audio


@pytest.mark.parametrize("ending", ["mp3", "flac", "ogg", "opus", "m4a", "wma", "wv", "tta", "aiff", "wav"])
def test_an_edit_by_a_tagger_leaves_the_audio(tmp_path: Path, ending: str):
    path = encoded(tmp_path / f"a.{ending}", title="Before")
    copy = Path(shutil.copy(path, tmp_path / f"b.{ending}"))
    file = mutagen.File(copy, easy=True)
    assert file is not None
    if file.tags is None:
        file.add_tags()
    if hasattr(file.tags, "getall"):  # WAV, AIFF: ID3 frames
        file.tags.add(TIT2(text=["After" * 3000]))
    else:
        file["title"] = "After" * 3000
    file.save()
    assert_only_tags_differ(path, copy)


@pytest.mark.parametrize("ending", ["mp3", "flac", "ogg", "m4a", "wav", "aiff", "aac", "caf", "wv", "oga"])
def test_a_copy_of_the_packets_by_ffmpeg_leaves_the_audio(tmp_path: Path, ending: str):
    path = encoded(tmp_path / f"a.{ending}", title="Before")
    assert hash_file(str(path)).audio == hash_file(
        str(remuxed(path, tmp_path / f"b.{ending}", title="After" * 500))
    ).audio  # fmt: skip


@pytest.mark.parametrize("ending", ENDINGS)
def test_another_sound_is_another_audio(tmp_path: Path, ending: str):
    one, other = encoded(tmp_path / f"a.{ending}", 440.0), encoded(tmp_path / f"b.{ending}", 441.0)
    assert hash_file(str(one)).audio != hash_file(str(other)).audio


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_changed_bit_of_the_sound_is_another_audio(tmp_path: Path, ending: str):
    path = encoded(tmp_path / f"a.{ending}")
    before = hash_file(str(path))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert hash_file(str(path)).audio != before.audio


def id3v2_with_footer(size: int) -> bytes:
    return b"ID3\4\0\x10" + bytes([0, 0, size >> 7, size & 127]) + bytes(size) + b"3DI\4\0\x10" + bytes(4)


LYRICS = b"LYRICSBEGININD0000200"
EDITS: dict[str, Callable[[bytes], bytes]] = {
    "ID3v1": lambda sound: sound + b"TAG" + bytes(125),
    "two ID3v2": lambda sound: 2 * id3v2_with_footer(300) + sound,
    "zeros behind ID3v2": lambda sound: id3v2_with_footer(5) + bytes(512) + sound,
    "Lyrics3v2 and ID3v1": lambda sound: (
        sound + LYRICS + b"%06dLYRICS200" % len(LYRICS) + b"TAG" + bytes(125)
    ),
    "Lyrics3v1": lambda sound: sound + b"LYRICSBEGIN" + b"la " * 900 + b"LYRICSEND" + b"TAG" + bytes(125),
}


@pytest.mark.parametrize("ending", ["mp3", "flac", "aac"])
@pytest.mark.parametrize("edit", EDITS)
def test_tags_before_and_behind_are_no_audio(tmp_path: Path, ending: str, edit: str):
    path = encoded(tmp_path / f"a.{ending}")
    copy = tmp_path / f"b.{ending}"
    copy.write_bytes(EDITS[edit](path.read_bytes()))
    assert_only_tags_differ(path, copy)


@pytest.mark.parametrize("ending", ["mp3", "wv", "tta"])
def test_ape_tags_are_no_audio(tmp_path: Path, ending: str):
    path = encoded(tmp_path / f"a.{ending}")
    copy = Path(shutil.copy(path, tmp_path / f"b.{ending}"))
    tags = APEv2()
    tags["Title"] = "Tone"
    tags.save(copy)
    assert_only_tags_differ(path, copy)


def test_pictures_and_padding_are_no_audio(tmp_path: Path):
    mp3, flac = encoded(tmp_path / "a.mp3"), encoded(tmp_path / "a.flac")
    other_mp3, other_flac = (Path(shutil.copy(p, p.with_stem("b"))) for p in (mp3, flac))
    tags = ID3(other_mp3)
    tags.add(APIC(mime="image/png", data=bytes(70_000)))
    tags.add(COMM(lang="eng", text=["words"]))
    tags.save(other_mp3, padding=lambda _: 5_000)
    picture = Picture()
    picture.data = bytes(70_000)
    file = FLAC(other_flac)
    file.add_picture(picture)
    file.save(padding=lambda _: 5_000)
    assert_only_tags_differ(mp3, other_mp3)
    assert_only_tags_differ(flac, other_flac)


def test_chunks_of_tags_in_a_wav_are_no_audio(tmp_path: Path):
    path = clip(tmp_path / "a.wav", 440)
    content = path.read_bytes()
    info = b"LIST" + struct.pack("<I", 15) + b"INFOINAM" + struct.pack("<I", 3) + b"hey" + b"\0"
    for name, changed in {
        "behind": content + info,
        "before": content[:36] + info + content[36:],
        "streamed": content[:40] + b"\xff\xff\xff\xff" + content[44:],
    }.items():
        other = tmp_path / f"{name}.wav"
        other.write_bytes(changed)
        assert_only_tags_differ(path, other)


def test_samples_that_mean_something_else_are_another_audio(tmp_path: Path):
    samples = np.random.default_rng(0).integers(-9000, 9000, 16_000).astype(np.int16)
    for name, sr in (("a", 8_000), ("b", 16_000)):
        soundfile.write(tmp_path / f"{name}.wav", samples, sr)
    assert hash_file(str(tmp_path / "a.wav")).audio != hash_file(str(tmp_path / "b.wav")).audio


def test_what_has_no_part_that_is_audio_is_audio_as_a_whole(tmp_path: Path):
    for name, content in {"empty": b"", "text": b"no sound", "tag": id3v2_with_footer(9)}.items():
        path = tmp_path / name
        path.write_bytes(content)
        parts = audio_parts(io.BytesIO(content), len(content))
        assert parts == [(0, len(content))]
        assert len(hash_file(str(path)).audio) == 32


def test_every_byte_and_their_order_count(tmp_path: Path):
    """Two megabytes, of which the middle is summed up and the ends are hashed."""
    path, content = tmp_path / "a.mp3", np.random.default_rng(0).bytes(2 << 20)
    seen = set()
    for place in (0, 5, 1 << 17, (1 << 18) + 1, 1 << 20, (1 << 20) + 1, (2 << 20) - (1 << 18), (2 << 20) - 1):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        seen.add(hash_file(str(path)).audio)
    for changed in (content, content[:-1], content + b"\0", content[1 << 20 :] + content[: 1 << 20]):
        path.write_bytes(changed)
        seen.add(hash_file(str(path)).audio)
    assert len(seen) == 12


BEGINNINGS = [
    b"OggS", b"RIFF\0\0\0\0WAVE", b"fLaC", b"ID3\4\0\0", b"caff", b"FORM", b"FRM8", b"DSD ", b"\x1aE\xdf\xa3",
    b"\0\0\0\1mdat", b"\0\0\0\0ftyp", b"APETAGEX", b"\xff\xfb\x90\0",
    bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
]  # fmt: skip


@given(st.sampled_from(BEGINNINGS), st.binary(max_size=400))
def test_parts_rise_within_the_file_whatever_it_holds(magic: bytes, rest: bytes):
    content = magic + rest
    parts = audio_parts(io.BytesIO(content), len(content))
    places = [place for part in parts for place in part]
    assert places == sorted(places)
    assert places[0] >= 0
    assert places[-1] <= len(content)
