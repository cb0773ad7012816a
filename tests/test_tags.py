"""What files of every kind say of themselves, whatever their names end with."""

from __future__ import annotations

import struct

import mutagen
import numpy as np
import pytest
from mutagen.apev2 import APEv2
from mutagen.asf import ASF
from mutagen.dsf import DSF
from mutagen.flac import FLAC
from mutagen.id3 import ID3, TCON, TIT2, TPE1, TXXX
from mutagen.mp4 import MP4
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE

from segue import tags
from segue.sources.audio_files import read_tags
from segue.tags import media_type
from segue.track import Tags
from tests.sounds import FORMATS

TOLD = Tags("Größe ☂ 雨", "Björk & Σωκράτης", "Альбом", None, "Trip-Hop", 2004, 3, None)
FFMPEG_NAMES = {"title": "Größe ☂ 雨", "artist": "Björk & Σωκράτης", "album": "Альбом", "genre": "Trip-Hop"}
FFMPEG_NAMES |= {"date": "2004-05-17", "track": "3/12"}


def remux(source, path, container, metadata):
    """The packets of a file in another container, with tags as FFmpeg writes them."""
    import av

    with av.open(str(source)) as given, av.open(str(path), "w", format=container) as out:
        out.metadata.update(metadata)
        stream = given.streams.audio[0]
        to = out.add_stream_from_template(stream)
        for packet in given.demux(stream):
            if packet.dts is not None:
                packet.stream = to
                out.mux(packet)
    return path


@pytest.mark.parametrize(
    ("format_", "container", "ending"),
    [
        ("opus", "matroska", "mka"),
        ("opus", "webm", "webm"),
        ("alac", "caf", "caf"),
        ("wav16", "caf", "caf"),
        ("mp3", "nut", "nut"),
        ("mp3", "mp3", "mp3"),
        ("flac", "ogg", "oga"),
        ("m4a", "mp4", "mp4"),
        ("m4a", "mov", "mov"),
        ("wavpack", "wv", "wv"),
        ("wma", "asf", "wma"),
    ],
)
def test_tags_that_ffmpeg_writes_are_read(format_, container, ending, sounds, tmp_path):
    path = remux(sounds(format_), tmp_path / f"sound.{ending}", container, FFMPEG_NAMES)
    told = read_tags(str(path))
    assert (told.title, told.artist, told.album) == (TOLD.title, TOLD.artist, TOLD.album)


def test_the_info_list_of_a_wav_is_read_in_utf_8_and_in_windows_letters(sounds, tmp_path):
    for encoding, title in (("utf-8", "Größe ☂ 雨"), ("cp1252", "L’été – fini")):
        fields = {
            b"INAM": title.encode(encoding),
            b"IART": b"Lena Ost",
            b"ICRD": b"2011-01-01",
            b"ITRK": b"5",
        }
        info = b"INFO" + b"".join(
            name + struct.pack("<I", len(text) + 1) + text + b"\0" * (2 - len(text) % 2)
            for name, text in fields.items()
        )
        data = sounds("wav16").read_bytes() + b"LIST" + struct.pack("<I", len(info)) + info
        path = tmp_path / "info.wav"
        path.write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])
        assert read_tags(str(path)) == Tags(title, "Lena Ost", year=2011, track_number=5)


def test_every_info_list_of_a_wav_counts(copy):
    path = copy("wav16", "info.wav")
    data = path.read_bytes()
    for name, text in ((b"ISFT", b"Lavf59.27\0"), (b"INAM", b"Wire\0\0"), (b"IART", b"Lena Ost\0\0")):
        data += (
            b"LIST" + struct.pack("<I", 12 + len(text)) + b"INFO" + name + struct.pack("<I", len(text)) + text
        )
    path.write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])
    assert read_tags(str(path)) == Tags("Wire", "Lena Ost")


def test_the_tag_of_a_wav_comes_before_its_info_list(copy):
    path = copy("wav16", "both.wav")
    with path.open("r+b") as f:
        data = f.read()
        f.write(b"LIST" + struct.pack("<I", 18) + b"INFOINAM" + struct.pack("<I", 6) + b"Trunc\0")
        f.seek(4)
        f.write(struct.pack("<I", len(data) + 18))
    file = WAVE(path)
    file.add_tags()
    file.tags.add(TIT2(encoding=3, text="Truncated no more"))
    file.save()
    assert read_tags(str(path)).title == "Truncated no more"


