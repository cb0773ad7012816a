"""Who is let in, what is refused, and that no request ends the service or opens a file."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import numpy as np
import pytest
from starlette.exceptions import HTTPException

from segue.errors import UsageError
from segue.library import Library
from segue.serve.http import limits
from segue.serve.http.limits import OwnLevels, RateLimit, limit_body
from segue.serve.http.security import Guard
from segue.serve.settings import Settings
from tests.conftest import SR
from tests.endless_flac import write_endless_flac
from tests.serve_process import Server, serving
from tests.sounds import write
from tests.waiting import PATIENCE_S, machine_clock, wait_for


@pytest.fixture(scope="module")
def library_root(tmp_path_factory: pytest.TempPathFactory, scanned: Path) -> Path:
    root = tmp_path_factory.mktemp("guarded") / "library"
    shutil.copytree(scanned, root)
    return root


@pytest.fixture(scope="module")
def guarded(library_root: Path) -> Iterator[Server]:
    options = ("--no-open", "--port", 0, "--password", "sesame", "--token", "t0ken", "--upload-mb", 1)
    with serving("-l", library_root, "serve", *options) as server:
        yield server


def test_nothing_is_shown_before_the_password(guarded: Server):
    for path in ("/library", "/tracks", "/map", "/jobs", "/playlists", "/clips/x/audio", "/nothing"):
        answer = guarded.api("GET", path)
        assert answer.status_code == 401, path
        assert answer.json()["error"]["code"] == "login_needed"
    for path in ("/metrics", "/docs", "/openapi.json"):
        assert guarded.client.get(path).status_code == 401
    assert guarded.api("POST", "/similar", json={"seeds": ["x"]}).status_code == 401
    assert guarded.client.get("/").status_code == 200
    assert guarded.get("/session") == {
        "needed": True, "logged_in": False, "by_name": False, "user": None,
    }  # fmt: skip


def test_a_session_begins_with_the_password_and_ends(guarded: Server):
    with httpx.Client(base_url=f"{guarded.address}/api/v1") as client:
        assert client.post("/session", json={"password": "wrong"}).status_code == 401
        answer = client.post("/session", json={"password": "sesame"})
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        assert client.get("/library").status_code == 200
        assert client.get("/session").json()["logged_in"]
        assert client.delete("/session").status_code == 204
        assert client.get("/library").status_code == 401


def test_a_forged_or_old_session_is_none(guarded: Server):
    known = Guard(Settings(library="", scratch="", password="sesame"))
    for cookie in ("1.a.b", "", "9999999999.ab.cd", known.new_session(), "\xff.\xff", "..."):
        headers = {"cookie": f"segue_session={cookie}".encode("latin-1")}
        assert guarded.api("GET", "/library", headers=headers).status_code == 401


def test_programs_say_the_token_or_the_password(guarded: Server):
    basic = base64.b64encode(b"anyone:sesame").decode()
    for right in ("Bearer t0ken", "bearer sesame", f"Basic {basic}"):
        assert guarded.api("GET", "/library", headers={"authorization": right}).status_code == 200
    for wrong in ("Bearer", "Bearer t0keN", "Basic !", "Basic", "t0ken", "Bearer t\xf6ken"):
        headers = {"authorization": wrong.encode("latin-1")}
        assert guarded.api("GET", "/library", headers=headers).status_code == 401


@pytest.mark.slow
def test_guessing_passwords_is_slowed_down(library_root: Path):
    options = ("--no-open", "--port", 0, "--password", "x")
    with serving("-l", library_root, "serve", *options, module="tests.still_limits") as server:

        def guess() -> int:
            return server.api("POST", "/session", json={"password": "y"}).status_code

        def guess_token() -> int:
            return server.api("GET", "/tracks", headers={"authorization": "Bearer y"}).status_code

        codes = [guess() for _ in range(30)]
        assert (codes[0], codes[-1]) == (401, 429)
        codes = [guess_token() for _ in range(70)]
        assert (codes[0], codes[-1]) == (401, 429)
        right = server.client.get("/rest/ping", params={"u": "me", "p": "x"})
        assert "try again in a moment" in right.text  # who guesses is not told when it is right


def test_beyond_loopback_a_password_is_needed(library_root: Path, segue):
    code, _, err = segue("-l", library_root, "serve", "--host", "0.0.0.0", "--no-open")
    assert code == 2
    assert "--password" in err
    assert err.count("\n") == 1
    for host in ("0.0.0.0", "::", "192.168.1.5", "my-host"):
        with pytest.raises(UsageError, match="password"):
            Settings(library="", scratch="", host=host).check()
    for host in ("127.0.0.1", "127.8.8.8", "localhost", "::1"):
        Settings(library="", scratch="", host=host).check()


@pytest.fixture(scope="module")
def opened(library_root: Path) -> Iterator[Server]:
    with serving(
        "-l", library_root, "serve", "--no-open", "--port", 0, "--allow-host", "Music.Home:80",
        SEGUE_COMMAND="python3 start.py",
    ) as server:  # fmt: skip
        yield server


def test_another_name_for_this_address_is_refused(opened: Server):
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "localhost.evil.example"):
        answer = opened.api("GET", "/library", headers={"host": host})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "host_not_allowed"), host
        advice = "to allow a name: python3 start.py serve --allow-host NAME"
        assert answer.json()["error"]["message"].endswith(advice)
    for host in ("localhost", "127.0.0.1:1", "[::1]:80", "music.home", "LOCALHOST"):
        assert opened.api("GET", "/library", headers={"host": host}).status_code == 200, host


def test_advice_is_for_how_the_service_was_started(opened: Server):
    answer = opened.post("/jobs/scan", {"folders": ["/etc"]}, 403)
    allow = "to allow a folder: python3 start.py serve --folder DIR"
    assert answer["error"]["message"] == f"'/etc' may not be scanned; {allow}"
    assert opened.get("/library")["command"] == "python3 start.py"


def test_other_sites_change_nothing(opened: Server):
    body = {"name": "stolen", "tracks": []}
    refused = (
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"origin": "http://127.0.0.1:1"},
    )
    for headers in refused:
        answer = opened.api("POST", "/playlists", json=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "other_site")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        answer = opened.api("POST", "/playlists", content=b'{"name": "x"}', headers={"content-type": kind})
        assert answer.status_code == 403, kind
    form = opened.api("POST", "/clips", files={"file": b"x"})
    assert form.status_code == 403
    image = opened.client.get(
        "/rest/createPlaylist", params={"name": "x"}, headers={"sec-fetch-site": "cross-site"}
    )
    assert image.status_code == 403
    assert opened.get("/playlists")["playlists"] == []
    own = opened.api("POST", "/playlists", json=body, headers={"origin": opened.address})
    assert own.status_code == 201


def test_every_answer_says_what_a_page_may_do(opened: Server):
    for path in ("/", "/docs", "/api/v1/library", "/api/v1/nothing", "/rest/ping", "/assets/x.js"):
        headers = opened.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-eval" not in policy
        assert not re.search("script-src[^;]*unsafe", policy)
        assert "access-control-allow-origin" not in headers


def test_an_upload_that_is_too_large_is_refused_early(guarded: Server, tmp_path: Path):
    path = write(tmp_path / "large.wav", np.random.default_rng(0).uniform(-0.5, 0.5, 40 * SR), SR)
    headers = {"authorization": "Bearer t0ken", "X-Segue": "1"}
    with path.open("rb") as f:
        answer = guarded.api("POST", "/clips", files={"file": f}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")

    def without_length() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        for _ in range(40):
            yield bytes(100_000)

    kind = {"content-type": "multipart/form-data; boundary=b"}
    answer = guarded.api("POST", "/clips", content=without_length(), headers=headers | kind)
    assert answer.status_code == 413
    big = guarded.api("POST", "/playlists", content=bytes(3_000_000), headers=headers)
    assert big.status_code == 413


def test_a_body_that_comes_too_slowly_is_refused():
    async def never() -> dict:
        await asyncio.Event().wait()
        return {}

    with pytest.raises(HTTPException) as refused:
        asyncio.run(limit_body(never, 1000, 0.05)())
    assert refused.value.status_code == 408


def test_a_client_may_upload_only_so_often(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=lambda: 10_000.0))
    rate = RateLimit(OwnLevels(), "upload", 3)
    assert [rate.take("a") for _ in range(3)] == [0, 0, 0]
    assert rate.take("a") > 10
    assert rate.take("b") == 0


@pytest.mark.slow
def test_uploads_leave_nothing_behind(library_root: Path, music: dict[str, Path], tmp_path: Path):
    (tmp_path / "garbage").write_bytes(b"no sound " * 1000)
    options = ("--no-open", "--port", 0)
    with serving("-l", library_root, "serve", *options, TMPDIR=str(tmp_path)) as server:
        clip = server.upload(music["low0"]).json()["clip"]["id"]
        (scratch,) = tmp_path.glob("segue-serve-*")
        assert server.upload(tmp_path / "garbage").status_code == 422
        assert [path.name for path in (scratch / "clips").iterdir()] == [clip]
        assert server.api("DELETE", f"/clips/{clip}").status_code == 204
        assert list((scratch / "clips").iterdir()) == []
        clip = server.upload(music["low1"]).json()["clip"]["id"]
        assert server.api("GET", f"/clips/{clip}/audio").status_code == 200
        os.utime(scratch / "clips" / clip, (0, time.time() - 3700))
        assert server.api("GET", f"/clips/{clip}/audio").status_code == 404
        assert list((scratch / "clips").iterdir()) == []
        server.upload(music["low2"])
    assert [path.name for path in tmp_path.iterdir()] == ["garbage"]


def test_raw_nonsense_ends_nothing(opened: Server):
    port = int(opened.address.rsplit(":", 1)[1])
    for bytes_ in (
        b"\x16\x03\x01",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /api/v1/similar HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
            connection.sendall(bytes_)
            connection.settimeout(PATIENCE_S)
            connection.recv(4096)
    assert opened.get("/health")["status"] == "ok"


@pytest.mark.slow
def test_a_catalog_that_breaks_under_the_service_is_answered_without_a_traceback(
    library_root: Path, tmp_path: Path
):
    root = tmp_path / "library"
    shutil.copytree(library_root, root)
    with Library.open(root) as library:
        track = next(iter(library)).id
    with serving("-l", root, "serve", "--no-open", "--port", 0) as server:
        server.faults = True
        db = sqlite3.connect(root / "catalog.sqlite")
        db.execute("DROP TABLE labels")
        db.commit()
        db.close()
        answer = server.api("GET", f"/tracks/{track}")
        assert answer.status_code == 409
        assert answer.json()["error"]["code"] == "library"
        assert "Traceback" not in answer.text
        assert str(root) not in answer.text


def test_a_read_only_library_is_served(library_root: Path, tmp_path: Path):
    root = tmp_path / "library"
    shutil.copytree(library_root, root)
    for path in (*root.rglob("*"), root):
        path.chmod(0o555 if path.is_dir() else 0o444)
    command = [sys.executable, "-c", "import os, sys; sys.exit(os.access(sys.argv[1], os.W_OK))", str(root)]
    if subprocess.run(command, check=False).returncode:
        pytest.skip("this user may write everywhere")
    with serving("-l", root, "serve", "--no-open", "--port", 0) as server:
        assert server.get("/library")["writable"] is False
        before = server.get("/playlists")["playlists"]
        answer = server.api("POST", "/playlists", json={"name": "x"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "library_read_only")
        assert server.get("/playlists")["playlists"] == before


def test_a_port_in_use_is_skipped_or_reported(library_root: Path, segue):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, err = segue("-l", library_root, "serve", "--no-open", "--port", port)
    assert code == 2
    assert f"port {port}" in err


@pytest.mark.slow
def test_an_empty_library_is_made_and_asked(tmp_path: Path):
    with serving(
        "-l", tmp_path / "new", "serve", "--no-open", "--port", 0, SEGUE_MODELS=str(tmp_path)
    ) as server:
        assert server.get("/health")["tracks"] == 0
        assert server.get("/tracks")["tracks"] == []
        assert server.get("/map")["ids"] == []
        assert server.get("/library")["tracks"] == 0
        answer = server.api("POST", "/jobs/scan", json={"folders": None})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "no_folders")
        assert server.api("POST", "/similar", json={"seeds": ["x"]}).status_code in (404, 409)


@pytest.mark.slow
def test_several_workers_share_sessions_clips_and_jobs(library_root: Path, music: dict[str, Path]):
    options = ("--no-open", "--port", 0, "--workers", 2, "--password", "sesame")
    with serving("-l", library_root, "serve", *options) as server:

        def ask(method: str, path: str, **how) -> httpx.Response:
            how["headers"] = how.get("headers", {}) | {"cookie": cookie, "connection": "close"}
            return httpx.request(method, f"{server.address}{path}", timeout=PATIENCE_S, **how)

        login = httpx.post(f"{server.address}/api/v1/session", json={"password": "sesame"})
        cookie = login.headers["set-cookie"].split(";")[0]
        workers: set[str] = set()

        def both_have_told() -> bool:
            workers.update(re.findall(r'worker="(\d+)"', ask("GET", "/metrics").text))
            return len(workers) == 2

        wait_for(both_have_told)
        if Path("/proc/self/maps").exists():
            track = ask("GET", "/api/v1/tracks").json()["tracks"][0]["id"]

            def all_have_asked() -> bool:  # which worker takes a connection is up to the system
                ask("POST", "/api/v1/similar", json={"seeds": [track], "k": 1})
                mapped = [Path(f"/proc/{worker}/maps").read_text() for worker in workers]
                return all("default.index" in files for files in mapped)

            wait_for(all_have_asked)
        with music["low0"].open("rb") as f:
            clip = ask("POST", "/api/v1/clips", files={"file": f}, headers={"X-Segue": "1"}).json()["clip"][
                "id"
            ]
        job = ask("POST", "/api/v1/clusters", json={}).json()["job"]["id"]
        for _ in range(12):
            found = ask("POST", "/api/v1/similar", json={"seeds": [clip], "k": 1})
            assert found.json()["matches"][0]["track"]["title"] == "Low number 0"
            assert ask("GET", f"/api/v1/jobs/{job}").json()["job"]["kind"] == "clusters"


@pytest.mark.slow
def test_ctrl_c_ends_a_scan_and_open_streams_at_once(tmp_path: Path):
    (tmp_path / "music").mkdir()
    y = np.random.default_rng(0).uniform(-0.3, 0.3, 120 * 8_000)
    for i in range(90):  # the first of them are kept after 64, or after 5 s
        write(tmp_path / "music" / f"{i}.wav", y * (1 - i / 150), 8_000)
    write_endless_flac(tmp_path / "music" / "endless.flac", 300_000)  # no machine is through with it
    options = ("--no-open", "--port", 0, "--folder", tmp_path / "music")
    clock, where = contextlib.ExitStack(), ("-l", tmp_path / "library")
    with clock, serving(*where, "serve", *options, SEGUE_MODELS=str(tmp_path)) as server:
        job = server.post("/jobs/scan", {"folders": [str(tmp_path / "music")]}, 202)["job"]["id"]
        events = httpx.stream("GET", f"{server.address}/api/v1/jobs/{job}/events", timeout=PATIENCE_S)
        stream = events.__enter__()
        lines = stream.iter_lines()
        while '"state":"running"' not in next(lines):
            pass
        track = wait_for(lambda: next((track["id"] for track in server.get("/tracks")["tracks"]), ""))
        # Only now, as the service closes a connection that asks for nothing.
        sound = socket.create_connection(("127.0.0.1", int(server.address.rsplit(":", 1)[1])), PATIENCE_S)
        sound.sendall(f"GET /api/v1/tracks/{track}/audio HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert sound.recv(10) == b"HTTP/1.1 2"  # and no more of it
        assert server.get(f"/jobs/{job}")["job"]["state"] == "running"
        elapsed = clock.enter_context(machine_clock())
    sound.close()
    assert elapsed() < 12
    with Library.open(tmp_path / "library") as library:
        assert library.verify()
    with contextlib.suppress(httpx.HTTPError):
        events.__exit__(None, None, None)
