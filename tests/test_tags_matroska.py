"""Tags and pictures of Matroska files, written here element by element."""

from __future__ import annotations

import time

import pytest

from segue.audio.covers import cover_image
from segue.sources.audio_files import read_tags
from segue.tags import media_type
from segue.track import Tags
from tests.served_home import jpeg


def element(name, data, *, unknown=False):
    size = b"\x01" + b"\xff" * 7 if unknown else (len(data) | 1 << 56).to_bytes(8, "big")
    return bytes.fromhex(name) + size + data


def tag(level, *pairs, targets=b""):
    level = element("68ca", bytes((level,))) if level else b""
    simple = (element("67c8", element("45a3", n.encode()) + element("4487", v.encode())) for n, v in pairs)
    return element("7373", element("63c0", level + targets) + b"".join(simple))


def matroska(*segment, doctype=b"matroska"):
    return element("1a45dfa3", element("4282", doctype)) + element(
        "18538067", b"".join(segment), unknown=True
    )


def tags_element(*tags):
    return element("1254c367", b"".join(tags))


CLUSTER = element("1f43b675", bytes(50))
FAR = element("53ab", b"x") + element("53ac", b"\xff" * 8)
ARTIST = tags_element(tag(0, ("ARTIST", "Kora Bell")))


@pytest.fixture
def told(tmp_path):
    def read(data):
        (tmp_path / "sound.mka").write_bytes(data)
        started = time.thread_time()
        told = read_tags(str(tmp_path / "sound.mka"))
        assert time.thread_time() - started < 1
        return told

    return read


def test_tags_of_the_track_and_of_the_album_are_told_apart(told):
    album = tag(
        50,
        ("TITLE", "Paper Boats"),
        ("ARTIST", "Kora Bell Band"),
        ("PART_NUMBER", "2"),
        ("DATE_RELEASED", "2009"),
    )
    track = tag(
        30, ("TITLE", "Lantern Song"), ("ARTIST", "Kora Bell"), ("ARTIST", "Mia Sol"), ("PART_NUMBER", "3")
    )
    expected = Tags("Lantern Song", "Kora Bell; Mia Sol", "Paper Boats", "Kora Bell Band", None, 2009, 3, 2)
    assert told(matroska(tags_element(album, track), CLUSTER)) == expected


def test_tags_without_a_level_are_of_the_track(told):
    pairs = (
        ("TITLE", "Lantern Song"),
        ("ARTIST", "Kora Bell"),
        ("ALBUM", "Paper Boats"),
        ("GENRE", "Folk"),
        ("GENRE", "Pop"),
    )
    for level in (0, 30, 50):
        expected = Tags("Lantern Song", "Kora Bell", "Paper Boats", genre="Folk; Pop")
        assert told(matroska(tags_element(tag(level, *pairs)))) == expected


def test_tags_of_chapters_are_not_of_the_track(told):
    chapter = tag(30, ("TITLE", "First part"), ("ARTIST", "Nobody"), targets=element("63c4", b"\x07"))
    assert told(matroska(tags_element(chapter, tag(30, ("TITLE", "Whole"))))) == Tags("Whole")


def test_the_title_of_the_whole_counts_where_no_tag_has_one(told):
    info = element("1549a966", element("7ba9", b"Of the whole"))
    assert told(matroska(info, ARTIST)) == Tags("Of the whole", "Kora Bell")


def test_tags_behind_clusters_of_unknown_size_are_found_by_the_index(told):
    clusters = element("1f43b675", bytes(500), unknown=True)

    def index(position):
        return element(
            "114d9b74",
            element(
                "4dbb",
                element("53ab", bytes.fromhex("1254c367")) + element("53ac", position.to_bytes(8, "big")),
            ),
        )

    head = index(0)
    assert told(matroska(index(len(head) + len(clusters)), clusters, ARTIST)) == Tags(artist="Kora Bell")


def test_tags_behind_very_many_clusters_are_found_by_the_index(told):
    clusters = CLUSTER * 20_000
    seek = element("53ab", bytes.fromhex("1254c367")) + element("53ac", bytes(8))
    n = len(element("114d9b74", element("4dbb", seek)))
    seek = element("53ab", bytes.fromhex("1254c367")) + element(
        "53ac", (n + len(clusters)).to_bytes(8, "big")
    )
    assert told(matroska(element("114d9b74", element("4dbb", seek)), clusters, ARTIST)) == Tags(
        artist="Kora Bell"
    )


@pytest.mark.parametrize(
    "data",
    [
        matroska(ARTIST, tags_element(*[tag(0)] * 100_000)),
        matroska(ARTIST, element("114d9b74", element("4dbb", FAR) * 50_000)),
        matroska(ARTIST, element("1941a469", element("61a7", element("465c", bytes(13_000_000))))),
        matroska(ARTIST, bytes(100)),
        matroska(ARTIST) + b"\xff" * 100,
    ],
    ids=["tags", "index", "picture", "zeros", "noise"],
)  # fmt: skip
def test_elements_are_counted_out(data, told):
    assert told(data) == Tags(artist="Kora Bell")


def test_an_attached_picture_is_the_cover(tmp_path):
    def attached(name, kind, data):
        parts = (("466e", name), ("4660", kind), ("465c", data))
        return element("61a7", b"".join(element(i, part) for i, part in parts))

    files = (attached(b"back.jpg", b"image/jpeg", jpeg(90)), attached(b"cover.jpg", b"image/jpeg", jpeg(120)))
    path = tmp_path / "sound.mka"
    path.write_bytes(
        matroska(element("1941a469", attached(b"font.ttf", b"font/ttf", b"x") + b"".join(files)))
    )
    assert cover_image(path) == (jpeg(120), "image/jpeg")


@pytest.mark.parametrize(
    ("doctype", "expected"), [(b"webm", "audio/webm"), (b"matroska", "audio/x-matroska")]
)
def test_webm_and_matroska_are_told_apart(doctype, expected, tmp_path):
    (tmp_path / "sound").write_bytes(matroska(ARTIST, doctype=doctype))
    assert media_type(tmp_path / "sound") == expected
