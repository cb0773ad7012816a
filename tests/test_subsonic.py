"""OpenSubsonic as players ask it, in XML and JSON."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from segue.library import Library
from segue.serve.subsonic.methods import METHODS
from tests.conftest import write_music
from tests.serve_process import Server, serving

DENIED = ("createUser", "updateUser", "deleteUser", "changePassword", "createShare", "jukeboxControl")

SPACE = "{http://subsonic.org/restapi}"


class Player:
    """A player with a password."""

    def __init__(self, server: Server, password: str = "sesame") -> None:
        self.server = server
        token = hashlib.md5(f"{password}salt".encode()).hexdigest()
        self.login = {"u": "me", "t": token, "s": "salt", "v": "1.16.1", "c": "test"}

    def raw(self, method: str, **parameters: Any):
        return self.server.client.get(f"/rest/{method}", params=self.login | {"f": "json"} | parameters)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        answer = self.raw(method, **parameters).json()["subsonic-response"]
        assert answer["status"] == "ok", answer
        assert answer["openSubsonic"] is True
        return answer

    def error(self, method: str, **parameters: Any) -> int:
        answer = self.raw(method, **parameters).json()["subsonic-response"]
        assert answer["status"] == "failed", answer
        assert answer["error"]["message"]
        return answer["error"]["code"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, scanned: Path) -> Path:
    root = tmp_path_factory.mktemp("subsonic") / "library"
    shutil.copytree(scanned, root)
    return root


@pytest.fixture(scope="module")
def player(root: Path) -> Iterator[Player]:
    with serving("-l", root, "serve", "--no-open", "--port", 0, "--password", "sesame") as server:
        yield Player(server)


@pytest.fixture(scope="module")
def songs(player: Player) -> dict[str, str]:
    found = player.ask("search3", query="", songCount=100)["searchResult3"]["song"]
    return {song["title"]: song["id"] for song in found}


# Login


@pytest.mark.parametrize("method", ["ping", "ping.view"])
def test_a_token_with_its_salt_logs_in(player: Player, method: str):
    answer = player.ask(method)
    assert (answer["version"], answer["type"]) == ("1.16.1", "segue")


def test_a_password_logs_in_plain_and_in_hexadecimal(player: Player):
    for word in ("sesame", "enc:" + b"sesame".hex()):
        answer = player.server.client.get("/rest/ping", params={"u": "me", "p": word, "f": "json"})
        assert answer.json()["subsonic-response"]["status"] == "ok"
    posted = player.server.client.post("/rest/ping", data=player.login | {"f": "json"})
    assert posted.json()["subsonic-response"]["status"] == "ok"


def test_a_key_logs_in(player: Player):
    ask = player.server.client.get
    right = ask("/rest/ping", params={"apiKey": "sesame", "f": "json"}).json()["subsonic-response"]
    wrong = ask("/rest/ping", params={"apiKey": "other", "f": "json"}).json()["subsonic-response"]
    assert (right["status"], wrong["error"]["code"]) == ("ok", 44)


def test_a_wrong_password_is_error_40_and_none_is_error_10(player: Player):
    assert Player(player.server, "wrong").error("getArtists") == 40
    assert Player(player.server, "").error("stream", id="x") == 40
    ask = player.server.client.get
    for parameters in ({"u": "me", "p": "enc:zz"}, {"u": "me", "p": ""}, {"u": "me", "t": "", "s": ""}):
        answer = ask("/rest/getArtists", params=parameters | {"f": "json"}).json()["subsonic-response"]
        assert answer["error"]["code"] == 40
    for parameters in ({}, {"u": "me"}, {"u": "me", "t": "x"}):
        answer = ask("/rest/getArtists", params=parameters | {"f": "json"}).json()["subsonic-response"]
        assert answer["error"]["code"] == 10


def test_extensions_are_told_to_anybody(player: Player):
    answer = player.server.client.get("/rest/getOpenSubsonicExtensions", params={"f": "json"}).json()
    names = {
        found["name"]: found["versions"] for found in answer["subsonic-response"]["openSubsonicExtensions"]
    }
    assert names["sonicSimilarity"] == [1]
    assert names["formPost"] == [1]


def test_xml_says_the_same(player: Player):
    answer = player.raw("getArtists", f="xml")
    assert answer.headers["content-type"].startswith("application/xml")
    tree = ET.fromstring(answer.content)
    assert tree.tag == f"{SPACE}subsonic-response"
    assert tree.get("status") == "ok"
    names = [artist.get("name") for artist in tree.iter(f"{SPACE}artist")]
    assert names == ["The Highs", "The Lows", "The Noises"]
    genres = ET.fromstring(player.raw("getGenres", f="xml").content)
    assert {genre.text for genre in genres.iter(f"{SPACE}genre")} == {"high", "low", "noise"}
    failed = ET.fromstring(Player(player.server, "wrong").raw("ping", f="xml").content)
    assert failed.get("status") == "failed"
    assert failed.find(f"{SPACE}error").get("code") == "40"


def test_nothing_that_is_no_name_is_called_back(player: Player):
    good = player.raw("ping", f="jsonp", callback="player.answer")
    assert good.text.startswith("player.answer({")
    bad = player.raw("ping", f="jsonp", callback="alert(1)//")
    assert bad.headers["content-type"] == "application/json"


# Browsing


def test_artists_lead_to_albums_and_songs(player: Player):
    index = player.ask("getArtists")["artists"]["index"]
    artists = {artist["name"]: artist for letter in index for artist in letter["artist"]}
    assert [letter["name"] for letter in index] == ["H", "L", "N"]
    artist = player.ask("getArtist", id=artists["The Lows"]["id"])["artist"]
    (album,) = artist["album"]
    found = player.ask("getAlbum", id=album["id"])["album"]
    assert [song["title"] for song in found["song"]] == [f"Low number {i}" for i in range(4)]
    song = found["song"][0]
    assert song["albumId"] == album["id"]
    assert song["artistId"] == artist["id"]
    assert song["duration"] == 3
    assert player.ask("getSong", id=song["id"])["song"] == song
    folder = player.ask("getMusicDirectory", id=artist["id"])["directory"]
    assert [child["id"] for child in folder["child"]] == [album["id"]]
    songs = player.ask("getMusicDirectory", id=album["id"])["directory"]["child"]
    assert songs == found["song"]


def test_albums_are_listed_in_the_known_orders(player: Player):
    def names(**parameters: Any) -> list[str]:
        return [album["name"] for album in player.ask("getAlbumList2", **parameters)["albumList2"]["album"]]

    assert names(type="alphabeticalByName") == ["high", "low", "noise"]
    assert names(type="alphabeticalByName", size=1, offset=1) == ["low"]
    assert sorted(names(type="random")) == ["high", "low", "noise"]
    assert names(type="byGenre", genre="low") == ["low"]
    assert names(type="byYear", fromYear=1990, toYear=2000) == []
    assert len(names(type="newest")) == 3
    assert player.error("getAlbumList2", type="weird") == 0
    assert player.error("getAlbumList2") == 10


def test_random_songs_are_of_the_genre_and_the_years_that_a_player_asks_for(player: Player):
    def titles(**parameters: Any) -> list[str]:
        return [song["title"] for song in player.ask("getRandomSongs", **parameters)["randomSongs"]["song"]]

    assert sorted(titles(genre="low", size=100)) == [f"Low number {i}" for i in range(4)]
    assert len(titles(genre="low", size=2)) == 2
    assert titles(genre="polka") == []
    assert titles(fromYear=1990, toYear=2000) == titles(fromYear=2000, toYear=1990) == []  # none has a year
    assert len(titles(genre="", fromYear="", size=100)) == 12


@pytest.mark.slow
def test_songs_whose_files_are_gone_are_not_listed(tmp_path: Path):
    music = write_music(tmp_path / "music")
    with Library.open(tmp_path / "library", create=True) as library:
        library.scan(tmp_path / "music")
        music["low2"].unlink()
        library.scan(tmp_path / "music")
    with serving("-l", tmp_path / "library", "serve", "--no-open", "--port", 0) as server:
        player = Player(server)
        lists = (
            player.ask("getSongsByGenre", genre="low")["songsByGenre"],
            player.ask("getRandomSongs", genre="low")["randomSongs"],
            player.ask("search3", query="low number")["searchResult3"],
        )
    for one in lists:
        assert sorted(song["title"] for song in one["song"]) == [f"Low number {i}" for i in (0, 1, 3)]


def test_search_finds_artists_albums_and_songs(player: Player):
    found = player.ask("search3", query="noise")["searchResult3"]
    assert [artist["name"] for artist in found["artist"]] == ["The Noises"]
    assert [album["name"] for album in found["album"]] == ["noise"]
    assert len(found["song"]) == 4
    page = player.ask("search3", query='""', songCount=5, songOffset=10)["searchResult3"]
    assert len(page["song"]) == 2


def test_every_method_without_parameters_answers_or_says_what_is_missing(player: Player):
    for method in METHODS:
        if method == "startScan":
            continue
        answer = player.raw(method).json()["subsonic-response"]
        refusal = 50 if method in DENIED else 10
        assert answer["status"] == "ok" or answer["error"]["code"] == refusal, (method, answer)
    assert player.error("noSuchMethod") == 0


def test_unknown_ids_are_error_70(player: Player):
    for method in (
        "getSong",
        "getAlbum",
        "getArtist",
        "getPlaylist",
        "stream",
        "getCoverArt",
        "getSimilarSongs2",
    ):
        assert player.error(method, id="../../etc/passwd") == 70, method


# Sound


def test_songs_are_streamed_in_parts_and_converted(player: Player, songs: dict[str, str]):
    song = songs["Low number 0"]
    whole = player.raw("stream", id=song)
    assert whole.headers["content-type"] == "audio/flac"
    part = player.server.client.get(
        "/rest/stream", params=player.login | {"id": song}, headers={"range": "bytes=0-99"}
    )
    assert (part.status_code, part.content) == (206, whole.content[:100])
    assert player.raw("download", id=song).content == whole.content
    assert player.raw("stream", id=song, format="mp3").headers["content-type"] == "audio/mpeg"
    assert player.raw("stream", id=song, format="opus").headers["content-type"] == "audio/ogg"
    small = player.raw("stream", id=song, maxBitRate=64)
    assert small.headers["content-type"] == "audio/mpeg"
    assert len(small.content) < 3 * 64_000 / 8 * 1.3
    later = player.raw("stream", id=song, format="mp3", timeOffset=2)
    assert len(later.content) < 0.6 * len(player.raw("stream", id=song, format="mp3").content)
    assert player.raw("stream", id=song, format="raw").content == whole.content


def test_covers_are_there_for_songs_albums_and_artists(player: Player, songs: dict[str, str]):
    song = player.ask("getSong", id=songs["Low number 0"])["song"]
    for name in (song["coverArt"], song["albumId"], song["artistId"]):
        answer = player.raw("getCoverArt", id=name, size=100)
        assert answer.headers["content-type"].startswith("image/")


# Similar songs


def test_similar_songs_sound_alike(player: Player, songs: dict[str, str], root: Path):
    seed = songs["Low number 0"]
    found = player.ask("getSimilarSongs", id=seed, count=3)["similarSongs"]["song"]
    with Library.open(root) as library:
        expected = [match.track.id for match in library.similar(seed, k=3).matches]
    assert [song["id"] for song in found] == expected
    song = player.ask("getSong", id=seed)["song"]
    for name in (song["artistId"], song["albumId"]):
        several = player.ask("getSimilarSongs2", id=name, count=2)["similarSongs2"]["song"]
        assert len(several) == 2
    info = player.ask("getArtistInfo2", id=song["artistId"])["artistInfo2"]
    assert song["artistId"] not in [artist["id"] for artist in info["similarArtist"]]


def test_sonic_similarity_tells_how_much(player: Player, songs: dict[str, str]):
    seed = songs["High number 0"]
    matches = player.ask("getSonicSimilarTracks", id=seed, count=5)["sonicMatch"]
    scores = [match["similarity"] for match in matches]
    assert len(scores) == 5
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert seed not in [match["entry"]["id"] for match in matches]
    xml = ET.fromstring(player.raw("getSonicSimilarTracks", id=seed, count=5, f="xml").content)
    entries = [match.find(f"{SPACE}entry").get("id") for match in xml.findall(f"{SPACE}sonicMatch")]
    assert entries == [match["entry"]["id"] for match in matches]


def test_a_sonic_path_leads_from_one_song_to_another(player: Player, songs: dict[str, str]):
    start, end = songs["Low number 0"], songs["High number 0"]
    path = player.ask("findSonicPath", startSongId=start, endSongId=end, count=5)["sonicMatch"]
    assert (path[0]["entry"]["id"], path[-1]["entry"]["id"], len(path)) == (start, end, 5)
    assert path[0]["similarity"] == pytest.approx(1, abs=1e-3)
    assert player.error("findSonicPath", startSongId=start) == 10


# Keeping


def test_playlists_are_made_changed_and_deleted(player: Player, songs: dict[str, str]):
    a, b, c = (songs[f"Low number {i}"] for i in range(3))
    made = player.ask("createPlaylist", name="Süß & neu", songId=[a, b])["playlist"]
    assert [entry["id"] for entry in made["entry"]] == [a, b]
    player.ask("updatePlaylist", playlistId=made["id"], songIdToAdd=[c], songIndexToRemove=[0], name="Other")
    found = player.ask("getPlaylist", id=made["id"])["playlist"]
    assert ([entry["id"] for entry in found["entry"]], found["name"]) == ([b, c], "Other")
    assert player.ask("getPlaylists")["playlists"]["playlist"][0]["songCount"] == 2
    again = player.ask("createPlaylist", playlistId=made["id"], songId=[c])["playlist"]
    assert [entry["id"] for entry in again["entry"]] == [c]
    assert player.error("createPlaylist", name="x", songId=["unknown"]) == 70
    assert player.error("updatePlaylist", playlistId="unknown", name="x") == 70
    player.ask("deletePlaylist", id=made["id"])
    assert player.error("getPlaylist", id=made["id"]) == 70


def test_stars_and_plays_are_kept(player: Player, songs: dict[str, str]):
    song = player.ask("getSong", id=songs["Noise number 1"])["song"]
    player.ask("star", id=song["id"], albumId=song["albumId"], artistId=song["artistId"])
    starred = player.ask("getStarred2")["starred2"]
    assert [len(starred[kind]) for kind in ("song", "album", "artist")] == [1, 1, 1]
    assert player.ask("getSong", id=song["id"])["song"]["starred"]
    player.ask("unstar", id=song["id"])
    assert player.ask("getStarred2")["starred2"]["song"] == []
    player.ask("scrobble", id=[song["id"], song["id"]], time=[1_700_000_000_000, 1_700_000_100_000])
    player.ask("scrobble", id=song["id"], submission="false")
    played = player.ask("getSong", id=song["id"])["song"]
    assert (played["playCount"], played["played"]) == (2, "2023-11-14T22:15:00.000Z")
    recent = player.ask("getAlbumList2", type="recent")["albumList2"]["album"]
    assert [album["id"] for album in recent] == [song["albumId"]]
    assert player.error("star", id="unknown") == 70


def test_a_play_queue_is_handed_over(player: Player, songs: dict[str, str]):
    names = [songs["Low number 0"], songs["High number 1"]]
    player.ask("savePlayQueue", id=names, current=names[1], position=2500)
    queue = player.ask("getPlayQueue")["playQueue"]
    assert [song["id"] for song in queue["entry"]] == names
    assert (queue["current"], queue["position"], queue["changedBy"]) == (names[1], 2500, "test")
    page = {"Authorization": "Bearer sesame"}
    player.server.api("PUT", "/queue", json={"tracks": names[:1], "player": "page"}, headers=page)
    assert player.ask("getPlayQueue")["playQueue"]["changedBy"] == "page"
    assert player.error("savePlayQueue", id=names[0], current=names[1]) == 70
    player.ask("savePlayQueue")
    assert "playQueue" not in player.ask("getPlayQueue")