@pytest.mark.parametrize("name", ["mp3", "aac", "wavpack", "ac3"])
def test_apev2_alone_at_a_files_end_is_read(name, copy):
    path = copy(name, f"ape.{FORMATS[name].ending}")
    tag = APEv2()
    tag["Title"], tag["Artist"], tag["Album"] = "Stone Garden", ["Rui Fell", "Mia Sol"], "Moss"
    tag["Album Artist"], tag["Track"], tag["Disc"], tag["Year"] = "Rui Fell Trio", "3/9", "1/2", "2003"
    tag.save(path)
    expected = Tags("Stone Garden", "Rui Fell; Mia Sol", "Moss", "Rui Fell Trio", None, 2003, 3, 1)
    assert read_tags(str(path)) == expected


def test_apev2_is_found_before_an_old_tag_and_before_lyrics(copy):
    path = copy("mp3", "lyrics.mp3")
    tag = APEv2()
    tag["Title"] = "A title of more than thirty letters, as APEv2 has it"
    tag.save(path)
    lyrics = b"LYRICSBEGININD0000200"
    with path.open("ab") as f:
        f.write(lyrics + f"{len(lyrics):06}".encode() + b"LYRICS200")
        f.write(b"TAG" + b"A title of more than thirty le" + b"Old artist".ljust(30, b"\0") + b"\0" * 65)
    told = read_tags(str(path))
    assert told.title == "A title of more than thirty letters, as APEv2 has it"
    assert told.artist == "Old artist"


@pytest.mark.parametrize("name", ["mp3", "aac", "flac", "wavpack", "ac3"])
def test_id3_before_any_stream_is_read(name, copy):
    path = copy(name, f"id3.{FORMATS[name].ending}")
    tags = ID3()
    tags.add(TIT2(encoding=1, text="Größe ☂ 雨"))
    tags.add(TPE1(encoding=2, text="Kora Bell"))
    tags.save(path, v1=0)
    assert read_tags(str(path)) == Tags("Größe ☂ 雨", "Kora Bell")


def test_the_texts_of_an_aiff_are_read(copy):
    path = copy("aiff", "texts.aiff")
    data = (
        path.read_bytes()
        + b"NAME"
        + struct.pack(">I", 5)
        + b"Title\0"
        + b"AUTH"
        + struct.pack(">I", 4)
        + b"Kora"
    )
    path.write_bytes(data[:4] + struct.pack(">I", len(data) - 8) + data[8:])
    assert read_tags(str(path)) == Tags("Title", "Kora")


def test_a_dsf_points_at_its_tag(tmp_path):
    head = struct.pack("<4sQQQ", b"DSD ", 28, 28 + 52 + 12, 0)
    sound = struct.pack("<4sQIIIIIIQII", b"fmt ", 52, 1, 0, 2, 2, 2_822_400, 1, 0, 4096, 0)
    path = tmp_path / "sound.dsf"
    path.write_bytes(head + sound + struct.pack("<4sQ", b"data", 12))
    file = DSF(path)
    file.add_tags()
    file.tags.add(TIT2(encoding=3, text="One bit"))
    file.save()
    assert read_tags(str(path)).title == "One bit"


@pytest.mark.parametrize("version", [3, 4])
def test_zeros_between_a_tag_and_a_flac_hide_neither(version, copy):
    path = copy("flac", "zeros.flac")
    FLAC(path).save()
    file = FLAC(path)
    file["title"] = "From the comment"
    file.save()
    tags = ID3()
    tags.add(TPE1(encoding=1, text="From the tag"))
    tags.save(path.with_suffix(".id3"), v2_version=version)
    path.write_bytes(path.with_suffix(".id3").read_bytes() + bytes(512) + path.read_bytes())
    assert read_tags(str(path)) == Tags("From the comment", "From the tag")


