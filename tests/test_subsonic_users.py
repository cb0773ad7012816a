"""OpenSubsonic for several people: apps log in as one of them, and keep what is theirs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.documented import assert_documented
from tests.serve_process import Server
from tests.several_people import PASSWORDS, Person, people_fixtures

shared_root, server, anna, bert, olga = people_fixtures()


@dataclass
class App:
    """An app with a user's password for apps."""

    server: Server
    login: dict[str, str]

    def ask(self, method: str, **parameters: object) -> dict:
        wanted = {"f": "json", "v": "1.16.1", "c": "test", **self.login, **parameters}
        return self.server.client.get(f"/rest/{method}", params=wanted).json()["subsonic-response"]


@pytest.fixture
def apps(server: Server, anna: Person, bert: Person) -> Iterator[tuple[App, App]]:
    both = []
    for person in (anna, bert):
        answer = person.ask("POST /me/app-password")
        assert_documented("POST", "/api/v1/me/app-password", 201, answer.json())
        both.append(App(server, {"apiKey": answer.json()["app_password"]}))
    yield both[0], both[1]
    for person in (anna, bert):
        assert person.ask("DELETE /me/app-password").status_code == 204
    assert both[0].ask("ping")["error"]["code"] == 44


def test_an_app_logs_in_by_key_password_and_salted_hash(server: Server, apps: tuple[App, App]):
    word, salt = apps[0].login["apiKey"], "s4lt"
    token = hashlib.md5(f"{word}{salt}".encode()).hexdigest()
    rights = (
        {"apiKey": word}, {"u": "anna", "p": word}, {"u": "Anna", "p": f"enc:{word.encode().hex()}"},
        {"u": "Anna", "t": token, "s": salt},
    )  # fmt: skip
    for login in rights:
        answer = App(server, login).ask("tokenInfo")
        assert answer["tokenInfo"] == {"username": "Anna"}, login
    wrongs = (
        {"u": "Anna", "p": PASSWORDS["Anna"]}, {"u": "Bert", "p": word}, {"u": "nobody", "p": word},
        {"u": "Bert", "t": token, "s": salt}, {"u": "Anna", "p": "t0ken"}, {"u": "Olga", "p": ""},
    )  # fmt: skip
    for login in wrongs:
        assert App(server, login).ask("ping")["error"]["code"] == 40, login
    assert App(server, {"apiKey": ""}).ask("ping")["error"]["code"] == 44
    headers = {"authorization": f"Bearer {word}"}
    assert server.api("GET", "/me", headers=headers).status_code == 401  # it opens nothing else


def test_apps_keep_what_is_their_users(server: Server, anna: Person, apps: tuple[App, App]):
    annas, berts = apps
    (track,) = [one["id"] for one in anna.client.get("/tracks?q=High number 2").json()["tracks"]]
    annas.ask("createPlaylist", name="from the app", songId=track)
    annas.ask("star", id=track)
    annas.ask("setRating", id=track, rating=4)
    annas.ask("scrobble", id=track, submission="false")
    annas.ask("scrobble", id=track)
    annas.ask("savePlayQueue", id=track, current=track)
    annas.ask("createBookmark", id=track, position=1000)
    (playlist,) = annas.ask("getPlaylists")["playlists"]["playlist"]
    assert (playlist["owner"], playlist["name"]) == ("Anna", "from the app")
    assert annas.ask("getNowPlaying")["nowPlaying"]["entry"][0]["username"] == "Anna"
    assert annas.ask("getSong", id=track)["song"]["userRating"] == 4
    assert [one["verdict"] for one in anna.client.get("/feedback").json()["feedback"]] == ["like"]
    for method in ("getPlaylists", "getStarred2", "getNowPlaying", "getBookmarks", "getPlayQueue"):
        assert track not in str(berts.ask(method)), method
    assert "userRating" not in berts.ask("getSong", id=track)["song"]
    assert annas.ask("getPlayQueue")["playQueue"]["entry"][0]["id"] == track
    for method in ("getPlaylist", "deletePlaylist"):
        assert berts.ask(method, id=playlist["id"])["error"]["code"] == 70
    assert berts.ask("updatePlaylist", playlistId=playlist["id"], name="x")["error"]["code"] == 70
    assert annas.ask("updatePlaylist", playlistId=playlist["id"], public="true")["status"] == "ok"
    (theirs,) = berts.ask("getPlaylists")["playlists"]["playlist"]
    assert (theirs["owner"], theirs["public"], theirs["songCount"]) == ("Anna", True, 1)
    assert berts.ask("getPlaylist", id=playlist["id"])["playlist"]["entry"][0]["id"] == track
    similar = berts.ask("getSimilarSongs2", id=playlist["id"], count=3)["similarSongs2"]["song"]
    assert similar
    assert track not in [song["id"] for song in similar]
    assert berts.ask("deletePlaylist", id=playlist["id"])["error"]["code"] == 50
    assert berts.ask("createPlaylist", playlistId=playlist["id"], songId=track)["error"]["code"] == 50
    for change in ({"name": "x"}, {"songIndexToRemove": "0"}, {"public": "false"}):
        assert berts.ask("updatePlaylist", playlistId=playlist["id"], **change)["error"]["code"] == 50
    assert annas.ask("updatePlaylist", playlistId=playlist["id"], public="false")["status"] == "ok"
    assert berts.ask("getPlaylists")["playlists"]["playlist"] == []
    assert berts.ask("getSimilarSongs2", id=playlist["id"])["error"]["code"] == 70
    assert annas.ask("deletePlaylist", id=playlist["id"])["status"] == "ok"


def test_apps_of_listeners_neither_scan_nor_see_other_users(
    server: Server, olga: Person, apps: tuple[App, App]
):
    annas, _ = apps
    assert annas.ask("startScan")["error"]["code"] == 50
    assert annas.ask("getUser", username="Bert")["error"]["code"] == 50
    assert annas.ask("getUser")["user"]["adminRole"] is False
    assert [one["username"] for one in annas.ask("getUsers")["users"]["user"]] == ["Anna"]
    olgas = App(server, {"apiKey": olga.ask("POST /me/app-password").json()["app_password"]})
    assert olgas.ask("getUser")["user"]["adminRole"] is True
    assert [one["username"] for one in olgas.ask("getUsers")["users"]["user"]] == ["Olga", "Anna", "Bert"]
    assert olgas.ask("startScan")["status"] == "ok"
    olga.ask("DELETE /me/app-password")


def test_a_page_of_one_user_may_log_another_in(server: Server, anna: Person, apps: tuple[App, App]):
    _, berts = apps
    for login, name in (({}, "Anna"), (berts.login, "Bert")):
        path = str(anna.client.base_url).replace("/api/v1/", "/rest/tokenInfo")
        answer = anna.client.get(path, params={"f": "json", **login})
        assert answer.json()["subsonic-response"]["tokenInfo"]["username"] == name
