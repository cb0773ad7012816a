"""Nothing is lost: scroll positions, the second of a track, the queue between devices, what was removed."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, Page, expect

from tests.browsing import (
    MARKS,
    PHONE,
    answered,
    hold,
    is_request,
    new_page,
    settle,
    slow_music,
    take,
    watched,
)  # fmt: skip
from tests.serve_process import Server, serving

pytestmark = MARKS


def now(page: Page):
    return page.get_by_role("region", name="Player").locator(".bar-title")


def lines(page: Page):
    return page.get_by_label("Queue", exact=True).locator(".queue-list:not(.coming) > li")


def titles(page: Page):
    return lines(page).locator(".row-name .clip:first-child")


def play_album(page: Page, number: int = 0) -> None:
    """Four tracks in the queue, paused within the one of this number."""
    slow_music(page)
    page.goto("/?album=low")
    page.get_by_role("button", name=f"Play Low number {number}").click()
    page.get_by_role("region", name="Player").get_by_role("button", name="Pause").click()


def test_back_returns_to_where_the_list_was_scrolled(page: Page):
    page.set_viewport_size({"width": 1280, "height": 500})
    page.goto("/tracks")
    expect(page.locator(".row").first).to_be_visible()
    page.locator(".page").evaluate("(box) => box.scrollTo(0, 900)")
    expect(page.locator("[aria-posinset='24']")).to_be_attached()
    page.locator(".row-title").last.dispatch_event("click")
    expect(page.get_by_role("heading", name="Similar tracks")).to_be_visible()
    page.wait_for_function("() => document.querySelector('.page').scrollTop === 0")
    page.go_back()
    page.wait_for_function("() => document.querySelector('.page').scrollTop === 900")
    page.reload()
    page.wait_for_function("() => document.querySelector('.page').scrollTop === 900")
    page.go_forward()
    expect(page.get_by_role("heading", name="Similar tracks")).to_be_visible()


def test_back_finds_an_explanation_open(page: Page):
    page.goto("/tracks")
    page.locator(".row-title").first.click()
    page.get_by_role("button", name=re.compile("^Why is ")).nth(1).click()
    expect(page.locator(".why")).to_be_visible()
    page.get_by_role("link", name="Settings").click()
    page.go_back()
    expect(page.locator(".why")).to_be_visible()


def test_a_reload_goes_on_at_the_second(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        play_album(page)
        page.get_by_role("slider", name="Position in Low number 0").press("ArrowRight")
        page.get_by_role("slider", name="Position in Low number 0").press("Home")
        for _ in range(5):  # by a tenth of 3 s
            page.get_by_role("slider", name="Position in Low number 0").press("PageUp")
        expect(page.locator(".bar .wave")).to_have_attribute("aria-valuetext", "0:01 of 0:03")
        page.reload()
        expect(page.locator(".bar .wave")).to_have_attribute("aria-valuetext", "0:01 of 0:03")
        expect(now(page)).to_have_text("Low number 0")


def test_one_tab_plays_at_a_time(browser: Browser, own_server: Server):
    with new_page(browser, own_server.address) as page:
        slow_music(page)
        page.goto("/?album=low")
        page.get_by_role("button", name="Play Low number 0").click()
        expect(page.get_by_role("button", name="Pause").first).to_be_visible()
        other = page.context.new_page()
        slow_music(other)
        other.goto("/?album=high")
        other.get_by_role("button", name="Play High number 0").click()
        expect(page.get_by_text("Segue plays in another tab")).to_be_visible()
        expect(page.get_by_role("region", name="Player").get_by_role("button", name="Pause")).to_have_count(0)


def test_another_device_goes_on_with_the_queue(browser: Browser, own_server: Server):
    with watched(browser, own_server) as desk, answered(desk, "PUT", "/queue"):
        play_album(desk, 1)
    left = own_server.get("/queue")
    assert [track["title"] for track in left["tracks"]] == [f"Low number {i}" for i in range(4)]
    assert left["current"] == 1
    with new_page(browser, own_server.address, PHONE) as phone:
        phone.goto("/")
        expect(phone.get_by_text("“Low number 1” played on another device")).to_be_visible()
        phone.get_by_role("button", name="Go on here").click()
        expect(now(phone)).to_contain_text("Low number")


@pytest.mark.parametrize("is_late", [False, True])
def test_who_has_begun_music_is_not_asked_to_go_on_with_another(
    browser: Browser, own_server: Server, *, is_late: bool
):
    with watched(browser, own_server) as desk, answered(desk, "PUT", "/queue"):
        play_album(desk, 1)
    with new_page(browser, own_server.address, PHONE) as phone:
        slow_music(phone)
        held = hold(phone, "**/api/v1/queue")
        phone.goto("/?album=high")
        queue = take(phone, held)
        if not is_late:
            queue.continue_()
            expect(phone.get_by_text("played on another device")).to_be_visible()
        phone.get_by_role("button", name="Play High number 0").click()
        expect(phone.get_by_role("button", name="Pause").first).to_be_visible()
        if is_late:
            with answered(phone, "GET", "/queue"):
                queue.continue_()
            settle(phone)
        expect(phone.get_by_text("played on another device")).to_have_count(0)


def test_while_the_service_is_away_next_waits(browser: Browser, own_server: Server):
    with new_page(browser, own_server.address) as page:
        page.route("**/api/v1/transitions", lambda route: None)  # so that nothing is loaded ahead
        play_album(page)
        page.context.set_offline(True)
        page.get_by_role("button", name="Next track").click()
        expect(page.get_by_text("Segue is not responding")).to_be_visible()
        expect(now(page)).to_have_text("Low number 1")
        expect(page.get_by_text("Could not play")).to_have_count(0)
        with page.expect_request(lambda request: is_request(request, "GET", "/health")):
            page.get_by_role("button", name="Try again").click()
        page.context.set_offline(False)
        expect(page.get_by_text("Segue is not responding")).to_have_count(0)
        page.wait_for_function("() => document.querySelector('.bar .wave').ariaValueNow > 0")
        expect(page.get_by_text("Could not play")).to_have_count(0)


@pytest.mark.parametrize("is_away", [False, True])
def test_nothing_begins_by_itself_that_is_paused(browser: Browser, own_server: Server, *, is_away: bool):
    with new_page(browser, own_server.address) as page:
        play_album(page)
        begins = page.get_by_role("region", name="Player").get_by_role("button", name="Pause")
        page.route("**/tracks/*/audio*", lambda route: route.fulfill(status=404))
        if is_away:
            page.route("**/api/v1/health", lambda route: route.abort())
        page.reload()
        expect(now(page)).to_have_text("Low number 0")
        page.get_by_role("slider", name="Position in Low number 0").press("Home")  # loads what is paused
        if is_away:
            expect(page.get_by_text("Segue is not responding")).to_be_visible()
            page.unroute_all()
            page.get_by_role("button", name="Try again").click()
            expect(page.get_by_text("Segue is not responding")).to_have_count(0)
        else:
            expect(page.get_by_text("Could not play “Low number 0”")).to_be_visible()
        settle(page)
        expect(now(page)).to_have_text("Low number 0")
        expect(begins).to_have_count(0)
        page.unroute_all()
        page.get_by_role("region", name="Player").get_by_role("button", name="Play", exact=True).click()
        expect(begins).to_be_visible()
        page.wait_for_function("() => document.querySelector('.bar .wave').ariaValueNow > 0")


def test_the_queue_is_handed_over_once_the_service_takes_it_again(browser: Browser, own_server: Server):
    with new_page(browser, own_server.address) as page:
        page.route("**/api/v1/queue", lambda route: route.fulfill(status=502))
        with answered(page, "PUT", "/queue"):
            play_album(page)
        page.unroute_all()
        with answered(page, "PUT", "/queue"):
            page.get_by_role("button", name="Next track").click()
        assert own_server.get("/queue")["current"] == 1


def test_an_expired_clip_is_dropped_and_said(browser: Browser, own_server: Server):
    clip = {
        "id": f"clip-{'0' * 32}", "title": "Humming", "artist": None, "duration_s": 3, "minus": False,
    }  # fmt: skip
    with watched(browser, own_server) as page:
        page.add_init_script(f"localStorage['segue.seeds'] ??= JSON.stringify({json.dumps([clip])})")
        page.goto("/similar")
        expect(page.get_by_text("“Humming” has expired")).to_be_visible()
        expect(page.get_by_label("Seeds")).to_have_count(0)
        expect(page.get_by_text("Start with a sound")).to_be_visible()


def test_the_queue_is_ordered_by_keyboard_and_by_dragging(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        play_album(page)
        page.get_by_role("button", name="Queue", exact=True).click()
        expect(lines(page)).to_have_count(4)
        lines(page).nth(1).get_by_role("button", name="Play Low number 1").focus()
        page.keyboard.press("Alt+ArrowDown")
        expect(titles(page)).to_have_text(["Low number 0", "Low number 2", "Low number 1", "Low number 3"])
        expect(lines(page).nth(2).get_by_role("button", name="Play Low number 1")).to_be_focused()
        settle(page)
        grip, target = lines(page).nth(3).locator(".grip"), lines(page).nth(1)
        box = target.bounding_box()
        assert box
        grip.hover()
        page.mouse.down()
        page.mouse.move(box["x"] + 10, box["y"] + 4, steps=4)
        page.mouse.up()
        expect(titles(page)).to_have_text(["Low number 0", "Low number 3", "Low number 2", "Low number 1"])


def test_a_library_is_shuffled_as_a_whole(page: Page):
    page.goto("/tracks")
    with page.expect_request(lambda request: "sort=random" in request.url) as asked:
        page.get_by_role("button", name="Shuffle", exact=True).first.click()
    assert re.search(r"seed=\d+", asked.value.url)
    expect(page.get_by_role("region", name="Player")).to_be_visible()


def test_a_track_removed_from_a_playlist_comes_back(browser: Browser, own_server: Server):
    tracks = own_server.get("/tracks", genre="low")["tracks"]
    made = own_server.post("/playlists", {"name": "Lows", "tracks": [t["id"] for t in tracks]}, 201)
    with watched(browser, own_server) as page:
        page.goto(f"/playlists/{made['id']}")
        page.get_by_role("button", name=f"More actions for {tracks[0]['title']}").click()
        with answered(page, "PUT", f"/playlists/{made['id']}"):
            page.get_by_role("menuitem", name="Remove from this playlist").click()
        expect(page.locator(".row")).to_have_count(3)
        assert len(own_server.get(f"/playlists/{made['id']}")["tracks"]) == 3
        with answered(page, "PUT", f"/playlists/{made['id']}"):
            page.get_by_role("button", name="Undo").click()
        expect(page.locator(".row")).to_have_count(4)
        assert len(own_server.get(f"/playlists/{made['id']}")["tracks"]) == 4


def test_a_deleted_playlist_comes_back(browser: Browser, own_server: Server):
    ids = [track["id"] for track in own_server.get("/tracks", genre="low")["tracks"]]
    made = own_server.post("/playlists", {"name": "Lows", "tracks": ids}, 201)
    with watched(browser, own_server) as page:
        page.goto(f"/playlists/{made['id']}")
        page.get_by_role("button", name="Delete playlist").click()
        expect(page).to_have_url(re.compile("/playlists$"))
        assert own_server.get("/playlists")["playlists"] == []
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("heading", name="Lows")).to_be_visible()
        (back,) = own_server.get("/playlists")["playlists"]
        assert [track["id"] for track in own_server.get(f"/playlists/{back['id']}")["tracks"]] == ids


def test_a_page_that_rests_asks_for_nothing(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        page.clock.install()
        play_album(page)
        page.clock.fast_forward(5_000)  # the queue is saved, where it was not yet
        settle(page)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        for _ in range(4):
            page.clock.fast_forward(30_000)
            settle(page)
        assert not asked


def test_changing_pages_asks_for_little_and_for_no_cover_twice(browser: Browser, own_server: Server):
    """24 changes of page once made 348 requests."""
    with watched(browser, own_server) as page:
        page.goto("/")
        settle(page)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        for name in ("Library", "Similar", "Playlists", "Map", "Status", "Home") * 4:
            page.get_by_role("navigation").get_by_role("link", name=name, exact=True).first.click()
            expect(page.get_by_role("heading", level=1)).to_be_attached()
            settle(page)
    covers = [url for url in asked if "/cover" in url]
    answers = [url for url in asked if "/api/" in url and "/cover" not in url]
    assert len(covers) <= 2 * len(set(covers))  # a browser may look whether one has changed
    assert len(answers) <= 24 * 3
    files = [url for url in asked if "/api/" not in url]
    assert len(files) == len(set(files))  # the icon once came with nearly each change


def test_the_status_page_asks_for_everything_once(browser: Browser, own_server: Server):
    with watched(browser, own_server) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto("/status")
        expect(page.get_by_text("None. No recording has several files.")).to_be_visible()
        settle(page)
    answers = [url for url in asked if "/api/" in url]
    assert any(url.endswith("/duplicates") for url in answers)
    assert len(answers) == len(set(answers))


def test_a_service_below_a_path_keeps_its_settings_apart(
    browser: Browser, web_player: None, scanned: Path, tmp_path: Path
):
    """Another service at the top of the host, or below another path, has the same storage."""
    shutil.copytree(scanned, tmp_path / "library")
    with (
        serving("-l", tmp_path / "library", "serve", "--no-open", "--port", 0, "--base-path", "/a") as below,
        watched(browser, below) as page,
    ):
        page.add_init_script("localStorage['segue.theme'] ??= JSON.stringify('dark')")
        page.goto("/a/settings")
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
        page.get_by_role("button", name="Compact rows").click()
        page.reload()
        expect(page.locator("html")).to_have_attribute("data-density", "compact")
        assert page.evaluate("localStorage['segue.density']") is None
        assert page.evaluate("localStorage['segue.theme']") == '"dark"'
