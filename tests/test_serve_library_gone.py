"""A library that is moved away, replaced or brought back under a running service."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.serve_process import Server, serving
from tests.waiting import wait_for


def is_gone(server: Server) -> bool:
    answer = server.api("GET", "/health")
    return (answer.status_code, answer.json().get("error", {}).get("code")) == (503, "library_gone")


@pytest.mark.slow
def test_a_library_that_is_moved_away_is_said_to_be_gone_and_nothing_is_made(scanned: Path, tmp_path: Path):
    root, away = tmp_path / "library", tmp_path / "away"
    shutil.copytree(scanned, root)
    with serving("-l", root, "serve", "--no-open", "--port", 0) as server:
        track = server.get("/tracks")["tracks"][0]["id"]
        root.rename(away)
        wait_for(lambda: is_gone(server))
        asked = [
            ("GET", "/tracks", None), ("GET", "/map", None), ("GET", f"/why?a={track}&b={track}", None),
            ("POST", "/similar", {"seeds": [track]}), ("POST", "/playlists", {"name": "x"}),
            ("POST", "/jobs/scan", {}), ("PUT", "/settings", {}), ("GET", f"/tracks/{track}/audio", None),
        ]  # fmt: skip
        for method, path, body in asked:
            answer = server.api(method, path, json=body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "library_gone"), path
            assert str(tmp_path) not in answer.text
        answer = server.client.get("/rest/createPlaylist", params={"f": "json", "name": "x"})
        assert "moved" in answer.json()["subsonic-response"]["error"]["message"]
        assert not root.exists()
        assert server.client.get("/").status_code == 200  # the page itself, which can say so
        away.rename(root)
        wait_for(lambda: not is_gone(server))
        assert server.get("/playlists")["playlists"] == []
        assert len(server.post("/similar", {"seeds": [track], "k": 2})["matches"]) == 2


@pytest.mark.slow
def test_another_library_at_the_same_place_is_not_mixed_with_the_first(scanned: Path, tmp_path: Path):
    root = tmp_path / "library"
    shutil.copytree(scanned, root)
    with serving("-l", root, "serve", "--no-open", "--port", 0) as server:
        assert not is_gone(server)
        root.rename(tmp_path / "first")
        shutil.copytree(scanned, root)
        wait_for(lambda: is_gone(server))
