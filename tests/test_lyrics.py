"""The words of songs: beside a file, in its tags, with times and without."""

from __future__ import annotations

from pathlib import Path

import mutagen
import pytest
from mutagen.id3 import SYLT, USLT

from segue.audio.lyrics import Line, parse_lyrics, read_lyrics
from tests.sounds import FORMATS, melody

LRC = """[ti:Lantern Song]
[offset:+500]
[00:12.50]First line
[01:02.25][00:05.00]Sung twice
"""


def test_lines_of_an_lrc_text_come_in_the_order_of_their_times_as_often_as_they_are_sung():
    assert parse_lyrics(LRC) == (
        Line("Sung twice", 4.5), Line("First line", 12.0), Line("Sung twice", 61.75),
    )  # fmt: skip


def test_plain_words_keep_their_order_and_their_empty_lines_in_between():
    assert parse_lyrics("\n One\n\nTwo\n\n") == (Line("One"), Line(""), Line("Two"))


@pytest.mark.parametrize(
    ("name", "data"),
    [("song.lrc", LRC.encode()), ("song.LRC", LRC.encode("utf-16")), ("song.lrc", LRC.encode("utf-8-sig"))],
)
def test_a_file_beside_the_song_is_read_whatever_its_case_and_encoding(
    tmp_path: Path, name: str, data: bytes
):
    path = FORMATS["flac"].write(tmp_path, melody(1.0), stem="song")
    (tmp_path / name).write_bytes(data)
    found = read_lyrics(path)
    assert found
    assert (found.synced, found.text.splitlines()[1]) == (True, "First line")


@pytest.mark.parametrize("kind", ["flac", "m4a", "opus"])
def test_words_in_tags_are_read(tmp_path: Path, kind: str):
    path = FORMATS[kind].write(tmp_path, melody(1.0), stem="song")
    assert read_lyrics(path) is None
    file = mutagen.File(path)
    file["\xa9lyr" if kind == "m4a" else "lyrics"] = "One\nTwo"
    file.save()
    found = read_lyrics(path)
    assert found
    assert (found.lines, found.synced) == ((Line("One"), Line("Two")), False)


def test_words_of_an_mp3_have_a_language_and_times(tmp_path: Path):
    path = FORMATS["mp3"].write(tmp_path, melody(1.0), stem="song")
    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    file.tags.add(USLT(encoding=3, lang="eng", desc="", text="One\nTwo"))
    file.save()
    found = read_lyrics(path)
    assert found
    assert (found.language, found.text) == ("eng", "One\nTwo")
    file.tags.delall("USLT")
    sung = [("Eins", 500), ("Zwei", 61_250)]
    file.tags.add(SYLT(encoding=3, lang="deu", format=2, type=1, desc="", text=sung))
    file.save()
    found = read_lyrics(path)
    assert found
    assert (found.language, found.lines) == ("deu", (Line("Eins", 0.5), Line("Zwei", 61.25)))


def test_what_is_no_song_has_no_words(tmp_path: Path):
    path = tmp_path / "x.mp3"
    path.write_bytes(b"ID3" + bytes(200))
    assert read_lyrics(path) is None
    assert read_lyrics(tmp_path / "gone.mp3") is None
