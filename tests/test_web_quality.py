"""Whether the player's pages are for everyone: behind a door, on a phone, read aloud, with many tracks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from segue.library import Library

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, Page, expect

from tests.browsing import MARKS, WEB, rows, run
from tests.serve_process import Server, serving

AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
PAGES = ("/", "/blend", "/journey", "/playlists", "/map", "/groups", "/matrix", "/room")

pytestmark = MARKS


def test_a_service_that_does_not_answer_is_told_and_found_again(page: Page):
    page.goto("/")
    expect(rows(page).first).to_be_visible()
    page.route("**/api/**", lambda route: route.abort())
    page.get_by_role("searchbox").fill("anything")
    expect(page.get_by_role("alert").filter(has_text="does not answer").first).to_be_visible()
    page.unroute("**/api/**")
    page.get_by_role("searchbox").fill("")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(rows(page).first).to_be_visible()


def test_a_password_opens_the_door(browser: Browser, web_server: Server, tmp_path: Path, web_music: Path):
    with Library.open(tmp_path / "library", create=True) as library:
        library.scan([next(web_music.rglob("*.flac")).parent])
    arguments = (
        "--library",
        tmp_path / "library",
        "serve",
        "--no-open",
        "--port",
        "0",
        "--password",
        "sesame",
    )
    with serving(*arguments, SEGUE_PULL="0") as guarded:
        guarded.faults = True
        context = browser.new_context(base_url=guarded.address)
        page = context.new_page()
        page.goto("/")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Enter").click()
        expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_label("Password").fill("sesame")
        page.get_by_role("button", name="Enter").click()
        expect(rows(page).first).to_be_visible()
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 800), (390, 844)], ids=["desktop", "phone"])
def test_axe_finds_nothing_to_object_to(
    browser: Browser, web_server: Server, scheme: str, size: tuple[int, int]
):
    context = browser.new_context(
        base_url=web_server.address, color_scheme=scheme, viewport={"width": size[0], "height": size[1]},
        reduced_motion="reduce", bypass_csp=True,
    )  # fmt: skip
    page = context.new_page()
    tracks = web_server.get("/tracks")["tracks"]
    page.goto("/")
    rows(page).first.get_by_role("button", name="Play").click()
    extra = (f"/track/{tracks[0]['id']}", f"/journey?from={tracks[0]['id']}&to={tracks[9]['id']}", "/?q=zzzz")
    objections = []
    for path in (*PAGES, *extra):
        page.goto(path)
        expect(page.locator("h1").first).to_be_attached()
        page.wait_for_load_state("networkidle")
        page.evaluate(AXE.read_text("utf-8"))
        found = page.evaluate("async () => (await axe.run()).violations")
        objections += [(path, v["id"], [node["target"] for node in v["nodes"]][:3]) for v in found]
    context.close()
    assert not objections, json.dumps(objections, indent=1)


def test_a_phone_shows_no_page_wider_than_itself(browser: Browser, web_server: Server):
    context = browser.new_context(base_url=web_server.address, viewport={"width": 360, "height": 740})
    page = context.new_page()
    track = web_server.get("/tracks")["tracks"][0]
    for path in (*PAGES, f"/track/{track['id']}"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        wide = page.evaluate(
            "document.querySelector('.page').scrollWidth - document.querySelector('.page').clientWidth"
        )
        assert wide <= 0, path
    context.close()


def test_a_hundred_thousand_points_move_smoothly(page: Page, web_server: Server):
    n = 100_000
    columns = {
        "ids": [f"{i:016x}" for i in range(n)],
        "x": [((i * 7919) % 20011) / 10005.5 - 1 for i in range(n)],
        "y": [((i * 104729) % 19997) / 9998.5 - 1 for i in range(n)],
        "cluster": [None] * n, "genre": [i % 12 for i in range(n)], "year": [None] * n,
        "genres": [f"genre {g}" for g in range(12)], "titles": [f"track {i}" for i in range(n)],
        "artists": [None] * n,
    }  # fmt: skip
    body = json.dumps(columns)
    page.route("**/api/v1/map", lambda route: route.fulfill(body=body, content_type="application/json"))
    page.goto("/map")
    expect(page.get_by_role("application")).to_have_attribute("data-points", str(n))
    page.wait_for_timeout(1500)
    moves_ms = page.evaluate(
        """async () => {
          const map = document.querySelector(".scatter");
          const times = [];
          for (let i = 0; i < 20; i++) {
            const before = performance.now();
            const at = {clientX: 500 + 5 * i, clientY: 400, cancelable: true, bubbles: true};
            map.dispatchEvent(new WheelEvent("wheel", {...at, deltaY: i < 10 ? -40 : 40}));
            map.dispatchEvent(new PointerEvent("pointermove", {...at, pointerType: "mouse"}));
            times.push(performance.now() - before);
            await new Promise(requestAnimationFrame);
          }
          return times.sort((a, b) => a - b)[10];
        }"""
    )
    # What the page itself does for a frame; drawing is the graphics card's, which a test machine lacks.
    assert moves_ms < 16


def test_its_own_unit_tests_and_types_pass(web_player: None):
    from web.build_player import node_commands

    node = node_commands()[0][0]
    modules = WEB / "node_modules"
    for script in (("vitest/vitest.mjs", "run"), ("typescript/bin/tsc", "--noEmit")):
        done = run(node, modules / script[0], *script[1:])
        assert done.returncode == 0, done.stdout + done.stderr
