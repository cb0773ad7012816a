"""The service below a path of a host, for web players of other sites, and encrypted."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from segue.serve.settings import clean_base_path
from tests.serve_process import Server, serving

PLAYER = "https://player.example.org"
LOGIN = {"u": "me", "p": "sesame", "v": "1.16.1", "c": "test", "f": "json"}
OPENSSL = shutil.which("openssl")


@pytest.fixture(scope="module")
def placed(scanned: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    library = shutil.copytree(scanned, tmp_path_factory.mktemp("placed") / "library")  # a test finds clusters
    options = ("--no-open", "--port", 0, "--password", "sesame", "--cors-origin", f"{PLAYER}/")
    with serving("-l", library, "serve", "--base-path", "segue/", *options) as server:
        yield server


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", ""), ("/", ""), ("segue/", "/segue"), ("/music/segue", "/music/segue"), ("/a..b", "/a..b"),
        ("//evil.example", "/evil.example"), ("/../x", None), ("/a//b", None),
        ("/api", None), ("/rest/x", None),
        ('/"><script>', None), ("/a b", None), ("/" + "x" * 300, None), ("/ä", None),
    ],
)  # fmt: skip
def test_a_base_path_is_a_path_of_plain_names(text: str, path: str | None):
    assert clean_base_path(text) == path


def test_everything_is_found_with_the_path_and_without(placed: Server):
    assert placed.address.endswith("/segue")
    top = placed.address.removesuffix("/segue")
    for path in ("/api/v1/health", "/assets/segue.svg", "/rest/ping"):
        assert httpx.get(f"{top}{path}").content == httpx.get(f"{top}/segue{path}").content
    bare = httpx.get(f"{top}/segue")
    assert (bare.status_code, bare.headers["location"]) == (308, "/segue/")


def test_what_the_service_names_lies_below_the_path(placed: Server):
    with httpx.Client(base_url=placed.address) as client:
        answer = client.post("/api/v1/session", json={"password": "sesame"})
        assert "path=/segue/;" in answer.headers["set-cookie"].lower()
        job = client.post("/api/v1/clusters", json={})
        assert job.headers["location"] == f"/segue/api/v1/jobs/{job.json()['job']['id']}"
        assert client.get("/openapi.json").json()["servers"] == [{"url": "/segue"}]
        assert "/segue/openapi.json" in client.get("/docs").text
        track = client.get("/api/v1/tracks").json()["tracks"][0]["id"]
        listed = client.post("/api/v1/m3u8", json={"name": "one", "tracks": [track]}).text
        assert f"{placed.address}/api/v1/tracks/{track}/audio" in listed


@pytest.mark.slow
def test_the_header_of_a_proxy_counts_only_behind_one(scanned: Path, placed: Server):
    said = {"X-Forwarded-Prefix": "/music"}
    options = ("--no-open", "--port", 0)
    with serving("-l", scanned, "serve", *options, "--behind-proxy") as behind:
        assert behind.client.get("/openapi.json", headers=said).json()["servers"] == [{"url": "/music"}]
        assert behind.client.get("/music/api/v1/health", headers=said).status_code == 200
        for odd in ("//evil.example/x/..", "https://evil.example", "/a b"):
            description = behind.client.get("/openapi.json", headers={"X-Forwarded-Prefix": odd}).json()
            assert "servers" not in description, odd
    with serving("-l", scanned, "serve", *options) as alone:
        assert "servers" not in alone.client.get("/openapi.json", headers=said).json()
    headers = {"Authorization": "Bearer sesame"} | said
    assert placed.client.get("/openapi.json", headers=headers).json()["servers"] == [{"url": "/segue"}]


def test_pages_of_a_named_origin_use_opensubsonic_and_nothing_else(placed: Server):
    site = {"Origin": PLAYER, "Sec-Fetch-Site": "cross-site"}
    asked = {**site, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "range"}
    preflight = placed.client.options("/rest/ping", headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == PLAYER
    assert "range" in preflight.headers["access-control-allow-headers"]
    answer = placed.client.post("/rest/ping", data=LOGIN, headers=site)
    assert answer.json()["subsonic-response"]["status"] == "ok"
    assert answer.headers["access-control-allow-origin"] == PLAYER
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "origin" in answer.headers["vary"]
    assert "access-control-allow-credentials" not in answer.headers
    for path in ("/api/v1/health", "/"):
        other = placed.client.get(path, headers=site)
        assert "access-control-allow-origin" not in other.headers
        assert other.headers["cross-origin-resource-policy"] == "same-origin"
    assert placed.client.options("/api/v1/tracks", headers=asked).status_code == 405
    assert placed.api("POST", "/session", json={"password": "sesame"}, headers=site).status_code == 403


def test_pages_of_other_origins_use_nothing(placed: Server):
    for origin in ("https://evil.example", f"{PLAYER}.evil.example", f"{PLAYER}:8443", "null"):
        site = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
        assert placed.client.post("/rest/ping", data=LOGIN, headers=site).status_code == 403
        answer = placed.client.get("/rest/ping", params=LOGIN, headers=site)
        assert "access-control-allow-origin" not in answer.headers
        asked = {**site, "Access-Control-Request-Method": "POST"}
        assert placed.client.options("/rest/ping", headers=asked).status_code == 405


def test_sounds_for_a_page_of_this_machine_need_no_origin(placed: Server, scanned: Path):
    """A browser sends the cookie to all ports of a host, and no ``Origin`` for an ``audio`` element."""
    with httpx.Client(base_url=placed.address) as client:
        client.post("/api/v1/session", json={"password": "sesame"})
        near = {"Sec-Fetch-Site": "same-site"}
        named = near | {"Referer": f"{PLAYER}/albums"}
        assert client.get("/rest/ping", params=LOGIN, headers=named).status_code == 200
        for referer in ("https://evil.example/", "nonsense", f"https://evil.example/{PLAYER}"):
            refused = client.get("/rest/ping", params=LOGIN, headers=near | {"Referer": referer})
            assert refused.status_code == 403, referer


@pytest.mark.slow
@pytest.mark.skipif(OPENSSL is None, reason="no openssl: apt install openssl")
def test_certificate_files_encrypt(tmp_path: Path, scanned: Path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make_certificate(certificate, key)
    options = ("--no-open", "--port", 0, "--password", "sesame", "--tls-cert", certificate, "--tls-key", key)
    trust = ssl.create_default_context(cafile=str(certificate))
    with serving("-l", scanned, "serve", *options, verify=trust) as server:
        assert server.address.startswith("https://")
        answer = server.api("POST", "/session", json={"password": "sesame"})
        assert "secure" in answer.headers["set-cookie"].lower()
        track = server.get("/tracks")["tracks"][0]["id"]
        part = server.api("GET", f"/tracks/{track}/audio", headers={"Range": "bytes=0-9"})
        assert (part.status_code, len(part.content)) == (206, 10)


@pytest.mark.skipif(OPENSSL is None, reason="no openssl: apt install openssl")
def test_what_is_no_certificate_is_refused_at_once(tmp_path: Path, scanned: Path, segue):
    certificate, key, other = tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "other.pem"
    make_certificate(certificate, key)
    make_certificate(tmp_path / "unused.pem", other)
    locked = tmp_path / "locked.pem"
    run_openssl("pkey", "-in", key, "-aes256", "-passout", "pass:word", "-out", locked)
    (tmp_path / "text.pem").write_text("nothing")
    for cert_file, key_file, said in (
        (tmp_path / "text.pem", key, "cannot be used for TLS"),
        (certificate, other, "cannot be used for TLS"),
        (certificate, locked, "has a password"),
    ):
        code, _, error = segue("-l", scanned, "serve", "--tls-cert", cert_file, "--tls-key", key_file)
        assert (code, said in error) == (2, True), error


def make_certificate(certificate: Path, key: Path) -> None:
    subject = ("-subj", "/CN=segue.test", "-addext", "subjectAltName=IP:127.0.0.1")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    run_openssl("req", "-x509", *curve, *subject, "-keyout", key, "-out", certificate)


def run_openssl(*words: object) -> None:
    subprocess.run([OPENSSL, *map(str, words)], check=True, capture_output=True)


def test_the_manifest_names_files_beside_it(placed: Server):
    manifest = json.loads(placed.client.get("/assets/segue.webmanifest").content)
    assert manifest["start_url"] == manifest["scope"] == "../"
    assert not any(icon["src"].startswith(("/", "http")) for icon in manifest["icons"])
