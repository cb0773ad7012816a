"""Tags that claim or hold too much cost next to nothing, and the sound behind them is heard."""

from __future__ import annotations

import base64
import struct
import time
import tracemalloc
import zlib

import pytest

from segue import audio
from segue.sources.audio_files import read_tags
from segue.track import Tags
from tests.sounds import FORMATS, melody

MOST_S = 1.0  # of the processor's time, as other work may wait in between
MOST_BYTES = 100 << 20


@pytest.fixture(scope="module")
def mp3(tmp_path_factory):
    """The bytes of a second of MP3."""
    return FORMATS["mp3"].write(tmp_path_factory.mktemp("mp3"), melody(1)).read_bytes()


@pytest.fixture(scope="module")
def flac(tmp_path_factory):
    return FORMATS["flac"].write(tmp_path_factory.mktemp("flac"), melody(1)).read_bytes()


@pytest.fixture
def frugal():
    """Reads tags, and asserts how long that takes and how much memory."""

    def read(path):
        started = time.thread_time()
        told = read_tags(str(path))
        assert time.thread_time() - started < MOST_S
        tracemalloc.start()
        try:
            assert read_tags(str(path)) == told
            assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
        finally:
            tracemalloc.stop()
        return told

    return read


def syncsafe(n):
    return bytes(n >> shift & 0x7F for shift in (21, 14, 7, 0))


def zeros(n):
    """zlib's bytes of n zeros, n a multiple of a MiB."""
    packer = zlib.compressobj(9)
    block = bytes(1 << 20)
    return b"".join(packer.compress(block) for _ in range(n >> 20)) + packer.flush()


def id3(frames, version=4):
    return b"ID3" + bytes((version, 0, 0)) + syncsafe(len(frames)) + frames


def frame(name, data, flags=b"\0\0", version=4):
    size = syncsafe(len(data)) if version == 4 else struct.pack(">I", len(data))
    return name + size + flags + data


TITLE = frame(b"TPE1", b"\3Kora Bell")


@pytest.mark.slow
@pytest.mark.parametrize("name", [b"TIT2", b"TXXX", b"APIC", b"COMM"])
@pytest.mark.parametrize("version", [3, 4])
def test_a_compressed_frame_is_not_inflated_beyond_a_limit(name, version, mp3, frugal, tmp_path):
    packed = struct.pack(">I", 1 << 28) + zeros(1 << 28)
    flags = b"\0\x09" if version == 4 else b"\0\x80"
    frames = frame(name, packed, flags, version) + TITLE
    path = tmp_path / "bomb.mp3"
    path.write_bytes(id3(frames, version) + mp3)
    assert frugal(path) == Tags(artist="Kora Bell")
    assert audio.load(path).duration_s == pytest.approx(1, abs=0.1)


def test_many_compressed_frames_cost_no_more_than_one(mp3, frugal, tmp_path):
    packed = struct.pack(">I", 1 << 24) + zeros(1 << 24)
    path = tmp_path / "bombs.mp3"
    path.write_bytes(id3(frame(b"TIT2", packed, b"\0\x09") * 300 + TITLE) + mp3)
    assert frugal(path) == Tags(artist="Kora Bell")


def test_many_compressed_pictures_share_a_limit(mp3, frugal, tmp_path):
    packed = struct.pack(">I", 1 << 23) + zeros(1 << 23)
    path = tmp_path / "pictures.mp3"
    path.write_bytes(id3(frame(b"APIC", packed, b"\0\x09") * 2_000 + TITLE) + mp3)
    assert frugal(path) == Tags(artist="Kora Bell")


@pytest.mark.parametrize("encoding", [0, 1, 2, 3])
def test_a_text_of_many_megabytes_is_cut(encoding, mp3, frugal, tmp_path):
    text = (b"\xff\xfe" if encoding == 1 else b"") + b"a\0b\0" * 2_000_000
    path = tmp_path / "long.mp3"
    path.write_bytes(id3(frame(b"TIT2", bytes((encoding,)) + text) + TITLE) + mp3)
    told = frugal(path)
    assert len(told.title) <= 1_000
    assert told.artist == "Kora Bell"