@pytest.mark.parametrize(
    ("format_", "name", "media"),
    [
        ("mp3", "song.flac", "audio/mpeg"),
        ("ogg", "song.wav", "audio/ogg"),
        ("flac", "song.mp3", "audio/flac"),
        ("m4a", "song.mp3", "audio/mp4"),
        ("wma", "song.mp3", "audio/x-ms-wma"),
        ("wav16", "song.ogg", "audio/wav"),
        ("opus", "song.m4a", "audio/ogg"),
        ("webm", "song.mp3", "audio/webm"),
        ("aac", "song.mp3", "audio/aac"),
        ("aiff", "song.wav", "audio/aiff"),
    ],
)
def test_the_content_counts_and_not_the_ending(format_, name, media, copy, sounds):
    path = copy(format_, name)
    assert media_type(path) == media_type(sounds(format_)) == media
    kinds = {"mp3": ID3, "ogg": OggVorbis, "flac": FLAC, "m4a": MP4, "wma": ASF, "opus": OggOpus}
    if format_ in kinds:
        with path.open("r+b") as f:
            file = kinds[format_](f) if format_ != "mp3" else ID3()
            if format_ == "mp3":
                file.add(TIT2(encoding=3, text="By content"))
            else:
                file["\xa9nam" if format_ == "m4a" else "Title"] = ["By content"]
            f.seek(0)
            file.save(f)
        assert read_tags(str(path)).title == "By content"


# Several values


def _comments(kind):
    def tag(path):
        file = kind(path)
        file["artist"], file["genre"] = ["Ada Quill", "Bruno Vane", "Ada Quill"], ["Folk", "Chamber Pop"]
        file.save()

    return tag


def _frames(version):
    def tag(path):
        tags = ID3()
        tags.add(TPE1(encoding=3, text=["Ada Quill", "Bruno Vane"]))
        tags.add(TCON(encoding=3, text=["Folk", "Chamber Pop"]))
        tags.save(path, v2_version=version, v23_sep=None)

    return tag


def _items(path):
    tag = APEv2()
    tag["Artist"], tag["Genre"] = ["Ada Quill", "Bruno Vane"], ["Folk", "Chamber Pop"]
    tag.save(path)


def _atoms(path):
    file = MP4(path)
    file["\xa9ART"], file["\xa9gen"] = ["Ada Quill", "Bruno Vane"], ["Folk", "Chamber Pop"]
    file.save()


def _objects(path):
    file = ASF(path)
    file["Author"], file["WM/Genre"] = ["Ada Quill", "Bruno Vane"], ["Folk", "Chamber Pop"]
    file.save()


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("flac", _comments(FLAC)),
        ("ogg", _comments(OggVorbis)),
        ("opus", _comments(OggOpus)),
        ("mp3", _frames(4)),
        ("mp3", _frames(3)),
        ("mp3", _items),
        ("wavpack", _items),
        ("m4a", _atoms),
        ("wma", _objects),
    ],
)
def test_several_artists_and_genres_are_all_kept(name, tag, copy):
    path = copy(name, f"several.{FORMATS[name].ending}")
    tag(path)
    told = read_tags(str(path))
    assert (told.artist, told.genre) == ("Ada Quill; Bruno Vane", "Folk; Chamber Pop")


@pytest.mark.parametrize(
    ("name", "artist", "title"),
    [("flac", "artist", "title"), ("ogg", "artist", "title"), ("m4a", "\xa9ART", "\xa9nam")],
)
def test_nuls_part_artists_and_end_no_title_in_every_format(name, artist, title, copy):
    path = copy(name, f"nuls.{FORMATS[name].ending}")
    file = mutagen.File(path)
    file[artist], file[title] = "Ada Quill\0Bruno Vane\0", "Night\0 Train\0"
    file.save()
    told = read_tags(str(path))
    assert (told.artist, told.title) == ("Ada Quill; Bruno Vane", "Night  Train")


def test_one_artist_with_a_slash_stays_one(copy):
    path = copy("mp3", "slash.mp3")
    tags = ID3()
    tags.add(TPE1(encoding=3, text="AC/DC"))
    tags.save(path, v2_version=3)
    assert read_tags(str(path)).artist == "AC/DC"


@pytest.mark.parametrize("name", ["mp3", "flac", "m4a"])
def test_artists_that_are_listed_apart_are_kept_apart(name, copy):
    path = copy(name, f"listed.{FORMATS[name].ending}")
    if name == "mp3":
        file = ID3()
        file.add(TPE1(encoding=3, text="Ada Quill feat. Bruno Vane"))
        file.add(TXXX(encoding=3, desc="ARTISTS", text=["Ada Quill", "Bruno Vane"]))
        file.save(path)
    elif name == "flac":
        file = FLAC(path)
        file["artist"], file["artists"] = "Ada Quill feat. Bruno Vane", ["Ada Quill", "Bruno Vane"]
        file.save()
    else:
        file = MP4(path)
        file["\xa9ART"] = "Ada Quill feat. Bruno Vane"
        file["----:com.apple.iTunes:ARTISTS"] = [b"Ada Quill", b"Bruno Vane"]
        file.save()
    assert read_tags(str(path)).artist == "Ada Quill; Bruno Vane"


