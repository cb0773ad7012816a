"""What leads astray, is no plain file, is closed or is gone fails alone, and a scan says how it went."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from segue import audio
from segue.errors import AudioError
from segue.library import Library
from segue.progress import Silent
from tests.bad_files import outcomes, posix_only
from tests.sounds import call, clip, melody, write


@pytest.fixture
def music(tmp_path):
    """A folder with one good file."""
    (tmp_path / "music").mkdir()
    clip(tmp_path / "music" / "good.wav", 440)
    return tmp_path / "music"


# Files that name others


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n#EXTINF:3.0,\n{}\n#EXT-X-ENDLIST\n",
    "m3u": "#EXTM3U\n#EXTINF:3,A track\n{}\n",
    "ffconcat": "ffconcat version 1.0\nfile '{}'\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT3S"><Period><AdaptationSet mimeType="audio/wav"><Representation id="1" '
    'bandwidth="9000"><BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>',
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"
    "a=control:{}\n",
    "pls": "[playlist]\nNumberOfEntries=1\nFile1={}\n",
    "asx": '<ASX version="3.0"><Entry><Ref href="{}"/></Entry></ASX>',
}


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["mp3", "m4a", "aac"])
def test_playlists_renamed_to_music_open_no_other_file(ending, music, library_path, tmp_path):
    other = write(tmp_path / "other.wav", melody(3))
    for kind, text in PLAYLISTS.items():
        (music / f"{kind} path.{ending}").write_text(text.format(other))
        (music / f"{kind} uri.{ending}").write_text(text.format(other.as_uri()))
    _, found = call(outcomes, music, library_path)
    assert isinstance(found.pop("good.wav"), dict)
    assert len(found) == 2 * len(PLAYLISTS)
    for kind, reason in found.values():
        assert kind == "not audio"
        assert "decoder" in reason


@pytest.mark.slow
def test_playlists_renamed_to_music_ask_no_server(music, library_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/song.wav"
        for kind, text in PLAYLISTS.items():
            (music / f"{kind}.mp3").write_text(text.format(address))
        code, found = call(outcomes, music, library_path)
        assert code == 1
        assert len(found) == 1 + len(PLAYLISTS)
        with pytest.raises(BlockingIOError):
            server.accept()


# Links and other things that are no plain files


@posix_only
def test_a_link_to_the_folder_above_causes_no_endless_loop(music, library_path):
    (music / "deep").mkdir()
    clip(music / "deep" / "below.wav", 300)
    (music / "deep" / "up").symlink_to(music)
    (music / "deep" / "self").symlink_to("self")
    code, found = outcomes(music, library_path)
    assert (code, sorted(found)) == (0, ["below.wav", "good.wav"])
    with Library.open(library_path) as library:
        assert len(library) == 2


@posix_only
def test_a_link_to_a_folder_is_followed_and_each_folder_taken_once(music, library_path, tmp_path):
    clips_elsewhere = tmp_path / "elsewhere"
    clips_elsewhere.mkdir()
    clip(clips_elsewhere / "far.wav", 900)
    (music / "link").symlink_to(clips_elsewhere)
    (music / "another").symlink_to(clips_elsewhere)
    assert outcomes(music, library_path)[0] == 0
    with Library.open(library_path) as library:
        assert sorted(Path(track.path).name for track in library) == ["far.wav", "good.wav"]
        again = library.scan(music)
        assert (again.added, again.unchanged, again.newly_missing) == (0, 2, 0)


@posix_only
def test_links_that_lead_nowhere_or_to_themselves_fail_alone(music, library_path):
    (music / "gone.wav").symlink_to(music / "no such file")
    (music / "ring.wav").symlink_to(music / "ring.wav")
    code, found = outcomes(music, library_path)
    assert code == 1
    assert found["gone.wav"] == ("unreadable", "cannot be opened: No such file or directory")
    assert found["ring.wav"][0] == "unreadable"
    assert "symbolic links" in found["ring.wav"][1]


@posix_only
@pytest.mark.parametrize("kind", ["pipe", "socket", "endless device"])
def test_a_pipe_or_device_fails_without_blocking(kind, music, library_path, monkeypatch):
    path = music / "special.wav"
    with socket.socket(socket.AF_UNIX) as listening:
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "socket":
            monkeypatch.chdir(music)  # the whole path would be too long for a socket's name
            listening.bind("special.wav")
        else:
            path.symlink_to("/dev/zero")
        code, found = call(outcomes, music, library_path)
    assert code == 1
    assert found["special.wav"][0] == "unreadable"
    assert isinstance(found["good.wav"], dict)


def load_error(path):
    with pytest.raises(AudioError) as caught:
        audio.load(path)
    return type(caught.value).__name__


@posix_only
def test_a_pipe_cannot_be_decoded(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    assert call(load_error, tmp_path / "pipe.wav") == "UnreadableError"


class Remover(Silent):
    """Takes a file away as soon as the scan comes to it."""

    def __init__(self, path):
        self._path = path

    def note(self, text):
        if text == self._path.name:
            self._path.unlink()


def test_a_file_that_vanishes_after_the_walk_fails_alone(music, library_path):
    gone = clip(music / "gone.wav", 800)
    with Library.open(library_path, create=True) as library:
        report = library.scan(music, progress=Remover(gone))
        assert (report.added, report.exit_code) == (1, 1)
        (failure,) = library.failures()
        assert (failure.path, failure.kind) == (str(gone), "unreadable")
        assert "No such file" in failure.reason
        assert library.scan(music).exit_code == 0
        assert library.failures() == []


# Rights


@posix_only
def test_unreadable_files_and_folders_fail_alone_and_are_tried_again(music, library_path):
    (music / "closed").mkdir()
    hidden = clip(music / "closed" / "hidden.wav", 600)
    locked = clip(music / "locked.wav", 650)
    locked.chmod(0)
    (music / "closed").chmod(0)
    try:
        code, found = call(outcomes, music, library_path, False)
    finally:
        locked.chmod(0o644)
        (music / "closed").chmod(0o755)
    assert code == 1
    assert isinstance(found["good.wav"], dict)
    for name in ("locked.wav", "closed"):
        kind, reason = found[name]
        assert kind == "unreadable"
        assert "Permission denied" in reason
    code, found = outcomes(music, library_path)
    assert (code, sorted(found)) == (0, ["good.wav", hidden.name, locked.name])


@posix_only
def test_tracks_of_a_folder_that_cannot_be_read_for_once_are_not_missing(music, library_path):
    (music / "closed").mkdir()
    clip(music / "closed" / "hidden.wav", 600)
    outcomes(music, library_path)
    (music / "closed").chmod(0)
    try:
        call(outcomes, music, library_path, False)
    finally:
        (music / "closed").chmod(0o755)
    with Library.open(library_path) as library:
        assert [track.missing_since for track in library] == [None, None]


# What a scan that fails says


def test_a_scan_without_a_single_usable_file_worked_not_at_all(tmp_path, library_path):
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "text.mp3").write_text("text")
    with Library.open(library_path, create=True) as library:
        assert library.scan(tmp_path / "music").exit_code == 2
        again = library.scan(tmp_path / "music")
        assert (again.still_failing, again.exit_code) == (1, 0)
        assert library.scan(tmp_path / "music", retry=True).failed == 1


def test_a_mended_file_is_a_failure_no_more(music, library_path):
    bad = music / "text.wav"
    bad.write_text("text")
    with Library.open(library_path, create=True) as library:
        assert library.scan(music).exit_code == 1
        clip(bad, 1000)
        report = library.scan(music)
        assert (report.added, report.unchanged, report.exit_code) == (1, 1, 0)
        assert library.failures() == []
