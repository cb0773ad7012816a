"""Covers: where they are found, and what they cost."""

from __future__ import annotations

import io
import os
import struct
import time
import tracemalloc
import zlib

import av
import numpy as np
import pytest
from mutagen.apev2 import APEv2, APEValue
from mutagen.asf import ASF, ASFByteArrayAttribute
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3
from mutagen.mp4 import MP4, MP4Cover
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE

from segue.audio.covers import cover_image
from segue.audio.images import MAX_PIXELS, read_image
from tests.served_home import jpeg
from tests.sounds import FORMATS
from tests.test_tags_limits import zeros

FRONT, BACK = jpeg(120), jpeg(90)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, *extra, packed=None):
    """A black picture; ``packed`` stands for its lines."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    lines = packed or zlib.compress((b"\0" + bytes(3 * width)) * height)
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(extra) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def encoded(codec, container, width, height):
    """A picture by FFmpeg's encoders."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as target:
        stream = target.add_stream(codec, rate=1)
        stream.width, stream.height = width, height
        stream.pix_fmt = {"gif": "rgb8", "png": "rgb24", "mjpeg": "yuvj420p"}[codec]
        frame = av.VideoFrame.from_ndarray(np.zeros((height, width, 3), np.uint8), "rgb24")
        target.mux(stream.encode(frame.reformat(format=stream.pix_fmt)))
        target.mux(stream.encode(None))
    return out.getvalue()


def picture(data, kind):
    one = Picture()
    one.type, one.mime, one.data = kind, "image/jpeg", data
    return one


def _id3(path, open_file=None):
    file = open_file(path) if open_file else ID3()
    if open_file:
        file.add_tags()
    tags = file.tags if open_file else file
    for kind, data in ((4, BACK), (3, FRONT)):
        tags.add(APIC(encoding=1, mime="image/jpeg", type=kind, desc=f"picture {kind}", data=data))
    file.save() if open_file else file.save(path)


def _flac(path):
    file = FLAC(path)
    file.add_picture(picture(BACK, 4))
    file.add_picture(picture(FRONT, 3))
    file.save()


def _ogg(path):
    import base64

    file = OggVorbis(path)
    file["metadata_block_picture"] = [
        base64.b64encode(picture(data, kind).write()).decode() for kind, data in ((4, BACK), (3, FRONT))
    ]
    file.save()


def _mp4(path):
    file = MP4(path)
    file["covr"] = [MP4Cover(FRONT, MP4Cover.FORMAT_JPEG)]
    file.save()


def _ape(path):
    tag = APEv2()
    for name, data in (("Cover Art (Back)", BACK), ("Cover Art (Front)", FRONT)):
        tag[name] = APEValue(b"cover.jpg\0" + data, 1)
    tag.save(path)


def _asf(path):
    file = ASF(path)
    head = struct.pack("<BI", 3, len(FRONT)) + "image/jpeg\0front\0".encode("utf-16-le")
    file["WM/Picture"] = [ASFByteArrayAttribute(head + FRONT)]
    file.save()


@pytest.mark.parametrize(
    ("name", "put"),
    [
        ("mp3", _id3),
        ("wav16", lambda path: _id3(path, WAVE)),
        ("flac", _flac),
        ("ogg", _ogg),
        ("m4a", _mp4),
        ("mp3", _ape),
        ("wavpack", _ape),
        ("wma", _asf),
    ],
)
def test_the_front_is_found_in_the_tags_of_every_format(name, put, copy):
    path = copy(name, f"sound.{FORMATS[name].ending}")
    assert cover_image(path) is None
    put(path)
    assert cover_image(path) == (FRONT, "image/jpeg")


@pytest.mark.parametrize(
    "name",
    [
        "cover.jpg", "COVER.jpg", "Folder.JPG", "folder.jpeg", "FRONT.PNG", "front.jpg", "Album.Jpg",
        "cover.WebP", "AlbumArtSmall.jpg", "AlbumArt_{2F1E}_Large.jpg", "Cover (1).jpg", "cover.gif",
    ],
)  # fmt: skip
def test_a_picture_beside_a_file_is_found_by_its_name_in_any_case(name, copy, tmp_path):
    path = copy("flac", "sound.flac")
    (tmp_path / name).write_bytes(FRONT)
    assert cover_image(path) == (FRONT, "image/jpeg")


@pytest.mark.parametrize("name", ["back.jpg", "coverage.jpg", "cover.txt", "cover", "cover.jpg.part", ".jpg"])
def test_other_pictures_are_no_covers(name, copy, tmp_path):
    path = copy("flac", "sound.flac")
    (tmp_path / name).write_bytes(FRONT)
    assert cover_image(path) is None


def test_the_best_name_counts(copy, tmp_path):
    path = copy("flac", "sound.flac")
    for name in ("AlbumArtSmall.jpg", "AlbumArt_{2F1E}_Large.jpg", "Front.jpg", "folder.jpg"):
        (tmp_path / name).write_bytes(BACK)
    (tmp_path / "Cover.JPG").write_bytes(FRONT)
    assert cover_image(path) == (FRONT, "image/jpeg")
    (tmp_path / "Cover.JPG").write_bytes(b"\xff\xd8\xff no picture")
    assert cover_image(path) == (BACK, "image/jpeg")


@pytest.mark.parametrize("folder", ["CD1", "cd 2", "Disc 1", "disk_02", "Disc 1 - Live", "Volume 3", "CD-A"])
def test_a_disc_has_the_cover_of_its_album(folder, copy, tmp_path):
    disc = tmp_path / folder
    disc.mkdir()
    path = copy("flac", f"{folder}/sound.flac")
    (tmp_path / "Folder.JPG").write_bytes(FRONT)
    assert cover_image(path) == (FRONT, "image/jpeg")
    (disc / "front.jpg").write_bytes(BACK)
    assert cover_image(path) == (BACK, "image/jpeg")


