"""Albums, artists, genres, history and home over HTTP."""

from __future__ import annotations

from tests.serve_process import Server
from tests.served_home import service_fixtures

home, server, ids = service_fixtures()


def test_albums_are_listed_and_shown_in_their_order(server: Server):
    page = server.get("/albums", sort="name")
    assert [album["name"] for album in page["albums"]] == ["high", "low", "noise"]
    assert page["total"] == 3
    assert server.get("/albums", sort="name", limit=1, offset=1)["albums"] == page["albums"][1:2]
    low = server.get(f"/albums/{page['albums'][1]['id']}")
    assert [track["title"] for track in low["tracks"]] == [f"Low number {i}" for i in range(4)]
    assert (low["n"], low["artist"], low["genres"]) == (4, "The Lows", ["low"])
    assert server.get("/albums", genre="noise")["total"] == server.get("/albums", q="nois")["total"] == 1
    assert server.get("/albums", sort="added")["total"] == 3


def test_similar_albums_are_the_others(server: Server):
    (low,) = server.get("/albums", q="low")["albums"]
    matches = server.get(f"/albums/{low['id']}/similar")["matches"]
    assert sorted(match["album"]["name"] for match in matches) == ["high", "noise"]
    assert matches[0]["score"] >= matches[1]["score"]


def test_an_artist_has_albums_tracks_and_similar_artists(server: Server):
    names = [artist["name"] for artist in server.get("/artists")["artists"]]
    assert names == ["The Highs", "The Lows", "The Noises"]
    (lows,) = server.get("/artists", q="lows")["artists"]
    artist = server.get(f"/artists/{lows['id']}")
    assert [album["name"] for album in artist["own_albums"]] == ["low"]
    assert artist["appears_on"] == []
    assert len(artist["top_tracks"]) == len(server.get(f"/artists/{lows['id']}/tracks")["tracks"]) == 4
    similar = server.get(f"/artists/{lows['id']}/similar")
    assert sorted(match["artist"]["name"] for match in similar["matches"]) == ["The Highs", "The Noises"]
    assert sorted(match["album"]["name"] for match in similar["albums"]) == ["high", "noise"]


def test_what_does_not_exist_is_not_found(server: Server):
    for path, code in (("albums", "album_not_found"), ("artists", "artist_not_found")):
        for rest in ("", "/similar"):
            answer = server.api("GET", f"/{path}/nothing{rest}")
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, code)


def test_genres_have_numbers_and_covers(server: Server):
    genres = server.get("/genres")["genres"]
    assert {genre["name"]: (genre["tracks"], genre["albums"]) for genre in genres} == {
        "low": (4, 1), "high": (4, 1), "noise": (4, 1),
    }  # fmt: skip
    assert all(len(genre["covers"]) == 1 for genre in genres)


def test_what_was_played_is_in_the_history_and_at_home(server: Server, ids: dict[str, str]):
    for title in ("Low number 1", "High number 2", "Low number 1"):
        answer = server.api("POST", "/plays", json={"tracks": [ids[title]]}, headers={"X-Segue": "1"})
        assert answer.status_code == 204
    history = server.get("/history", limit=2)
    assert [play["track"]["title"] for play in history["plays"]] == ["Low number 1", "High number 2"]
    assert history["total"] == 3
    assert server.get("/history", offset=2)["plays"][0]["track"]["title"] == "Low number 1"
    home = server.get("/home")
    assert [album["name"] for album in home["go_on"]] == ["low", "high"]
    assert [track["title"] for track in home["played"]] == ["Low number 1", "High number 2"]
    assert home["because"]["track"]["title"] == "Low number 1"
    assert all(match["track"]["artist"] != "The Lows" for match in home["because"]["matches"])
    assert [album["name"] for album in home["rediscover"]] == ["noise"]
    assert [a["name"] for a in server.get("/albums", sort="often")["albums"]] == ["low", "high"]
