"""The documents as a site: complete, strict, and with no request to another server."""

from __future__ import annotations

import functools
import inspect
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path

import click
import pytest
import yaml
from playwright.sync_api import Browser, expect

from docs_site import reference
from docs_site.hooks import FROM_ROOT, GENERATED, relinked
from segue.cli import cli
from tests import browsing

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
LOADED = re.compile(r"<(?:script|link|img|iframe|source|video|audio)\b[^>]*?(?:src|href)=\"?([^\s\">]+)")


class _Loader(yaml.SafeLoader):
    """Reads mkdocs.yml without running what it names."""


_Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


def nav_pages() -> list[str]:
    def below(node: object) -> Iterator[str]:
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            yield from below(list(node.values()))
        elif isinstance(node, list):
            for each in node:
                yield from below(each)

    return list(below(yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), _Loader)["nav"]))


def test_each_page_is_in_the_menu_once():
    pages = nav_pages()
    written = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    made = {*GENERATED, *(page for name, page in FROM_ROOT.items() if (ROOT / name).exists())}
    assert len(pages) == len(set(pages))
    assert set(pages) == written | made, "add the page to `nav` in mkdocs.yml, under the kind that it is"


@pytest.mark.parametrize("name", reference.MODULES)
def test_every_public_name_is_documented(name: str):
    module = import_module(name)
    page = reference.python_page()
    for public in reference.public_names(module):
        value = getattr(module, public)
        assert f"{{ #{name}.{public} }}" in page
        if inspect.isclass(value):
            assert reference.own_doc(value), public
            assert issubclass(value, Exception) or not reference.undocumented(value), public
        elif callable(value):
            assert inspect.getdoc(value), public


def test_the_page_of_options_has_every_command_and_option():
    sections = dict(
        part.split("\n", 1) for part in reference.commands_page().removeprefix("# ").split("\n## ")[1:]
    )

    def check(group: click.Group, path: str) -> None:
        for name, command in group.commands.items():
            text = sections[f"{path} {name}"]
            for parameter in command.params:
                if isinstance(parameter, click.Option) and not parameter.hidden:
                    assert max(parameter.opts, key=len) in text, f"{path} {name}"
            if isinstance(command, click.Group):
                check(command, f"{path} {name}")

    check(cli, "segue")


def test_links_out_of_the_documents_lead_to_pages_or_are_shown_as_names():
    text = "[A](../ARCHITECTURE.md#on-disk) [s](../examples/new_source.py) [p](python.md) [w](https://a.b/c)"
    assert relinked(text, "docs/x.md", "x.md") == (
        "[A](architecture.md#on-disk) s (`examples/new_source.py`) [p](python.md) [w](https://a.b/c)"
    )
    assert relinked("[g](docs/glossary.md)", "ARCHITECTURE.md", "architecture.md") == "[g](glossary.md)"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


@pytest.mark.slow
def test_the_site_is_built_strictly_and_loads_nothing_from_elsewhere(site: Path):
    pages = list(site.rglob("*.html"))
    assert len(pages) > len(nav_pages())  # one each, and that of what is not found
    for page in pages:
        text = page.read_text("utf-8")
        loads = LOADED.findall(text)
        assert loads
        assert not [load for load in loads if re.match(r"(https?:)?//", load)], page
        assert not re.search(r"<p>[^<]*\n[-*] ", text), f"a list needs an empty line above it: {page}"
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?(https?:)?//|@import", sheet.read_text("utf-8")), sheet


@pytest.fixture
def site_address(site: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - of http.server
            pass

    handler = functools.partial(Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class TestInChromium:
    pytestmark = browsing.MARKS

    def test_pages_ask_no_other_server_and_a_search_finds_a_public_name(
        self, browser: Browser, site_address: str
    ):
        asked: set[str] = set()
        with browsing.new_page(browser, site_address) as page:
            page.on("request", lambda request: asked.add(request.url.split("/")[2] or request.url))
            for name in ("/", "/commands/", "/reference/api/"):
                page.goto(name)
                page.wait_for_load_state("networkidle")
            page.get_by_placeholder("Search").focus()  # begins to read the index
            state = page.locator(".md-search-result__meta")
            expect(state).not_to_have_text("Initializing search", timeout=60_000)
            page.get_by_placeholder("Search").press_sequentially("Library.similar_to_vector")
            hits = page.locator(".md-search-result__item", has_text="similar_to_vector")
            expect(hits.first).to_be_attached()
        assert asked == {site_address.removeprefix("http://")}
