"""Requests that once ended in a fault: texts, numbers, times and addresses as no client should send them."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from segue.errors import UsageError
from segue.library import Library
from tests.serve_process import Server, serving
from tests.served_home import service_fixtures

home, server, ids = service_fixtures()


# What was stored unchecked


def subsonic(server: Server, method: str, **parameters: object) -> dict:
    answer = server.client.get(f"/rest/{method}", params={"f": "json"} | parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()["subsonic-response"]


@pytest.mark.parametrize(
    "at", [-1, 99_999_999_999_999_999, 1_795_898_172_000_000, "9" * 5000, "x", "1.5", "²"]
)
def test_a_play_at_no_time_is_refused(server: Server, ids: dict, at: object):
    answer = subsonic(server, "scrobble", id=ids["Low number 0"], time=at)
    assert answer["status"] == "failed", answer
    assert "played" not in subsonic(server, "getSong", id=ids["Low number 0"])["song"]


@pytest.mark.slow
@pytest.mark.parametrize("at", [1_795_898_172_000.0, 1e14, -1e14, float("inf"), 1e300])
def test_a_library_with_impossible_times_is_served(scanned: Path, tmp_path: Path, at: float):
    shutil.copytree(scanned, tmp_path / "library")
    with Library.open(tmp_path / "library") as library:
        track = next(iter(library)).id
        with pytest.raises(UsageError, match="no time"):
            library.record_plays([track], at)
        playlist = library.playlists.create("x", [track])
        db = library.catalog.connections.db
        db.execute("INSERT INTO plays VALUES (?, ?)", (track, at))
        db.execute("INSERT INTO stars VALUES ('album', 'x', ?)", (at,))
        db.execute("UPDATE playlists SET created_at = ?, changed_at = ?", (at, at))
        db.execute("UPDATE tracks SET added_at = ?", (min(at, 1e300),))
        db.commit()
    with serving("-l", tmp_path / "library", "serve", "--no-open", "--port", 0) as server:
        for method in ("getSong", "getPlaylist", "search3", "createPlaylist", "getStarred2", "getAlbumList2"):
            names = {"id": playlist if method == "getPlaylist" else track, "type": "recent"}
            for form in ("json", "xml"):
                answer = server.client.get(
                    f"/rest/{method}", params=names | {"f": form, "query": "", "name": "y"}
                )
                assert answer.status_code == 200, method
                assert 'status="ok"' in answer.text or answer.json()["subsonic-response"]["status"] == "ok"
        assert server.get(f"/tracks/{track}")["track"]["id"] == track
        assert server.post("/radio", {"seeds": [track], "k": 3})["matches"]


# Addresses that ended in a fault

WORDS = " ".join(f"w{i}" for i in range(2500))


@pytest.mark.slow
@pytest.mark.parametrize(
    "address",
    [
        "/" + "a" * 300, "/assets/" + "a" * 300, "/assets/%00", "/a%00b", "/" + "%F0%9F%8E%B5" * 90,
        "/" + "a/" * 4000, "/api/v1/tracks/%00", "/api/v1/tracks/" + "a" * 9000, "/api/v1/tracks?q=%00",
        "/api/v1/search?q=%00", "/api/v1/seeds?q=%00", "/api/v1/tracks?genre=%00", "/api/v1/why?a=%00&b=%00",
        "/api/v1/clips/%00/audio", "/api/v1/jobs/%00", "/api/v1/playlists/%00/m3u8",
        "/api/v1/search?q=" + "%25" * 300, "/api/v1/tracks?q=" + "_+" * 150, "/api/v1/tracks?years=%00",
        "/rest/ping?u=a&t=%C3%A9&s=x", "/rest/ping?u=a&p=enc:%C3%A9", "/rest/%00", "/rest/" + "a" * 9000,
        "/rest/search3?query=%00", "/rest/search3?query=" + WORDS.replace(" ", "+"),
        "/rest/search3?query=x&songCount=" + "9" * 5000, "/rest/search3?query=" + "a" * 60_000,
        "/rest/getSong?id=%00", "/rest/updatePlaylist?playlistId=x&songIndexToRemove=" + "9" * 5000,
        "/rest/getAlbumList2?type=byYear&fromYear=%C2%B2", "/rest/ping?callback=%00",
    ],
)  # fmt: skip
def test_no_address_is_a_fault(server: Server, address: str):
    answer = server.client.get(address)
    assert answer.status_code < 500, answer.text
    if address.startswith("/rest/"):
        ET.fromstring(answer.content)


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "\x1b[0m", "\u202e", "ß" * 300])
def test_no_text_in_a_body_is_a_fault(server: Server, text: str):
    import json

    for path, body in (
        ("/similar", {"seeds": [text]}), ("/playlists", {"name": text}), ("/jobs/scan", {"folders": [text]}),
        ("/m3u8", {"name": text}), ("/feedback", {"track": text, "verdict": "like"}),
        ("/similar", {"seeds": ["x"], "where": {"genre": text, "folder": text}}),
        ("/session", {"password": text}),
    ):  # fmt: skip
        headers = {"content-type": "application/json"}
        answer = server.api("POST", path, content=json.dumps(body).encode(), headers=headers)
        assert answer.status_code < 500, (path, answer.text)
    for name in ("name", "query"):
        answer = server.client.post(
            "/rest/createPlaylist", data={name: text.encode("utf-8", "replace"), "f": "json"}
        )
        assert answer.status_code == 200


def test_a_long_text_is_searched_by_its_beginning(library: Library):
    assert library.tracks.search("low " * 5000)
    assert library.tracks.search(WORDS) == []
    assert library.tracks.search("a" * 200_000) == []
    assert library.search("low " * 5000).total >= 4
