"""Similar songs of Segue for another server's players; a second Segue, with other ids, plays that server."""

from __future__ import annotations

import importlib.util
import json
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from segue import Library
from tests.conftest import tag, write_music
from tests.serve_process import Server, serving
from tests.test_subsonic import SPACE, Player
from tests.waiting import PATIENCE_S

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "navidrome_similar.py"


def load_example() -> Any:
    spec = importlib.util.spec_from_file_location("navidrome_similar", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    """A server with the same songs, under other ids and paths, and one that Segue lacks."""
    folder = tmp_path_factory.mktemp("navidrome")
    paths = write_music(folder / "songs")
    extra = folder / "songs" / "extra.flac"
    extra.write_bytes(paths["low0"].read_bytes())
    tag(extra, title="Only there", artist="Nobody")
    with Library.open(folder / "library", create=True) as library:
        library.scan(folder / "songs")
    words = ("-l", folder / "library", "serve", "--no-open", "--port", 0, "--password", "sesame")
    with serving(*words) as server:
        yield Player(server)


@pytest.fixture(scope="module")
def segue_service(scanned: Path) -> Iterator[Server]:
    with serving("-l", scanned, "serve", "--no-open", "--port", 0) as server:
        yield server


@pytest.fixture
def bridge(other: Player, segue_service: Server) -> Iterator[str]:
    yield from running(other.server.address, segue_service.address)


def running(server: str, segue: str) -> Iterator[str]:
    example = load_example()
    similar = example.Similar(example.Server(server), example.Segue(segue, None))
    with ThreadingHTTPServer(("127.0.0.1", 0), example.make_handler(similar)) as service:
        thread = threading.Thread(target=service.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{service.server_port}"
        service.shutdown()
        thread.join()


def song_ids(other: Player) -> dict[str, str]:
    songs = other.ask("search3", query="", songCount=100)["searchResult3"]["song"]
    return {song["title"]: song["id"] for song in songs}


def ask(bridge: str, other: Player, method: str, **parameters: object) -> httpx.Response:
    parameters = {**other.login, "f": "json", **parameters}
    return httpx.get(f"{bridge}/rest/{method}", params=parameters, timeout=PATIENCE_S)


@pytest.mark.slow
def test_similar_songs_have_the_servers_own_ids(bridge: str, other: Player, library: Library):
    ids = song_ids(other)
    for method, name in (("getSimilarSongs", "similarSongs"), ("getSimilarSongs2.view", "similarSongs2")):
        answer = ask(bridge, other, method, id=ids["High number 0"], count=4).json()["subsonic-response"]
        expected = [m.track.title for m in library.similar("High number 0", k=4)]
        assert answer["status"] == "ok"
        assert [song["title"] for song in answer[name]["song"]] == expected
        assert [song["id"] for song in answer[name]["song"]] == [ids[title] for title in expected]


@pytest.mark.slow
def test_xml_and_forms_are_answered_too(bridge: str, other: Player):
    form = {**other.login, "id": song_ids(other)["Low number 1"], "count": 3}
    answer = httpx.post(f"{bridge}/rest/getSimilarSongs2", data=form, timeout=PATIENCE_S)
    root = ET.fromstring(answer.content)
    songs = root.find(f"{SPACE}similarSongs2").findall(f"{SPACE}song")
    assert root.get("status") == "ok"
    assert len(songs) == 3
    assert all(song.get("id") in song_ids(other).values() for song in songs)


def test_what_segue_does_not_know_the_server_answers(bridge: str, other: Player):
    ids = song_ids(other)
    for wanted in (ids["Only there"], "no-such-id"):
        ours = ask(bridge, other, "getSimilarSongs2", id=wanted, count=3).json()
        assert ours == other.raw("getSimilarSongs2", id=wanted, count=3).json()
    wrong = ask(bridge, Player(other.server, "wrong"), "getSimilarSongs2", id=ids["Only there"]).json()
    assert wrong["subsonic-response"]["error"]["code"] == 40


@pytest.mark.slow
def test_without_segue_the_server_answers(other: Player):
    wanted = song_ids(other)["High number 0"]
    for bridge in running(other.server.address, "http://127.0.0.1:1"):
        ours = ask(bridge, other, "getSimilarSongs2", id=wanted, count=3).json()
        assert ours == other.raw("getSimilarSongs2", id=wanted, count=3).json()


def test_nothing_else_is_answered(bridge: str, other: Player):
    assert ask(bridge, other, "getSong", id="x").status_code == 404


def test_words_of_xml_are_escaped():
    example = load_example()
    songs = [{"title": '<"&', "isDir": False}]
    xml = example.as_xml({"status": "ok", "openSubsonic": True}, "similarSongs", songs)
    song = ET.fromstring(xml).find(f".//{SPACE}song")
    assert json.loads(json.dumps(song.attrib)) == {"title": '<"&', "isDir": "false"}
