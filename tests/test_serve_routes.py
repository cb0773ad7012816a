"""Every route over HTTP: what it refuses, from whom, and what it does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from segue.library import Library
from segue.serve.app import make_api
from tests.conftest import SR, tone, write_music
from tests.serve_process import Server, serving
from tests.sounds import write
from tests.waiting import PATIENCE_S

OPEN = {"/api/v1/session", "/api/v1/health"}
ROUTES = [
    (method.upper(), path) for path, methods in make_api().openapi()["paths"].items() for method in methods
]
BODIES = {
    "/api/v1/playlists/{playlist_id}": {"name": "x"},
    "/api/v1/users/{user_id}": {"admin": True},
    "/api/v1/users/{user_id}/password": {"password": "long enough"},
    "/api/v1/similar": {"seeds": ["unknown"]},
    "/api/v1/suggested-playlist": {"seeds": ["unknown"]},
    "/api/v1/journey": {"start": "unknown", "end": "unknown"},
    "/api/v1/matrix": {"tracks": ["unknown"]},
    "/api/v1/playlists": {"name": "x", "tracks": ["unknown"]},
    "/api/v1/m3u8": {"name": "x", "tracks": ["unknown"]},
    "/api/v1/xspf": {"name": "x", "tracks": ["unknown"]},
    "/api/v1/jspf": {"name": "x", "tracks": ["unknown"]},
    "/api/v1/feedback": {"seed": "unknown", "track": "unknown", "verdict": "like"},
}
CANCEL = "/api/v1/jobs/{job_id}/cancel"
WITHOUT_JSON = ("/api/v1/clips", "/api/v1/map", "/api/v1/jobs/demo", "/api/v1/me/app-password", CANCEL)
TAKE_JSON = [
    (method, path) for method, path in ROUTES if method in ("POST", "PUT") and path not in WITHOUT_JSON
]
ASKS_FOR_TRACKS = [path for path in BODIES if "{" not in path]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("routes")
    write_music(home / "music")
    (home / "music" / "broken.flac").write_bytes(b"fLaC" + bytes(400))
    with Library.open(home / "library", create=True, embedders=["descriptors"]) as library:
        library.scan(home / "music")
    (home / "more").mkdir()
    return home


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    options = ("--no-open", "--port", 0, "--token", "t0ken", "--folder", home / "more")
    with serving("-l", home / "library", "serve", *options) as running:
        running.client.headers["authorization"] = "Bearer t0ken"
        yield running


@pytest.fixture(scope="module")
def ids(server: Server) -> dict[str, str]:
    return {track["title"]: track["id"] for track in server.get("/tracks", limit=100)["tracks"]}


def error_of(answer: httpx.Response) -> dict:
    """The one shape of every error, with a message for people."""
    assert set(answer.json()) == {"error"}
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "details"}
    assert error["message"]
    return error


# Every route


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_stranger_gets_nothing_from_any_route(server: Server, method: str, path: str):
    address = re.sub(r"\{\w+\}", "x", path)
    answer = httpx.request(method, f"{server.address}{address}", headers={"X-Segue": "1"}, timeout=PATIENCE_S)
    if path in OPEN:
        assert answer.status_code != 401 or error_of(answer)["code"] == "wrong_password"
    else:
        assert answer.status_code == 401
        assert error_of(answer)["code"] == "login_needed"


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path in ROUTES if "{" in path])
@pytest.mark.parametrize("name", ["unknown", "job-" + "0" * 16, "clip-" + "0" * 32])
def test_an_unknown_id_is_404_at_every_route(server: Server, method: str, path: str, name: str):
    address = re.sub(r"\{\w+\}", name, path)
    answer = server.client.request(
        method, address, json=BODIES.get(path) if method == "PUT" else None, headers={"X-Segue": "1"}
    )
    assert answer.status_code == 404
    assert error_of(answer)["code"].endswith("_not_found")


@pytest.mark.parametrize("path", ASKS_FOR_TRACKS)
def test_an_unknown_track_in_a_body_is_404_at_every_route(server: Server, path: str):
    answer = server.client.post(path, json=BODIES[path])
    assert answer.status_code == 404
    assert error_of(answer)["code"] == "track_not_found"


@pytest.mark.parametrize(("method", "path"), TAKE_JSON)
def test_an_unknown_field_in_a_body_is_refused_at_every_route(server: Server, method: str, path: str):
    body = {**BODIES.get(path, {}), "no_such_field": 1}
    answer = server.client.request(method, re.sub(r"\{\w+\}", "x", path), json=body)
    assert answer.status_code == 422
    assert "no_such_field" in error_of(answer)["message"] + str(error_of(answer)["details"])


@pytest.mark.parametrize("path", sorted({path for _, path in ROUTES}))
def test_another_method_is_405_in_the_one_shape(server: Server, path: str):
    answer = server.client.patch(re.sub(r"\{\w+\}", "x", path), json={})
    assert answer.status_code == 405
    assert error_of(answer)["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "query",
    [
        "/tracks?limit=0", "/tracks?limit=1001", "/tracks?limit=x", "/tracks?offset=-1", "/tracks?sort=color",
        "/tracks?years=long-ago", "/tracks?genre=", "/failures?limit=0", "/failures?offset=-1",
        "/feedback?limit=10001", "/tracks/x/cover?size=15", "/tracks/x/cover?size=2049",
        "/tracks/x/peaks?n=0",
        "/tracks/x/audio?format=flac", "/tracks/x/audio?start_s=-1", "/why", "/why?a=x", "/why?a=&b=x",
        "/playlists/x/m3u8?paths=perhaps",
    ],
)  # fmt: skip
def test_values_out_of_range_are_refused_in_queries(server: Server, query: str):
    answer = server.api("GET", query)
    assert answer.status_code == 422
    assert error_of(answer)["details"]["errors"][0]["where"].startswith("query.")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/similar", {"seeds": ["x"], "where": {"years": [1990]}}),
        ("/similar", {"seeds": ["x"], "where": {"tempo": [-1, 2]}}),
        ("/similar", {"seeds": ["x"] * 101}),
        ("/suggested-playlist", {"seeds": ["x"], "variety": 1.1}),
        ("/suggested-playlist", {"seeds": ["x"], "k": 501}),
        ("/journey", {"start": "x", "end": "y", "k": 1}),
        ("/journey", {"start": "x"}),
        ("/matrix", {"tracks": []}),
        ("/matrix", {"tracks": ["x"] * 201}),
        ("/tracks/batch", {"tracks": ["x"] * 1001}),
        ("/playlists", {"name": ""}),
        ("/playlists", {"name": "x" * 301}),
        ("/feedback", {"seed": "x", "track": "y", "verdict": "love"}),
        ("/clusters", {"k": 1}),
        ("/jobs/scan", {"folders": [""]}),
        ("/session", {"password": "x" * 1001}),
    ],
)
def test_values_out_of_range_are_refused_in_bodies(server: Server, path: str, body: dict):
    answer = server.api("POST", path, json=body)
    assert answer.status_code == 422
    assert error_of(answer)["code"] == "invalid"


# Tracks


def test_batches_keep_their_order_and_repeat(server: Server, ids: dict[str, str]):
    wanted = [ids["Noise number 2"], ids["Low number 0"], ids["Noise number 2"]]
    answer = server.post("/tracks/batch", {"tracks": wanted})
    assert [track["id"] for track in answer["tracks"]] == wanted
    assert server.post("/tracks/batch", {"tracks": []})["tracks"] == []


def test_orders_and_filters_go_together(server: Server):
    newest = server.get("/tracks", sort="added", genre="low")
    assert newest["total"] == 4
    titles = [track["title"] for track in server.get("/tracks", sort="title", q="number")["tracks"]]
    assert titles == sorted(titles)
    past_the_end = server.get("/tracks", offset=1000)
    assert (past_the_end["tracks"], past_the_end["total"]) == ([], 12)


def test_files_with_problems_are_listed_without_paths_of_the_machine(server: Server, home: Path):
    answer = server.api("GET", "/failures")
    (failure,) = answer.json()["failures"]
    assert failure["path"] == "music/broken.flac"
    assert failure["reason"]
    assert str(home) not in answer.text
    assert server.get("/failures", offset=1) == {"failures": [], "total": 1}


def test_models_say_whether_they_are_installed(server: Server, home: Path):
    answer = server.api("GET", "/models")
    models = {model["name"]: model for model in answer.json()["models"]}
    assert {"musicnn", "mn04", "vggish"} <= set(models)
    assert all(model["license"] and model["size_bytes"] > 0 for model in models.values())
    assert str(home) not in answer.text


def test_a_file_that_is_gone_is_404_and_its_cover_a_drawing(server: Server, home: Path, ids: dict[str, str]):
    track, path = ids["High number 3"], home / "music" / "high3.flac"
    content = path.read_bytes()
    path.unlink()
    for sound in ("audio", "peaks"):
        answer = server.api("GET", f"/tracks/{track}/{sound}")
        assert answer.status_code == 404
        assert error_of(answer)["code"] == "file_missing"
        assert str(home) not in answer.text
    cover = server.api("GET", f"/tracks/{track}/cover")
    assert cover.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in cover.headers["content-security-policy"]
    path.write_bytes(content)


def test_several_ranges_of_one_file_come_in_one_answer(server: Server, home: Path, ids: dict[str, str]):
    content = (home / "music" / "low1.flac").read_bytes()
    address = f"/tracks/{ids['Low number 1']}/audio"
    answer = server.api("GET", address, headers={"range": "bytes=0-9,100-119"})
    assert answer.status_code == 206
    assert answer.headers["content-type"].startswith("multipart/byteranges")
    assert content[:10] in answer.content
    assert content[100:120] in answer.content


# Clips


def test_a_clip_has_ranges_and_is_gone_once_deleted(server: Server, tmp_path: Path):
    path = write(tmp_path / "hum.wav", tone(440), SR)
    uploaded = server.upload(path).json()
    clip, content = uploaded["clip"], path.read_bytes()
    assert uploaded["expires_s"] == 3600
    address = f"/clips/{clip['id']}/audio"
    part = server.api("GET", address, headers={"range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, content[4:8])
    assert server.api("GET", address, headers={"range": "bytes=999999999-"}).status_code == 416
    headers = {"X-Segue": "1"}
    assert server.api("DELETE", f"/clips/{clip['id']}", headers=headers).status_code == 204
    assert server.api("DELETE", f"/clips/{clip['id']}", headers=headers).status_code == 404
    assert server.api("GET", address).status_code == 404


def test_a_matrix_takes_tracks_and_no_clips(server: Server, tmp_path: Path, ids: dict[str, str]):
    clip = server.upload(write(tmp_path / "hum.wav", tone(440), SR)).json()["clip"]["id"]
    answer = server.api("POST", "/matrix", json={"tracks": [clip, ids["Low number 0"]]})
    assert (answer.status_code, error_of(answer)["code"]) == (404, "track_not_found")


# What the library keeps


def test_a_playlist_keeps_what_a_change_leaves_out(server: Server, ids: dict[str, str]):
    tracks = [ids["Low number 0"], ids["High number 0"]]
    made = server.post("/playlists", {"name": "First", "tracks": tracks}, 201)
    address = f"/playlists/{made['id']}"
    renamed = server.api("PUT", address, json={"name": "Second"}).json()
    assert (renamed["name"], [track["id"] for track in renamed["tracks"]]) == ("Second", tracks)
    emptied = server.api("PUT", address, json={"tracks": []}).json()
    assert (emptied["name"], emptied["tracks"], emptied["n"]) == ("Second", [], 0)
    assert server.get("/playlists")["playlists"][0]["id"] == made["id"]  # the last changed first
    assert server.api("DELETE", address).status_code == 204
    assert server.api("DELETE", address).status_code == 404


def test_feedback_comes_newest_first_and_no_more_than_asked(server: Server, ids: dict[str, str]):
    seed = ids["Low number 0"]
    for title, verdict in (("Low number 1", "like"), ("Low number 2", "dislike")):
        body = {"seed": seed, "track": ids[title], "verdict": verdict}
        assert server.post("/feedback", body, 201) == body
    (newest,) = server.get("/feedback", limit=1)["feedback"]
    assert (newest["track"], newest["verdict"]) == (ids["Low number 2"], "dislike")
    assert newest["at"] > 1.7e9


# Jobs


def test_a_job_that_fails_says_why_and_the_service_goes_on(server: Server, home: Path):
    job = server.post("/evaluation", {"view": "no such view"}, 202)["job"]
    ended = server.ended(job["id"])
    assert (ended["state"], ended["report"]) == ("failed", None)
    assert "no such view" in ended["message"]
    assert str(home) not in ended["message"]
    assert server.get("/health")["status"] == "ok"


@pytest.mark.slow
def test_a_job_that_waits_is_cancelled_before_it_begins(server: Server, home: Path):
    for i in range(20):
        write(home / "more" / f"long{i}.wav", np.tile(tone(200 + i), 20), SR)
    scan = server.post("/jobs/scan", {"folders": [str(home / "more")]}, 202)["job"]["id"]
    waiting = server.api("POST", "/clusters", json={"k": 2})
    job = waiting.json()["job"]["id"]
    assert waiting.headers["location"] == f"/api/v1/jobs/{job}"
    for one in (job, scan):
        assert server.post(f"/jobs/{one}/cancel", {}, 202)["job"]["id"] == one
    ended = server.ended(job)
    assert (ended["state"], ended["report"], ended["done"]) == ("cancelled", None, 0)
    assert server.ended(scan)["state"] == "cancelled"
    assert [one["id"] for one in server.get("/jobs")["jobs"][:2]] == [job, scan]


def test_a_job_that_has_ended_stays_as_it_is(server: Server):
    job = server.post("/clusters", {"k": 2}, 202)["job"]["id"]
    ended = server.ended(job)
    assert ended["state"] == "done"
    assert server.post(f"/jobs/{job}/cancel", {}, 202)["job"] == ended
    with server.client.stream("GET", f"/api/v1/jobs/{job}/events") as stream:
        events = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]
    assert events == [ended]


@pytest.mark.slow
def test_a_job_that_is_deleted_ends_and_is_forgotten(server: Server, home: Path):
    for i in range(20):
        write(home / "more" / f"other{i}.wav", np.tile(tone(300 + i), 20), SR)
    scan = server.post("/jobs/scan", {"folders": [str(home / "more")]}, 202)["job"]["id"]
    waiting = server.post("/clusters", {"k": 2}, 202)["job"]["id"]
    with server.client.stream("GET", f"/api/v1/jobs/{scan}/events") as stream:
        lines = stream.iter_lines()
        while '"state":"running"' not in next(lines):
            pass
        for job in (waiting, scan):
            assert server.api("DELETE", f"/jobs/{job}").status_code == 202
            assert server.api("GET", f"/jobs/{job}").status_code == 404
            assert server.api("DELETE", f"/jobs/{job}").status_code == 404
            assert server.api("GET", f"/jobs/{job}/events").status_code == 404
        assert '"state":"cancelled"' in "".join(lines)
    assert not {scan, waiting} & {one["id"] for one in server.get("/jobs")["jobs"]}


# Counts


def requests_by_route(server: Server) -> dict[str, float]:
    lines = server.client.get("/metrics").text.splitlines()
    pairs = [line.rsplit(" ", 1) for line in lines if line.startswith("segue_requests_total{")]
    return {re.sub('worker="[0-9]+",', "", name): float(value) for name, value in pairs}


def test_metrics_count_each_request_once_by_its_route(server: Server, ids: dict[str, str]):
    track = ids["Low number 0"]
    before = requests_by_route(server)
    for _ in range(3):
        server.get(f"/tracks/{track}")
    server.post("/similar", {"seeds": [track], "k": 1})
    server.api("GET", "/tracks/unknown")
    server.client.get("/api/v1/no-such-route")
    after = requests_by_route(server)

    def rise(method: str, route: str, status: int) -> float:
        name = f'segue_requests_total{{method="{method}",route="{route}",status="{status}"}}'
        return after[name] - before.get(name, 0)

    assert rise("GET", "/api/v1/tracks/{track_id}", 200) == 3
    assert rise("GET", "/api/v1/tracks/{track_id}", 404) == 1
    assert rise("POST", "/api/v1/similar", 200) == 1
    assert not any(track in name or "no-such-route" in name for name in after)


def test_metrics_times_add_up(server: Server):
    server.get("/health")
    text = server.client.get("/metrics").text
    route = re.escape('route="/api/v1/health"')
    pattern = rf"segue_request_seconds_bucket{{[^}}]*{route}[^}}]*}} (\S+)"
    buckets = [float(n) for n in re.findall(pattern, text)]
    (count,) = re.findall(rf"segue_request_seconds_count{{[^}}]*{route}}} (\S+)", text)
    assert buckets == sorted(buckets)
    assert buckets[-1] == float(count) >= 1
    assert re.search(r'segue_tracks{worker="\d+"} \d+', text)
