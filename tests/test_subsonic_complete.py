"""OpenSubsonic: required fields of every type, and no errors for what players ask of any service."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from tests.conftest import write_music
from tests.serve_process import serving
from tests.test_subsonic import DENIED, Player

ROLES = (
    "adminRole commentRole coverArtRole downloadRole jukeboxRole playlistRole podcastRole settingsRole "
    "shareRole streamRole uploadRole videoConversionRole"
).split()
CHILD = ("id", "isDir", "title")
PLAYLIST = ("id", "name", "songCount", "duration", "created", "changed")
ALBUM = ("id", "name", "songCount", "duration", "created")
# By the keys that lead to a value of an answer: the fields that OpenSubsonic's schema requires of it.
REQUIRED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "getLicense": (("license",), ("valid",)),
    "getMusicFolders": (("musicFolders", "musicFolder"), ("id",)),
    "getIndexes": (("indexes",), ("ignoredArticles", "lastModified")),
    "getArtists": (("artists",), ("ignoredArticles",)),
    "getArtist": (("artist",), ("id", "name")),
    "getAlbum": (("album",), ALBUM),
    "getSong": (("song",), CHILD),
    "getMusicDirectory": (("directory",), ("id", "name")),
    "getGenres": (("genres", "genre"), ("value", "songCount", "albumCount")),
    "getAlbumList2": (("albumList2", "album"), ALBUM),
    "getRandomSongs": (("randomSongs", "song"), CHILD),
    "getPlaylists": (
        ("playlists", "playlist"),
        ("id", "name", "songCount", "duration", "created", "changed"),
    ),
    "getUser": (("user",), ("username", "scrobblingEnabled", *ROLES)),
    "getUsers": (("users", "user"), ("username", "scrobblingEnabled", *ROLES)),
    "getScanStatus": (("scanStatus",), ("scanning",)),
    "getNowPlaying": (("nowPlaying", "entry"), (*CHILD, "username", "minutesAgo", "playerId")),
    "getLyrics": (("lyrics",), ("value",)),
    "getLyricsBySongId": (("lyricsList", "structuredLyrics"), ("lang", "synced", "line")),
    "getOpenSubsonicExtensions": (("openSubsonicExtensions",), ("name", "versions")),
    "tokenInfo": (("tokenInfo",), ("username",)),
    "getArtistInfo2": (("artistInfo2", "similarArtist"), ("id", "name")),
}
EMPTY = """
    getShares getVideos getChatMessages getNewestPodcasts getPodcasts getInternetRadioStations
    getAlbumInfo getAlbumInfo2 getStarred getStarred2
