"""Covers over HTTP."""

from __future__ import annotations

import io
from pathlib import Path

import av

from tests.serve_process import Server
from tests.served_home import jpeg, service_fixtures

home, server, ids = service_fixtures()


def test_covers_come_from_tags_made_smaller_or_are_drawn(server: Server, ids: dict[str, str]):
    small = server.api("GET", f"/tracks/{ids['Low number 0']}/cover", params={"size": 64})
    assert small.headers["content-type"] == "image/jpeg"
    with av.open(io.BytesIO(small.content)) as picture:
        assert picture.streams.video[0].codec_context.width == 64
    drawn = server.api("GET", f"/tracks/{ids['High number 0']}/cover")
    assert drawn.headers["content-type"] == "image/svg+xml"
    again = server.api(
        "GET", f"/tracks/{ids['High number 0']}/cover", headers={"if-none-match": drawn.headers["etag"]}
    )
    assert again.status_code == 304


def test_a_picture_that_arrives_beside_a_track_replaces_its_drawing(
    server: Server, home: Path, ids: dict[str, str]
):
    track = ids["High number 1"]
    drawn = server.api("GET", f"/tracks/{track}/cover")
    known = {"if-none-match": drawn.headers["etag"]}
    subsonic = {"id": track, "u": "any", "p": "any", "v": "1.16.1", "c": "tests"}
    picture = home / "music" / "Folder.JPG"
    picture.write_bytes(jpeg(120))
    try:
        arrived = server.api("GET", f"/tracks/{track}/cover", headers=known)
        same = server.client.get("/rest/getCoverArt", params=subsonic)
    finally:
        picture.unlink()
    assert arrived.status_code == 200
    assert arrived.content == jpeg(120) == same.content
    assert same.headers["etag"] == arrived.headers["etag"]
    assert server.api("GET", f"/tracks/{track}/cover", headers=known).status_code == 304
