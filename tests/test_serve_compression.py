"""What a client need not get: what it has already, and what compresses well."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from segue.serve.http.compression import accepts_gzip, shorten
from tests.serve_process import Server, serving
from tests.served_home import ids_of


@pytest.fixture(scope="module")
def server(scanned: Path) -> Iterator[Server]:
    with serving("-l", scanned, "serve", "--no-open", "--port", 0) as running:
        yield running


@pytest.fixture(scope="module")
def ids(server: Server) -> dict[str, str]:
    return ids_of(server)


@pytest.mark.parametrize(
    "path", ["/facets", "/tracks?limit=5&sort=artist", "/library", "/search/grouped?q=a"]
)
def test_what_a_client_has_is_not_sent_again(server: Server, path: str):
    first = server.api("GET", path)
    assert first.headers["cache-control"] == "private, no-cache"
    again = server.api("GET", path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = server.api("GET", path, headers={"if-none-match": 'W/"another"'})
    assert (other.status_code, other.content) == (200, first.content)


@pytest.mark.slow
def test_a_tag_changes_with_what_it_is_of(server: Server):
    empty = server.api("GET", "/playlists").headers["etag"]
    made = server.post("/playlists", {"name": "New", "tracks": []}, 201)
    assert server.api("GET", "/playlists").headers["etag"] != empty
    assert server.api("DELETE", f"/playlists/{made['id']}", headers={"X-Segue": "1"}).status_code == 204
    assert server.api("GET", "/playlists").headers["etag"] == empty


def test_large_answers_are_compressed_for_those_who_take_it(server: Server):
    plain = server.api("GET", "/tracks?limit=50", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert "accept-encoding" in plain.headers["vary"]
    zipped = server.api("GET", "/tracks?limit=50", headers={"accept-encoding": "br, gzip"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert int(zipped.headers["content-length"]) < len(plain.content) / 3
    assert zipped.content == plain.content
    assert zipped.headers["etag"] == plain.headers["etag"]


def test_small_answers_and_head_are_as_they_were(server: Server):
    small = server.api("GET", "/health", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in small.headers
    head = server.api("HEAD", "/tracks?limit=50", headers={"accept-encoding": "gzip"})
    assert (head.status_code, head.content) == (200, b"")


def test_answers_to_post_are_compressed_and_have_no_tag(server: Server):
    track = server.get("/tracks", limit=1)["tracks"][0]["id"]
    body = {"seeds": [track], "k": 10, "everything": True}
    answer = server.api("POST", "/similar", json=body, headers={"accept-encoding": "gzip"})
    assert answer.headers.get("content-encoding") == "gzip"
    assert "etag" not in answer.headers


@pytest.mark.parametrize(
    ("header", "accepts"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("*", True), ("gzip;q=0", False), ("br", False), ("", False)],
)
def test_clients_say_whether_they_take_gzip(header: str, accepts: bool):
    assert accepts_gzip({"accept-encoding": header}) is accepts


def test_a_body_is_the_same_after_unpacking():
    start = {"status": 200, "headers": [(b"content-type", b"text/plain"), (b"content-length", b"5000")]}
    short, body = shorten("POST", {"accept-encoding": "gzip"}, start, b"x" * 5000)
    assert gzip.decompress(body) == b"x" * 5000
    headers = httpx.Headers(short["headers"])
    assert headers["content-length"] == str(len(body))


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({"if-none-match": "TAG"}, 304),
        ({"if-none-match": '"another", W/TAG'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"another"'}, 200),
        ({"if-none-match": '"another"', "if-modified-since": "DATE"}, 200),
        ({"if-none-match": "TAG", "range": "bytes=0-9"}, 304),
        ({"if-modified-since": "DATE"}, 304),
        ({"if-modified-since": "Thu, 01 Jan 1970 00:00:00 GMT"}, 200),
        ({"if-modified-since": "yesterday"}, 200),
        ({"if-modified-since": f"Thu, 01 Jan {10**20} 00:00:00 GMT"}, 200),
        ({"if-modified-since": f"Thu, 01 Jan 2026 00:00:00 +{10**16}"}, 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_sound_that_a_client_has_is_not_sent_again(
    server: Server, ids: dict[str, str], method, condition, status
):
    address = f"/tracks/{ids['Low number 0']}/audio"
    first = server.api("GET", address)
    known = {"TAG": first.headers["etag"], "DATE": first.headers["last-modified"]}
    headers = {
        name: text.replace("TAG", known["TAG"]).replace("DATE", known["DATE"])
        for name, text in condition.items()
    }
    again = server.api(method, address, headers=headers)
    assert again.status_code == status
    assert again.headers["etag"] == known["TAG"]
    assert again.content == (first.content if (method, status) == ("GET", 200) else b"")


@pytest.mark.parametrize("path", ["cover", "cover?size=64"])
def test_a_cover_that_a_client_has_under_any_tag_is_not_sent_again(server: Server, ids: dict[str, str], path):
    address = f"/tracks/{ids['Low number 0']}/{path}"
    assert server.api("GET", address, headers={"if-none-match": "*"}).status_code == 304


def test_head_of_a_conversion_does_not_say_that_it_is_empty(server: Server, ids: dict[str, str]):
    head = server.api("HEAD", f"/tracks/{ids['Low number 0']}/audio?format=mp3")
    assert (head.status_code, head.content) == (200, b"")
    assert "content-length" not in head.headers


def test_a_method_that_is_refused_is_not_among_those_that_are_allowed(server: Server):
    for method in ("OPTIONS", "PATCH", "DELETE"):
        refused = server.api(method, "/tracks")
        assert refused.status_code == 405
        assert refused.headers["allow"].split(", ") == ["GET", "HEAD"]
