"""Likes and dislikes over HTTP and in OpenSubsonic's players, which act on the next answer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from segue.library import Library
from tests.serve_process import Server, serving
from tests.test_subsonic import Player


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, scanned: Path) -> Path:
    root = tmp_path_factory.mktemp("feedback") / "library"
    shutil.copytree(scanned, root)
    return root


@pytest.fixture(scope="module")
def running(root: Path) -> Iterator[Server]:
    options = ("--no-open", "--port", 0, "--password", "sesame")
    with serving("-l", root, "serve", *options) as server:
        assert server.api("POST", "/session", json={"password": "sesame"}).status_code == 200
        yield server


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    yield running
    for one in running.get("/feedback")["feedback"]:
        running.api("DELETE", f"/feedback/{one['track']}")


@pytest.fixture(scope="module")
def ids(root: Path) -> dict[str, str]:
    with Library.open(root) as library:
        return {track.title: track.id for track in library}


def answers(server: Server, seed: str, path: str = "/similar", **how: object) -> list[dict]:
    return server.post(path, {"seeds": [seed], "k": 8} | how)["matches"]


def titles(matches: list[dict]) -> list[str]:
    return [match["track"]["title"] for match in matches]


def test_a_dislike_acts_on_the_next_answer_and_is_taken_back(server: Server, ids: dict[str, str]):
    seed = ids["Low number 0"]
    before = answers(server, seed)
    assert all(match["bias"] is None for match in before)
    disliked = before[0]["track"]
    body = {"track": disliked["id"], "verdict": "dislike"}
    assert server.post("/feedback", body, 201) == body | {"seed": None}
    after = answers(server, seed)
    assert disliked["title"] not in titles(after)
    moved = next(match["bias"] for match in after if match["bias"])
    assert moved["disliked"] == disliked["id"]
    assert moved["text"] == f"close to {disliked['title']}, which you dislike"
    assert moved["value"] < 0
    assert disliked["title"] not in titles(answers(server, seed, "/suggested-playlist"))
    assert answers(server, seed, feedback=False) == before
    assert server.api("DELETE", f"/feedback/{disliked['id']}").status_code == 204
    assert answers(server, seed) == before
    assert server.api("DELETE", f"/feedback/{disliked['id']}").json()["error"]["code"] == "feedback_not_found"


def test_a_journey_goes_around_what_is_disliked(server: Server, ids: dict[str, str]):
    body = {"start": ids["Low number 0"], "end": ids["High number 0"], "k": 4}
    on_the_way = server.post("/journey", body)["matches"][1]["track"]
    server.post("/feedback", {"track": on_the_way["id"], "verdict": "dislike"}, 201)
    assert on_the_way["title"] not in titles(server.post("/journey", body)["matches"])
    assert on_the_way["title"] in titles(server.post("/journey", body | {"feedback": False})["matches"])


def test_why_tells_of_likes(server: Server, ids: dict[str, str]):
    pair = {"a": ids["Low number 0"], "b": ids["Low number 1"]}
    assert server.get("/why", **pair)["feedback"] == ""
    server.post("/feedback", {"track": pair["b"], "verdict": "like"}, 201)
    assert (server.get("/why", **pair)["feedback"], server.get("/why", **pair)["bias"]) == (
        "you like it",
        0.05,
    )


def test_a_like_is_a_players_star_and_a_star_a_like(server: Server, ids: dict[str, str]):
    player = Player(server)
    low, high = ids["Low number 1"], ids["High number 1"]
    player.ask("star", id=low)
    (kept,) = server.get("/feedback")["feedback"]
    assert (kept["track"], kept["verdict"]) == (low, "like")
    server.post("/feedback", {"track": high, "verdict": "like"}, 201)
    starred = player.ask("getStarred2")["starred2"]["song"]
    assert [song["id"] for song in starred] == [high, low]
    assert player.ask("getSong", id=high)["song"]["starred"]
    server.post("/feedback", {"track": low, "verdict": "dislike"}, 201)
    assert [song["id"] for song in player.ask("getStarred2")["starred2"]["song"]] == [high]
    assert "starred" not in player.ask("getSong", id=low)["song"]
    player.ask("unstar", id=high)
    assert [one["track"] for one in server.get("/feedback")["feedback"]] == [low]


def test_players_are_offered_nothing_that_is_disliked(server: Server, ids: dict[str, str]):
    player = Player(server)
    songs = player.ask("getSimilarSongs2", id=ids["Low number 0"], count=20)["similarSongs2"]["song"]
    assert ids["Low number 1"] in {song["id"] for song in songs}
    server.post("/feedback", {"track": ids["Low number 1"], "verdict": "dislike"}, 201)
    songs = player.ask("getSimilarSongs2", id=ids["Low number 0"], count=20)["similarSongs2"]["song"]
    assert ids["Low number 1"] not in {song["id"] for song in songs}
