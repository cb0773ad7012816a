"""The player's page in Chromium: how both are got ready, and what no page may do unseen."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from tests.serve_process import Server

WEB = Path(__file__).resolve().parents[1] / "web"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = """
    --no-sandbox --no-first-run --disable-sync --disable-background-networking --disable-component-update
    --use-angle=swiftshader --enable-unsafe-swiftshader --autoplay-policy=no-user-gesture-required
    --use-fake-device-for-media-stream --use-fake-ui-for-media-stream
""".split()
PATIENCE_MS = 20_000  # two busy cores draw a page slowly
MARKS = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt install chromium"),
    # Playwright's own event loop leaves a socket to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def run(*command: object) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    own = os.environ | {"CI": "1"}
    return subprocess.run(words, cwd=WEB, env=own, check=False, capture_output=True, text=True)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        except Error as error:
            pytest.skip(f"Chromium does not start: {error}".splitlines()[0])
        yield started
        started.close()


@contextlib.contextmanager
def watched(browser: Browser, server: Server) -> Iterator[Page]:
    """A page whose every request must stay with the service, and in which nothing may go wrong unseen."""
    context = browser.new_context(base_url=server.address, viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    astray: list[str] = []
    faults: list[str] = []
    own = (server.address, "blob:", "data:")
    context.on("request", lambda request: request.url.startswith(own) or astray.append(request.url))
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda m: faults.append(m.text) if "Content Security Policy" in m.text else None)
    yield opened
    context.close()
    assert not astray
    assert not faults


def rows(page: Page):
    return page.locator(".row")
