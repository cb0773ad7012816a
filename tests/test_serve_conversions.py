"""Conversions of sound for many listeners, of files that may have changed since; parts of files."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile

from segue.serve.http.ranges import wanted_ranges
from tests.serve_process import Server, serving
from tests.served_home import service_fixtures
from tests.waiting import PATIENCE_S, machine_clock, wait_for

home, server, ids = service_fixtures()


@pytest.fixture(scope="module")
def long_track(home: Path, server: Server) -> str:
    """The id of a track of five minutes, which a browser needs converted: more than connections hold."""
    from tests.sounds import FORMATS

    t = np.arange(300 * 44_100) / 44_100
    y = (0.3 * np.sin(2 * np.pi * 220 * t)).astype(np.float32)
    FORMATS["wma"].write(home / "more", np.stack([y, y], 1), "long")
    server.ended(server.post("/jobs/scan", {"folders": [str(home / "more")]}, 202)["job"]["id"])
    found = [track for track in server.get("/tracks", limit=100)["tracks"] if track["duration_s"] > 250]
    return found[0]["id"]


# Conversions


def half_heard(server: Server, track: str, n_bytes: int) -> socket.socket:
    """A client that has taken some of a conversion, and no more."""
    connection = socket.socket()
    connection.settimeout(PATIENCE_S)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # so that the service soon cannot go on
    connection.connect(("127.0.0.1", int(server.address.rsplit(":", 1)[1])))
    path = f"/api/v1/tracks/{track}/audio?format=mp3"
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    if n_bytes:
        connection.recv(n_bytes)
    return connection


def has_no_work(server: Server) -> bool:
    """Whether the service leaves the processor alone while it could have it."""
    process = psutil.Process(server.process.pid)
    with machine_clock() as elapsed:
        before = sum(process.cpu_times()[:2])
        wait_for(lambda: elapsed() > 0.5)
        return sum(process.cpu_times()[:2]) - before < 0.05


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
    with contextlib.ExitStack() as stalled:
        for _ in range(8):
            stalled.enter_context(half_heard(server, long_track, 2000))
        wait_for(lambda: has_no_work(server))
        with machine_clock(rest_s=0.2) as elapsed:
            assert begins(server, long_track)
            assert elapsed() < 20


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


@pytest.mark.slow
def test_a_file_that_shrinks_while_it_is_sent_ends_the_answer_without_a_fault(home: Path, tmp_path: Path):
    large = home / "more" / "shrinks.wav"
    soundfile.write(large, np.random.default_rng(0).uniform(-0.5, 0.5, 60 * 44_100), 44_100, "FLOAT")
    with serving("-l", home / "library", "serve", "--no-open", "--port", 0, "--folder", home) as server:
        job = server.post("/jobs/scan", {"folders": [str(home / "more")]}, 202)["job"]["id"]
        server.ended(job)
        (track,) = (one["id"] for one in server.get("/tracks", q="shrinks")["tracks"])
        with socket.create_connection(
            ("127.0.0.1", int(server.address.rsplit(":", 1)[1])), PATIENCE_S
        ) as client:
            client.sendall(f"GET /api/v1/tracks/{track}/audio HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            begun = client.recv(1000)
            os.truncate(large, 2_000_000)
            length = sum(map(len, iter(lambda: client.recv(1 << 16), b"")))
        assert begun.startswith(b"HTTP/1.1 200")
        assert length < 10_000_000
        assert server.get("/health")["status"] == "ok"