""".split()


@pytest.fixture(scope="module")
def player(tmp_path_factory: pytest.TempPathFactory, scanned: Path) -> Iterator[Player]:
    root = tmp_path_factory.mktemp("complete") / "library"
    shutil.copytree(scanned, root)
    with serving("-l", root, "serve", "--no-open", "--port", 0, "--password", "sesame") as server:
        yield Player(server)


@pytest.fixture(scope="module")
def parameters(player: Player) -> dict[str, dict[str, Any]]:
    song = player.ask("search3", query="Low number 0")["searchResult3"]["song"][0]
    player.ask("createPlaylist", name="Mine", songId=song["id"])
    player.ask("scrobble", id=song["id"], submission="false")
    return {
        "getArtist": {"id": song["artistId"]}, "getAlbum": {"id": song["albumId"]},
        "getSong": {"id": song["id"]}, "getMusicDirectory": {"id": song["albumId"]},
        "getAlbumList2": {"type": "newest"}, "getLyrics": {"artist": "The Lows", "title": "Low number 0"},
        "getLyricsBySongId": {"id": song["id"]}, "getArtistInfo2": {"id": song["artistId"]},
    }  # fmt: skip


@pytest.mark.parametrize("method", REQUIRED)
def test_every_type_has_its_required_fields(
    player: Player, parameters: dict[str, dict[str, Any]], method: str
):
    path, fields = REQUIRED[method]
    found: Any = player.ask(method, **parameters.get(method, {}))
    for name in path:
        found = found[name]
    values = found if isinstance(found, list) else [found]
    assert values or method == "getLyricsBySongId"
    for value in values:
        assert not set(fields) - value.keys()
        assert all(value[name] is not None for name in fields)


@pytest.mark.parametrize("method", EMPTY)
def test_what_there_is_none_of_is_empty_and_no_error(player: Player, method: str):
    about = {"status", "version", "type", "serverVersion", "openSubsonic"}
    told = {name: value for name, value in player.ask(method, id="x").items() if name not in about}
    assert not any(thing for value in told.values() for thing in value.values() if isinstance(thing, list))


def test_what_the_owner_alone_may_do_is_not_allowed(player: Player):
    for method in DENIED:
        assert player.error(method) == 50


def test_ratings_are_kept_shown_and_listed(player: Player):
    song = player.ask("search3", query="High number 1")["searchResult3"]["song"][0]
    for name, rating in ((song["id"], 4), (song["albumId"], 5)):
        player.ask("setRating", id=name, rating=rating)
    assert player.ask("getSong", id=song["id"])["song"]["userRating"] == 4
    listed = player.ask("getAlbumList2", type="highest")["albumList2"]["album"]
    assert [(album["id"], album["userRating"]) for album in listed] == [(song["albumId"], 5)]
    player.ask("setRating", id=song["albumId"], rating=0)
    assert player.ask("getAlbumList2", type="highest")["albumList2"]["album"] == []
    assert player.error("setRating", id=song["id"], rating=6) == 0
    assert player.error("setRating", id="gone", rating=1) == 70


@pytest.mark.slow
def test_words_of_a_song_come_with_their_times(tmp_path: Path):
    paths = write_music(tmp_path / "music")
    paths["low0"].with_suffix(".lrc").write_text("[00:01.50]Hello\n[00:02.00]again", "utf-8")
    from segue.library import Library

    with Library.open(tmp_path / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(tmp_path / "music")
    with serving("-l", tmp_path / "library", "serve", "--no-open", "--port", 0) as server:
        player = Player(server)
        song = player.ask("search3", query="Low number 0")["searchResult3"]["song"][0]
        (words,) = player.ask("getLyricsBySongId", id=song["id"])["lyricsList"]["structuredLyrics"]
        assert words["synced"] is True
        assert words["line"] == [{"value": "Hello", "start": 1500}, {"value": "again", "start": 2000}]
        lyrics = player.ask("getLyrics", artist="the lows", title="low number 0")["lyrics"]
        assert lyrics["value"] == "Hello\nagain"
        assert player.ask("getLyrics", artist="Nobody", title="low number 0")["lyrics"]["value"] == ""


def test_a_bookmark_is_kept_changed_and_deleted(player: Player):
    song = player.ask("search3", query="Low number 1")["searchResult3"]["song"][0]
    for position_ms, comment in ((1000, "first"), (2500, "second")):
        player.ask("createBookmark", id=song["id"], position=position_ms, comment=comment)
    (bookmark,) = player.ask("getBookmarks")["bookmarks"]["bookmark"]
    assert (bookmark["position"], bookmark["comment"]) == (2500, "second")
    assert bookmark["entry"]["id"] == song["id"]
    assert bookmark["created"] <= bookmark["changed"]
    player.ask("deleteBookmark", id=song["id"])
    assert player.ask("getBookmarks")["bookmarks"]["bookmark"] == []
    assert player.error("deleteBookmark", id=song["id"]) == 70
    assert player.error("createBookmark", id=song["id"]) == 10
    assert player.error("createBookmark", id="gone", position=1) == 70


def test_a_converted_song_has_a_length_where_a_player_wants_one(player: Player):
    song = player.ask("search3", query="Low number 0")["searchResult3"]["song"][0]
    asked = {"id": song["id"], "format": "mp3", "maxBitRate": 128, "estimateContentLength": "true"}
    for offset_s in (0, 1):
        answer = player.raw("stream", **asked, timeOffset=offset_s)
        n = int(answer.headers["content-length"])
        assert n == len(answer.content) == pytest.approx((3 - offset_s + 0.2) * 16_000, rel=0.01)
        assert "transfer-encoding" not in answer.headers
        decoded = 0.0  # s
        with av.open(io.BytesIO(answer.content)) as file, contextlib.suppress(av.error.InvalidDataError):
            for frame in file.decode(audio=0):  # up to the zeros at the end
                decoded += frame.samples / frame.sample_rate
        assert decoded == pytest.approx(3 - offset_s, abs=0.25)
    plain = player.raw("stream", **asked | {"estimateContentLength": "false"})
    assert "content-length" not in plain.headers
    assert plain.content[:100] == player.raw("stream", **asked).content[:100]


def test_what_a_player_has_begun_is_playing_now_until_it_begins_something_else(player: Player):
    songs = [player.ask("search3", query=f"Noise number {i}")["searchResult3"]["song"][0] for i in (1, 2)]
    for song in songs:
        player.ask("scrobble", id=song["id"], submission="false")
    (entry,) = player.ask("getNowPlaying")["nowPlaying"]["entry"]
    assert (entry["id"], entry["username"], entry["minutesAgo"]) == (songs[1]["id"], "me", 0)


def test_a_user_has_a_picture_and_a_range_past_the_end_is_told_by_its_status(player: Player):
    assert player.raw("getAvatar", username="me").headers["content-type"] == "image/svg+xml"
    song = player.ask("search3", query="Low number 0")["searchResult3"]["song"][0]
    answer = player.server.client.get(
        "/rest/stream", params=player.login | {"id": song["id"]}, headers={"range": "bytes=999999999-"}
    )
    assert answer.status_code == 416


@pytest.mark.slow
def test_py_opensonic_reads_what_it_asks_for(player: Player):
    """Music Assistant's library, which refuses answers without a required field."""
    libopensonic = pytest.importorskip("libopensonic", reason="pip install py-opensonic")
    host, port = player.server.address.rsplit(":", 1)
    connection = libopensonic.Connection(host, "me", "sesame", port=int(port))
    try:
        assert connection.ping()
        assert connection.get_user("me").username == "me"
        assert [artist.name for index in connection.get_artists().index for artist in index.artist]
        album = connection.get_album_list2("newest")[0]
        song = connection.get_album(album.id).song[0]
        assert connection.get_song(song.id).title == song.title
        assert connection.get_lyrics(song.artist, song.title) is not None
        assert connection.set_rating(song.id, 3)
        assert connection.get_song(song.id).user_rating == 3
    finally:
        connection.cleanup()


def test_py_sonic_reads_what_it_asks_for(player: Player):
    libsonic = pytest.importorskip("libsonic", reason="pip install py-sonic")
    host, port = player.server.address.rsplit(":", 1)
    connection = libsonic.Connection(host, "me", "sesame", port=int(port))
    assert connection.ping()
    assert connection.getUser("me")["user"]["videoConversionRole"] is False
    assert connection.getUsers()["users"]["user"]
    assert connection.getNowPlaying()["status"] == "ok"
    assert connection.getShares()["status"] == connection.getVideos()["status"] == "ok"