@pytest.mark.slow
def test_very_many_values_are_counted_out(mp3, frugal, tmp_path):
    path = tmp_path / "values.mp3"
    path.write_bytes(id3(frame(b"TPE1", b"\3" + b"\0".join(b"%d" % i for i in range(1_000_000)))) + mp3)
    assert frugal(path).artist.split("; ") == [str(i) for i in range(64)]


@pytest.mark.parametrize("data", [b"TIT2\0\0\0\1\0\0\0" * 1_000_000, b"TXXX\0\0\0\0\0\0" * 1_000_000])
def test_very_many_frames_are_passed_over(data, mp3, frugal, tmp_path):
    path = tmp_path / "frames.mp3"
    path.write_bytes(id3(data) + mp3)
    assert frugal(path) == Tags()


def test_very_many_tags_one_after_another_are_passed_over(mp3, frugal, tmp_path):
    path = tmp_path / "tags.mp3"
    path.write_bytes(id3(TITLE) * 200_000 + mp3)
    assert frugal(path) == Tags(artist="Kora Bell")


def comments(texts, count=None):
    packed = b"".join(struct.pack("<I", len(text)) + text for text in texts)
    return struct.pack("<II", 0, len(texts) if count is None else count) + packed


def flac_with(flac, blocks):
    """A FLAC with other blocks of metadata behind its first."""
    head = b"".join(bytes((kind,)) + len(data).to_bytes(3, "big") + data for kind, data in blocks)
    at = 42
    rest = flac[at:]
    return flac[:4] + bytes((flac[4] & 0x7F,)) + flac[5:at] + head + rest


@pytest.mark.parametrize(
    "data",
    [
        comments([b"ARTIST=Kora Bell", *[b""] * 4_000_000]),
        comments([b"ARTIST=Kora Bell", *[b"A=b"] * 2_000_000]),
        comments([b"ARTIST=Kora Bell"], count=1 << 31),
        comments([b"ARTIST=Kora Bell", b"TITLE=" + bytes(16_000_000)]),
        comments([b"ARTIST=Kora Bell", b"METADATA_BLOCK_PICTURE=" + base64.b64encode(bytes(11 << 20))]),
    ],
    ids=["empty", "short", "claimed", "long", "picture"],
)
def test_comments_of_a_flac_are_counted_out(data, flac, frugal, tmp_path):
    path = tmp_path / "comments.flac"
    path.write_bytes(flac_with(flac, [(4, data[: (1 << 24) - 1])]))
    assert frugal(path).artist == "Kora Bell"


def test_very_many_blocks_of_a_flac_are_passed_over(flac, frugal, tmp_path):
    path = tmp_path / "blocks.flac"
    path.write_bytes(flac_with(flac, [(1, b"")] * 500_000))
    assert frugal(path) == Tags()


@pytest.mark.parametrize("count", [1, 1_000_000, (1 << 32) - 1])
def test_items_of_apev2_are_counted_out(count, mp3, frugal, tmp_path):
    item = struct.pack("<II", 9, 0) + b"Artist\0Kora Bell"
    items = item + (struct.pack("<II", 0, 0) + b"xx\0") * 1_000_000
    footer = b"APETAGEX" + struct.pack("<IIII", 2_000, len(items) + 32, count, 0) + bytes(8)
    path = tmp_path / "items.mp3"
    path.write_bytes(mp3 + items + footer)
    assert frugal(path) == Tags(artist="Kora Bell")


