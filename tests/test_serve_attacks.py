"""Requests that once ended in a fault, tied up what others need, or were believed without a reason."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest

from segue.errors import UsageError
from segue.library import Library
from segue.serve.http.clients import name_client
from segue.serve.http.ranges import wanted_ranges
from tests.serve_process import Server, serving
from tests.served_home import service_fixtures

home, server, ids = service_fixtures()


@pytest.fixture(scope="module")
def long_track(home: Path, server: Server) -> str:
    """The id of a track of a quarter of an hour, which a browser needs converted."""
    import numpy as np

    from tests.sounds import FORMATS

    t = np.arange(900 * 44_100) / 44_100
    y = (0.3 * np.sin(2 * np.pi * 220 * t)).astype(np.float32)
    FORMATS["wma"].write(home / "more", np.stack([y, y], 1), "long")
    server.ended(server.post("/jobs/scan", {"folders": [str(home / "more")]}, 202)["job"]["id"])
    found = [track for track in server.get("/tracks", limit=100)["tracks"] if track["duration_s"] > 800]
    return found[0]["id"]


# Conversions


def half_heard(server: Server, track: str, n_bytes: int) -> socket.socket:
    """A client that has taken some of a conversion, and no more."""
    connection = socket.create_connection(("127.0.0.1", int(server.address.rsplit(":", 1)[1])), 10)
    path = f"/api/v1/tracks/{track}/audio?format=mp3"
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    if n_bytes:
        connection.recv(n_bytes)
    return connection


def begins(server: Server, track: str) -> bool:
    with server.client.stream("GET", f"/api/v1/tracks/{track}/audio?format=mp3") as answer:
        return answer.status_code == 200 and len(next(answer.iter_bytes(1000))) > 0


@pytest.mark.slow
@pytest.mark.parametrize("n_bytes", [0, 2000])
def test_listeners_who_leave_a_conversion_do_not_end_conversions(
    server: Server, long_track: str, n_bytes: int
):
    for _ in range(40):
        half_heard(server, long_track, n_bytes).close()
    assert begins(server, long_track)


@pytest.mark.slow
def test_a_conversion_that_nobody_takes_makes_way(server: Server, long_track: str):
    stalled = [half_heard(server, long_track, 2000) for _ in range(8)]
    started = time.monotonic()
    assert begins(server, long_track)
    assert time.monotonic() - started < 20
    for connection in stalled:
        connection.close()


@pytest.mark.slow
def test_a_conversion_plays_the_file_and_nothing_that_it_names(home: Path, server: Server, ids: dict):
    track = ids["windows"]
    path = home / "music" / "windows.wma"
    kept = path.read_bytes()
    path.write_text("ffconcat version 1.0\nfile low0.flac\n")
    try:
        answer = server.api("GET", f"/tracks/{track}/audio", params={"format": "mp3"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "damaged")
        damaged = Path(__file__).parent / "hostile" / "exc-696277e9-s.sph"
        shutil.copy(damaged, path)
        answer = server.api("GET", f"/tracks/{track}/audio", params={"format": "ogg"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "damaged")
    finally:
        path.write_bytes(kept)
    assert server.api("GET", f"/tracks/{track}/audio").status_code == 200


# Ranges


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None), ("bytes=0-0", ["0-0"]), ("Bytes = 2-, -3", ["2-9", "7-9"]), ("bytes=5-99", ["5-9"]),
        ("bytes=-99", ["0-9"]), ("bytes=0-1,99-", ["0-1"]), ("bytes=0-" + "9" * 3000, ["0-9"]),
        ("bytes=" + "0" * 3000 + "5-", ["5-9"]), ("bytes=", None), ("bytes=-", None), ("lines=1-2", None),
        ("bytes=a-b", None), ("bytes=1-2-3", None), ("bytes=0-1," + "x" * 5000, None),
        ("bytes=" + "0-0," * 101, None), ("bytes=\u00b2-", None), ("bytes=+1-2", None),
    ],
)  # fmt: skip
def test_ranges_are_read_in_bounded_time(header: str | None, expected: list[str] | None):
    assert wanted_ranges(header, 10) == expected


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=5-2", "bytes=-0", f"bytes={'9' * 3000}-"])
def test_a_range_that_a_file_has_not_is_416_for_every_player(server: Server, ids: dict, header: str):
    track = ids["Low number 0"]
    header = header.replace("10-", "99999999-")
    for path in (f"/api/v1/tracks/{track}/audio", f"/rest/stream?id={track}", f"/rest/download?id={track}"):
        answer = server.client.get(path, headers={"range": header})
        assert answer.status_code == 416, path
        assert answer.headers["content-range"].startswith("bytes */")
    whole = server.client.get(f"/rest/stream?id={track}", headers={"range": f"bytes={'9' * 5000}-"})
    assert whole.status_code == 200  # too long a header is none


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
        db = library._catalog._local.db
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


# Who asks


@pytest.fixture(scope="module")
def guarded(home: Path) -> Iterator[Server]:
    options = ("--no-open", "--port", 0, "--password", "sesame")
    with serving("-l", home / "library", "serve", *options) as running:
        yield running


def test_another_port_of_this_machine_cannot_use_a_session(guarded: Server):
    with httpx.Client(base_url=guarded.address, timeout=30) as client:
        assert client.post("/api/v1/session", json={"password": "sesame"}).status_code == 200
        asked = {"name": "x", "f": "json"}
        foreign = client.get("/rest/createPlaylist", params=asked, headers={"sec-fetch-site": "same-site"})
        assert foreign.status_code == 403
        own = client.get("/rest/ping", params=asked, headers={"sec-fetch-site": "same-origin"})
        assert own.json()["subsonic-response"]["status"] == "ok"


def test_a_client_cannot_say_that_it_is_another(guarded: Server):
    def wrong(i: int) -> int:
        headers = {
            "x-forwarded-for": f"10.0.0.{i}",
            "forwarded": f"for=10.0.0.{i}",
            "x-real-ip": f"10.0.0.{i}",
        }
        return guarded.api("POST", "/session", json={"password": "no"}, headers=headers).status_code

    assert 429 in [wrong(i) for i in range(30)]


@pytest.mark.slow
def test_a_proxy_that_is_named_says_who_asks(home: Path):
    options = ("--no-open", "--port", 0, "--password", "sesame", "--behind-proxy")
    with serving("-l", home / "library", "serve", *options) as server:

        def wrong(address: str) -> int:
            headers = {"x-forwarded-for": address}
            return server.api("POST", "/session", json={"password": "no"}, headers=headers).status_code

        assert 429 in [wrong("10.0.0.1") for _ in range(30)]
        assert wrong("10.0.0.2") == 401
        # What a client says of itself stands before what the proxy adds.
        assert wrong("10.0.0.3, 10.0.0.1") == 429


def test_an_ipv6_network_is_one_client():
    assert name_client("2001:db8::1") == name_client("2001:db8::ffff:1") == "2001:db8::/64"
    assert name_client("2001:db8:0:1::1") != name_client("2001:db8::1")
    assert name_client("::ffff:10.0.0.1") == name_client("10.0.0.1") == "10.0.0.1"
    assert len(name_client("x" * 10_000)) < 100


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "null"}, {"origin": "https://localhost:1"}, {"origin": "http://["}, {"origin": ""},
        {"sec-fetch-site": "same-site"}, {"sec-fetch-site": "Same-Site"}, {"sec-fetch-site": "x"},
    ],
)  # fmt: skip
def test_another_page_changes_nothing(server: Server, headers: dict[str, str]):
    answer = server.api("POST", "/playlists", json={"name": "x"}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "other_site")
    answer = server.client.get("/rest/createPlaylist", params={"name": "x"}, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("name", ["Host", "Origin", "Authorization", "Content-Type", "Sec-Fetch-Site"])
def test_a_header_that_decides_comes_once(server: Server, name: str):
    value = "127.0.0.1" if name == "Host" else "x"
    host = "" if name == "Host" else "Host: 127.0.0.1\r\n"
    lines = f"{host}{name}: {value}\r\n{name}: {value}\r\nConnection: close\r\n\r\n"
    request = f"GET /api/v1/health HTTP/1.1\r\n{lines}"
    with socket.create_connection(("127.0.0.1", int(server.address.rsplit(":", 1)[1])), 10) as connection:
        connection.sendall(request.encode())
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 400"), answer
