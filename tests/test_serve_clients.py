"""Who asks: what clients may say of themselves, and how often they may be wrong."""

from __future__ import annotations

import base64
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from argon2 import PasswordHasher

from segue.library import Library
from segue.serve.http import limits, logins
from segue.serve.http.clients import name_client
from segue.serve.http.errors import ApiError
from segue.serve.http.limits import CLIENTS, Levels, OwnLevels, RateLimit, make_levels
from segue.serve.http.logins import OF_ALL, Logins
from segue.serve.service import EVENTS_EACH
from segue.users import passwords
from tests.serve_process import Server, serving
from tests.served_home import service_fixtures
from tests.waiting import PATIENCE_S, wait_for

home, server, ids = service_fixtures()
STILL = "tests.still_limits"


@pytest.fixture(scope="module")
def guarded(home: Path) -> Iterator[Server]:
    options = ("--no-open", "--port", 0, "--password", "sesame")
    with serving("-l", home / "library", "serve", *options) as running:
        yield running


def test_another_port_of_this_machine_cannot_use_a_session(guarded: Server):
    with httpx.Client(base_url=guarded.address, timeout=PATIENCE_S) as client:
        assert client.post("/api/v1/session", json={"password": "sesame"}).status_code == 200
        asked = {"name": "x", "f": "json"}
        foreign = client.get("/rest/createPlaylist", params=asked, headers={"sec-fetch-site": "same-site"})
        assert foreign.status_code == 403
        own = client.get("/rest/ping", params=asked, headers={"sec-fetch-site": "same-origin"})
        assert own.json()["subsonic-response"]["status"] == "ok"


@pytest.mark.slow
def test_a_client_cannot_say_that_it_is_another(home: Path):
    options = ("--no-open", "--port", 0, "--password", "sesame")
    with serving("-l", home / "library", "serve", *options, module=STILL) as server:

        def wrong(i: int) -> int:
            headers = {
                "x-forwarded-for": f"10.0.0.{i}",
                "forwarded": f"for=10.0.0.{i}",
                "x-real-ip": f"10.0.0.{i}",
            }
            return server.api("POST", "/session", json={"password": "no"}, headers=headers).status_code

        assert 429 in [wrong(i) for i in range(30)]


@pytest.mark.slow
def test_a_proxy_that_is_named_says_who_asks(home: Path):
    options = ("--no-open", "--port", 0, "--password", "sesame", "--behind-proxy")
    with serving("-l", home / "library", "serve", *options, module=STILL) as server:

        def wrong(address: str) -> int:
            headers = {"x-forwarded-for": address}
            return server.api("POST", "/session", json={"password": "no"}, headers=headers).status_code

        assert 429 in [wrong("10.0.0.1") for _ in range(30)]
        # What a client says of itself stands before what the proxy adds.
        assert wrong("10.0.0.3, 10.0.0.1") == 429
        assert wrong("10.0.0.2") == 401