def riff(chunks):
    body = b"WAVE" + b"".join(name + struct.pack("<I", size) + data for name, size, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("name", [b"LIST", b"id3 "])
@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_sizes_of_chunks_are_not_trusted(name, size, frugal, tmp_path):
    path = tmp_path / "sizes.wav"
    path.write_bytes(riff([(name, size, b"INFOINAM" + struct.pack("<I", 0xFFFFFFF0) + b"Title\0")]))
    assert frugal(path).title in (None, "Title")


@pytest.mark.slow
def test_very_many_chunks_are_passed_over(frugal, tmp_path):
    path = tmp_path / "chunks.wav"
    path.write_bytes(riff([(b"junk", 0, b"")] * 1_000_000))
    assert frugal(path) == Tags()


def test_tags_in_many_chunks_are_not_read_again_and_again(frugal, tmp_path):
    path = tmp_path / "tags.wav"
    path.write_bytes(
        riff([(b"id3 ", 10, b"ID3\4\0\0" + syncsafe(24 << 20))] * 4_000 + [(b"pad ", 0, bytes(30 << 20))])
    )
    assert frugal(path) == Tags()


def atom(name, data, size=None):
    return struct.pack(">I", 8 + len(data) if size is None else size) + name + data


def mp4(items):
    ilst = atom(b"ilst", items)
    meta = atom(b"meta", bytes(4) + atom(b"hdlr", bytes(25)) + ilst)
    return atom(b"ftyp", b"M4A " + bytes(4)) + atom(b"moov", atom(b"udta", meta))


ARTIST = atom(b"\xa9ART", atom(b"data", struct.pack(">II", 1, 0) + b"Kora Bell"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "items",
    [
        ARTIST + atom(b"\xa9nam", b"") * 1_000_000,
        ARTIST + atom(b"\xa9nam", atom(b"data", struct.pack(">II", 1, 0) + bytes(50_000_000))),
        ARTIST + atom(b"covr", atom(b"data", struct.pack(">II", 13, 0) + bytes(50_000_000))),
        ARTIST + atom(b"\xa9nam", atom(b"data", struct.pack(">II", 1, 0)) * 1_000_000),
        ARTIST + atom(b"\xa9nam", atom(b"data", struct.pack(">II", 1, 0)) * 1_000) * 1_000,
        ARTIST + atom(b"\xa9nam", b"", size=0x7FFFFFFF),
        ARTIST + atom(b"\xa9nam", struct.pack(">Q", 1 << 62), size=1),
        ARTIST + atom(b"\xa9nam", b"", size=2),
    ],
    ids=["many", "long", "picture", "values", "both", "claimed", "claimed64", "small"],
)
def test_atoms_of_mp4_are_counted_out(items, frugal, tmp_path):
    path = tmp_path / "atoms.m4a"
    path.write_bytes(mp4(items))
    assert frugal(path) == Tags(artist="Kora Bell")


def test_atoms_within_atoms_end(frugal, tmp_path):
    data = ARTIST
    for _ in range(20_000):
        data = atom(b"meta", bytes(4) + data)
    path = tmp_path / "deep.m4a"
    path.write_bytes(atom(b"ftyp", b"M4A " + bytes(4)) + atom(b"moov", atom(b"udta", data)))
    assert frugal(path) == Tags()


def ogg(packet, pages=1):
    """Pages of one stream that hold a packet, which may have no end."""
    head = b"OggS\0\2" + bytes(8) + b"abcd" + bytes(8)
    return b"".join(head + bytes((255,)) * 256 + packet for _ in range(pages))


@pytest.mark.slow
def test_a_packet_without_end_is_given_up(frugal, tmp_path):
    first = b"OggS\0\2" + bytes(8) + b"abcd" + bytes(8) + b"\1\x13" + b"OpusHead\1\2" + bytes(9)
    body = b"OpusTags" + bytes(255 * 255 - 8)
    page = b"OggS\0\0" + bytes(8) + b"abcd" + bytes(8) + b"\xff" + b"\xff" * 255 + body
    path = tmp_path / "endless.opus"
    path.write_bytes(first + page * 1_500)
    assert frugal(path) == Tags()


def test_a_header_of_windows_media_is_counted_out(frugal, tmp_path):
    from segue.tags import asf

    value = "Kora Bell".encode("utf-16-le")
    author = struct.pack("<5H", 0, len(value), 0, 0, 0) + value
    name = "x\0".encode("utf-16-le")
    extended = struct.pack("<H", 65_535) + (struct.pack("<H", 4) + name + bytes(4)) * 65_535
    objects = asf.DESCRIPTION + struct.pack("<Q", 24 + len(author)) + author
    objects += (asf.EXTENDED + struct.pack("<Q", 24 + len(extended)) + extended) * 20
    head = asf.HEADER + struct.pack("<QI", 30 + len(objects), 21) + b"\1\2"
    path = tmp_path / "header.wma"
    path.write_bytes(head + objects)
    assert frugal(path) == Tags(artist="Kora Bell")


@pytest.mark.shared
def test_the_bomb_of_256_megabytes_is_heard(shared, frugal):
    path = shared / "data/hostile/id3bomb256.mp3"
    assert frugal(path) == Tags()
    assert audio.load(path).duration_s > 0.5