@pytest.mark.parametrize(
    ("text", "genre"),
    [
        ("(17)", "Rock"),
        ("17", "Rock"),
        ("(4)Eurodisco", "Disco; Eurodisco"),
        ("(51)(39)", "Techno-Industrial; Noise"),
        ("((I can name it", "(I can name it"),
        ("(RX)", "Remix"),
        ("(999)", "999"),
    ],
)
def test_id3s_numbers_of_genres_are_spelled_out(text, genre, copy):
    path = copy("mp3", "genre.mp3")
    frame = text.encode()
    body = b"TCON" + struct.pack(">I", len(frame) + 1) + b"\0\0\0" + frame
    path.write_bytes(b"ID3\x03\0\0" + bytes((0, 0, 0, len(body))) + body + path.read_bytes())
    assert read_tags(str(path)).genre == genre


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("apev2/ape_in.mp3", Tags("Stone Garden", "Rui Fell", "Moss", "Rui Fell Trio", "Jazz", 2003, 3, 1)),
        ("apev2/song.wv", Tags("Quiet Mill", "Rui Fell; Mia Sol", "Moss", "Rui Fell Trio", None, 2003, 4, 2)),
        ("riff_info/info.wav", Tags("Copper Rain", "Lena Ost", "Wire", year=2011, track_number=5)),
        ("wrong_ending/ogg_named.wav", Tags("ogg_named.wav", "Wren")),
        ("mojibake/utf8_in_latin1.mp3", Tags("Je čas metat kamení", "Žofie Křížová")),
        ("mojibake/real_latin1.mp3", Tags("Café Müller", "Åse Ødegård")),
        ("years/0000.flac", Tags("Year 0000")),
        ("multi_artist/a.flac", Tags("Harbour Duet", "Ada Quill; Bruno Vane", genre="Folk; Chamber Pop")),
    ],
)
def test_awkward_files_say_what_is_right(name, expected, shared):
    assert read_tags(str(shared / "data/awkward" / name)) == expected


@pytest.mark.shared
@pytest.mark.parametrize("ending", ["mka", "webm"])
def test_matroska_says_what_ffmpeg_sees(ending, shared):
    told = read_tags(str(shared / f"data/awkward/other_containers/lantern.{ending}"))
    assert told == Tags("Lantern Song", "Kora Bell", "Paper Boats", "Kora Bell Band", "Folk", 2009, 3)


def test_noise_is_no_tag(tmp_path):
    rng = np.random.default_rng(1)
    for i in range(200):
        data = bytearray(rng.bytes(2_000))
        magic = [
            b"ID3\x04\0\0\0\0\x0f\0",
            b"fLaC",
            b"OggS",
            b"RIFF\0\0\0\0WAVE",
            b"FORM\0\0\0\0AIFF",
            b"DSD ",
        ][i % 6]
        data[: len(magic)] = magic
        (tmp_path / "noise").write_bytes(bytes(data))
        told = tags.tags_of(tags.read_block(tmp_path / "noise")[0])
        assert (told.title, told.artist, told.album) == (None, None, None)


@pytest.mark.parametrize("name", ["mp3", "flac", "ogg", "wav16", "aiff", "m4a", "wma", "wavpack"])
def test_mutated_tags_raise_nothing(name, sounds, tmp_path):
    path = remux(sounds(name), tmp_path / f"tagged.{FORMATS[name].ending}", None, FFMPEG_NAMES)
    whole, rng = path.read_bytes(), np.random.default_rng(7)
    whole = whole[:20_000] + whole[-20_000:]
    for _ in range(150):
        data = bytearray(whole)
        for at in rng.integers(0, min(len(data), 2_000), 8):
            end = int(at) if rng.random() < 0.7 else len(data) - 1 - int(at) % 300
            data[end : end + 4] = rng.choice([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", rng.bytes(4)])
        path.write_bytes(bytes(data))
        told = tags.tags_of(tags.read_block(path)[0])
        assert all(text is None or text == text.strip() for text in (told.title, told.artist, told.album))
