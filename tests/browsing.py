"""Chromium for the tests of the player: how it starts, and what no page may do."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import av
import numpy as np
import pytest
from playwright.sync_api import Browser, Error, Frame, Page, Request, Route, expect, sync_playwright

from tests.serve_process import Server

WEB = Path(__file__).resolve().parents[1] / "web"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = """
    --no-sandbox --no-first-run --disable-sync --disable-background-networking --disable-component-update
    --use-angle=swiftshader --enable-unsafe-swiftshader --autoplay-policy=no-user-gesture-required
    --use-fake-device-for-media-stream --use-fake-ui-for-media-stream
    --disable-gpu-compositing --disable-gpu-rasterization
""".split()  # WebGL is drawn by the processor, and all else without it: half the work of a page
PAGES = (
    "/ /albums /artists /tracks /genres /history /similar /journey /playlists /likes /map /groups /compare "
    "/status /settings /nowhere"
).split()
PATIENCE_MS = 60_000  # two busy cores draw a page slowly
# A message leaves after 4 to 8 seconds, and its button with it: in tests it stays until it is dismissed.
STAY = """
    const leaveAsItIs = window.setTimeout
    window.setTimeout = (act, wait, ...rest) => leaveAsItIs(act, wait >= 4000 ? 1e9 : wait, ...rest)
"""
# Playwright's clock replaces them by timers, which tell nothing of what has been drawn.
FRAMES = "window.trueFrames = [requestAnimationFrame, requestAnimationFrame, requestIdleCallback]"
# Whatever a page does once it is drawn, such as Preact's effects, comes a second later, as on a busy machine.
LATE_EFFECTS = """
    const [soon, drawn] = [window.setTimeout, requestAnimationFrame]
    window.setTimeout = (act, wait = 0, ...rest) => soon(act, wait < 40 ? 1000 : wait, ...rest)
    window.requestAnimationFrame = (act) => soon(() => drawn(act), 1000)
"""
# Music plays as slowly as Chromium can, so that a track of 3 s lasts for 48, and the next begins at its end.
# With a crossfade it would last for half of that, and who seeks near its end would hear the next one at once.
SLOW_MUSIC = """
    try { localStorage.getItem("segue.crossfade") ?? localStorage.setItem("segue.crossfade", "0") } catch {}
    const playAsItIs = HTMLMediaElement.prototype.play
    HTMLMediaElement.prototype.play = function () {
        this.defaultPlaybackRate = this.playbackRate = 1 / 16
        return playAsItIs.call(this)
    }
