"""What the JSON API changes in a library that is served: what people keep of it, and what jobs find."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from segue.library import Library
from tests.conftest import SR, tone
from tests.serve_process import Server
from tests.served_home import service_fixtures
from tests.sounds import clips, write
from tests.waiting import wait_for

home, server, ids = service_fixtures()


# Keeping


def named_by_xspf(content: bytes) -> tuple[str | None, list[tuple[str | None, str | None]]]:
    """The title, and of each track its title and its place."""
    root, space = ElementTree.fromstring(content), {"x": "http://xspf.org/ns/0/"}
    tracks = root.findall("x:trackList/x:track", space)
    named = [
        (one.findtext("x:title", None, space), one.findtext("x:location", None, space)) for one in tracks
    ]
    return root.findtext("x:title", None, space), named


def named_by_jspf(content: bytes) -> tuple[str, list[tuple[str, str]]]:
    playlist = json.loads(content)["playlist"]
    return playlist["title"], [(one["title"], *one["location"]) for one in playlist["track"]]


def test_a_change_of_an_older_state_of_a_playlist_is_refused(server: Server, ids: dict[str, str]):
    first, second = list(ids.values())[:2]
    made = server.post("/playlists", {"name": "Twelve", "tracks": [first]}, 201)
    path = f"/playlists/{made['id']}"
    changed = server.api("PUT", path, json={"tracks": [first, second], "as_of": made["changed_at"]})
    assert [track["id"] for track in changed.json()["tracks"]] == [first, second]
    late = server.api("PUT", path, json={"tracks": [], "name": "Empty", "as_of": made["changed_at"]})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "changed_meanwhile")
    refused = server.api("PUT", path, json={"public": True, "as_of": made["changed_at"]})
    assert refused.json()["error"]["code"] == "changed_meanwhile"
    assert server.get(path) == changed.json()
    server.api("DELETE", path)


def test_playlists_are_kept_changed_exported_and_deleted(server: Server, ids: dict[str, str]):
    some = [ids["Low number 0"], ids["Noise number 1"]]
    made = server.post("/playlists", {"name": "Zwölf # eins", "tracks": some}, 201)
    path = f"/playlists/{made['id']}"
    assert [track["id"] for track in server.get(path)["tracks"]] == some
    listed = next(p for p in server.get("/playlists")["playlists"] if p["id"] == made["id"])
    assert (listed["n"], round(listed["duration_s"])) == (2, 6)
    exported = server.api("GET", f"{path}/m3u8").text.splitlines()
    assert exported[:3] == ["#EXTM3U", "#PLAYLIST:Zwölf # eins", "#EXTINF:3,The Lows - Low number 0"]
    assert server.client.get(exported[3]).headers["content-type"] == "audio/flac"
    local = server.api("GET", f"{path}/m3u8", params={"paths": True}).text.splitlines()
    assert Path(local[3]).is_file()
    for kind, named in (("xspf", named_by_xspf), ("jspf", named_by_jspf)):
        answer = server.api("GET", f"{path}/{kind}")
        assert answer.headers["content-type"].startswith(f"application/{kind}+")
        assert answer.headers["content-disposition"].endswith(f"Zw%C3%B6lf%20%23%20eins.{kind}")
        title, (first, second) = named(answer.content)
        assert (title, first[0], second[0]) == ("Zwölf # eins", "Low number 0", "Noise number 1")
        assert first[1] == exported[3]
        local_places = named(server.api("GET", f"{path}/{kind}", params={"paths": True}).content)[1]
        assert local_places[0][1] == Path(local[3]).as_uri()
        body = {"name": "Zwölf # eins", "tracks": some}
        assert server.api("POST", f"/{kind}", json=body).content == answer.content
    changed = server.api("PUT", path, json={"name": "B", "tracks": some[::-1]}).json()
    assert [track["id"] for track in changed["tracks"]] == some[::-1]
    assert server.api("PUT", path, json={"tracks": ["nothing"]}).status_code == 404
    assert server.api("DELETE", path).status_code == 204
    assert server.api("GET", path).status_code == 404


def test_feedback_is_kept_once_for_two_tracks(server: Server, ids: dict[str, str]):
    body = {"seed": ids["Low number 0"], "track": ids["Low number 1"], "verdict": "like"}
    server.post("/feedback", body, 201)
    server.post("/feedback", body | {"verdict": "skip"}, 201)
    found = server.get("/feedback")["feedback"]
    assert [(f["seed"], f["track"], f["verdict"]) for f in found] == [(body["seed"], body["track"], "skip")]
    assert server.api("POST", "/feedback", json=body | {"verdict": "meh"}).status_code == 422
    assert server.api("POST", "/feedback", json=body | {"track": "unknown"}).status_code == 404


# Jobs


def test_the_map_is_made_once_in_a_job(server: Server):
    first = server.api("GET", "/map")
    if first.status_code == 202:
        assert server.ended(first.json()["job"]["id"])["state"] == "done"
    found = server.get("/map")
    assert {
        len(found[name]) for name in ("ids", "x", "y", "cluster", "genre", "year", "titles", "artists")
    } == {14}
    assert max(map(abs, found["x"] + found["y"])) <= 1
    assert sorted(found["genres"]) == ["high", "low", "noise"]


def test_clusters_and_evaluation_are_found_in_jobs(server: Server):
    job = server.post("/clusters", {"k": 3}, 202)["job"]
    assert server.ended(job["id"])["report"]["clusters"] == 3
    clusters = server.get("/clusters")["clusters"]
    assert sum(cluster["size"] for cluster in clusters) == 14
    assert {t["cluster"] for t in server.get("/tracks", limit=100)["tracks"]} == {1, 2, 3}
    assert server.get("/tracks", cluster=clusters[0]["name"])["total"] == clusters[0]["size"]
    job = server.post("/evaluation", {"by": "genre", "against": "descriptors/raw"}, 202)["job"]
    assert server.ended(job["id"])["state"] == "done"
    found = server.get("/evaluation")
    assert (found["asked"], found["by"]) == (12, "genre")
    assert found["precision"]["1"]["value"] > found["chance"]
    assert found["against"]["view"] == "descriptors-1/tracks/raw"


def test_a_scan_shows_progress_and_adds_what_is_new(server: Server, home: Path):
    clips(home / "more", 6)
    changes = server.get("/jobs")["changes"]
    assert server.get("/jobs")["changes"] == changes
    job = server.post("/jobs/scan", {"folders": [str(home / "more")]}, 202)["job"]
    events = list(events_of(server, job["id"]))
    assert events[-1]["state"] == "done"
    assert events[-1]["report"]["added"] == 6
    assert [event["done"] for event in events] == sorted(event["done"] for event in events)
    assert server.get("/health")["tracks"] == 20
    assert server.get("/jobs")["changes"] > changes
    new = server.get("/tracks", q="003")["tracks"][0]
    assert len(server.post("/similar", {"seeds": [new["id"]], "k": 3})["matches"]) == 3
    listed = [track["id"] for track in server.get("/tracks", limit=100)["tracks"]]
    _, *others = (home / "more").iterdir()  # where all is gone, a disk may be away
    for path in others:
        path.unlink()
    again = server.post("/jobs/scan", {"folders": None}, 202)["job"]
    assert server.ended(again["id"])["report"]["newly_missing"] == 5
    exported = server.api("POST", "/m3u8", json={"name": "All", "tracks": listed}).text
    assert exported.count("#EXTINF") == len(listed) - 5


def events_of(server: Server, job: str) -> Iterator[dict]:
    with server.client.stream("GET", f"/api/v1/jobs/{job}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line[6:])


@pytest.mark.slow
def test_a_scan_that_is_cancelled_keeps_what_it_did(server: Server, home: Path):
    shutil.rmtree(home / "more")
    y = np.tile(tone(200), 30)
    for i in range(40):
        (home / "more").mkdir(exist_ok=True)
        write(home / "more" / f"long{i}.wav", y * (1 - i / 100), SR)
    job = server.post("/jobs/scan", {"folders": [str(home / "more")]}, 202)["job"]
    seen = []
    for event in events_of(server, job["id"]):
        seen.append(event["state"])
        if event["done"] >= 2 and event["state"] == "running":
            server.post(f"/jobs/{job['id']}/cancel", {}, 202)
    assert seen[-1] == "cancelled"
    report = server.get(f"/jobs/{job['id']}")["job"]["report"]
    assert 2 <= report["added"] < 40
    assert server.get("/tracks", q="long", limit=100)["total"] == report["added"]


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/jobs/scan", "/clusters"])
def test_a_job_waits_for_another_process_that_writes_and_says_so(server: Server, home: Path, path: str):
    body = {"k": 2} if path == "/clusters" else {"folders": [str(home / "music")]}

    def waits(job: str) -> bool:
        found = server.get(f"/jobs/{job}")["job"]
        return found["state"] == "running" and "another Segue is writing" in found["message"]

    with Library.open(home / "library") as library, library.catalog.writing():
        cancelled = server.post(path, body, 202)["job"]["id"]
        wait_for(lambda: waits(cancelled))
        server.post(f"/jobs/{cancelled}/cancel", {}, 202)
        assert server.ended(cancelled)["state"] == "cancelled"
        job = server.post(path, body, 202)["job"]["id"]
        wait_for(lambda: waits(job))
    found = server.ended(job)
    assert (found["state"], found["message"]) == ("done", "")


def test_only_folders_that_are_allowed_are_scanned(server: Server, home: Path, tmp_path: Path):
    (home / "more").mkdir(exist_ok=True)
    link = home / "more" / "out"
    link.symlink_to(tmp_path)
    for folder in (tmp_path, "/etc", home / "more" / ".." / "library", link, "\0"):
        answer = server.api("POST", "/jobs/scan", json={"folders": [str(folder)]})
        assert answer.status_code == (422 if folder == "\0" else 403), folder
        assert answer.json()["error"]["code"] in ("folder_not_allowed", "invalid")
    link.unlink()
