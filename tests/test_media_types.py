"""Files are sent as what they are, whatever their names end with."""

from __future__ import annotations

import pytest

from segue.serve.http.media_types import is_playable, listed_type, media_type
from tests.sounds import FORMATS


@pytest.mark.parametrize(
    ("format_", "name", "expected", "played"),
    [
        ("ogg", "song.wav", "audio/ogg", True),
        ("mp3", "song.flac", "audio/mpeg", True),
        ("opus", "song", "audio/ogg", True),
        ("m4a", "song.m4b", "audio/mp4", True),
        ("alac", "song.m4a", "audio/mp4", False),
        ("wma", "song.mp3", "audio/x-ms-wma", False),
        ("ac3", "song.mp3", "application/octet-stream", False),
        ("aiff", "song.wav", "audio/aiff", False),
    ],
)
def test_the_content_says_the_type_and_whether_browsers_play_it(format_, name, expected, played, copy):
    path = copy(format_, name)
    assert media_type(path) == expected
    assert is_playable(path, FORMATS[format_].codec) is played


def test_a_file_that_is_gone_is_of_no_known_type(tmp_path):
    assert media_type(tmp_path / "gone.mp3") == "application/octet-stream"


@pytest.mark.parametrize(
    ("path", "codec", "expected"),
    [
        ("a/song.ogg", "vorbis", ("audio/ogg", "ogg")),
        ("a/song.wav", "vorbis", ("audio/ogg", "ogg")),
        ("a/song.FLAC", "mp3", ("audio/mpeg", "mp3")),
        ("a/song.oga", "flac", ("audio/ogg", "oga")),
        ("a/song.webm", "opus", ("audio/webm", "webm")),
        ("a/song", "flac", ("audio/flac", "flac")),
        ("a/song.wma", "wmav2", ("audio/x-ms-wma", "wma")),
        ("a/song.xyz", "ac3", ("application/octet-stream", "xyz")),
    ],
)
def test_lists_tell_the_type_that_goes_with_the_codec(path, codec, expected):
    assert listed_type(path, codec) == expected