"""
# Whether two frames have been drawn and the page has nothing left to do, to load or to move.
RESTS = """async () => {
    for (const next of window.trueFrames) await new Promise((done) => next(done))
    const moves = ({ effect }) => effect.getComputedTiming().endTime !== Infinity
    const waits = document.querySelector(".skeleton, .stale, [aria-busy=true]")
    return !waits && document.fonts.status === "loaded" && !document.getAnimations().some(moves)
}"""
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


_under_way: WeakKeyDictionary[Page, set[Request]] = WeakKeyDictionary()
FAULTS = re.compile("Content Security Policy|^page error:")  # also what is no exception: loops of layout
DESKTOP, PHONE = (1280, 800), (390, 844)  # px


@contextlib.contextmanager
def new_page(
    browser: Browser, address: str, size: tuple[int, int] = DESKTOP, **options: Any
) -> Iterator[Page]:
    """A page in a browser of its own, without animations: what a test measures must not be on the move.

    It has no service worker unless `service_workers="allow"`: `page.route` hears nothing of what one passes
    on, and a page gets its worker at a moment that no test chooses. Messages stay until they are dismissed.
    """
    options = {"reduced_motion": "reduce", "service_workers": "block"} | options
    viewport = {"width": size[0], "height": size[1]}
    context = browser.new_context(base_url=address, viewport=viewport, **options)
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(FRAMES)
    context.add_init_script(STAY)
    page = context.new_page()
    _follow_requests(page)
    yield page
    context.close()


def _follow_requests(page: Page) -> None:
    under_way = _under_way.setdefault(page, set())

    def begins(request: Request) -> None:
        if request.is_navigation_request():
            under_way.clear()  # those of the page before
        if request.resource_type != "media":  # a browser reads on while music plays
            under_way.add(request)

    def ends(request: Request) -> None:
        under_way.discard(request)

    page.on("request", begins)
    page.on("requestfinished", ends)
    page.on("requestfailed", ends)


def failed_requests(page: Page) -> list[str]:
    """The addresses of requests that fail from now on, but for those that end because their page is left.

    A browser gives up what a page still loads, such as its icon, as soon as it shows the next one.
    """
    failed: list[str] = []
    asked_for = shown = 0  # pages
    page_of: WeakKeyDictionary[Request, int] = WeakKeyDictionary()

    def begins(request: Request) -> None:
        nonlocal asked_for
        asked_for += (leaves := request.is_navigation_request())
        page_of[request] = asked_for if leaves else shown

    def shows(_: Frame) -> None:
        nonlocal shown
        shown = asked_for

    def fails(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED" or page_of[request] == asked_for:
            failed.append(request.url)

    page.on("request", begins)
    page.on("framenavigated", shows)
    page.on("requestfailed", fails)
    return failed


@contextlib.contextmanager
def watched(browser: Browser, server: Server) -> Iterator[Page]:
    """A page that may ask no other server for anything and may raise no error."""
    astray: list[str] = []
    faults: list[str] = []
    own = (server.address, "blob:", "data:")
    with new_page(browser, server.address) as page:
        page.on("request", lambda request: request.url.startswith(own) or astray.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda m: faults.append(m.text) if FAULTS.search(m.text) else None)
        page.add_init_script("addEventListener('error', (e) => console.error('page error:', e.message))")
        yield page
    assert not astray
    assert not faults


def settle(page: Page, but: int = 0) -> None:
    """Wait until the page shows what it loads, asks for nothing (``but`` for so many requests, which the test
    holds), and no animation that ends is still running.

    Playwright's "networkidle" is no such wait: it is a time of 500 ms, in which a slow page may not yet have
    asked, and it is true for good once it was, also after the next click.
    """
    expect(page.locator("h1").first).to_be_attached()
    deadline, rests = time.monotonic() + 3 * PATIENCE_MS / 1000, 0
    while rests < 2:  # what ends may bring the next request
        rests = rests + 1 if page.evaluate(RESTS) and len(_under_way.get(page, ())) == but else 0
        assert time.monotonic() < deadline, [request.url for request in _under_way.get(page, ())]


def is_request(request: Request, method: str, path: str) -> bool:
    """Whether it asks the service for this: the path is that of the API, and may have a *."""
    return request.method == method and fnmatchcase(urlsplit(request.url).path, f"*/api/v1{path}")


def answered(page: Page, method: str, path: str):
    """Wait until the service has answered: ``with answered(page, "PUT", "/settings"): tick.click()``.

    Only after that may a test look at what the service knows: a page shows some changes before they are
    saved. An answer from the same address is no sign of it: the page also reads by itself.
    """
    return page.expect_response(lambda answer: is_request(answer.request, method, path))


def hold(page: Page, address: str, method: str = "GET") -> list[Route]:
    """From now on, the requests for an address wait until the test lets each go on; see ``take``."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        if route.request.method == method:
            held.append(route)
        else:
            route.fallback()

    page.route(address, keep)
    return held


def take(page: Page, held: list[Route]) -> Route:
    """The one request that is held: Playwright may tell of it before it hands it over.

    Were there several, the page might wait for another than the one that the test lets go.
    """
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not held:
        page.evaluate("0")
        assert time.monotonic() < deadline
    assert len(held) == 1, [route.request.url for route in held]
    return held.pop()


def slow_music(page: Page) -> None:
    """Let no track end while a test looks at it, from the next address on."""
    page.add_init_script(SLOW_MUSIC)


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
