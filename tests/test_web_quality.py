"""The player's pages under other conditions: with a password, on a phone, read aloud, with many tracks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from segue.library import Library

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, Page, expect

from tests.browsing import DESKTOP, MARKS, PAGES, PHONE, WEB, new_page, rows, run, settle, wait_for_map
from tests.serve_process import Server, serving

AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"

pytestmark = MARKS


def test_a_lost_service_is_shown_and_reconnected(page: Page):
    page.goto("/tracks")
    expect(rows(page).first).to_be_visible()
    page.route("**/api/**", lambda route: route.abort())
    page.get_by_role("searchbox").fill("anything")
    expect(page.get_by_role("alert").filter(has_text="is not responding").first).to_be_visible()
    page.unroute("**/api/**")
    page.get_by_role("searchbox").fill("")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(rows(page).first).to_be_visible()


def test_a_password_signs_in_and_out(browser: Browser, web_server: Server, tmp_path: Path, web_music: Path):
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
        with new_page(browser, guarded.address) as page:
            page.goto("/tracks")
            page.get_by_label("Password").fill("wrong")
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("alert")).to_be_visible()
            page.get_by_label("Password").fill("sesame")
            page.get_by_role("button", name="Sign in").click()
            expect(rows(page).first).to_be_visible()
            page.goto("/settings")
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_label("Password")).to_be_visible()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_to_object_to_in_light_and_dark(
    browser: Browser, web_server: Server, size: tuple[int, int]
):
    tracks = web_server.get("/tracks")["tracks"]
    (artist,) = tracks[0]["artists"]
    journey = f"/journey?from={tracks[0]['id']}&to={tracks[9]['id']}"
    of_track = (f"/track/{tracks[0]['id']}", f"/track/{tracks[0]['id']}/album")
    extra = (*of_track, f"/artists/{artist['id']}", journey, "/tracks?q=zzzz")
    objections, shown = [], set()
    with new_page(browser, web_server.address, size, bypass_csp=True) as page:
        page.goto("/tracks")
        rows(page).first.get_by_role("button", name="Play").click()
        expect(page.get_by_role("button", name="Pause", exact=True).last).to_be_visible()
        page.add_init_script(path=AXE)
        for path in (*PAGES, *extra):
            page.goto(path)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                settle(page)
                shown.add(page.evaluate("document.documentElement.dataset.theme"))
                found = page.evaluate("async () => (await axe.run()).violations")
                objections += [
                    (path, scheme, v["id"], [node["target"] for node in v["nodes"]][:3]) for v in found
                ]
    assert shown == {"light", "dark"}
    assert not objections, json.dumps(objections, indent=1)


def test_a_phone_shows_no_page_wider_than_itself(browser: Browser, web_server: Server):
    track = web_server.get("/tracks")["tracks"][0]
    with new_page(browser, web_server.address, size=(320, 568)) as page:
        for path in (*PAGES, f"/track/{track['id']}"):
            page.goto(path)
            settle(page)
            excess_px = page.evaluate(
                "document.querySelector('.page').scrollWidth - document.querySelector('.page').clientWidth"
            )
            assert excess_px <= 0, path


def test_a_phone_reaches_every_page(browser: Browser, web_server: Server):
    with new_page(browser, web_server.address, PHONE) as page:
        page.goto("/")
        bar = page.get_by_role("navigation")
        for name in ("Similar", "Library", "Home"):
            bar.get_by_role("link", name=name).click()
            title = "Albums" if name == "Library" else name
            expect(page.get_by_role("heading", level=1)).to_contain_text(title)
        for name in ("Journey", "Playlists", "Map", "Status", "Settings"):
            bar.get_by_role("button", name="More").click()
            page.get_by_role("dialog").get_by_role("link", name=name).click()
            expect(page.get_by_role("heading", level=1)).to_contain_text(name, ignore_case=True)
            expect(page.get_by_role("dialog")).to_have_count(0)
        for start, names in (
            ("/albums", ("Artists", "Tracks", "Genres")),
            ("/playlists", ("Likes", "History")),
            ("/map", ("Groups", "Compare")),
        ):
            page.goto(start)
            for name in names:
                page.get_by_role("link", name=name, exact=True).click()
                expect(page.get_by_role("heading", level=1)).to_have_text(name)


# How long the page takes for a move of the map, and for a look at each point: medians of 20, in turn.
MOVES = """async (n) => {
    const map = document.querySelector(".scatter");
    const points = Array.from({ length: n }, (_, i) => [Math.sin(i), Math.cos(i)])
    const [moves, passes] = [[], []];
    const time = (times, work) => {
        const before = performance.now();
        work();
        times.push(performance.now() - before);
    }
    for (let i = 0; i < 20; i++) {
        const at = {clientX: 500 + 5 * i, clientY: 400, cancelable: true, bubbles: true};
        time(moves, () => {
            map.dispatchEvent(new WheelEvent("wheel", {...at, deltaY: i < 10 ? -40 : 40}));
            map.dispatchEvent(new PointerEvent("pointermove", {...at, pointerType: "mouse"}));
        });
        time(passes, () => points.filter(([x, y]) => Math.hypot(x, y) < 0.5).length);
        await new Promise(requestAnimationFrame);
    }
    return [moves, passes].map((times) => times.sort((a, b) => a - b)[10]);
}"""


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
    page.get_by_role("button", name="Genre").click()
    wait_for_map(page, pixels=10_000)
    moves_ms, passes_ms = page.evaluate(MOVES, n)
    # What the page itself does for a frame (drawing is the graphics card's, which few test machines have) is
    # less than one look at each point: 0.3 ms, where a frame has 16. Both take longer where others work, too.
    assert moves_ms < passes_ms


def test_its_own_unit_tests_and_types_pass(web_player: None):
    from web.build_player import node_commands

    node = node_commands()[0][0]
    modules = WEB / "node_modules"
    for script in (("vitest/vitest.mjs", "run"), ("typescript/bin/tsc", "--noEmit")):
        done = run(node, modules / script[0], *script[1:])
        assert done.returncode == 0, done.stdout + done.stderr
