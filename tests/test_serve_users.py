"""Several people at one service: what each sees, changes and may do.

The operations come from the OpenAPI document: a new one must be named here, or it fails these tests.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import pytest

from segue.library import Library
from segue.serve.http.security import Guard
from segue.serve.settings import Settings
from segue.users import Users
from tests.conftest import write_music
from tests.documented import assert_documented
from tests.serve_process import Server, serving
from tests.several_people import PASSWORDS, Person, enter, operations, people_fixtures

shared_root, server, anna, bert, olga = people_fixtures()

# What each operation that changes something, or asks a question with a body, is sent.
QUESTIONS = {
    "POST /similar": {"seeds": ["{track}"], "k": 5},
    "POST /suggested-playlist": {"seeds": ["{track}"], "k": 5},
    "POST /radio": {"seeds": ["{track}"], "k": 5},
    "POST /transitions": {"tracks": ["{track}", "{other}"]},
    "POST /journey": {"start": "{track}", "end": "{other}", "k": 4},
    "POST /matrix": {"tracks": ["{track}", "{other}"]},
    "POST /tracks/batch": {"tracks": ["{track}", "{other}"]},
    "POST /m3u8": {"name": "x", "tracks": ["{track}"]},
    "POST /xspf": {"name": "x", "tracks": ["{track}"]},
    "POST /jspf": {"name": "x", "tracks": ["{track}"]},
}
OWN_CHANGES = {
    "POST /feedback": {"track": "{other}", "verdict": "dislike"},
    "DELETE /feedback/{track_id}": None,
    "POST /plays": {"tracks": ["{track}"]},
    "PUT /queue": {"tracks": ["{track}"], "player": "p"},
    "POST /playlists": {"name": "mine", "tracks": ["{track}"]},
    "PUT /playlists/{playlist_id}": {"name": "theirs"},
    "DELETE /playlists/{playlist_id}": None,
    "POST /clips": None,
    "DELETE /clips/{clip_id}": None,
    "PUT /me/password": {"old": PASSWORDS["Bert"], "new": PASSWORDS["Bert"]},
    "POST /me/app-password": None,
    "DELETE /me/app-password": None,
    "DELETE /me/sessions": None,
    "DELETE /me/sessions/{session_id}": None,
    "POST /session": {"name": "Bert", "password": PASSWORDS["Bert"]},
    "DELETE /session": None,
}
FOR_ADMINS = {
    "GET /folders", "GET /users", "POST /users", "PUT /users/{user_id}", "PUT /users/{user_id}/password",
    "DELETE /users/{user_id}", "DELETE /users/{user_id}/sessions", "PUT /settings", "POST /map",
    "POST /clusters", "POST /evaluation", "POST /jobs/scan", "POST /jobs/demo", "POST /jobs/{job_id}/cancel",
    "DELETE /jobs/{job_id}",
}  # fmt: skip


def answers(person: Person) -> dict[str, tuple[int, bytes]]:
    """Of all operations that change nothing."""
    found = {}
    for operation in operations():
        if operation.startswith("GET ") and operation not in FOR_ADMINS and not operation.endswith("/events"):
            found[operation] = person.ask(operation)
    found |= {operation: person.ask(operation, body) for operation, body in QUESTIONS.items()}
    return {
        operation: (answer.status_code, answer.content)
        for operation, answer in found.items()
        if operation != "POST /radio"  # chance plays a part
    }


def test_every_operation_is_somebodys():
    changing = {operation for operation in operations() if not operation.startswith("GET ")}
    assert changing == {*QUESTIONS, *OWN_CHANGES, *(one for one in FOR_ADMINS if not one.startswith("GET "))}


def test_only_administrators_may_change_what_is_everybodys(anna: Person, olga: Person):
    for operation in sorted(FOR_ADMINS):
        answer = anna.ask(operation, {} if operation.startswith(("POST", "PUT")) else None)
        assert answer.status_code == 403, operation
        assert answer.json()["error"]["code"] == "admins_only"
        if operation not in ("POST /jobs/demo", "POST /map"):  # which would begin without a body
            refused = olga.ask(operation, {"unknown": 1} if operation.startswith(("POST", "PUT")) else None)
            assert refused.status_code != 403, operation
    assert anna.client.get("/folders", params={"q": "/"}).status_code == 403
    metrics = str(anna.client.base_url).replace("/api/v1/", "/metrics")
    assert anna.client.get(metrics).status_code == 403
    assert olga.client.get(metrics).status_code == 200


@pytest.mark.slow
def test_what_one_does_changes_nothing_for_another(anna: Person, bert: Person, olga: Person, music):
    before, owners = answers(anna), answers(olga)
    assert before["POST /similar"] != owners["POST /similar"]  # Olga likes a track
    own = bert.ask("POST /playlists", OWN_CHANGES["POST /playlists"]).json()["id"]
    with music["high0"].open("rb") as file:
        answer = bert.client.post("/clips", files={"file": ("x.flac", file)}, headers={"X-Segue": "1"})
    clip = answer.json()["clip"]["id"]
    for operation in ("POST /feedback", "POST /plays", "PUT /queue"):
        assert bert.ask(operation, OWN_CHANGES[operation]).status_code < 300, operation
    bert.client.post("/feedback", json={"track": bert.values["track"], "verdict": "like"})
    changed = answers(bert)
    for operation in ("GET /home", "GET /history", "GET /feedback", "GET /queue", "GET /playlists"):
        assert changed[operation] != before[operation], operation
    assert changed["POST /similar"] != before["POST /similar"]
    assert answers(anna) == before
    assert answers(olga) == owners
    for operation in ("GET /playlists/{playlist_id}", "PUT /playlists/{playlist_id}",
                      "DELETE /playlists/{playlist_id}", "GET /playlists/{playlist_id}/m3u8"):  # fmt: skip
        body = {"name": "theirs"} if operation.startswith("PUT") else None
        if operation in operations():
            assert anna.ask(operation, body, playlist_id=own).status_code == 404, operation
    for operation in ("GET /clips/{clip_id}/audio", "DELETE /clips/{clip_id}"):
        assert anna.ask(operation, clip_id=clip).status_code == 404, operation
    assert anna.client.post("/similar", json={"seeds": [clip]}).status_code == 404
    assert bert.client.post("/similar", json={"seeds": [clip]}).status_code == 200
    assert anna.client.post("/similar", json={"seeds": ["playlist:mine"]}).status_code == 404
    assert bert.ask("DELETE /playlists/{playlist_id}", playlist_id=own).status_code == 204


def test_a_playlist_is_everybodys_to_see_and_its_owners_to_change(anna: Person, bert: Person, olga: Person):
    track, other = bert.values["track"], bert.values["other"]
    made = [bert.client.post("/playlists", json={"name": name, "tracks": [track]}).json() for name in "AB"]
    shared, kept = (one["id"] for one in made)
    assert (made[0]["public"], made[0]["owner"]) == (False, None)
    answer = bert.ask("PUT /playlists/{playlist_id}", {"public": True}, playlist_id=shared)
    assert_documented("PUT", "/api/v1/playlists/{playlist_id}", 200, answer.json())
    assert (answer.json()["public"], answer.json()["name"], len(answer.json()["tracks"])) == (True, "A", 1)
    for person in (anna, olga):
        listed = person.client.get("/playlists").json()
        assert_documented("GET", "/api/v1/playlists", 200, listed)
        assert [one["id"] for one in listed["playlists"] if one["owner"]] == [shared]
        seen = person.ask("GET /playlists/{playlist_id}", playlist_id=shared).json()
        assert (seen["owner"], seen["public"], seen["tracks"][0]["id"]) == ("Bert", True, track)
        assert person.ask("GET /playlists/{playlist_id}/m3u8", playlist_id=shared).status_code == 200
        for body in ({"name": "x"}, {"tracks": [other]}, {"public": False}, {}):
            refused = person.ask("PUT /playlists/{playlist_id}", body, playlist_id=shared)
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not_yours")
        assert person.ask("DELETE /playlists/{playlist_id}", playlist_id=shared).status_code == 403
        for operation in ("GET /playlists/{playlist_id}", "DELETE /playlists/{playlist_id}"):
            assert person.ask(operation, playlist_id=kept).status_code == 404
        body = {"public": True}
        assert person.ask("PUT /playlists/{playlist_id}", body, playlist_id=kept).status_code == 404
        assert person.client.post("/similar", json={"seeds": ["playlist:B"]}).status_code == 404
    bert.ask("PUT /playlists/{playlist_id}", {"tracks": [other]}, playlist_id=shared)
    seen = anna.ask("GET /playlists/{playlist_id}", playlist_id=shared).json()
    assert [one["id"] for one in seen["tracks"]] == [other]
    bert.ask("PUT /playlists/{playlist_id}", {"public": False}, playlist_id=shared)
    assert anna.ask("GET /playlists/{playlist_id}", playlist_id=shared).status_code == 404
    owners = olga.client.get("/playlists").json()["playlists"][0]["id"]
    olga.ask("PUT /playlists/{playlist_id}", {"public": True}, playlist_id=owners)
    assert [one["owner"] for one in anna.client.get("/playlists").json()["playlists"]] == ["Olga"]
    olga.ask("PUT /playlists/{playlist_id}", {"public": False}, playlist_id=owners)
    for one in (shared, kept):
        assert bert.ask("DELETE /playlists/{playlist_id}", playlist_id=one).status_code == 204


@pytest.mark.slow
def test_a_playlist_that_everybody_sees_is_found_and_is_a_seed_of_others(
    anna: Person, bert: Person, olga: Person
):
    track = bert.values["track"]
    bodies = (
        {"name": "Rain at night", "tracks": [track, track]},
        {"name": "Rain unheard", "tracks": [track]},
    )
    shared, kept = (bert.client.post("/playlists", json=body).json()["id"] for body in bodies)
    empty = bert.client.post("/playlists", json={"name": "Rain of nothing"}).json()["id"]
    for one in (shared, empty):
        bert.ask("PUT /playlists/{playlist_id}", {"public": True}, playlist_id=one)
    try:
        by_id, by_name = f"playlist:{shared}", "playlist:rain at night"
        expected = "1 track of the playlist Rain at night by Bert"
        for person in (anna, olga):
            found = person.client.get("/search/grouped", params={"q": "rain"}).json()["playlists"]
            assert {(one["id"], one["owner"]) for one in found} == {(shared, "Bert"), (empty, "Bert")}
            (seed,) = person.client.get("/seeds", params={"q": "rain"}).json()["seeds"]
            assert (seed["seed"], seed["kind"], seed["text"]) == (by_id, "playlist", expected)
            for name in (by_id, by_name, shared):
                answer = person.client.post("/similar", json={"seeds": [name], "k": 3}).json()
                assert answer["seeds"] == [expected]
                assert answer["matches"]
            for path in ("/radio", "/suggested-playlist"):
                assert person.client.post(path, json={"seeds": [by_id], "k": 3}).json()["seeds"] == [expected]
            for name in (kept, empty, f"playlist:{kept}", "playlist:Rain unheard"):
                assert person.client.post("/similar", json={"seeds": [name]}).status_code == 404
        own = anna.client.post(
            "/playlists", json={"name": "Rain at night", "tracks": [anna.values["other"]]}
        ).json()["id"]
        mine = anna.client.post("/similar", json={"seeds": [by_name]}).json()["seeds"]
        assert mine == ["1 track of the playlist Rain at night"]
        assert anna.client.post("/similar", json={"seeds": [by_id]}).json()["seeds"] == [expected]
        anna.ask("DELETE /playlists/{playlist_id}", playlist_id=own)
    finally:
        for one in (shared, kept, empty):
            bert.ask("DELETE /playlists/{playlist_id}", playlist_id=one)
    assert anna.client.get("/seeds", params={"q": "rain"}).json() == {"seeds": []}
    assert anna.client.post("/similar", json={"seeds": [by_id]}).status_code == 404


def test_a_tag_of_anothers_answer_is_none_of_mine(anna: Person, bert: Person):
    bert.client.post("/feedback", json={"track": bert.values["other"], "verdict": "dislike"})
    theirs = bert.client.get("/feedback")
    mine = anna.client.get("/feedback", headers={"if-none-match": theirs.headers["etag"]})
    assert mine.status_code == 200
    assert mine.json() == {"feedback": []}
    assert "private" in mine.headers["cache-control"]


@pytest.mark.slow
def test_without_a_login_nothing_is_shown(server: Server):
    with httpx.Client(base_url=f"{server.address}/api/v1") as stranger:
        assert stranger.get("/session").json() == {
            "needed": True, "logged_in": False, "by_name": True, "user": None,
        }  # fmt: skip
        for path in ("/me", "/users", "/me/sessions", "/tracks", "/feedback"):
            assert stranger.get(path).status_code == 401
        for body in ({"password": PASSWORDS["Anna"]}, {"name": "Anna", "password": PASSWORDS["Bert"]},
                     {"name": "nobody", "password": "x"}):  # fmt: skip
            answer = stranger.post("/session", json=body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "wrong_password")
        for cookie in ("", "x", "9999999999.ab.cd", "\xff"):
            headers = {"cookie": f"segue_session={cookie}".encode("latin-1")}
            assert stranger.get("/me", headers=headers).status_code == 401


@pytest.mark.slow
def test_sessions_are_listed_and_ended_in_all_workers(server: Server, anna: Person):
    other, third = enter(server, "Anna"), enter(server, "Anna")
    listed = anna.client.get("/me/sessions").json()
    assert_documented("GET", "/api/v1/me/sessions", 200, listed)
    assert len(listed["sessions"]) == 3
    (mine,) = [one for one in listed["sessions"] if one["current"]]
    (theirs,) = [one for one in other.client.get("/me/sessions").json()["sessions"] if one["current"]]
    assert mine["app"].startswith("python-httpx")
    assert anna.ask("DELETE /me/sessions/{session_id}", session_id=theirs["id"]).status_code == 204
    assert anna.ask("DELETE /me/sessions/{session_id}", session_id=theirs["id"]).status_code == 404
    for _ in range(6):  # by whichever worker
        assert other.client.get("/me", headers={"connection": "close"}).status_code == 401
    assert third.client.get("/me").status_code == 200
    assert anna.ask("DELETE /me/sessions").status_code == 204
    assert third.client.get("/me").status_code == 401
    assert anna.client.get("/me").json()["user"]["name"] == "Anna"
    for person in (other, third):
        person.client.close()


def test_logging_out_ends_the_session_itself(server: Server):
    person = enter(server, "Bert")
    cookie = person.client.cookies["segue_session"]
    assert person.ask("DELETE /session").status_code == 204
    answer = httpx.get(f"{server.address}/api/v1/me", headers={"cookie": f"segue_session={cookie}"})
    assert answer.status_code == 401
    person.client.close()


def test_another_session_is_not_ended_by_who_does_not_own_it(anna: Person, bert: Person):
    (theirs,) = [one for one in bert.client.get("/me/sessions").json()["sessions"] if one["current"]]
    assert anna.ask("DELETE /me/sessions/{session_id}", session_id=theirs["id"]).status_code == 404
    assert bert.client.get("/me").status_code == 200


@pytest.mark.slow
def test_an_administrator_adds_and_removes_users(server: Server, olga: Person):
    new = {"name": "Carla", "password": "carla's own password"}
    answer = olga.client.post("/users", json=new)
    assert answer.status_code == 201
    assert_documented("POST", "/api/v1/users", 201, answer.json())
    carla_id = answer.json()["user"]["id"]
    assert olga.client.post("/users", json=new).status_code == 409
    assert olga.client.post("/users", json={"name": "D", "password": "short"}).status_code == 422
    carla = enter(server, "Carla", new["password"])
    changed = {"password": "carla's second password"}
    assert olga.ask("PUT /users/{user_id}/password", changed, user_id=carla_id).status_code == 204
    assert carla.client.get("/me").status_code == 401
    carla.client.close()
    carla = enter(server, "Carla", changed["password"])
    change = {"old": "not right", "new": "carla's third password"}
    assert carla.client.put("/me/password", json=change).status_code == 403
    change["old"] = changed["password"]
    assert carla.client.put("/me/password", json=change).status_code == 204
    assert carla.client.get("/me").status_code == 200  # its own session goes on
    assert olga.ask("DELETE /users/{user_id}/sessions", user_id=carla_id).status_code == 204
    assert carla.client.get("/me").status_code == 401
    carla.client.close()
    carla = enter(server, "Carla", change["new"])
    assert olga.ask("DELETE /users/{user_id}", user_id=carla_id).status_code == 204
    assert carla.client.get("/playlists").status_code == 401
    assert olga.ask("DELETE /users/{user_id}", user_id=carla_id).status_code == 404
    me = olga.client.get("/me").json()["user"]["id"]
    assert olga.ask("DELETE /users/{user_id}", user_id=me).status_code == 409
    listed = olga.client.get("/users").json()
    assert_documented("GET", "/api/v1/users", 200, listed)
    assert [user["name"] for user in listed["users"]] == ["Olga", "Anna", "Bert"]
    carla.client.close()


def test_an_administrator_changes_the_rights_of_others(server: Server, olga: Person, bert: Person):
    users = {one["name"]: one["id"] for one in olga.client.get("/users").json()["users"]}
    admin, listener = {"admin": True}, {"admin": False}
    assert bert.ask("PUT /users/{user_id}", admin, user_id=users["Bert"]).status_code == 403
    answer = olga.ask("PUT /users/{user_id}", admin, user_id=users["Bert"])
    assert answer.status_code == 200
    assert_documented("PUT", "/api/v1/users/{user_id}", 200, answer.json())
    assert answer.json()["user"]["admin"]
    assert bert.client.get("/users").status_code == 200  # at once, in the same session
    refused = bert.ask("PUT /users/{user_id}", listener, user_id=users["Olga"])
    assert refused.status_code == 409
    assert "stays an administrator" in refused.json()["error"]["message"]
    assert bert.ask("PUT /users/{user_id}", listener, user_id=users["Bert"]).status_code == 409  # oneself
    assert olga.ask("PUT /users/{user_id}", listener, user_id="nobody").status_code == 404
    assert olga.ask("PUT /users/{user_id}", {"admin": "yes"}, user_id=users["Bert"]).status_code == 422
    assert olga.ask("PUT /users/{user_id}", listener, user_id=users["Bert"]).status_code == 200
    assert bert.client.get("/users").status_code == 403


def test_a_token_is_the_owners(server: Server):
    headers = {"authorization": "Bearer t0ken"}
    assert server.api("GET", "/me", headers=headers).json()["user"]["name"] == "Olga"
    assert server.api("GET", "/users", headers=headers).status_code == 200
    names = [one["name"] for one in server.api("GET", "/playlists", headers=headers).json()["playlists"]]
    assert names == ["Olga's"]


# Services that were started before there were users, or after


@pytest.mark.slow
def test_a_running_service_asks_for_a_name_as_soon_as_there_are_users(tmp_path: Path, scanned: Path):
    root = Path(shutil.copytree(scanned, tmp_path / "library"))
    with serving("-l", root, "serve", "--no-open", "--port", 0, "--password", "sesame") as server:
        server.client.post("/api/v1/session", json={"password": "sesame"})
        assert server.api("GET", "/tracks").status_code == 200
        assert server.api("GET", "/me").status_code == 409
        assert server.api("POST", "/users", json={"name": "x", "password": "long enough"}).status_code == 409
        with Library.open(root) as library:
            library.users.add("Olga", PASSWORDS["Olga"])
        for headers in ({}, {"authorization": "Bearer sesame"}):  # the cookie of before, the password of all
            assert server.api("GET", "/tracks", headers=headers).status_code == 401
        assert server.api("POST", "/session", json={"password": "sesame"}).status_code == 401
        person = enter(server, "Olga")
        with Library.open(root) as library:
            library.users.remove(library.users.get("Olga"))
        for client in (person.client, httpx.Client(base_url=f"{server.address}/api/v1")):
            assert client.get("/tracks").status_code == 401  # until it is started again
            client.close()


def test_a_service_with_users_may_be_open_to_a_network_and_warns_of_a_password(shared_root: Path, segue):
    Settings(library="", scratch="", host="0.0.0.0", has_users=True).check()
    code, _, err = segue("-l", shared_root, "serve", "--no-open", "--password", "x", "--host", "no host")
    assert code == 2
    assert "--password is not used" in err


def test_a_service_that_knew_users_lets_nobody_in_without_them(tmp_path: Path):
    guard = Guard(Settings(library="", scratch="", has_users=True), Users(tmp_path))
    assert guard.needs_login()
    assert not guard.caller({}).is_logged_in
    assert Guard(Settings(library="", scratch=""), Users(tmp_path)).caller({}).is_logged_in


@pytest.mark.slow
def test_without_users_the_page_is_everybodys(tmp_path: Path):
    write_music(tmp_path / "music")
    with Library.open(tmp_path / "library", create=True) as library:
        library.scan(tmp_path / "music")
    with serving("-l", tmp_path / "library", "serve", "--no-open", "--port", 0) as server:
        assert server.get("/session") == {"needed": False, "logged_in": True, "by_name": False, "user": None}
        kept = server.post("/playlists", {"name": "mine", "tracks": []}, 201)["id"]
        refused = server.api("PUT", f"/playlists/{kept}", json={"public": True})
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "no_users")
        assert server.api("GET", "/me").json()["error"]["code"] == "no_users"
        assert server.api("GET", "/folders").status_code == 200
    assert not (tmp_path / "library" / "users").exists()
