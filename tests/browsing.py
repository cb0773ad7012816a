"""Chromium for the tests of the player: how it starts, and what no page may do."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
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
PAGES = (
    "/ /albums /artists /tracks /genres /history /similar /journey /playlists /likes /map /groups /compare "
    "/status /settings /nowhere"
).split()
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


DESKTOP, PHONE = (1280, 800), (390, 844)  # px


@contextlib.contextmanager
def new_page(
    browser: Browser, address: str, size: tuple[int, int] = DESKTOP, **options: Any
) -> Iterator[Page]:
    """A page in a browser of its own, without animations: what a test measures must not be on the move.

    It has no service worker unless `service_workers="allow"`: `page.route` hears nothing of what one passes
    on, and a page gets its worker at a moment that no test chooses.
    """
    options = {"reduced_motion": "reduce", "service_workers": "block"} | options
    viewport = {"width": size[0], "height": size[1]}
    context = browser.new_context(base_url=address, viewport=viewport, **options)
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


@contextlib.contextmanager
def watched(browser: Browser, server: Server) -> Iterator[Page]:
    """A page that may ask no other server for anything and may raise no error."""
    astray: list[str] = []
    faults: list[str] = []
    own = (server.address, "blob:", "data:")
    with new_page(browser, server.address) as page:
        page.on("request", lambda request: request.url.startswith(own) or astray.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda m: faults.append(m.text) if "Content Security Policy" in m.text else None)
        yield page
    assert not astray
    assert not faults


def settle(page: Page) -> None:
    """Wait until the page shows what it loads, and no animation that ends is still running."""
    expect(page.locator("h1").first).to_be_attached()
    page.wait_for_load_state("networkidle")
    page.wait_for_function(
        """() => !document.querySelector(".skeleton, .stale, [aria-busy=true]") && document.getAnimations()
            .every((animation) => animation.effect.getComputedTiming().endTime === Infinity)"""
    )


def rows(page: Page):
    return page.locator(".row")


def wait_for_map(page: Page, pixels: int) -> None:
    """Wait until at least so many pixels of the map have a color."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while (colored := colored_pixels(page)) < pixels:
        assert time.monotonic() < deadline, f"{colored} pixels of the map have a color, not {pixels}"


def colored_pixels(page: Page) -> int:
    """How many pixels of the map have a color, counted in a screenshot."""
    picture = page.locator(".scatter").screenshot()
    with av.open(io.BytesIO(picture)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    return int(np.count_nonzero(frame.max(axis=2) - frame.min(axis=2) > 40))