@pytest.mark.slow
def test_guessing_a_users_password_is_slowed_down(
    tmp_path: Path, scanned: Path, monkeypatch: pytest.MonkeyPatch
):
    root = Path(shutil.copytree(scanned, tmp_path / "library"))
    # A hash that is checked quickly.
    monkeypatch.setattr(passwords, "hasher", lambda: PasswordHasher(1, 8, 1))
    with Library.open(root) as library:
        library.users.add("Olga", "olga's password")
    with serving("-l", root, "serve", "--no-open", "--port", 0, module=STILL) as server:

        def login(password: str) -> int:
            body = {"name": "Olga", "password": password}
            return server.api("POST", "/session", json=body).status_code

        assert login("y") == 401
        assert 429 in [login("y") for _ in range(25)]
        assert login("olga's password") == 429  # also with the right one, which would end the guesses
        assert "try again" in server.client.get("/rest/ping", params={"u": "Olga", "p": "x"}).text


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time passes for the limits, however long a test takes."""
    clock = SimpleNamespace(monotonic=lambda: 10_000.0)
    for module in (limits, logins):
        monkeypatch.setattr(module, "time", clock)


def levels_of(kind: str, folder: Path) -> tuple[Levels, Levels]:
    """Of two workers, or twice those of one."""
    own = OwnLevels()
    return (own, own) if kind == "own" else (make_levels(str(folder), 2), make_levels(str(folder), 2))


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("kind", ["own", "shared"])
def test_limits_hold_over_all_workers(tmp_path: Path, kind: str):
    first, second = (RateLimit(levels, "upload", 4) for levels in levels_of(kind, tmp_path))
    assert [rate.take("a") for rate in (first, second, first, second)] == [0, 0, 0, 0]
    assert 10 < first.take("a") <= 15
    assert 10 < second.wait_s("a") <= 15
    assert second.take("b") == 0


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("kind", ["own", "shared"])
def test_many_clients_together_guess_no_quicker_than_a_few(tmp_path: Path, kind: str):
    first, second = map(Logins, levels_of(kind, tmp_path))
    first.right("mine")
    for i in range(OF_ALL):
        workers = (first, second)
        workers[i % 2].check("login", f"10.0.0.{i}")
        workers[i % 2].wrong("login", f"10.0.0.{i}")
    for one in (first, second):
        with pytest.raises(ApiError, match="too many wrong passwords"):
            one.check("login", "10.1.1.1")
        one.check("login", "mine")  # it was right before


@pytest.mark.usefixtures("still")
def test_a_client_that_was_right_may_be_wrong_as_often_as_others():
    one = Logins(OwnLevels())
    one.right("mine")
    for _ in range(20):
        one.check("login", "mine")
        one.wrong("login", "mine")
    with pytest.raises(ApiError):
        one.check("login", "mine")


@pytest.mark.slow
def test_levels_are_of_some_clients_only(tmp_path: Path):
    for levels in (OwnLevels(), make_levels(str(tmp_path), 2)):
        for i in range(CLIENTS + 10):
            levels.set(str(i), (1.0, float(i)))
        assert levels.get("0") is None
        assert levels.get("10") == (1.0, 10.0)


@pytest.mark.slow
def test_a_wrong_token_counts_at_every_address(home: Path):
    options = ("--no-open", "--port", 0, "--token", "right")
    with serving("-l", home / "library", "serve", *options, module=STILL) as server:
        addresses = ("/api/v1/session", "/rest/ping", "/", "/docs", "/api/v1/library")

        codes = [
            server.client.get(addresses[i % 5], headers={"authorization": f"Bearer {i}"}).status_code
            for i in range(70)
        ]
        assert codes[0] == 200
        assert set(codes[-5:]) == {429}


@pytest.mark.slow
def test_uploads_are_counted_before_they_are_taken(guarded: Server, music: dict[str, Path]):
    port = int(guarded.address.rsplit(":", 1)[1])
    basic = base64.b64encode(b"me:sesame").decode()
    head = (
        f"POST /api/v1/clips HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {basic}\r\nX-Segue: 1\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 900000\r\n"
        "Expect: 100-continue\r\n\r\n"
    )
    begun = [socket.create_connection(("127.0.0.1", port), PATIENCE_S) for _ in range(4)]
    for connection in begun:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100")  # it was let in
    headers = {"authorization": f"Basic {basic}"}

    def upload() -> int:
        with music["low0"].open("rb") as f:
            how = {"files": {"file": f}, "headers": headers | {"X-Segue": "1"}}
            return guarded.api("POST", "/clips", **how).status_code

    assert upload() == 503
    for connection in begun:
        connection.close()
    wait_for(lambda: upload() == 201)


@pytest.mark.slow
def test_a_service_that_ends_says_so_to_who_still_sends(scanned: Path):
    with serving("-l", scanned, "serve", "--no-open", "--port", 0) as server:
        port = int(server.address.rsplit(":", 1)[1])
        connection = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        head = "Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
        connection.sendall(f"POST /api/v1/playlists HTTP/1.1\r\n{head}".encode())
        assert server.get("/health")["status"] == "ok"
    assert connection.recv(4096).startswith(b"HTTP/1.1 503")
    connection.close()


@pytest.mark.slow
def test_only_so_many_watch_a_job(server: Server):
    job = server.post("/clusters", {}, 202)["job"]["id"]
    server.ended(job)
    events = f"/api/v1/jobs/{job}/events"
    assert all(server.client.get(events).status_code == 200 for _ in range(EVENTS_EACH + 2))


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
    with socket.create_connection(
        ("127.0.0.1", int(server.address.rsplit(":", 1)[1])), PATIENCE_S
    ) as connection:
        connection.sendall(request.encode())
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 400"), answer
