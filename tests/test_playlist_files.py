"""Playlists by length, and as files that other players open."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit
from xml.etree import ElementTree

import pytest

from segue.errors import UsageError
from segue.export.playlist_files import write_playlist
from segue.library import Library
from segue.track import Tags, Track
from tests.sounds import clip

NAMESPACE = {"x": "http://xspf.org/ns/0/"}


def a_track(path: str, **tags: object) -> Track:
    return Track(path, path, Tags(**tags), 61.5, 44_100, 2, "wav", 1000, "hash", 0.0)


@pytest.fixture
def tracks(tmp_path: Path) -> list[Track]:
    """One with awkward names, and one whose file is gone."""
    path = tmp_path / "music" / "Fell & Söhne" / "50% <off> #1?.wav"
    path.parent.mkdir(parents=True)
    clip(path, 400)
    named = a_track(str(path), title="Rain & <Snow>\x00", artist="Fell\nSöhne", album="B", track_number=3)
    return [named, a_track(str(tmp_path / "gone.wav"), title="Gone")]


def test_xspf_names_each_file_by_its_address(tracks: list[Track], tmp_path: Path):
    written = write_playlist(tmp_path / "mine.xspf", tracks)
    assert (written.n, [track.title for track in written.not_there]) == (1, ["Gone"])
    root = ElementTree.parse(tmp_path / "mine.xspf").getroot()
    assert root.tag == "{http://xspf.org/ns/0/}playlist"
    assert root.get("version") == "1"
    listed = root.findall("x:trackList/x:track", NAMESPACE)
    assert len(listed) == 1
    facts = {element.tag.split("}")[1]: element.text for element in listed[0]}
    location = urlsplit(facts.pop("location"))
    assert location.scheme == "file"
    assert Path(os.fsdecode(unquote_to_bytes(location.path))).samefile(tracks[0].path)
    assert facts == {
        "title": "Rain & <Snow>", "creator": "Fell Söhne", "album": "B", "trackNum": "3", "duration": "61500",
    }  # fmt: skip


def test_jspf_says_the_same_as_xspf(tracks: list[Track], tmp_path: Path):
    write_playlist(tmp_path / "mine.jspf", tracks)
    playlist = json.loads((tmp_path / "mine.jspf").read_text("utf-8"))["playlist"]
    assert (playlist["title"], len(playlist["track"])) == ("mine", 1)
    (track,) = playlist["track"]
    assert track["location"][0].startswith("file:///")
    assert (track["title"], track["creator"], track["duration"]) == ("Rain & <Snow>", "Fell Söhne", 61_500)


@pytest.mark.skipif(os.name == "nt", reason="names on Windows are text")
def test_names_that_are_no_text_are_found_by_their_address(tmp_path: Path):
    path = clip(tmp_path / "cafe.wav", 400).rename(tmp_path / os.fsdecode(b"caf\xe9.wav"))
    write_playlist(tmp_path / "mine.xspf", [a_track(str(path))])
    location = ElementTree.parse(tmp_path / "mine.xspf").findtext(".//x:location", None, NAMESPACE)
    assert location
    assert os.fsdecode(unquote_to_bytes(urlsplit(location).path)) == str(path)


def test_m3u_leaves_out_what_is_not_there_and_says_so(tracks: list[Track], tmp_path: Path):
    written = write_playlist(tmp_path / "music" / "mine.m3u8", tracks)
    lines = (tmp_path / "music" / "mine.m3u8").read_text("utf-8").splitlines()
    assert lines[2:] == ["Fell & Söhne/50% <off> #1?.wav"]
    assert [track.title for track in written.not_there] == ["Gone"]


@pytest.mark.parametrize("other", [False, True], ids=["alone", "beside a file of the same name"])
def test_m3u_leads_to_its_files_from_a_folder_behind_a_link(
    tracks: list[Track], tmp_path: Path, *, other: bool
):
    disk, link = tmp_path / "disk" / "a" / "playlists", tmp_path / "playlists"
    disk.mkdir(parents=True)
    link.symlink_to(disk)
    if other:
        wrong = disk.parent / Path(tracks[0].path).relative_to(tmp_path)
        wrong.parent.mkdir(parents=True)
        clip(wrong, 500)
    write_playlist(link / "mine.m3u8", tracks)
    place = (link / "mine.m3u8").read_text("utf-8").splitlines()[2]
    assert not Path(place).is_absolute()
    assert Path(link, place).samefile(tracks[0].path)


def test_m3u_within_a_music_folder_behind_a_link_can_move_with_it(tracks: list[Track], tmp_path: Path):
    link = tmp_path / "my music"
    link.symlink_to(tmp_path / "music")
    path = link / Path(tracks[0].path).relative_to(tmp_path / "music")
    (link / "lists").mkdir()
    write_playlist(link / "lists" / "mine.m3u8", [a_track(str(path))])
    assert (link / "lists" / "mine.m3u8").read_text("utf-8").splitlines()[2] == f"../{path.relative_to(link)}"


def test_a_playlist_of_nothing_that_is_there_is_refused(tracks: list[Track], tmp_path: Path):
    with pytest.raises(UsageError, match="none of 1 file is there"):
        write_playlist(tmp_path / "mine.m3u8", tracks[1:])
    assert not (tmp_path / "mine.m3u8").exists()


@pytest.fixture
def library(tmp_path: Path):
    (tmp_path / "music").mkdir()
    for i in range(24):
        clip(tmp_path / "music" / f"{i}.wav", 200 + 50 * i, duration_s=1 + i % 5)
    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(tmp_path / "music")
        library.settings.change(shortest_s=0)
        yield library


@pytest.mark.parametrize("minutes", [0.1, 0.25, 0.5])
def test_playlists_and_radios_come_near_to_their_length(library: Library, minutes: float):
    radios = [library.radio("3", minutes=minutes) for _ in range(10)]  # each by another chance
    for made in (library.playlist("3", minutes=minutes), *radios):
        assert abs(made.duration_s - 60 * minutes) <= 3, "half of the longest track, and one more"
        assert made.shortfall is None
    with pytest.raises(UsageError, match="expected more than 0"):
        library.playlist("3", minutes=0)


def test_a_library_that_is_too_short_gives_all_and_says_so(library: Library):
    made = library.playlist("3", minutes=30)
    assert len(made) == 23
    assert made.shortfall


def test_the_commands_tell_the_length_and_write_any_format(segue, library: Library, tmp_path: Path):
    where = ("-l", library.path)
    code, out, err = segue(*where, "playlist", "3", "--minutes", "0.5", "-o", tmp_path / "a.xspf")
    assert code == 0
    n = out.count("\n") - 1
    assert f"{n} tracks, 0:" in err
    assert len(ElementTree.parse(tmp_path / "a.xspf").findall(".//x:track", NAMESPACE)) == n
    code, out, err = segue(*where, "playlist", "3", "--minutes", "1", "-k", "3")
    assert (code, out) == (2, "")
    assert "choose one of --k and --minutes" in err
    (tmp_path / "music" / "4.wav").rename(tmp_path / "elsewhere.wav")
    code, _, err = segue(*where, "radio", "3", "-k", "23", "--m3u", tmp_path / "a.m3u")
    assert code == 0
    assert "their files are not there: 1 of 23 tracks" in err
    assert (tmp_path / "a.m3u").read_text().count("#EXTINF") == 22


@pytest.mark.parametrize(
    ("name", "why"), [("nowhere/a.m3u8", "there is no folder"), ("a.pls", "expected one that ends with")]
)
def test_a_playlist_that_cannot_be_written_is_refused_before_the_answer(
    segue, library: Library, tmp_path: Path, name: str, why: str
):
    code, out, err = segue("-l", library.path, "similar", "3", "--m3u", tmp_path / name)
    assert (code, out) == (2, "")
    assert why in err
