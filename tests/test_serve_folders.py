"""Which folders may be added over HTTP, and how their paths are completed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from segue.serve.http.peers import is_own_user
from segue.serve.scans import allowed_roots
from segue.serve.settings import Settings
from tests.serve_process import Server, serving


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("places")
    for name in ("Music", "more music", ".hidden", "Allowed/inner"):
        (top / name).mkdir(parents=True)
    (top / "Mutes.txt").touch()
    return top


@pytest.fixture(scope="module")
def private(places: Path) -> Iterator[Server]:
    with serving("-l", places / "library", "serve", "--no-open", "--port", 0) as running:
        yield running


def test_a_service_for_this_machine_alone_completes_any_path(private: Server, places: Path):
    answer = private.get("/folders", q=f"{places}/mu")
    assert (answer["folders"], answer["any"]) == ([f"{places}/Music"], True)
    assert private.get("/folders", q=f"{places}/.h")["folders"] == [f"{places}/.hidden"]
    assert f"{places}/.hidden" not in private.get("/folders", q=f"{places}/")["folders"]
    assert private.get("/folders", q="/no/such/place/x")["folders"] == []
    assert str(Path.home()) in private.get("/folders")["folders"]


def test_a_service_for_this_machine_alone_scans_any_folder_but_none_that_is_not_there(
    private: Server, places: Path
):
    answer = private.api("POST", "/jobs/scan", json={"folders": [str(places / "nothing")]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_folder")
    job = private.post("/jobs/scan", {"folders": [str(places / "Music")]}, 202)["job"]
    assert private.ended(job["id"])["state"] in ("done", "failed")


@pytest.mark.slow
def test_with_folders_named_only_those_are_proposed(places: Path):
    arguments = ("-l", places / "other", "serve", "--no-open", "--port", 0, "--folder", places / "Allowed")
    with serving(*arguments) as running:
        answer = running.get("/folders", q=f"{places}/")
        assert (answer["any"], answer["folders"]) == (False, [f"{places}/Allowed"])
        assert running.get("/folders", q=f"{places}/Allowed/")["folders"] == [f"{places}/Allowed/inner"]
        assert running.get("/folders", q=f"{places}/Allowed/../Mu")["folders"] == []
        answer = running.api("POST", "/jobs/scan", json={"folders": [str(places / "Music")]})
        assert answer.json()["error"]["code"] == "folder_not_allowed"


@pytest.mark.parametrize(
    "options", [{"proxies": "127.0.0.1"}, {"hosts": ("music.example.org",)}, {"host": "0.0.0.0"}], ids=str
)
def test_whoever_may_come_from_elsewhere_adds_only_what_was_allowed(options: dict):
    settings = Settings(library="x", scratch="y", password="sesame", **options)
    assert allowed_roots(settings, [], own_user=True) == []
    assert allowed_roots(Settings(library="x", scratch="y"), [], own_user=True) is None
    assert allowed_roots(Settings(library="x", scratch="y"), [], own_user=False) == []


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux tells")
def test_the_user_of_a_connection_is_known():
    with socket.create_server(("127.0.0.1", 0)) as server:
        opened: list[socket.socket] = []
        thread = threading.Thread(target=lambda: opened.append(server.accept()[0]))
        thread.start()
        with socket.create_connection(server.getsockname()) as client:
            thread.join()
            scope = {"client": client.getsockname(), "server": server.getsockname()}
            assert is_own_user(scope)
            assert not is_own_user({"client": ("127.0.0.1", 1), "server": server.getsockname()})
            opened[0].close()