@pytest.mark.parametrize("folder", ["Discovery", "An album", "cds", "2001"])
def test_another_folder_has_not(folder, copy, tmp_path):
    (tmp_path / folder).mkdir()
    path = copy("flac", f"{folder}/sound.flac")
    (tmp_path / "folder.jpg").write_bytes(FRONT)
    assert cover_image(path) is None


def test_links_are_not_followed(copy, tmp_path):
    path = copy("flac", "sound.flac")
    (tmp_path / "secret").write_bytes(FRONT)
    (tmp_path / "cover.jpg").symlink_to(tmp_path / "secret")
    assert cover_image(path) is None


# What they cost


@pytest.fixture
def beside(tmp_path):
    """The cover of a file without tags beside which a picture lies, and what it costs to get it."""

    def get(data, size=64):
        (tmp_path / "cover.png").write_bytes(data)
        (tmp_path / "sound.mp3").write_bytes(b"")
        started = time.thread_time()
        cover = cover_image(tmp_path / "sound.mp3", size)
        assert time.thread_time() - started < 1
        tracemalloc.start()
        try:
            cover_image(tmp_path / "sound.mp3", size)
            assert tracemalloc.get_traced_memory()[1] < 100 << 20
        finally:
            tracemalloc.stop()
        return cover

    return get


@pytest.mark.parametrize("sides", [(50_000, 50_000), (30_000, 30_000), (1 << 31, 1), (5_001, 5_000), (0, 9)])
def test_a_picture_of_too_many_pixels_is_passed_over(sides, beside):
    assert beside(png(*sides, packed=zeros(1 << 26))) is None


@pytest.mark.slow
@pytest.mark.parametrize("name", [b"zTXt", b"iCCP"])
def test_a_picture_that_packs_more_than_pixels_is_scaled_without_it(name, beside):
    data, kind = beside(png(200, 100, chunk(name, b"a\0\0" + zeros(1 << 28))))
    assert kind == "image/jpeg"
    assert (read_image(data).width, read_image(data).height) == (64, 32)


def test_a_picture_of_fewer_lines_than_it_claims_is_sent_as_it_is(beside):
    data = png(2_000, 2_000, packed=zlib.compress(b"\0" * 100))
    assert beside(data)[1] in ("image/png", "image/jpeg")


def test_a_jpeg_of_very_many_scans_is_passed_over(beside):
    data = jpeg(100)
    at = data.index(b"\xff\xda")
    assert beside(data[:at] + data[at:-2] * 1_000 + data[-2:]) is None


def test_a_jpeg_that_grows_behind_its_header_is_not_decoded(beside):
    """A second header, of far more pixels, behind the one that was looked at."""
    small, large = jpeg(100), bytearray(jpeg(100))
    at = large.index(b"\xff\xc0")
    large[at + 5 : at + 9] = struct.pack(">HH", 60_000, 60_000)
    cover = beside(small[:-2] + bytes(large[2:]))
    assert cover is None or max(read_image(cover[0]).width, read_image(cover[0]).height) <= 100


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<html><script>alert(1)</script>",
        b"#EXTM3U\nfile:///etc/passwd",
        b"ffconcat version 1.0\nfile secret.png",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"RIFF\0\0\0\0WEBP",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"BM" + bytes(100),
        b"",
    ],
)
def test_what_is_no_picture_is_not_sent(data, beside):
    assert beside(data) is None


@pytest.mark.parametrize(("codec", "container"), [("mjpeg", "mjpeg"), ("png", "image2pipe"), ("gif", "gif")])
def test_sizes_are_read_from_headers(codec, container):
    found = read_image(encoded(codec, container, 200, 120))
    assert (found.width, found.height) == (200, 120)


@pytest.mark.parametrize(
    ("body", "size"),
    [
        (b"VP8 " + bytes(4) + b"\x10\x02\x00\x9d\x01\x2a" + struct.pack("<HH", 200, 120), (200, 120)),
        (b"VP8L" + bytes(4) + b"\x2f" + struct.pack("<I", 199 | 119 << 14), (200, 120)),
        (b"VP8X" + bytes(8) + (199).to_bytes(3, "little") + (119).to_bytes(3, "little"), (200, 120)),
    ],
)
def test_sizes_of_webp_are_read_from_its_three_headers(body, size):
    found = read_image(b"RIFF" + bytes(4) + b"WEBP" + body)
    assert (found.width, found.height) == size


@pytest.mark.slow
def test_a_large_picture_within_the_limit_is_scaled(beside):
    side = int(MAX_PIXELS**0.5)
    data, kind = beside(png(side, side))
    assert kind == "image/jpeg"
    assert read_image(data).width == 64


def test_a_folder_that_cannot_be_listed_has_no_cover(copy, tmp_path, monkeypatch):
    path = copy("flac", "sound.flac")

    def refuse(_):
        raise PermissionError

    monkeypatch.setattr(os, "scandir", refuse)
    assert cover_image(path) is None


@pytest.mark.shared
def test_the_bomb_among_tags_has_no_cover_at_once(shared):
    started = time.thread_time()
    assert cover_image(shared / "data/hostile/id3bomb256.mp3", 300) is None
    assert time.thread_time() - started < 0.5


@pytest.mark.shared
@pytest.mark.parametrize("name", ["upper_ext", "upper_name"])
def test_awkward_covers_are_found(name, shared):
    folder = shared / "data/awkward/covers" / name
    (expected,) = [path for path in folder.iterdir() if path.suffix.lower() == ".jpg"]
    assert cover_image(folder / "t.flac") == (expected.read_bytes(), "image/jpeg")
